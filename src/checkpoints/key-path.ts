import { Buffer } from 'node:buffer'
import { join } from 'node:path'

/** How the names of files end that hold content. No folder's name does, so a key may be the beginning of another. */
const ENDING = '.checkpoint'

// File systems take 255 bytes.
const NAME_MAX = 200

/**
 * The path of the file for a key, below a folder: its parts are folders and a file. What not every file system takes in a
 * name is written as `%` and hexadecimal digits; a part that is too long goes on in a folder within, after a `+`.
 */
export function pathOfKey(folder: string, key: string): string {
  return `${join(folder, ...key.split('/').flatMap(namesOfPart))}${ENDING}`
}

/** The folder in which all keys lie that begin with this text, and perhaps others. */
export function folderOfPrefix(folder: string, prefix: string): string {
  const parts = prefix.split('/').slice(0, -1)
  return join(folder, ...parts.flatMap(namesOfPart))
}

/** The key of a file. Undefined for what no key has made. */
export function keyOfNames(names: readonly string[]): string | undefined {
  const last = names.at(-1)
  if (last === undefined || !last.endsWith(ENDING)) return undefined
  const all = [...names.slice(0, -1), last.slice(0, -ENDING.length)]
  let text = ''
  for (const [i, name] of all.entries()) {
    text += name.endsWith('+') ? name.slice(0, -1) : name
    if (i < all.length - 1 && !name.endsWith('+')) text += '/'
  }
  return text.split('/').map(decoded).join('/')
}

function namesOfPart(part: string): readonly string[] {
  const pieces = encoded(part).match(new RegExp(`.{1,${NAME_MAX}}`, 'g')) ?? ['']
  return pieces.map((piece, i) => (i < pieces.length - 1 ? `${piece}+` : piece))
}

function encoded(part: string): string {
  if (part === '') return '%'
  return Array.from(Buffer.from(part), (byte) => {
    const letter = String.fromCharCode(byte)
    return /[\w-]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, '0')}`
  }).join('')
}

function decoded(name: string): string {
  if (name === '%') return ''
  const bytes = name.match(/%[\da-f]{2}|./g) ?? []
  return Buffer.from(
    bytes.map((text) => (text.length === 3 ? Number.parseInt(text.slice(1), 16) : text.charCodeAt(0))),
  ).toString()
}
