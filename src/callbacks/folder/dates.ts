/** A moment of the machine's clock as Ray Tune writes it: `2026-11-24_14-39-58`, in local time. */
export function dateText(ms: number): string {
  const date = new Date(ms)
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day}_${[two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())].join('-')}`
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}
