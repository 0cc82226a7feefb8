import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A PostgreSQL server of one's own, with nothing in it. */
export interface PostgresServer {
  /** The URL of what is as good as an empty database, made for whoever asks: a schema, which takes a hundredth of the time. */
  database(): Promise<string>
  /** Stops it, and starts it again on the same port once `whileDown` has come to its end. */
  restart(whileDown: () => Promise<void>): Promise<void>
  stop(): Promise<void>
}

const LIBRARY = '/usr/lib/postgresql'

/** Where the programs of PostgreSQL are; undefined when there are none on this machine. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(LIBRARY)) return undefined
  return readdirSync(LIBRARY)
    .map((version) => join(LIBRARY, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')) && account() !== undefined)
}

/** PostgreSQL refuses to run as root: then it runs as the user of that name. */
function account(): { readonly uid: number; readonly gid: number } | Record<string, never> | undefined {
  if (process.getuid?.() !== 0) return {}
  try {
    const id = (flag: string): number =>
      Number(
        execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
      )
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return undefined
  }
}

/** Starts a server on a free port of this machine, in a folder that goes when it stops. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = postgresPrograms()
  if (bin === undefined) throw new Error('There is no PostgreSQL on this machine.')
  const who = account() ?? {}
  const folder = await mkdtemp(join(tmpdir(), 'pg-'))
  if (who.uid !== undefined) chownSync(folder, who.uid, who.gid)
  const data = join(folder, 'data')
  const options = { ...who, cwd: folder }
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'troupe', '--auth=trust', '-E', 'UTF8', '--no-sync', '--locale=C'],
    { ...options, stdio: 'ignore' },
  )
  const port = await freePort()
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off']
  const start = async (): Promise<ChildProcess> => {
    const started = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-k', folder, '-p', String(port), ...settings],
      {
        ...options,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    await ready(started)
    return started
  }
  let server = await start()
  const end = async (): Promise<void> => {
    const ended = new Promise((resolve) => server.once('exit', resolve))
    // Fast: SIGTERM would wait for clients.
    server.kill('SIGINT')
    await ended
  }
  const { default: pg } = await import('pg')
  const url = `postgresql://troupe@127.0.0.1:${port}/postgres`
  let count = 0
  return {
    async database() {
      const name = `test${++count}`
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query(`CREATE SCHEMA ${name}`)
      await client.end()
      return `${url}?options=-csearch_path%3D${name}`
    },
    async restart(whileDown) {
      await end()
      await whileDown()
      server = await start()
    },
    async stop() {
      await end()
      await rm(folder, { recursive: true })
    },
  }
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    server.once('exit', () => reject(new Error(`PostgreSQL did not start: ${said}`)))
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('ready to accept connections')) resolve()
    })
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
