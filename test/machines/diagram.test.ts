import { assign, fromPromise, not, or, setup } from 'xstate'
import { describe, expect, it } from 'vitest'
import { toMermaid } from '../../machines/diagram.ts'

const door = setup({
  actions: { ring: () => {}, lock: () => {}, unlock: () => {}, count: assign({}) },
  actors: { motor: fromPromise(() => Promise.resolve()) },
  guards: { isTired: () => true, isNight: () => true },
  delays: { soon: 100 },
}).createMachine({
  id: 'door',
  initial: 'shut',
  states: {
    shut: {
      entry: 'lock',
      exit: 'unlock',
      on: {
        'bell.press': { actions: 'ring' },
        'door.push': [
          { guard: 'isTired', target: 'open.ajar', actions: ['count', 'ring'] },
          { guard: not(or(['isTired', 'isNight'])), target: 'open' },
          { target: 'note' },
        ],
      },
    },
    open: {
      initial: 'ajar',
      invoke: { src: 'motor', id: 'engine', onDone: '.wide', onError: 'note' },
      after: { 500: 'shut' },
      on: { 'door.pull': 'shut' },
      states: {
        ajar: { after: { soon: 'wide' } },
        wide: {
          always: { guard: 'isNight', target: 'ajar' },
          on: { 'door.push': { target: 'wide', reenter: true } },
        },
      },
    },
    note: { type: 'final' },
  },
})

describe('toMermaid', () => {
  it('draws states, nested states, arrows and ends of a machine', () => {
    expect(toMermaid(door)).toBe(`stateDiagram-v2
  state "shut" as shut
  shut : entry / lock
  shut : exit / unlock
  shut : bell.press / ring
  state "open" as open {
    state "ajar" as open__ajar
    state "wide" as open__wide
    [*] --> open__ajar
    open__ajar --> open__wide : after soon
    open__wide --> open__ajar : [isNight]
    open__wide --> open__wide : door.push
  }
  note left of open
    entry / invoke motor
    done(engine) → wide
  end note
  state "note" as note_
  [*] --> shut
  shut --> open__ajar : door.push [isTired] / count, ring
  shut --> open : door.push [not (isTired or isNight)]
  shut --> note_ : door.push [else]
  open --> shut : door.pull
  open --> note_ : error(engine)
  open --> shut : after 500 ms
  note_ --> [*]`)
  })

  it('divides the regions of a parallel state by lines', () => {
    const radio = setup({}).createMachine({
      id: 'radio',
      type: 'parallel',
      states: {
        power: { initial: 'off', states: { off: { on: { 'power.press': 'on' } }, on: {} } },
        band: { initial: 'fm', states: { fm: {}, last: { type: 'history' } } },
      },
    })
    expect(toMermaid(radio)).toBe(`stateDiagram-v2
  state "radio" as radio {
    state "power" as power {
      state "off" as power__off
      state "on" as power__on
      [*] --> power__off
      power__off --> power__on : power.press
    }
    --
    state "band" as band {
      state "fm" as band__fm
      state "H" as band__last
      [*] --> band__fm
    }
  }`)
  })

  it('draws what the whole machine does as a box around its states', () => {
    const lamp = setup({}).createMachine({
      id: 'lamp',
      initial: 'dark',
      on: { 'lamp.break': '.broken' },
      states: { dark: {}, broken: { type: 'final' } },
    })
    expect(toMermaid(lamp)).toBe(`stateDiagram-v2
  state "lamp" as lamp {
    state "dark" as dark
    state "broken" as broken
    [*] --> dark
    broken --> [*]
  }
  note left of lamp
    lamp.break → broken
  end note`)
  })

  it('writes signs that Mermaid reads as its own as codes', () => {
    const odd = setup({}).createMachine({
      id: 'odd',
      initial: 'a-b',
      states: { 'a-b': { on: { 'x;<y>#': { target: 'c d' } } }, 'c d': {} },
    })
    expect(toMermaid(odd)).toContain('a_b --> c_d : x#59;#60;y#62;#35;')
    expect(toMermaid(odd)).toContain('state "c d" as c_d')
  })

  it('calls actions and guards without a name inline', () => {
    const anonymous = setup({}).createMachine({
      id: 'anonymous',
      initial: 'a',
      states: {
        a: { on: { go: { guard: () => true, target: 'b', actions: [() => {}, assign({})] } } },
        b: {},
      },
    })
    expect(toMermaid(anonymous)).toContain('a --> b : go [inline] / inline, assign')
  })
})
