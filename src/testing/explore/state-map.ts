import { choiceOf, type Stage, StagedRun } from './staged-run.ts'

/** A state that some run was in. */
export interface StateNode {
  /** The words of the choices that lead here. */
  readonly path: readonly string[]
  readonly choices: readonly string[]
  readonly next: Set<number>
}

/** A run that has come to a state. */
export interface Visit {
  readonly run: StagedRun
  readonly path: readonly string[]
  readonly node: StateNode
  /** Whether no run has been in this state before. */
  readonly isNew: boolean
}

/** The states that runs were in, and which of them follow each other. */
export class StateMap {
  readonly nodes: StateNode[] = []
  readonly stage: Stage
  readonly #known = new Map<string, number>()

  constructor(stage: Stage) {
    this.stage = stage
  }

  start(): Visit {
    return this.#arrive(new StagedRun(this.stage), [], undefined)
  }

  /** Goes on with a run that is at a node. */
  step(run: StagedRun, node: StateNode, words: string): Visit {
    run.take(choiceOf(run, words))
    return this.#arrive(run, [...node.path, words], node)
  }

  /** The same with a new run, which is led to the node first. */
  goTo(node: StateNode, words: string): Visit {
    const run = new StagedRun(this.stage)
    for (const earlier of node.path) run.take(choiceOf(run, earlier))
    return this.step(run, node, words)
  }

  #arrive(run: StagedRun, path: readonly string[], from: StateNode | undefined): Visit {
    run.look()
    const state = run.fingerprint()
    const index = this.#known.get(state) ?? this.nodes.length
    const isNew = index === this.nodes.length
    if (isNew) {
      this.#known.set(state, index)
      this.nodes.push({ path, choices: run.choices().map(({ words }) => words), next: new Set() })
    }
    from?.next.add(index)
    return { run, path, node: this.nodes[index] as StateNode, isNew }
  }
}

/** Orders are paths from the first state to the last ones. States never come again within a run. */
export function summary(nodes: readonly StateNode[]): { states: number; orders: number; longest: number } {
  const orders = new Map<StateNode, number>()
  const longest = new Map<StateNode, number>()
  const order = (node: StateNode): number => orders.get(node) ?? 1
  // A state that is found later may lead to one that was found before, so in order of what is done first.
  const visit = (start: StateNode): void => {
    const stack: { node: StateNode; rest: StateNode[] }[] = [{ node: start, rest: nextOf(nodes, start) }]
    while (stack.length > 0) {
      const top = stack.at(-1) as { node: StateNode; rest: StateNode[] }
      const child = top.rest.pop()
      if (child === undefined) {
        stack.pop()
        const children = nextOf(nodes, top.node)
        orders.set(
          top.node,
          children.length === 0 ? 1 : children.reduce((sum, other) => sum + order(other), 0),
        )
        longest.set(top.node, Math.max(0, ...children.map((other) => 1 + (longest.get(other) ?? 0))))
      } else if (!orders.has(child)) {
        orders.set(child, 0)
        stack.push({ node: child, rest: nextOf(nodes, child) })
      }
    }
  }
  const [first] = nodes
  if (first !== undefined) visit(first)
  return {
    states: nodes.length,
    orders: first === undefined ? 0 : order(first),
    longest: first === undefined ? 0 : (longest.get(first) ?? 0),
  }
}

function nextOf(nodes: readonly StateNode[], { next }: StateNode): StateNode[] {
  return Array.from(next, (index) => nodes[index]).filter((node) => node !== undefined)
}
