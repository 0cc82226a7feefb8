/** An array of at least `capacity` elements that begins with those of `array`. */
export function grown<A extends Float64Array | Int32Array>(array: A, capacity: number): A {
  if (array.length >= capacity) return array
  const larger = array instanceof Float64Array ? new Float64Array(capacity) : new Int32Array(capacity)
  larger.set(array)
  return larger as A
}
