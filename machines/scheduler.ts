import { withFastPath } from './fast-path.ts'
import { drain, policyContext, policySetup, serve } from './policy.ts'

/** The actor around a scheduler and the experiment's stoppers: both see each report, and decide at once. */
export const schedulerChart = policySetup.createMachine({
  id: 'scheduler',
  description: 'Asks the stoppers and the scheduler about each report; restarts them when one throws.',
  context: ({ input }) => policyContext(input),
  initial: 'ready',
  states: {
    ready: {
      description: 'Decides at once.',
      entry: 'drainNext',
      on: {
        'policy.drain': { actions: 'drain' },
        'scheduler.*': { actions: 'serve' },
        'policy.threw': [{ guard: 'mayRestart', target: 'backoff' }, { target: 'failed' }],
      },
    },
    backoff: {
      description:
        'It threw. Waits before it starts again from its history; messages queue, and so do trials.',
      on: { 'scheduler.*': { actions: 'enqueue' } },
      after: { restartDelay: { target: 'ready', actions: 'restart' } },
    },
    failed: {
      description: 'It threw once too often, and the experiment was told so.',
      entry: 'giveUp',
      on: { 'scheduler.*': { actions: 'enqueue' } },
    },
  },
})

/** The machine that runs: `schedulerChart`, with what changes no state handled without a pass through it. */
export const schedulerMachine = withFastPath(schedulerChart, (snapshot, event, self) => {
  if (snapshot.value !== 'ready') return false
  if (event.type.startsWith('scheduler.')) serve(snapshot.context, event, self)
  else if (event.type === 'policy.drain') drain(snapshot.context, self)
  else return false
  return true
})
