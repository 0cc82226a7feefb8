import type { Params } from '../../core/trial.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Domain } from '../../space/space.ts'
import { choiceIndex, contains, sameDomain, valuesOf } from '../../space/values.ts'
import { isPlainData } from '../plain-data.ts'
import type { ToldTrial } from '../searcher.ts'

/**
 * One step of a define-by-run function: what it asks for after the values on the way here.
 * - Unknown: no trial that came here has ended. `open` is 1.
 * - Closed: the function ends here, or the place was given up. `open` is 0.
 * - Else it asks for `asks`; children that are not there are unknown.
 */
interface Node {
  asks: Question | undefined
  readonly children: Map<number, Node>
  /** How many unknown nodes there are from here on. */
  open: number
  /** How many points in a row that came here were turned down. */
  turnedDown: number
}

interface Question {
  readonly path: string
  readonly domain: Domain
  readonly values: readonly unknown[]
}

/** 0: closed. Above: unknown, turned down once less than that. Domains are kept once, by index. */
type SavedNode =
  | number
  | { readonly path: string; readonly domain: number; readonly children: [number, SavedNode][] }

/** A tree as plain data. */
export interface SavedTree {
  readonly domains: readonly Domain[]
  readonly root: SavedNode
}

/** How often points that begin alike may be turned down before their beginning is given up. */
const TURNED_DOWN_MAX = 100

/**
 * What is known of a define-by-run space from the trials that ended: a tree of the values suggested so far, with what
 * was suggested after them. Source: Optuna's BruteForceSampler, whose blend of weights it chooses by.
 * Cost: O(parameters · values) to choose, O(parameters) to add.
 */
export class TriedTree {
  readonly #refuse: (path: string, domain: Domain) => void
  readonly #valuesOf = new WeakMap<Domain, readonly unknown[]>()
  readonly #root: Node

  /**
   * @param refuse - Throws for a domain whose values cannot be gone through.
   * @param saved - What `save` gave.
   */
  constructor(refuse: (path: string, domain: Domain) => void, saved: SavedTree | undefined) {
    this.#refuse = refuse
    this.#root = saved === undefined ? unknownNode() : this.#restored(saved.root, saved.domains)
  }

  /** Whether nothing has been learned yet. */
  get isUnknown(): boolean {
    return this.#root.asks === undefined && this.#root.open > 0
  }

  /** Hears of a trial that ended. What contradicts earlier trials is passed over. */
  add({ params, domains }: Pick<ToldTrial, 'params' | 'domains'>): void {
    const way = [this.#root]
    for (const path of Object.keys(domains)) {
      const domain = domains[path] as Domain
      if (domain.kind === 'computed') continue
      const node = way.at(-1) as Node
      if (node.asks === undefined && node.open === 0) return
      if (node.asks === undefined) this.#expand(way, path, domain)
      const { asks } = node
      if (asks?.path !== path || !sameDomain(asks.domain, domain)) return
      const index = indexIn(asks, params[path])
      if (index === undefined) return
      way.push(childOf(node, index))
    }
    if ((way.at(-1) as Node).asks === undefined) close(way)
  }

  /**
   * The beginning of a point, up to where it becomes unknown how the function goes on.
   * @returns Where nothing is left: whether a trial that runs may show more.
   */
  choose(running: readonly Params[], random: RandomStream): Params | 'running' | 'done' {
    const hidden: Node[][] = []
    for (const params of running) {
      const way = this.#wayOf(params)
      const node = way.at(-1) as Node
      if (node.asks !== undefined || node.open === 0) continue
      close(way)
      hidden.push(way)
    }
    const point = this.#root.open === 0 ? undefined : this.#draw(random)
    for (const way of hidden) for (const node of way) node.open++
    return point ?? (hidden.length > 0 ? 'running' : 'done')
  }

  /** A point that began like this was turned down. */
  turnDown(beginning: Params): void {
    const way = this.#wayOf(beginning)
    const node = way.at(-1) as Node
    if (node.asks === undefined && node.open > 0 && ++node.turnedDown >= TURNED_DOWN_MAX) close(way)
  }

  /** Gives a beginning up, if it is unknown still how it goes on. */
  giveUp(beginning: Params): void {
    const way = this.#wayOf(beginning)
    if ((way.at(-1) as Node).asks === undefined) close(way)
  }

  /** Plain data; undefined when there are choices that cannot be copied. */
  save(): SavedTree | undefined {
    const domains: Domain[] = []
    const root = savedNode(this.#root, domains)
    return domains.every(isPlainData) ? { domains, root } : undefined
  }

  // The nodes that a point leads through, as far as is known.
  #wayOf(params: Params): Node[] {
    const way = [this.#root]
    for (;;) {
      const node = way.at(-1) as Node
      const { asks } = node
      if (asks === undefined || !Object.hasOwn(params, asks.path)) return way
      const index = indexIn(asks, params[asks.path])
      if (index === undefined) return way
      way.push(childOf(node, index))
    }
  }

  #draw(random: RandomStream): Params {
    const point: Record<string, unknown> = {}
    let node = this.#root
    while (node.asks !== undefined) {
      const { path, values } = node.asks
      const index = drawChild(node, values.length, random)
      point[path] = values[index]
      const child = node.children.get(index)
      if (child === undefined) break
      node = child
    }
    return point
  }

  #expand(way: readonly Node[], path: string, domain: Domain): void {
    this.#refuse(path, domain)
    const values = this.#listed(domain)
    ;(way.at(-1) as Node).asks = { path, domain, values }
    for (const node of way) node.open += values.length - 1
  }

