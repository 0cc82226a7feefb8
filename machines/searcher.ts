import { withFastPath } from './fast-path.ts'
import { drain, policyContext, policySetup, serve } from './policy.ts'

/**
 * The actor around a searcher: one message at a time, also while the searcher thinks in another thread.
 */
export const searcherChart = policySetup.createMachine({
  id: 'searcher',
  description:
    'Asks the searcher for configurations and tells it how trials ended; restarts it when it throws.',
  context: ({ input }) => policyContext(input),
  initial: 'ready',
  states: {
    ready: {
      description: 'Answers at once.',
      entry: 'drainNext',
      on: {
        'policy.drain': { actions: 'drain' },
        'searcher.*': { actions: 'serve' },
        'policy.thinks': 'thinking',
        'policy.threw': [{ guard: 'mayRestart', target: 'backoff' }, { target: 'failed' }],
      },
    },
    thinking: {
      description: 'Waits for the searcher’s promise; messages queue.',
      on: {
        'searcher.*': { actions: 'enqueue' },
        'policy.thought': 'ready',
        'policy.threw': [{ guard: 'mayRestart', target: 'backoff' }, { target: 'failed' }],
      },
    },
    backoff: {
      description: 'It threw. Waits before it starts again from its history; messages queue.',
      on: { 'searcher.*': { actions: 'enqueue' } },
      after: { restartDelay: { target: 'ready', actions: 'restart' } },
    },
    failed: {
      description: 'It threw once too often, and the experiment was told so.',
      entry: 'giveUp',
      on: { 'searcher.*': { actions: 'enqueue' } },
    },
  },
})

/** The machine that runs: `searcherChart`, with what changes no state handled without a pass through it. */
export const searcherMachine = withFastPath(searcherChart, (snapshot, event, self) => {
  if (snapshot.value !== 'ready') return false
  if (event.type.startsWith('searcher.')) serve(snapshot.context, event, self)
  else if (event.type === 'policy.drain') drain(snapshot.context, self)
  else return false
  return true
})
