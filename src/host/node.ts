import { availableParallelism } from 'node:os'

/** How many trials of plain computation this machine runs at once without slowing each other: its usable cores, from 1. */
export function hostCores(): number {
  return availableParallelism()
}
