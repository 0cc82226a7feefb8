import { basename, resolve } from 'node:path'
import { StorageError } from '../errors.ts'
import type { Store } from '../stores/store.ts'
import { terminal } from '../terminal/terminal.ts'
import { storeOf, type Tuner } from '../tuner/tuner.ts'
import type { Call, Command } from './command.ts'
import { conduct } from './conduct.ts'
import { storageUrl } from './kept.ts'
import { keptPath } from './kept-file.ts'
import { loadFile } from './load-file.ts'
import { overridden } from './overridden.ts'
import { Page } from './page.ts'
import { type Place, takenWords } from './place.ts'
import { readCount } from './read-arguments.ts'
import type { RunOptions } from './run-options.ts'
import { signedStore } from './signed-store.ts'

/** Runs the experiment of a file. */
export const runCommand: Command = {
  name: 'run',
  summary: 'run the experiment that FILE exports',
  operands: ['FILE'],
  options: ['storage', 'num-samples', 'name', 'resume', 'quiet'],
  about: [
    'FILE is a module whose default export is a Tuner, or a function of the options given here that makes one (it may be async): export default (options) => new Tuner(train, { paramSpace, metric: "loss", mode: "min", ...options }).',
    'Ctrl-C once lets the trials that run come to their ends, twice stops them at once. Either way what was reported is kept, and troupe resume carries the experiment on.',
    'TypeScript is read by tsx, where it is installed, or by Node itself where that can.',
  ],
  examples: [
    'troupe run train.ts --storage sqlite:///runs.db',
    'troupe run train.ts --num-samples 200 --name second-try',
    'troupe run train.ts --resume',
  ],
  async run(call) {
    const file = resolve(call.shell.cwd, call.operands[0] as string)
    const url = storageUrl(call)
    const store = url === undefined ? undefined : call.shell.openStore(url)
    return runFile(call, file, store, {
      ...(call.options.name === undefined ? {} : { name: call.options.name }),
      ...(call.options.resume === true ? { resume: true } : {}),
    })
  },
}

/** Makes the Tuner of a file, as the command line wants it, and runs it. */
export async function runFile(
  call: Call,
  file: string,
  store: Store | undefined,
  wanted: Pick<RunOptions, 'name' | 'resume' | 'numSamples'>,
): Promise<number> {
  const { options, shell } = call
  const numSamples = readCount('num-samples', options['num-samples']) ?? wanted.numSamples
  const samples = numSamples === undefined ? {} : { numSamples }
  const loaded = await loadFile(file)
  const [operand = ''] = call.operands
  let isKept = false
  const signed = (to: Store): Store =>
    signedStore(to, { file: keptPath(file, to, shell), ...samples }, () => (isKept = true))
  const asked: RunOptions = {
    ...wanted,
    ...samples,
    ...(store === undefined ? {} : { storage: signed(store) }),
    reporter: terminal({ stream: shell.stdout, verbose: verbosity(call) }),
  }
  const tuner = loaded.kind === 'tuner' ? overridden(loaded.tuner, asked) : await loaded.make(asked)
  const given = store && { store, storage: options.storage }
  const own = given === undefined ? placeOf(tuner, operand) : undefined
  try {
    if (given !== undefined && wanted.resume !== true) await mustBeNew(tuner.getSnapshot().name, given, call)
    const code = await conduct(tuner, () => (given === undefined ? own : isKept ? given : undefined), call)
    if (store !== undefined && !isKept) warnOfStorage(call, file)
    return code
  } finally {
    await store?.close?.()
    await own?.store.close?.()
  }
}

// A function may well do without its options, but rarely means to.
function warnOfStorage({ shell }: Call, file: string): void {
  const page = new Page(shell, shell.stderr)
  const text = `${basename(file)} made a Tuner without the storage that it was given. Put ...options into what the Tuner is made with.`
  page.print(`${page.paint('yellow', 'Not kept:')} ${text}`)
}

function verbosity({ options }: Call): 0 | 1 | 2 {
  if (options.quiet === true) return 0
  return options.verbose === true ? 2 : 1
}

/** Where a Tuner keeps its experiment by itself, when the command line can find it there. */
function placeOf(tuner: Tuner<unknown>, file: string): Place | undefined {
  const store = storeOf(tuner)
  return store?.url === undefined ? undefined : { store, storage: store.url, file }
}

async function mustBeNew(name: string, place: Place, { operands }: Call): Promise<void> {
  if (!(await place.store.names()).includes(name)) return
  throw new StorageError('nameTaken', await takenWords(name, place, operands))
}
