import { existsSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build, type BuildResult } from 'esbuild'
import { chromium } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import * as library from '../../src/index.ts'
import { projectRoot } from '../support/sources.ts'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** Runs here and, as text, in the page: so it has to do with what it is given. */
async function experiment({ Tuner, choice, randomSearch, uniform }: typeof library): Promise<unknown> {
  const tuner = new Tuner(
    async function* (config, trial) {
      for (let step = 1; step <= 5; step++) {
        await trial.sleep(1)
        yield { loss: (config.width - 3) ** 2 / step + (config.activation === 'relu' ? 1 : 0) }
      }
    },
    {
      paramSpace: { width: uniform(0, 10), activation: choice(['relu', 'tanh']) },
      metric: 'loss',
      mode: 'min',
      searcher: randomSearch(),
      numSamples: 40,
      seed: 7,
    },
  )
  const results = await tuner.fit()
  const { number, config } = results.getBestResult()
  return { trials: results.length, number, config }
}

async function runInPage(bundle: string): Promise<unknown> {
  const browser = await chromium.launch({
    ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  })
  try {
    const page = await browser.newPage()
    // Some of the web's interfaces are there on trusted pages only, and localhost is one without a server.
    await page.route('http://localhost/', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
    )
    await page.goto('http://localhost/')
    await page.addScriptTag({ content: bundle })
    return await page.evaluate(`(${experiment.toString()})(troupe)`)
  } finally {
    await browser.close()
  }
}

describe('troupe in a browser', () => {
  let bundle: BuildResult<{ metafile: true; write: false }>
  let code: string

  beforeAll(async () => {
    bundle = await build({
      stdin: { contents: `export * from 'troupe'`, resolveDir: projectRoot },
      absWorkingDir: projectRoot,
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      format: 'iife',
      globalName: 'troupe',
      platform: 'browser',
      target: 'es2022',
      conditions: ['@troupe/source', 'browser'],
    })
    code = bundle.outputFiles[0]?.text ?? ''
    const kilobytes = (size: number) => `${(size / 1000).toFixed(1)} kB`
    console.info(`bundle: ${kilobytes(code.length)}, ${kilobytes(gzipSync(code).length)} gzipped`)
  })

  it('is bundled without anything of Node', () => {
    const inputs = Object.entries(bundle.metafile.inputs)
    const imports = inputs.flatMap(([path, input]) => input.imports.map((to) => `${path} → ${to.path}`))
    expect(imports.filter((line) => line.includes('→ node:'))).toEqual([])
    expect(inputs.map(([path]) => path)).not.toContain('src/host/node.ts')
    expect(Object.values(bundle.metafile.outputs).flatMap((output) => output.imports)).toEqual([])
  })

  it('finds the same best configuration there as here', async ({ skip }) => {
    skip(CHROMIUM === undefined, 'No Chromium is installed: apt-get install chromium.')
    expect(await runInPage(code)).toEqual(await experiment(library))
  }, 60_000)
})
