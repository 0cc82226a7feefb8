import { basename } from 'node:path'
import { readRecorded } from '../results/recorded/read-recorded.ts'
import type { Recorded } from '../results/recorded/recorded.ts'
import type { Store } from '../stores/store.ts'
import { retyped } from './retyped.ts'

/** Where an experiment is kept, and how the command line is told to find it there. */
export interface Place {
  readonly store: Store
  /** What to give as `--storage`; undefined when the environment says it. */
  readonly storage: string | undefined
  /** The file, where the store does not know it by itself. */
  readonly file?: string
}

/** A command about what is kept there, to be typed next. */
export function retypedAt({ storage }: Place, words: readonly string[]): string {
  return retyped(words, storage === undefined ? {} : { storage })
}

/** How an experiment is carried on, or that it cannot be. */
export async function wayOn(name: string, place: Place | undefined): Promise<string> {
  if (place === undefined)
    return 'It is kept nowhere that troupe resume could find: give --storage URL next time.'
  switch (await kindOf(name, place)) {
    case 'experiment':
      return `Carry it on with  ${resumeAt(name, place)}`
    case 'study':
      return `It is kept as a study, which a program goes on with by loadStudy, and troupe resume cannot.`
    default:
      return 'Nothing of it is kept yet: run it anew.'
  }
}

/** That there is something of this name, and what to do. */
export async function takenWords(
  name: string,
  place: Place,
  [file = 'FILE']: readonly string[],
): Promise<string> {
  const { store } = place
  const kind = await kindOf(name, place)
  const carryOn = kind === 'study' ? '' : `Carry it on with ${resumeAt(name, place)}, or give`
  const there = `there is ${kind === 'study' ? 'a study' : 'an experiment'} ${name} in ${store.url ?? 'this storage'} already.`
  return `${there} ${carryOn === '' ? 'Give' : carryOn} this one another name: troupe run ${basename(file)} --name NAME`
}

function resumeAt(name: string, place: Place): string {
  return retypedAt(place, ['resume', name, ...(place.file === undefined ? [] : [place.file])])
}

/** Undefined when there is none of that name. */
async function kindOf(name: string, { store }: Place): Promise<Recorded['kind'] | undefined> {
  const records = await store.read(name)
  return records === undefined || records.length === 0 ? undefined : readRecorded(records).kind
}
