// Writes docs/machines.md from the machines; with --check, says whether it is up to date instead.
import { readFile, writeFile } from 'node:fs/promises'
import { StateMachine } from 'xstate'
import * as exported from '../../machines/index.ts'
import { machinePage } from './machine-page.ts'

const page = new URL('../../docs/machines.md', import.meta.url)
const protocol = await readFile(new URL('../../machines/protocol.ts', import.meta.url), 'utf8')
const machines = Object.values(exported).filter((value) => value instanceof StateMachine)
const text = machinePage(machines, protocol)

if (!process.argv.includes('--check')) await writeFile(page, text)
else if ((await readFile(page, 'utf8').catch(() => '')) !== text) {
  console.error('docs/machines.md is out of date. Run npm run docs.')
  process.exitCode = 1
}
