import type { LogRecord } from '../core/log.ts'
import type { OpenLog, Store } from '../stores/store.ts'

/** What the command line made an experiment from, which the experiment itself does not know. */
export interface Signature {
  /** The file, as it is to be written down. */
  readonly file: string
  /** What was given as `--num-samples`. */
  readonly numSamples?: number
}

/**
 * The store itself, but that experiments which begin in it, or go on in it, say what they were made from.
 * @param onOpen - Called when an experiment is opened in it.
 */
export function signedStore(store: Store, signature: Signature, onOpen: () => void): Store {
  return {
    name: store.name,
    ...(store.url === undefined ? {} : { url: store.url }),
    ...(store.folder === undefined ? {} : { folder: store.folder }),
    ...(store.checkpoints === undefined ? {} : { checkpoints: store.checkpoints }),
    async open(experiment, options) {
      onOpen()
      return signedLog(await store.open(experiment, options), signature)
    },
    read: (experiment) => store.read(experiment),
    names: () => store.names(),
    ...(store.holder === undefined ? {} : { holder: async (experiment) => store.holder?.(experiment) }),
    delete: (experiment) => store.delete(experiment),
    close: async () => store.close?.(),
  }
}

function signedLog(log: OpenLog, signature: Signature): OpenLog {
  const { records, notice, poll } = log
  const signed = (record: LogRecord): LogRecord =>
    record.type === 'experiment.started' || record.type === 'experiment.resumed'
      ? { ...record, ...signature }
      : record
  return {
    records,
    ...(notice === undefined ? {} : { notice }),
    ...(poll === undefined ? {} : { poll: () => poll.call(log) }),
    append: (added) => log.append(added.map(signed)),
    close: () => log.close(),
  }
}
