/**
 * Eclipse EDC as a peer: a connector assembled from its published modules, with its own data plane, its stores in PostgreSQL and
 * its published test identity (`iam-mock`), in which whoever sends a message says who that is. It is spoken to by its management
 * interface and by the Dataspace Protocol, nothing else.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, openSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { IdentityProvider } from '../../apps/server/src/federation/index.ts';
import { freePort } from '../../apps/server/test/crash/processes.ts';
import { runProgram, versionOf } from '../check.ts';

export const version = '0.15.1';
export const protocol = 'dataspace-protocol-http:2025-1';

const jars = join(import.meta.dirname, '..', 'node_modules', '.edc', version);
// For what hangs, not for what is slow: on a machine that does much else it takes many times as long.
const [installSecondsMax, startSecondsMax, answerSecondsMax] = [420, 1200, 120];

/** Why no connector can be had here; fetches its modules the first time. */
export const missingEdc = async (): Promise<string | undefined> => {
  if (!(await versionOf('java', '-version'))) return 'java is not installed';
  if (existsSync(jars)) return undefined;
  if (!(await versionOf('mvn', '--version'))) return 'mvn is not installed';
  const fetching = `${jars}.part`;
  const words = ['-q', '-B', '-f', join(import.meta.dirname, 'pom.xml'), 'dependency:copy-dependencies'];
  const ran = await runProgram('mvn', [...words, `-DoutputDirectory=${fetching}`, '-DincludeScope=runtime'], {
    seconds: installSecondsMax,
  });
  const said = ran.stdout + ran.stderr;
  if (ran.code === 0 && existsSync(fetching)) {
    await rename(fetching, jars);
    return undefined;
  }
  await rm(fetching, { recursive: true, force: true });
  const missing = new Set([...said.matchAll(/[\w.-]+:[\w.-]+:(?:jar|pom):[\w.-]+/g)].map(([name]) => name));
  missing.delete('shugu:interop-edc:jar:1');
  return `EDC ${version} cannot be had: no ${[...missing].join(', no ') || 'answer from Maven'}`;
};

/** What `iam-mock` sends and takes: a name that is only asserted. The same for connectors of this node. */
export const assertedNames: IdentityProvider = {
  authorize: async (from, to) => JSON.stringify({ region: 'eu', audience: to.address, clientId: from.name }),
  identify: async (_at, authorization) => {
    try {
      const { clientId } = JSON.parse(authorization ?? '') as { clientId?: unknown };
      return typeof clientId === 'string' ? { name: clientId, claims: {} } : undefined;
    } catch {
      return undefined;
    }
  },
};

type Json = Record<string, unknown>;

export interface Edc {
  /** Its participant id. */
  name: string;
  /** Base of its protocol addresses. */
  address: string;
  process: ChildProcess;
  /** Its management interface. @throws with what it answered, unless that is a success */
  call<T = Json>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: Json): Promise<T>;
  end(): Promise<void>;
}

const jdbcOf = ({ host, port, database }: pg.PoolConfig): string =>
  host?.startsWith('/')
    ? `jdbc:postgresql://localhost/${database}?socketFactory=org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg&socketFactoryArg=${host}/.s.PGSQL.${port}`
    : `jdbc:postgresql://${host ?? 'localhost'}:${port ?? 5432}/${database}`;

const settingsOf = async (name: string, database: pg.PoolConfig, ports: Record<string, number>) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const at = Object.entries(ports).flatMap(([part, port]) => [
    [`web.http.${part === 'default' ? '' : `${part}.`}port`, port],
    [`web.http.${part === 'default' ? '' : `${part}.`}path`, `/${part}`],
  ]);
  return Object.fromEntries([
    ...at,
    ['edc.participant.id', name],
    ['edc.hostname', '127.0.0.1'],
    ['edc.dsp.callback.address', `http://127.0.0.1:${ports.protocol}/protocol`],
    ['edc.dataplane.api.public.baseurl', `http://127.0.0.1:${ports.public}/public`],
    ['edc.sql.schema.autocreate', 'true'],
    ['edc.datasource.default.url', jdbcOf(database)],
    ['edc.datasource.default.user', database.user],
    ...(typeof database.password === 'string' ? [['edc.datasource.default.password', database.password]] : []),
    ['edc.transfer.proxy.token.signer.privatekey.alias', 'signing-key'],
    ['signing-key', privateKey],
    ['edc.transfer.proxy.token.verifier.publickey.alias', 'checking-key'],
    ['edc.iam.publickeys.checking.id', 'checking-key'],
    ['edc.iam.publickeys.checking.value', publicKey],
  ]) as Record<string, string | number>;
};

