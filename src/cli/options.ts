/** One option of the command line. */
export interface OptionDefinition {
  /** What its value is called in the help; missing for a switch. */
  readonly value?: string
  readonly short?: string
  readonly about: string
}

/** All options there are; each command names those it takes. */
export const OPTIONS = {
  storage: {
    value: 'URL',
    short: 's',
    about: 'where it is kept, such as sqlite:///runs.db; default $TROUPE_STORAGE',
  },
  'num-samples': { value: 'N', short: 'n', about: 'how many configurations to try in all' },
  name: { value: 'NAME', about: 'name of the experiment; default what FILE says' },
  resume: { about: 'carry it on when it is there already' },
  json: { about: 'print JSON' },
  csv: { about: 'print CSV, a line for each trial' },
  output: { value: 'FILE', short: 'o', about: 'write to FILE and not to the terminal' },
  limit: { value: 'N', short: 'l', about: 'rows to show at most; default 20' },
  quiet: { short: 'q', about: 'show no more than what came of it' },
  verbose: { short: 'v', about: 'say more: each report of a run, and errors with their stacks' },
  version: { about: 'the version of this package' },
  help: { short: 'h', about: 'this page' },
} as const satisfies Readonly<Record<string, OptionDefinition>>

/** Name of an option, as it is written after `--`. */
export type OptionName = keyof typeof OPTIONS

/** The options that were given: text where they have a value, true where they are switches. */
export type GivenOptions = {
  readonly [Name in OptionName]?: (typeof OPTIONS)[Name] extends { value: string } ? string : true
}

/** How an option is written: `--storage URL`. */
export function optionText(name: OptionName): string {
  const { value }: OptionDefinition = OPTIONS[name]
  return value === undefined ? `--${name}` : `--${name} ${value}`
}
