/** What a define-by-run function draws its parameters with. */
export interface SuggestTrial {
  suggestFloat(name: string, low: number, high: number, options?: { log?: boolean; step?: number }): number
  suggestInt(name: string, low: number, high: number, options?: { log?: boolean; step?: number }): number
  suggestCategorical<const T>(name: string, choices: readonly T[]): T
}
