import { rmSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { isGone, markText, readMark, thisProcess } from '../stores/process-mark.ts'

/** A folder below the system's temporary one. */
export interface RestoredFolder {
  readonly path: string
  readonly remove: () => Promise<void>
}

const PREFIX = 'troupe-checkpoint-'

// Results name them as long as the program has these, which nobody but the program knows.
const paths = new Set<string>()

let swept: Promise<void> | undefined

/** A fresh folder that is there until the process ends, or it is removed before. Those of processes that were killed go. */
export async function restoredFolder(): Promise<RestoredFolder> {
  swept ??= removeLeft()
  await swept
  const path = await mkdtemp(join(tmpdir(), `${PREFIX}${markText(thisProcess())}-`))
  if (paths.size === 0) process.once('exit', removeAll)
  paths.add(path)
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true })
      paths.delete(path)
      if (paths.size === 0) process.removeListener('exit', removeAll)
    },
  }
}

function removeAll(): void {
  for (const path of paths) rmSync(path, { recursive: true, force: true })
}

async function removeLeft(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => [])
  for (const name of names) {
    if (!name.startsWith(PREFIX)) continue
    const mark = readMark(name.slice(PREFIX.length, name.lastIndexOf('-')))
    // Of another user perhaps, who will see to it.
    if (mark !== undefined && isGone(mark))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {})
  }
}
