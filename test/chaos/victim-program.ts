import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { projectRoot } from '../support/sources.ts'

/** The victim as one file of JavaScript, which starts ten times as fast as the sources, in a folder of its own. */
export async function prepareVictim(): Promise<{
  readonly program: string
  readonly folder: string
  remove(): Promise<void>
}> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-chaos-'))
  // Drivers are not in that file, but looked for beside it.
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
  const program = join(folder, 'victim.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, 'victim.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@troupe/source'],
    external: ['better-sqlite3', 'pg', 'kysely'],
    logLevel: 'error',
  })
  return { program, folder, remove: () => rm(folder, { recursive: true }) }
}