  #listed(domain: Domain): readonly unknown[] {
    const known = this.#valuesOf.get(domain) ?? valuesOf(domain)
    this.#valuesOf.set(domain, known)
    return known
  }

  #restored(saved: SavedNode, domains: readonly Domain[]): Node {
    if (typeof saved === 'number') {
      return {
        asks: undefined,
        children: new Map(),
        open: Math.min(saved, 1),
        turnedDown: Math.max(saved - 1, 0),
      }
    }
    const domain = domains[saved.domain] as Domain
    const values = this.#listed(domain)
    const children = new Map(saved.children.map(([index, child]) => [index, this.#restored(child, domains)]))
    const open = [...children.values()].reduce(
      (sum, child) => sum + child.open,
      values.length - children.size,
    )
    return { asks: { path: saved.path, domain, values }, children, open, turnedDown: 0 }
  }
}

function unknownNode(): Node {
  return { asks: undefined, children: new Map(), open: 1, turnedDown: 0 }
}

function childOf(node: Node, index: number): Node {
  const child = node.children.get(index) ?? unknownNode()
  node.children.set(index, child)
  return child
}

/** Closes the unknown node at the end of a way. */
function close(way: readonly Node[]): void {
  if ((way.at(-1) as Node).open > 0) for (const node of way) node.open--
}

// Half by how much is open below a value, half alike for all values with anything open: else a value whose subtree is
// not known yet, and counts as one, would starve.
function drawChild({ children, open }: Node, count: number, random: RandomStream): number {
  const openOf = (index: number): number => children.get(index)?.open ?? 1
  let kinds = count
  for (const child of children.values()) if (child.open === 0) kinds--
  let rest = random.next()
  let last = 0
  for (let index = 0; index < count; index++) {
    if (openOf(index) === 0) continue
    rest -= (openOf(index) / open + 1 / kinds) / 2
    last = index
    if (rest < 0) break
  }
  return last
}

function indexIn({ domain, values }: Question, value: unknown): number | undefined {
  if (domain.kind === 'categorical' || domain.kind === 'grid') {
    const index = choiceIndex(domain, value)
    return index < 0 ? undefined : index
  }
  if (!contains(domain, value) || domain.kind === 'normal' || domain.kind === 'computed') return undefined
  const { low, step = 1 } = domain
  return Math.min(Math.round(((value as number) - low) / step), values.length - 1)
}

function savedNode({ asks, children, open, turnedDown }: Node, domains: Domain[]): SavedNode {
  if (asks === undefined) return open === 0 ? 0 : 1 + turnedDown
  const known = domains.findIndex((domain) => sameDomain(domain, asks.domain))
  const domain = known < 0 ? domains.push(asks.domain) - 1 : known
  const worthIt = [...children].filter(
    ([, child]) => child.asks !== undefined || child.open === 0 || child.turnedDown > 0,
  )
  return {
    path: asks.path,
    domain,
    children: worthIt.map(([index, child]) => [index, savedNode(child, domains)]),
  }
}