const untilReady = async (process: ChildProcess, log: string): Promise<void> => {
  const deadline = performance.now() + startSecondsMax * 1000;
  for (;;) {
    const said = existsSync(log) ? await readFile(log, 'utf8') : '';
    if (/Runtime \S+ ready/.test(said)) return;
    if (process.exitCode !== null || performance.now() > deadline)
      throw new Error(`EDC did not start: ${said.slice(-2000)}`);
    await pause(100);
  }
};

/** Terms of its management interface are without a prefix, those of ODRL have one. */
const context = { '@vocab': 'https://w3id.org/edc/v0.0.1/ns/', odrl: 'http://www.w3.org/ns/odrl/2/' };

export interface EdcOptions {
  name: string;
  /** An empty one. */
  database: pg.PoolConfig;
  /** For its settings and its log, one of each connector. */
  folder: string;
  /** For a short life: compiled quickly rather than well. */
  quick?: boolean;
  settings?: Record<string, string>;
}

export const startEdc = async ({ name, database, folder, quick, settings = {} }: EdcOptions): Promise<Edc> => {
  await mkdir(folder, { recursive: true });
  const parts = ['default', 'management', 'protocol', 'control', 'public'];
  const ports: Record<string, number> = {};
  for (const part of parts) ports[part] = await freePort();
  const file = join(folder, 'edc.properties');
  const lines = Object.entries({ ...(await settingsOf(name, database, ports)), ...settings });
  const escaped = (value: string | number | undefined) => String(value).replaceAll('\n', '\\n');
  await writeFile(file, lines.map(([key, value]) => `${key}=${escaped(value)}`).join('\n'), { mode: 0o600 });
  const words = [`-Dedc.fs.config=${file}`, '-Xmx1g', ...(quick ? ['-XX:TieredStopAtLevel=1'] : [])];
  const log = join(folder, 'edc.log');
  const output = openSync(log, 'w');
  const child = spawn(
    'java',
    [...words, '-cp', join(jars, '*'), 'org.eclipse.edc.boot.system.runtime.BaseRuntime', '--no-color'],
    { stdio: ['ignore', output, output] },
  );
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  try {
    await untilReady(child, log);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    name,
    address: `http://127.0.0.1:${ports.protocol}/protocol/2025-1`,
    process: child,
    call: async <T>(method: string, path: string, body?: Json) => {
      const answer = await fetch(`http://127.0.0.1:${ports.management}/management/v3${path}`, {
        method,
        ...(body
          ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ '@context': context, ...body }) }
          : {}),
        signal: AbortSignal.timeout(answerSecondsMax * 1000),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`EDC ${method} ${path}: ${answer.status} ${text.slice(0, 1000)}`);
      return (text ? JSON.parse(text) : undefined) as T;
    },
    end,
  };
};

/** Everybody may use what it offers. */
export const offerAll = async (edc: Edc): Promise<void> => {
  await edc.call('POST', '/policydefinitions', {
    '@id': 'use',
    policy: { '@type': 'odrl:Set', 'odrl:permission': [{ 'odrl:action': { '@id': 'odrl:use' } }] },
  });
  const policies = { accessPolicyId: 'use', contractPolicyId: 'use' };
  await edc.call('POST', '/contractdefinitions', { '@id': 'all', ...policies, assetsSelector: [] });
};

/** Something that is fetched from a plain address. */
export const addAsset = (edc: Edc, id: string, baseUrl: string): Promise<Json> =>
  edc.call('POST', '/assets', { '@id': id, properties: { name: id }, dataAddress: { type: 'HttpData', baseUrl } });
