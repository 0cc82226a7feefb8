import type { Params } from '../../core/trial.ts'
import { Permutation } from '../../math/permutation.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Axis } from '../combinations.ts'
import type { Search } from '../searcher.ts'
import { FinitePoints } from './finite-points.ts'

// Beyond, numbers of points are not exact, and nobody will get to the end.
const COUNT_MAX = 2 ** 52

// How many points in a row may be turned down, in a space too large to be gone through.
const TURNED_DOWN_MAX = 1_000_000

interface Saved {
  readonly taken: number
  readonly ahead: readonly number[]
}

/** All points of a declared space, each once, in a random order. */
export function startDeclared(axes: readonly Axis[], random: RandomStream, saved: Saved | undefined): Search {
  const points = new FinitePoints(axes)
  if (points.count > COUNT_MAX) return startVast()
  const order = new Permutation(points.count, random.fork('order'))
  // How many places of the order are past. A point that was turned down is gone: the next try gets the next.
  let taken = saved?.taken ?? 0
  // Places not yet reached whose points others have tried: the user's own, and those of an earlier study.
  const ahead = new Set(saved?.ahead)

  const setAside = ({ params }: { readonly params: Params }): void => {
    const number = points.numberOf(params)
    if (number === undefined) return
    const place = order.placeOf(number)
    if (place >= taken) ahead.add(place)
  }

  return {
    suggest({ retry, running }) {
      if (retry >= TURNED_DOWN_MAX) return { kind: 'finished' }
      running.forEach(setAside)
      while (ahead.delete(taken)) taken++
      if (taken >= points.count) return { kind: 'finished' }
      return { kind: 'point', point: points.at(order.at(taken++)) }
    },
    tell: setAside,
    save: () => ({ taken, ahead: [...ahead] }),
  }
}

function startVast(): Search {
  return {
    suggest: ({ retry }) => (retry >= TURNED_DOWN_MAX ? { kind: 'finished' } : { kind: 'point', point: {} }),
    tell: () => {},
    save: () => null,
  }
}
