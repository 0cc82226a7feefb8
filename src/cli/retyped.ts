import type { GivenOptions } from './options.ts'

/** A command to be typed next: the words, and where things are kept as this call was told. */
export function retyped(words: readonly string[], { storage }: GivenOptions): string {
  const all = ['troupe', ...words, ...(storage === undefined ? [] : ['--storage', storage])]
  return all.map(quoted).join(' ')
}

/** A word as a shell reads it back. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
