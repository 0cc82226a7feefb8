import type { Space } from '../space/space.ts'
import { readSpace } from '../space/read-space.ts'

// Names its paths, and says nothing else.
const anything = readSpace(() => {})

/**
 * The space of a study that has none: each trial says what it needs through its `suggest…` methods, after its point was
 * fixed. So a point is taken as it comes, and is no configuration yet.
 */
export const OPEN_SPACE: Space = {
  kind: 'define-by-run',
  parameters: [],
  gridSize: 1,
  sample: () => ({}),
  resolve: (point) => ({ config: {}, params: point, domains: {} }),
  toPoint: (config) => anything.toPoint(config),
}
