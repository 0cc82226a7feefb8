import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { TroupeError } from '../../src/errors.ts'
import { randomStream } from '../../src/random/random.ts'
import { type VirtualKernel, virtualKernel } from '../../src/runtime/virtual-kernel.ts'
import { collectGarbage } from '../support/garbage.ts'

const never = (): boolean => false

afterEach(() => void vi.useRealTimers())

/** Bytes that are in use, garbage left out. */
function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Runs until nothing is left, and expects just that. */
async function runOut(kernel: VirtualKernel): Promise<void> {
  await expect(kernel.run(never, never)).rejects.toMatchObject({ code: 'deadlock' })
}

/** User code that a test moves by hand: it is resumed in an event, and parks when the test says so. */
function userCode(kernel: VirtualKernel): { resume(): void; park(): void } {
  let parked = true
  const watch = kernel.watch(() => parked)
  return {
    resume() {
      parked = false
      watch.resumed()
    },
    park() {
      parked = true
      watch.called()
    },
  }
}

describe('virtual time', () => {
  it('starts at 0 and jumps to what comes next', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    const times: number[] = []
    for (const ms of [250, 10, 1e9]) kernel.setTimeout(() => times.push(kernel.now()), ms)
    expect(kernel.now()).toBe(0)
    await runOut(kernel)
    expect(times).toEqual([10, 250, 1e9])
  })

  it('runs events in order of time, and those of one time in order of posting', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 5 }), { maxLength: 50 }), async (delays) => {
        const kernel = virtualKernel({ stallMs: 1000 })
        const ran: [number, number][] = []
        delays.forEach((ms, i) => kernel.setTimeout(() => ran.push([ms, i]), ms))
        await runOut(kernel)
        expect(ran).toEqual(delays.map((ms, i) => [ms, i]).sort(([a = 0], [b = 0]) => a - b))
      }),
    )
  })

  it('runs what is posted at the time that it is, after what was there before', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    const ran: string[] = []
    const note = (what: string) => (): void => void ran.push(`${what} at ${kernel.now()}`)
    kernel.setTimeout(() => {
      note('first')()
      kernel.post(note('posted'))
      kernel.setTimeout(note('0 ms'), 0)
    }, 5)
    kernel.setTimeout(note('second'), 5)
    kernel.setTimeout(note('later'), 6)
    await runOut(kernel)
    expect(ran).toEqual(['first at 5', 'second at 5', 'posted at 5', '0 ms at 5', 'later at 6'])
  })

  it('is the same whatever events set, clear and post while others run', async () => {
    const action = fc.record({ kind: fc.constantFrom('timer', 'post', 'clear'), ms: fc.nat({ max: 3 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(action, { maxLength: 4 }), { maxLength: 12 }), async (plans) => {
        const kernel = virtualKernel({ stallMs: 1000 })
        const timers: unknown[] = []
        // What is due, in the order of the plain rule: by time, then by number.
        let due: { at: number; id: number }[] = []
        let started = 0
        const run = (id: number) => (): void => {
          const [first, ...others] = due.toSorted((a, b) => a.at - b.at || a.id - b.id)
          expect({ at: kernel.now(), id }).toEqual(first)
          due = others
          act()
        }
        const act = (): void => {
          for (const { kind, ms } of plans[started++] ?? []) {
            const id = timers.length
            if (kind === 'clear') {
              kernel.clearTimeout(timers[ms])
              due = due.filter((event) => event.id !== ms || timers[ms] === undefined)
              continue
            }
            due.push({ at: kernel.now() + (kind === 'post' ? 0 : ms), id })
            timers.push(kind === 'timer' ? kernel.setTimeout(run(id), ms) : undefined)
            if (kind === 'post') kernel.post(run(id))
          }
        }
        act()
        await runOut(kernel)
        expect(due).toEqual([])
      }),
    )
  })

  it('never goes back: a negative delay is none', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    const times: number[] = []
    kernel.setTimeout(() => kernel.setTimeout(() => times.push(kernel.now()), -100), 7)
    await runOut(kernel)
    expect(times).toEqual([7])
  })

  it('never calls inside the caller', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    let ran = false
    kernel.post(() => (ran = true))
    expect(ran).toBe(false)
    await runOut(kernel)
    expect(ran).toBe(true)
  })

  it('does not run what was cleared, nor stay for its sake', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    const ran: string[] = []
    const early = kernel.setTimeout(() => ran.push('early'), 1)
    const late = kernel.setTimeout(() => ran.push('late'), 100)
    kernel.setTimeout(() => {
      ran.push('between')
      kernel.clearTimeout(late)
    }, 50)
    kernel.clearTimeout(early)
    await runOut(kernel)
    expect(ran).toEqual(['between'])
    expect(kernel.now()).toBe(50)
  })

  it('lets a timer be cleared twice, after it fired, and when there is none', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    let count = 0
    const timer = kernel.setTimeout(() => count++, 1)
    await runOut(kernel)
    kernel.clearTimeout(timer)
    kernel.clearTimeout(timer)
    kernel.clearTimeout(undefined)
    expect(count).toBe(1)
  })

  it('runs in order whatever was cleared between, however much that is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (seed, share) => {
          const random = randomStream(seed)
          const kernel = virtualKernel({ stallMs: 1000 })
          const ran: number[] = []
          const expected: { at: number; i: number }[] = []
          for (let i = 0; i < 10_000; i++) {
            const at = random.below(100)
            const timer = kernel.setTimeout(() => ran.push(i), at)
            if (random.next() < share) kernel.clearTimeout(timer)
            else expected.push({ at, i })
          }
          await runOut(kernel)
          expect(ran).toEqual(expected.sort((a, b) => a.at - b.at || a.i - b.i).map(({ i }) => i))
        },
      ),
      { numRuns: 20 },
    )
  })

  it('keeps no memory for timers that were cleared long before they were due', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    const before = heapUsed()
    for (let i = 0; i < 1_000_000; i++) kernel.clearTimeout(kernel.setTimeout(() => {}, 1e6))
    expect(heapUsed() - before).toBeLessThan(5e6)
    await runOut(kernel)
  })

  it('runs what is posted and due when it is flushed, and nothing that this leads to', () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    const ran: string[] = []
    kernel.post(() => {
      ran.push('posted')
      kernel.post(() => ran.push('led to'))
    })
    kernel.clearTimeout(kernel.setTimeout(() => ran.push('cleared'), 0))
    kernel.setTimeout(() => ran.push('later'), 1)
    kernel.flush()
    expect(ran).toEqual(['posted'])
  })

  it('stops as soon as it is done, and goes on where it was', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    const ran: number[] = []
    for (const ms of [1, 2, 3]) kernel.setTimeout(() => ran.push(ms), ms)
    await kernel.run(() => ran.length === 2, never)
    expect(ran).toEqual([1, 2])
    expect(kernel.now()).toBe(2)
    await runOut(kernel)
    expect(ran).toEqual([1, 2, 3])
  })

  it('gives on what an event throws', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    kernel.post(() => {
      throw new RangeError('broken')
    })
    await expect(kernel.run(never, never)).rejects.toThrow(RangeError)
  })
})

