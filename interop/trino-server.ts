/** A coordinator of Trino on loopback, of the modules that Maven has: it computes by itself, on tables in its memory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runProgram, versionOf } from './check.ts';

const here = join(import.meta.dirname, 'trino');
const place = join(import.meta.dirname, 'node_modules', '.trino');
const parts = ['server', 'memory'] as const;
export const trinoVersion = '483';
const javaLeast = 25;
const installSecondsMax = 420;
const startSecondsMax = 300;
const machines = '/usr/lib/jvm';

const majorOf = (told: string | undefined): number => Number(/"?(\d+)[\w.+-]*"?/.exec(told ?? '')?.[1] ?? 0);

/** The first Java here that is new enough. */
const findJava = async (): Promise<string | undefined> => {
  const beside = existsSync(machines) ? (await readdir(machines)).map((name) => join(machines, name)) : [];
  const homes = [process.env.JAVA_HOME, ...beside].filter((home) => home !== undefined);
  const there = homes.map((home) => join(home, 'bin', 'java')).filter((java) => existsSync(java));
  for (const java of ['java', ...there]) if (majorOf(await versionOf(java, '-version')) >= javaLeast) return java;
  return undefined;
};

/** The reason when it cannot be had. */
export const trinoMissing = async (): Promise<string | undefined> => {
  if (!(await findJava())) return `no Java ${javaLeast} or newer is installed`;
  if (!(await versionOf('mvn', '--version'))) return 'mvn is not installed';
  for (const part of parts) {
    const jars = join(place, part);
    const whole = join(place, `${part}.xml`);
    const wanted = await readFile(join(here, `${part}.xml`), 'utf8');
    if (existsSync(whole) && (await readFile(whole, 'utf8')) === wanted) continue;
    const words = ['-q', '-B', '-f', join(here, `${part}.xml`), 'dependency:copy-dependencies'];
    const ran = await runProgram('mvn', [...words, `-DoutputDirectory=${jars}`, '-DincludeScope=runtime'], {
      seconds: installSecondsMax,
    });
    if (ran.code !== 0) return `its modules cannot be had: ${(ran.stdout + ran.stderr).trim().split('\n').at(-1)}`;
    await writeFile(whole, wanted);
  }
  return undefined;
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

export interface RunningTrino {
  url: string;
  end(): Promise<void>;
}

/** `folder`: for what it is told and what it writes. */
export const startTrino = async (folder: string): Promise<RunningTrino> => {
  const java = (await findJava())!;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [plugin, catalogs] = [join(folder, 'plugin', 'memory'), join(folder, 'etc', 'catalog')];
  for (const one of [plugin, catalogs]) await mkdir(one, { recursive: true });
  for (const jar of await readdir(join(place, 'memory'))) await symlink(join(place, 'memory', jar), join(plugin, jar));
  // What names the plugin in its own packaging is not in its module.
  const services = join(folder, 'services', 'META-INF', 'services');
  await mkdir(services, { recursive: true });
  await writeFile(join(services, 'io.trino.spi.Plugin'), 'io.trino.plugin.memory.MemoryPlugin\n');
  const jar = java === 'java' ? 'jar' : join(java, '..', 'jar');
  await runProgram(jar, ['--create', '--file', join(plugin, 'services.jar'), '-C', join(folder, 'services'), '.']);
  await writeFile(join(catalogs, 'memory.properties'), 'connector.name=memory\n');
  const config = {
    'node.environment': 'interop',
    'node.bind-ip': '127.0.0.1',
    'node.internal-address': '127.0.0.1',
    coordinator: 'true',
    'node-scheduler.include-coordinator': 'true',
    'http-server.http.port': String(port),
    'discovery.uri': url,
    'plugin.dir': join(folder, 'plugin'),
    'catalog.config-dir': catalogs,
    'query.max-memory': '500MB',
    'query.max-memory-per-node': '500MB',
    'memory.heap-headroom-per-node': '300MB',
  };
  const path = join(folder, 'etc', 'config.properties');
  await writeFile(
    path,
    Object.entries(config)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const words = ['--add-modules', 'jdk.incubator.vector', '-XX:TieredStopAtLevel=1', '-Xmx2G', `-Dconfig=${path}`];
  const child = spawn(java, [...words, '-cp', join(place, 'server', '*'), join(here, 'Start.java'), trinoVersion], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      said = (said + bytes.toString('utf8')).slice(-4000);
    });
  const gone = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  const end = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  const late = performance.now() + startSecondsMax * 1000;
  for (;;) {
    const told = await fetch(`${url}/v1/info`, { signal: AbortSignal.timeout(5000) }).then(
      (answer) => answer.json() as Promise<{ starting: boolean }>,
      () => undefined,
    );
    if (told?.starting === false) return { url, end };
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > late) {
      await end();
      throw new Error(`Trino did not start: ${said.slice(-1500)}`);
    }
    await pause(200);
  }
};

/** Every row of a statement, each cell as it comes. */
export const askTrino = async ({ url }: RunningTrino, sql: string): Promise<unknown[][]> => {
  const headers = { 'X-Trino-User': 'interop' };
  const rows: unknown[][] = [];
  let answer = await fetch(`${url}/v1/statement`, { method: 'POST', headers, body: sql });
  for (;;) {
    const page = (await answer.json()) as { data?: unknown[][]; nextUri?: string; error?: { message: string } };
    if (page.error) throw new Error(page.error.message);
    rows.push(...(page.data ?? []));
    if (!page.nextUri) return rows;
    answer = await fetch(page.nextUri, { headers });
  }
};
