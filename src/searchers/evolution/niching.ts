import { clippedLosses, nearestLines, normalizedLosses } from '../../math/reference-points.ts'
import type { RandomStream } from '../../random/random.ts'
import type { FrontCut } from './elite.ts'

/**
 * Keeps the members of a front that stand by the reference lines which have the fewest members so far: by a line that
 * has none the nearest member, else a random one.
 * Source: Deb & Jain 2014, algorithm 4.
 * @param Z - Reference points. Shape (p, m).
 */
export function byNiches(Z: Float64Array, random: RandomStream): FrontCut {
  return (kept, front, count) => {
    const m = front[0]?.losses.length ?? 0
    const losses = [...kept, ...front].map((member) => member.losses)
    const { closest, distances } = nearestLines(normalizedLosses(clippedLosses(losses, m), m), Z, m)
    const crowd = new Int32Array(Z.length / m)
    for (let i = 0; i < kept.length; i++)
      crowd[closest[i] as number] = (crowd[closest[i] as number] as number) + 1
    // Who waits at each line, the nearest last.
    const waiting = new Map<number, number[]>()
    front.forEach((_, k) => {
      const line = closest[kept.length + k] as number
      const there = waiting.get(line)
      if (there === undefined) waiting.set(line, [k])
      else there.push(k)
    })
    for (const there of waiting.values()) {
      const away = (k: number): number => distances[kept.length + k] as number
      there.sort((a, b) => away(b) - away(a))
    }
    const chosen: number[] = []
    while (chosen.length < count) {
      const line = loneliest(waiting, crowd, random)
      const there = waiting.get(line) as number[]
      const place = crowd[line] === 0 ? there.length - 1 : random.below(there.length)
      chosen.push(...there.splice(place, 1))
      crowd[line] = (crowd[line] as number) + 1
      if (there.length === 0) waiting.delete(line)
    }
    return chosen
  }
}

/** A line, random among those with the fewest members, at which somebody waits. */
function loneliest(waiting: ReadonlyMap<number, unknown>, crowd: Int32Array, random: RandomStream): number {
  let fewest = Infinity
  let lines: number[] = []
  for (const line of waiting.keys()) {
    const size = crowd[line] as number
    if (size < fewest) [fewest, lines] = [size, []]
    if (size === fewest) lines.push(line)
  }
  return lines[random.below(lines.length)] as number
}
