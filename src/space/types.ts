import type { Branch } from './branch.ts'
import type { ComputedDomain, Domain } from './domain.ts'

/**
 * The configuration that a search space gives: the type of `config` in a trainable and in `where`.
 *
 * Domains become the type of their values, constants lose their literal types (`steps: 100` is a `number`), and a
 * `branch` makes a union of one object for each case, told apart by the branch's property. Without a declared space (a
 * define-by-run function, or none at all) it is `Record<string, unknown>`.
 * @example type Config = ConfigOf<typeof space>
 */
export type ConfigOf<S> = [S] extends [AnyFunction | undefined]
  ? Record<string, unknown>
  : [keyof S] extends [never]
    ? Record<string, unknown>
    : ObjectConfig<S>

/** What the compiler shows where a space cannot be used: the sentence says why. */
export interface TypeProblem<Sentence extends string> {
  readonly __problem: Sentence
}

/**
 * `unknown` when a trainable that takes `C` can run the configurations of `S`, and otherwise a `TypeProblem`.
 */
export type AcceptedBy<C, S> = [S] extends [AnyFunction | undefined]
  ? unknown
  : [ConfigOf<S>] extends [C]
    ? unknown
    : TypeProblem<'The trainable is annotated with a configuration that this space does not give.'>

/**
 * `unknown` for a space that can be used, and otherwise a `TypeProblem` in the place of the problem: ask for
 * `S & CheckedSpace<S>` to have the compiler refuse what `readSpace` would.
 */
export type CheckedSpace<S> = S extends Constant
  ? unknown
  : S extends readonly unknown[]
    ? { readonly [K in keyof S]: S[K] extends Branch ? BranchInArray : CheckedSpace<S[K]> }
    : S extends object
      ? {
          readonly [K in keyof S]: S[K] extends Branch<infer C> ? CheckedBranch<S, K, C> : CheckedSpace<S[K]>
        }
      : unknown

type CheckedBranch<S, K extends keyof S, C> = [Clash<S, K, C>] extends [never]
  ? { readonly cases: { readonly [Case in keyof C]: CheckedSpace<C[Case]> } }
  : TypeProblem<`A case of this branch has a parameter named like one beside the branch: ${Clash<S, K, C> & string}. Rename one of the two.`>

type BranchInArray =
  TypeProblem<'A branch cannot stand in an array, where its parameters have no names. Put it into an object.'>

// Names that the cases of the branch at K share with its siblings, or with the cases of its sibling branches.
type Clash<S, K extends keyof S, C> = NamesOfCases<C> & (keyof S | NamesBeside<S, K>)
type NamesBeside<S, K extends keyof S> = {
  [Other in Exclude<keyof S, K>]: S[Other] extends Branch<infer C> ? NamesOfCases<C> : never
}[Exclude<keyof S, K>]
type NamesOfCases<C> = { [Case in keyof C]: Names<C[Case]> }[keyof C]
type Names<S> = keyof S | { [K in keyof S]: S[K] extends Branch<infer C> ? NamesOfCases<C> : never }[keyof S]

type AnyFunction = (...args: never[]) => unknown
type BuiltIn =
  | Date
  | RegExp
  | Error
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | PromiseLike<unknown>
type Buffered = ArrayBuffer | ArrayBufferView
type Primitive = string | number | boolean | bigint | symbol | null | undefined
/** What is taken as it is, without looking inside. */
type Constant = Domain | AnyFunction | BuiltIn | Buffered | Primitive

type ValueConfig<T> = T extends Domain
  ? ValueOf<T>
  : T extends Primitive
    ? Widened<T>
    : T extends AnyFunction | BuiltIn | Buffered
      ? T
      : T extends readonly unknown[]
        ? { -readonly [K in keyof T]: ValueConfig<T[K]> }
        : T extends object
          ? IsClass<T> extends true
            ? T
            : ObjectConfig<T>
          : T

// From the data rather than from `__type`: without exactOptionalPropertyTypes that would lose an `undefined` choice.
type ValueOf<D> = D extends { readonly choices: readonly (infer T)[] }
  ? T
  : D extends ComputedDomain<infer T>
    ? T
    : number

type Widened<T> = T extends string
  ? string
  : T extends number
    ? number
    : T extends boolean
      ? boolean
      : T extends bigint
        ? bigint
        : T

// Private members of a class do not survive a mapped type, so what does is no longer the class.
type IsClass<T> = { [K in keyof T]: T[K] } extends T ? false : true

type BranchKeys<T> = { [K in keyof T]: T[K] extends Branch ? K : never }[keyof T]

type ObjectConfig<T> = [BranchKeys<T>] extends [never]
  ? { -readonly [K in keyof T]: ValueConfig<T[K]> }
  : Flat<{ -readonly [K in Exclude<keyof T, BranchKeys<T>>]: ValueConfig<T[K]> } & AllOf<BranchConfigs<T>>>

// One union for each branch of T; to have a case of every one is to have all of the unions at once.
type BranchConfigs<T> = { [K in BranchKeys<T>]: T[K] extends Branch<infer C> ? CaseConfigs<K, C> : never }
type CaseConfigs<K extends PropertyKey, C> = {
  // Keys of objects are texts, also those written as numbers.
  [Case in keyof C]: { [Name in K]: Case extends number ? `${Case}` : Case } & ObjectConfig<C[Case]>
}[keyof C]

// Functions that take the members, together, take their intersection.
type AllOf<T> = { [K in keyof T]: (member: T[K]) => void }[keyof T] extends (all: infer All) => void
  ? All
  : never

// Distributes over the union, and writes each member out, for the reader of a hint.
type Flat<T> = T extends unknown ? { [K in keyof T]: T[K] } : never

/** A value as it is declared, but for `readonly`: choices reach the trainable as copies. */
export type Writable<T> = T extends Primitive | AnyFunction | BuiltIn | Buffered
  ? T
  : T extends readonly unknown[]
    ? { -readonly [K in keyof T]: Writable<T[K]> }
    : T extends object
      ? IsClass<T> extends true
        ? T
        : { -readonly [K in keyof T]: Writable<T[K]> }
      : T
