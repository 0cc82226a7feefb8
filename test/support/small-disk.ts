import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk that is soon full. */
export interface SmallDisk {
  readonly path: string
  makeReadOnly(): void
}

/** Why a test is skipped that needs one. */
export const NO_SMALL_DISK = 'needs the right to mount a small disk'

const mounted: string[] = []

/** A disk of its own, such as of `'256k'`. Undefined where this user may not have one. */
export function smallDisk(size: string): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), 'troupe-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', path], { stdio: 'pipe' })
  } catch {
    rmdirSync(path)
    return undefined
  }
  mounted.push(path)
  return {
    path,
    makeReadOnly: () => void execFileSync('mount', ['-o', 'remount,ro', path]),
  }
}

/** After each test that had one. */
export function removeSmallDisks(): void {
  for (const path of mounted.splice(0)) {
    execFileSync('umount', ['-l', path])
    rmdirSync(path)
  }
}
