import { describe, expect, it } from 'vitest'
import { Turns } from '../../src/runtime/macrotask.ts'

async function hops(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve()
}

describe('turns of the event loop', () => {
  it('come after all promise reactions that are due, however many of them there are and follow each other', async () => {
    const turns = new Turns()
    const seen: string[] = []
    const expected: string[] = []
    for (let i = 0; i < 200; i++) {
      void hops(i % 50).then(() => seen.push(`reactions ${i}`))
      await new Promise<void>((resolve) =>
        turns.next(() => {
          seen.push(`turn ${i}`)
          resolve()
        }),
      )
      expected.push(`reactions ${i}`, `turn ${i}`)
    }
    expect(seen).toEqual(expected)
  })

  it('let the host do other things between some of them', async () => {
    const turns = new Turns()
    let hadItsTurn = false
    setImmediate(() => setImmediate(() => (hadItsTurn = true)))
    let count = 0
    await new Promise<void>((resolve) => {
      function go(): void {
        count++
        if (hadItsTurn) resolve()
        else turns.next(go)
      }
      turns.next(go)
    })
    expect(count).toBeLessThan(200)
  })
})
