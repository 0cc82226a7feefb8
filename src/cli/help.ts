import { padText } from '../results/text.ts'
import type { Command } from './command.ts'
import { type OptionDefinition, type OptionName, OPTIONS, optionText } from './options.ts'

const WIDTH = 80

/** What `troupe` says of itself. */
export function overviewPage(commands: readonly Command[]): string[] {
  const usages = commands.map((command) => ['troupe', command.name, ...command.operands].join(' '))
  const width = Math.max(...usages.map(({ length }) => length)) + 3
  return [
    'Troupe tunes hyperparameters. It runs experiments, carries them on, and shows what came of them.',
    '',
    ...commands.map(({ summary }, i) => `  ${padText(usages[i] as string, width)}${summary}`),
    '',
    ...wrapped(
      'STUDY is the name of an experiment or a study, as troupe ls lists them. Where they are kept is given with --storage URL, or once for all in the environment variable TROUPE_STORAGE: sqlite:///FILE, journal:///FILE, postgresql://….',
    ),
    '',
    'Exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted.',
    'More about each command: troupe COMMAND --help',
  ]
}

/** What `troupe COMMAND --help` says. */
export function commandPage({ name, summary, operands, options, about, examples }: Command): string[] {
  const all: readonly OptionName[] = [...options, 'verbose', 'help']
  const texts = all.map((option) => {
    const { short }: OptionDefinition = OPTIONS[option]
    return `${short === undefined ? '   ' : `-${short},`} ${optionText(option)}`
  })
  const width = Math.max(...texts.map(({ length }) => length)) + 3
  return [
    ['troupe', name, ...operands, '[OPTIONS]'].join(' '),
    '',
    ...wrapped(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`),
    ...(about ?? []).flatMap((paragraph) => ['', ...wrapped(paragraph)]),
    '',
    'Options:',
    ...all.map((option, i) => `  ${padText(texts[i] as string, width)}${OPTIONS[option].about}`),
    '',
    'Examples:',
    ...examples.map((example) => `  ${example}`),
  ]
}

function wrapped(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