describe('the watch over user code', () => {
  it('holds the clock until resumed code has called back, through any number of promises', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    const code = userCode(kernel)
    const ran: string[] = []
    kernel.setTimeout(() => {
      code.resume()
      void (async () => {
        for (let i = 0; i < 100; i++) await null
        ran.push(`user at ${kernel.now()}`)
        code.park()
      })()
    }, 1)
    kernel.setTimeout(() => ran.push(`next at ${kernel.now()}`), 1)
    await runOut(kernel)
    expect(ran).toEqual(['user at 1', 'next at 1'])
  })

  it('holds the clock while code waits for the outside world', async () => {
    const kernel = virtualKernel({ stallMs: 10_000 })
    const code = userCode(kernel)
    const ran: string[] = []
    kernel.setTimeout(() => {
      code.resume()
      setTimeout(() => {
        ran.push(`user at ${kernel.now()}`)
        code.park()
      }, 5)
    }, 1)
    kernel.setTimeout(() => ran.push(`next at ${kernel.now()}`), 2)
    await runOut(kernel)
    expect(ran).toEqual(['user at 1', 'next at 2'])
  })

  it('waits for all that were resumed, whichever is first', async () => {
    const kernel = virtualKernel({ stallMs: 10_000 })
    const [one, two] = [userCode(kernel), userCode(kernel)]
    const ran: string[] = []
    kernel.setTimeout(() => {
      one.resume()
      two.resume()
      setTimeout(() => {
        ran.push('one')
        one.park()
      }, 4)
      setImmediate(() => {
        ran.push('two')
        two.park()
      })
    }, 1)
    kernel.setTimeout(() => ran.push('next'), 1)
    await runOut(kernel)
    expect(ran).toEqual(['two', 'one', 'next'])
  })

  it('waits for code that was resumed before it runs at all', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    const code = userCode(kernel)
    const ran: string[] = []
    code.resume()
    setImmediate(() => {
      ran.push('user')
      code.park()
    })
    kernel.post(() => ran.push('event'))
    await runOut(kernel)
    expect(ran).toEqual(['user', 'event'])
  })

  it('does not count code twice that was resumed twice', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    const code = userCode(kernel)
    kernel.post(() => {
      code.resume()
      code.resume()
      setImmediate(() => code.park())
    })
    await runOut(kernel)
    expect(kernel.now()).toBe(0)
  })

  it('is not misled by a call of code that goes on working', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    let parked = true
    const watch = kernel.watch(() => parked)
    const ran: string[] = []
    kernel.post(() => {
      parked = false
      watch.resumed()
      setImmediate(() => {
        watch.called()
        setImmediate(() => {
          ran.push('user')
          parked = true
          watch.called()
        })
      })
    })
    kernel.post(() => ran.push('next'))
    await runOut(kernel)
    expect(ran).toEqual(['user', 'next'])
  })
})

