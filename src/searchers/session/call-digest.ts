import { toJson } from '../../core/plain-json.ts'
import type { Observation, ToldTrial } from '../searcher.ts'
import type { Answer } from './request.ts'

/**
 * What a session was asked and told, and what it answered, as a short text: two sessions with the same one stand at the same
 * place. 64 bits against chance, not against ill will.
 */
export class CallDigest {
  #low = 0x811c9dc5
  #high = 0x9e3779b9

  answered(trial: number, answer: Answer): void {
    this.#add(['answered', trial, answer.kind, answer.kind === 'trial' && [answer.source, answer.params]])
  }

  told({ domains: _, ...told }: ToldTrial): void {
    this.#add(['told', told])
  }

  observed(observation: Observation): void {
    this.#add(['observed', observation])
  }

  get text(): string {
    return hexadecimal(this.#high) + hexadecimal(this.#low)
  }

  #add(call: readonly unknown[]): void {
    const text = toJson(call)
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      // FNV-1a, and the step of MurmurHash2 beside it.
      this.#low = Math.imul(this.#low ^ code, 0x01000193)
      this.#high = Math.imul(this.#high ^ code, 0x5bd1e995)
      this.#high ^= this.#high >>> 15
    }
  }
}

function hexadecimal(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
