import { parseArgs } from 'node:util'
import type { Command } from './command.ts'
import { type GivenOptions, type OptionDefinition, type OptionName, OPTIONS } from './options.ts'
import { hintFor, UsageError } from './usage-error.ts'

/** A command line, read. */
export interface ReadArguments {
  /** Undefined when none was named, which is a question for help. */
  readonly command: Command | undefined
  readonly operands: readonly string[]
  readonly options: GivenOptions
}

/**
 * Reads a command line. Options may stand anywhere.
 * @throws {UsageError} for a command, an option or a value that there is not, with the nearest that there is.
 */
export function readArguments(argv: readonly string[], commands: readonly Command[]): ReadArguments {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(Object.entries(OPTIONS).map(([name, option]) => [name, parsed(option)])),
    strict: false,
    tokens: true,
  })
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []))
  const [name, ...operands] = words[0] === 'help' ? words.slice(1) : words
  const command = name === undefined ? undefined : find(name, commands)
  const options: Record<string, string | true> = words[0] === 'help' ? { help: true } : {}
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    options[token.name] = readOption(token, command)
  }
  if (command !== undefined && options['help'] === undefined) checkOperands(command, operands)
  return { command, operands, options }
}

function parsed({ value, short }: OptionDefinition): { type: 'string' | 'boolean'; short?: string } {
  return { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) }
}

function find(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name)
  if (found !== undefined) return found
  const names = commands.map((command) => command.name)
  throw new UsageError(`there is no command ${name}. ${hintFor(name, names, 'Commands are')}`)
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value?: string | undefined
}

function readOption({ name, rawName, value }: OptionToken, command: Command | undefined): string | true {
  const taken: readonly string[] =
    command === undefined ? ['version', 'verbose', 'help'] : [...command.options, 'verbose', 'help']
  if (!taken.includes(name)) {
    const owner = command === undefined ? 'troupe' : `troupe ${command.name}`
    const known = taken.map((option) => `--${option}`)
    throw new UsageError(
      `${owner} has no option ${rawName}. ${hintFor(rawName, known, 'Its options are')}`,
      command?.name,
    )
  }
  const { value: valueName }: OptionDefinition = OPTIONS[name as OptionName]
  if (valueName === undefined) {
    if (value === undefined) return true
    throw new UsageError(`${rawName} takes no value, got ${value}. Write ${rawName} alone.`, command?.name)
  }
  if (value !== undefined && value !== '') return value
  throw new UsageError(`${rawName} needs a value: ${rawName} ${valueName}.`, command?.name)
}

function checkOperands({ name, operands }: Command, given: readonly string[]): void {
  const missing = operands.find((operand, i) => !operand.startsWith('[') && given[i] === undefined)
  const usage = ['troupe', name, ...operands].join(' ')
  if (missing !== undefined) throw new UsageError(`${missing} is missing: ${usage}.`, name)
  const extra = given[operands.length]
  if (extra !== undefined) throw new UsageError(`${extra} is one too many: ${usage}.`, name)
}

/** @throws {UsageError} when an option that counts something is no such number. */
export function readCount(name: OptionName, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const count = text === 'all' ? Infinity : Number(text)
  if (text.trim() !== '' && ((Number.isInteger(count) && count >= 1) || count === Infinity)) return count
  throw new UsageError(`--${name} must be an integer from 1, or Infinity, got ${text}.`)
}