describe('a virtual clock that cannot go on', () => {
  it('says at which time nothing was left', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    kernel.setTimeout(() => {}, 42.5)
    const error = await kernel.run(never, never).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TroupeError)
    expect(error).toMatchObject({
      code: 'deadlock',
      message: expect.stringContaining('at 42.5 ms of virtual time'),
    })
  })

  it('says at which time user code neither came back nor ended', async () => {
    const kernel = virtualKernel({ stallMs: 20 })
    const code = userCode(kernel)
    kernel.setTimeout(() => code.resume(), 30)
    await expect(kernel.run(never, never)).rejects.toMatchObject({
      code: 'stalled',
      message: expect.stringMatching(/stands at 30 ms.*20 ms of real time.*stallMs/s),
    })
  })

  it('counts the stall from the last call, not from the resumption', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const kernel = virtualKernel({ stallMs: 60 })
    const code = userCode(kernel)
    const watch = kernel.watch(() => true)
    kernel.post(() => code.resume())
    const outcome = kernel.run(never, never).catch((error: unknown) => error)
    for (let i = 0; i < 5; i++) {
      await turns(5)
      vi.advanceTimersByTime(50)
      watch.called()
    }
    code.park()
    expect(await outcome).toMatchObject({ code: 'deadlock' })
  })

  it('waits for the outside when told so, and goes on with what comes from there', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    const ran: number[] = []
    kernel.setTimeout(() => setImmediate(() => kernel.post(() => ran.push(kernel.now()))), 9)
    await kernel.run(
      () => ran.length > 0,
      () => true,
    )
    expect(ran).toEqual([9])
  })
})

describe('the host of a virtual clock', () => {
  it('gets its turn while events follow each other for long', async () => {
    const kernel = virtualKernel({ stallMs: 1000 })
    let hadTurn = false
    let count = 0
    setTimeout(() => (hadTurn = true), 1)
    const again = (): void => {
      count++
      kernel.post(again)
    }
    kernel.post(again)
    await kernel.run(() => hadTurn || count > 5e7, never)
    expect(hadTurn).toBe(true)
  })
})
