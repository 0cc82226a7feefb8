import { customRandom } from 'nanoid'
import seedrandom from 'seedrandom'

/** What a stream can be seeded with. */
export type Seed = string | number

/**
 * A stream of chance that repeats for the same seed, and splits by name.
 *
 * `fork(key)` depends on the stream's own name and on the key alone, never on how much was drawn: so the order in
 * which trials, actors or awaits draw cannot leak from one into another. Keep one stream for one purpose.
 */
export interface RandomStream {
  /** The seed and the keys that lead here, such as `7/trial/12`. */
  readonly path: string
  /** Uniform in [0, 1), 53 bits. */
  next(): number
  /** Uniform integer in [0, n). */
  below(n: number): number
  /** Standard normal (Box and Muller 1958). */
  normal(): number
  /** Shuffles in place (Fisher and Yates) and returns the same array. */
  shuffle<T>(items: T[]): T[]
  /** The stream named `key` below this one. Takes nothing from this stream. */
  fork(key: Seed): RandomStream
}

class AleaStream implements RandomStream {
  readonly path: string
  // Made at the first draw: most forks are only there to be forked again, and seeding costs 2 µs.
  #alea: seedrandom.PRNG | undefined

  constructor(path: string) {
    this.path = path
  }

  // `double`, since alea's plain call has 32 bits: among 100,000 such draws two are equal.
  next(): number {
    // Alea's hash hardly mixes the last character of its seed: without something behind it, the first draws of
    // …/1, …/2, …/3 stand in arithmetic progression.
    this.#alea ??= seedrandom.alea(`${this.path}/stream`)
    return this.#alea.double()
  }

  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  normal(): number {
    // 1 - u lies in (0, 1], so that the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    return radius * Math.cos(2 * Math.PI * this.next())
  }

  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      ;[items[i], items[j]] = [items[j] as T, items[i] as T]
    }
    return items
  }

  fork(key: Seed): RandomStream {
    return new AleaStream(`${this.path}/${key}`)
  }
}

/** The stream of a seed. The same seed gives the same draws in every process. */
export function randomStream(seed: Seed): RandomStream {
  return new AleaStream(String(seed))
}

/**
 * A seed that no other run has, for when the user gave none.
 * The only place of the library that takes chance from outside.
 */
export function freshSeed(): string {
  // Not `randomUUID`, which browsers have on secure pages alone.
  return Array.from(globalThis.crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16)).join(
    '-',
  )
}

const HEX = '0123456789abcdef'

/**
 * A maker of ids of `length` hexadecimal digits, drawn from the stream: the same ids on every run with the same seed,
 * and never one of them twice.
 */
export function idMaker(random: RandomStream, length = 8): () => string {
  const draw = customRandom(HEX, length, (size) => {
    const bytes = new Uint8Array(size)
    for (let i = 0; i < size; i++) bytes[i] = random.below(256)
    return bytes
  })
  // Among 100,000 draws of 8 digits two are equal more often than not.
  const given = new Set<string>()
  return () => {
    let id = draw()
    while (given.has(id)) id = draw()
    given.add(id)
    return id
  }
}
