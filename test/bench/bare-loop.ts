import { type ActorRefFrom, assign, createActor, sendParent, setup, spawnChild } from 'xstate'

const child = setup({ types: { events: {} as { type: 'report'; value: number } } }).createMachine({
  on: { report: { actions: sendParent(({ event }) => ({ type: 'reported', value: event.value })) } },
})

function parentOf(count: number) {
  return setup({
    types: { context: {} as { seen: number }, events: {} as { type: 'reported'; value: number } },
    actors: { child },
  }).createMachine({
    context: { seen: 0 },
    entry: Array.from({ length: count }, (_, i) => spawnChild('child', { id: `child-${i}` })),
    on: { reported: { actions: assign({ seen: ({ context }) => context.seen + 1 }) } },
  })
}

/**
 * What the rates are measured against: a machine with `live` spawned children, each of which is sent a report and
 * passes it to its parent, which counts it. Plain XState, no inspector, nothing of ours.
 * @returns Reports a second.
 */
export function bareLoopRate(live: number, reports: number): number {
  const parent = createActor(parentOf(live)).start()
  const children = Object.values(parent.getSnapshot().children) as ActorRefFrom<typeof child>[]
  const started = performance.now()
  for (let i = 0; i < reports; i++)
    (children[i % live] as ActorRefFrom<typeof child>).send({ type: 'report', value: i })
  const seconds = (performance.now() - started) / 1000
  if (parent.getSnapshot().context.seen !== reports) throw new Error('The bare loop lost reports.')
  parent.stop()
  return reports / seconds
}
