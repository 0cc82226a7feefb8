import { VERSION } from '../core/version.ts'
import { inspect } from 'node:util'
import { asError, OptionError } from '../errors.ts'
import { firstLine } from '../results/text.ts'
import { bestCommand } from './best.ts'
import type { Command } from './command.ts'
import { exportCommand } from './export.ts'
import { commandPage, overviewPage } from './help.ts'
import { lsCommand } from './ls.ts'
import { Page } from './page.ts'
import { readArguments } from './read-arguments.ts'
import { resumeCommand } from './resume.ts'
import { runCommand } from './run.ts'
import { EXIT, type Shell } from './shell.ts'
import { showCommand } from './show.ts'
import { statusCommand } from './status.ts'
import { UsageError } from './usage-error.ts'

const COMMANDS: readonly Command[] = [
  runCommand,
  resumeCommand,
  lsCommand,
  statusCommand,
  showCommand,
  bestCommand,
  exportCommand,
]

/**
 * The command line. Whatever goes wrong is one line on `stderr`, and never a stack unless that is asked for.
 * @param argv - What stands after `troupe`.
 * @returns The exit code: 0 done, 1 failed, 2 bad usage, 130 interrupted.
 */
export async function main(argv: readonly string[], shell: Shell): Promise<number> {
  const isVerbose = argv.includes('--verbose') || argv.includes('-v')
  let called: string | undefined
  try {
    const read = readArguments(argv, COMMANDS)
    const { command } = read
    called = command?.name
    if (read.options.version === true) {
      new Page(shell, shell.stdout).print(VERSION)
      return EXIT.done
    }
    if (command === undefined || read.options.help === true) {
      new Page(shell, shell.stdout).print(...pageFor(command))
      return argv.length === 0 ? EXIT.badUsage : EXIT.done
    }
    return await command.run({ operands: read.operands, options: read.options, shell })
  } catch (thrown) {
    return complain(thrown, { called, isVerbose, shell })
  }
}

function pageFor(command: Command | undefined): string[] {
  return command === undefined ? overviewPage(COMMANDS) : commandPage(command)
}

function complain(
  thrown: unknown,
  around: { readonly called: string | undefined; readonly isVerbose: boolean; readonly shell: Shell },
): number {
  const { called, isVerbose, shell } = around
  const page = new Page(shell, shell.stderr)
  const error = asError(thrown)
  page.print(`${page.paint('red', 'troupe:')} ${firstLine(error.message) || error.name}`)
  if (isVerbose) page.print(inspect(error))
  if (!isUsersWord(error)) return EXIT.failed
  if (error instanceof UsageError) {
    const command = called ?? error.command
    page.print(`See troupe ${command === undefined ? '' : `${command} `}--help.`)
  }
  return EXIT.badUsage
}

/** Whether it is the command line that is wrong, and not the world. */
function isUsersWord(error: Error): boolean {
  return error instanceof UsageError || (error instanceof OptionError && error.option === 'storage')
}
