import { defineConfig } from 'vitest/config'

const resolve = { conditions: ['@troupe/source'] }
const ssr = { resolve: { conditions: ['@troupe/source'] } }

export default defineConfig({
  resolve,
  ssr,
  test: {
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'machines/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
    // Much of the time is spent waiting for child processes and disks.
    maxWorkers: 2,
    reporters: ['default', './test/support/skip-reasons.ts'],
    projects: [
      {
        resolve,
        ssr,
        test: { name: 'unit', include: ['test/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            checker: 'tsc',
            include: ['test/types/**/*.test-d.ts'],
          },
        },
      },
    ],
  },
})
