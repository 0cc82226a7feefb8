import { accessSync, constants, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Tolerance } from './matching.ts'

/** One recorded case; what else it holds depends on the format. */
export interface FixtureCase {
  readonly name: string
  readonly kind?: string
  readonly [field: string]: unknown
}

/** A file of recorded cases. */
export interface Fixture {
  /** Which package and part of it was recorded: this says what the cases mean. */
  readonly source: string
  readonly tolerance: Tolerance
  readonly cases: readonly unknown[]
}

// For files that name none, those of schedulers.
const DEFAULT_TOLERANCE: Tolerance = { abs: 0, rel: 1e-9 }

/**
 * The files that a path stands for: itself, or every `.json` file below it, in order of their names.
 * Throws when one of them cannot be read.
 */
export function fixtureFiles(path: string): string[] {
  const files = statSync(path).isDirectory() ? jsonFilesBelow(path) : [path]
  for (const file of files) accessSync(file, constants.R_OK)
  return files
}

function jsonFilesBelow(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
  return names
    .map((name) => join(folder, name))
    .filter((file) => file.endsWith('.json') && statSync(file).isFile())
}

/** Reads a fixture, or says why the file is none. */
export function readFixture(file: string): Fixture | string {
  const text = readFileSync(file, 'utf8')
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    return `no fixture: not JSON (${String(error)})`
  }
  if (!isObject(content)) return 'no fixture: expected an object with source and cases'
  const { source, cases, tolerance } = content
  if (typeof source !== 'string' || !Array.isArray(cases)) return 'no fixture: expected source and cases'
  return {
    source,
    cases,
    tolerance: { ...DEFAULT_TOLERANCE, ...(isObject(tolerance) ? numbersIn(tolerance) : {}) },
  }
}

export function isFixtureCase(value: unknown): value is FixtureCase {
  return isObject(value) && typeof value['name'] === 'string'
}

function numbersIn({ abs, rel }: Record<string, unknown>): Partial<Tolerance> {
  return { ...(typeof abs === 'number' ? { abs } : {}), ...(typeof rel === 'number' ? { rel } : {}) }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
