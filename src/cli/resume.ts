import { resolve } from 'node:path'
import { StorageError } from '../errors.ts'
import type { Command } from './command.ts'
import { readKept, withStore } from './kept.ts'
import { keptFile } from './kept-file.ts'
import { runFile } from './run.ts'

/** Carries an experiment on. */
export const resumeCommand: Command = {
  name: 'resume',
  summary: 'carry on an experiment that was interrupted or cut off, or extend it',
  operands: ['STUDY', '[FILE]'],
  options: ['storage', 'num-samples', 'quiet'],
  about: [
    'No trial that has ended runs again; those that were running go on from their last checkpoints. FILE is the one that it was made from, unless another is given: the storage knows where it is from itself.',
    'With --num-samples an experiment that has finished goes on to that many.',
  ],
  examples: [
    'troupe resume train --storage sqlite:///runs.db',
    'troupe resume train --num-samples 500',
    'troupe resume train moved/train.ts',
  ],
  run: (call) =>
    withStore(call, async (store) => {
      const { operands, shell } = call
      const [name = '', file] = operands
      const { recorded, holder } = await readKept(store, name)
      if (recorded.kind === 'study') {
        throw new StorageError(
          'notAnExperiment',
          `${name} is a study, which is asked and told by a program: run that again, with loadStudy.`,
        )
      }
      if (holder !== undefined) {
        throw new StorageError('inUse', `${name} is being run by ${holder}. Stop that first.`)
      }
      const path = file === undefined ? keptFile(name, recorded.file, store, shell) : resolve(shell.cwd, file)
      return runFile(call, path, store, {
        name,
        resume: true,
        // As it was told before, whatever FILE says.
        ...(recorded.numSamples === undefined ? {} : { numSamples: recorded.numSamples }),
      })
    }),
}
