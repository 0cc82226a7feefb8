import { expect, it } from 'vitest'
import { signedStore } from '../../src/cli/signed-store.ts'
import { fileCheckpoints, memoryStore, type Store } from '../../src/stores/index.ts'

it('a store that signs is the store itself in all else', async () => {
  const inner: Store = {
    ...memoryStore(),
    url: 'some:///where',
    folder: 'beside',
    checkpoints: fileCheckpoints({ folder: 'checkpoints' }),
    holder: async () => 'somebody',
    close: async () => {},
    open: async (name, options) => ({
      ...(await memoryStore().open(name, options)),
      notice: 'Half of it is kept.',
      poll: async () => [],
    }),
  }
  const signed = signedStore(inner, { file: 'train.ts' }, () => {})
  expect(Object.keys(signed).sort()).toEqual(Object.keys(inner).sort())
  for (const fact of ['name', 'url', 'folder', 'checkpoints'] as const) expect(signed[fact]).toBe(inner[fact])
  expect(await signed.holder?.('demo')).toBe('somebody')
  const log = await signed.open('demo')
  expect(log.notice).toBe('Half of it is kept.')
  expect(await log.poll?.()).toEqual([])
})
