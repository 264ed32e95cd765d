/**
 * The public conformance kit of the Decentralized Claims Protocol against holder, issuer and verifier of `@shugu/claims`, and against
 * an exchange as it starts as issuer, verifier and holder. The kit plays the other sides, each case is one count, and its own closing lines
 * are shown.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { inFolder, type Outcome, runProgram, type Tally, tally, versionOf } from './check.ts';
import { against, casesOf, notOfExchange, skipped } from './dcp-tck/cases.ts';
import { correlation, openParticipants, stsClient } from './dcp-tck/participants.ts';
import { openServer } from './dcp-tck/server.ts';

export const about =
  'holder, issuer, verifier and the exchange itself by the conformance kit of the Decentralized Claims Protocol';

const pom = join(import.meta.dirname, 'dcp-tck', 'pom.xml');
const versions = ['1.0.2', '1.0.1'];
const minutesMax = 14;

let classpath = process.env.SHUGU_DCP_TCK_CLASSPATH;
let version = 'of SHUGU_DCP_TCK_CLASSPATH';

const byMaven = (kit: string): Promise<{ path: string } | { said: string }> =>
  inFolder(async (folder) => {
    const file = join(folder, 'classpath');
    const words = ['-q', '-B', '-f', pom, `-Dkit=${kit}`, 'dependency:build-classpath', `-Dmdep.outputFile=${file}`];
    const ran = await runProgram('mvn', words, { seconds: 240 });
    return ran.code === 0 ? { path: (await readFile(file, 'utf8')).trim() } : { said: ran.stdout + ran.stderr };
  });

export const minutes = 15;

/** The kit by Maven; where its registry has no release of it, a class path with the kit and JUnit's console may be named instead. */
export const needs = async (): Promise<string | undefined> => {
  if (!(await versionOf('java', '-version'))) return 'java is not installed';
  if (classpath) return undefined;
  if (!(await versionOf('mvn', '--version'))) return 'mvn is not installed';
  let said = '';
  for (const kit of versions) {
    const found = await byMaven(kit);
    if ('path' in found) {
      [classpath, version] = [found.path, kit];
      return undefined;
    }
    said += found.said;
  }
  const missing = new Set(
    [...said.matchAll(/org\.eclipse\.dataspacetck[\w.-]*:[\w.-]+:(?:jar|pom):[\w.-]+/g)].map(([name]) => name),
  );
  return `the kit cannot be had: no ${[...missing].join(', no ') || versions.join(', no ')}; SHUGU_DCP_TCK_CLASSPATH may name it`;
};

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

type Settings = Record<string, string>;
type Opened = Pick<Awaited<ReturnType<typeof openParticipants>>, 'root' | 'dids'>;
type Server = Awaited<ReturnType<typeof openServer>>;

/** What of the kit looks at which of our sides, and what it has to know of it. */
const sides: Record<string, { cases: string[]; settings(opened: Opened): Settings }> = {
  holder: {
    cases: ['presentation.cs', 'issuance.cs'],
    settings: ({ root, dids }) => ({
      'did.holder': dids.holder,
      'sts.url': `${root}/sts`,
      'sts.client.id': stsClient.id,
      'sts.client.secret': stsClient.secret,
    }),
  },
  issuer: { cases: ['issuance.issuer'], settings: ({ dids }) => ({ 'did.issuer': dids.issuer }) },
  verifier: {
    cases: ['presentation.verifier'],
    settings: ({ root, dids }) => ({
      'did.verifier': dids.verifier,
      'vpp.trigger.endpoint': `${root}/verifier/trigger`,
    }),
  },
};

/** The same, before the exchange; the kit's holder is registered as a member's own wallet. */
const atServer: Record<string, (server: Server) => Settings> = {
  'issuance.issuer': ({ issuer }) => ({ 'did.issuer': issuer }),
  'presentation.verifier': ({ did, trigger }) => ({ 'did.verifier': did, 'vpp.trigger.endpoint': trigger }),
  'presentation.cs': (server) => holderAt(server),
  'issuance.cs': (server) => holderAt(server),
};
const holderAt = ({ root, did }: Server): Settings => ({
  ...sides.holder!.settings({ root, dids: { holder: did, issuer: '', verifier: '' } }),
});

const kitSettings = (port: number): Settings => ({
  launcher: 'org.eclipse.dataspacetck.dcp.system.DcpSystemLauncher',
  host: '127.0.0.1',
  port: String(port),
  'callback.address': `http://localhost:${port}`,
  'credentials.correlation.id': correlation,
});
const kitDid = (port: number, name: 'issuer' | 'holder'): string => `did:web:localhost%3A${port}:${name}`;

/** `side`: before whom, where the same cases are run before several. */
const runCases = async (counts: Tally, cases: string, settings: Settings, side = ''): Promise<void> => {
  const properties = Object.entries(settings).map(([name, value]) => `-Ddataspacetck.${name}=${value}`);
  const packaged = `--select-package=org.eclipse.dataspacetck.dcp.verification.${cases}`;
  const console = [
    'org.junit.platform.console.ConsoleLauncher',
    'execute',
    '--disable-banner',
    '--disable-ansi-colors',
  ];
  // Compiled quickly rather than well: the kit waits ten seconds for a delivery, and a busy machine needs half of them to load it.
  const words = [
    '-XX:TieredStopAtLevel=1',
    ...properties,
    '-cp',
    classpath!,
    ...console,
    '--details=testfeed',
    packaged,
  ];
  const { stdout, stderr } = await runProgram('java', words, { seconds: (minutesMax * 60) / 7 });
  const lines = stdout.split('\n').filter((line) => / :: /.test(line));
  const ended = (how: string) =>
    lines.flatMap((line) =>
      line.endsWith(` :: ${how}`) && line.split(' > ').length > 2 ? [line.split(' :: ')[0]!] : [],
    );
  const [held, fell, passedOver] = [ended('SUCCESSFUL'), ended('FAILED'), ended('SKIPPED')];
  for (const name of held) counts.expect(true, name);
  // Exactly those that are named may be left out: a new one that falls, and a named one that holds, are both told.
  const own = side === '' ? [] : (notOfExchange[cases] ?? []);
  for (const [names, named, how] of [
    [fell, own, 'failed'],
    [passedOver, skipped[cases] ?? [], 'was skipped'],
  ] as const) {
    const { unnamed, missing } = against(names, named);
    for (const name of unnamed) counts.expect(false, `${side}${cases}: ${name} ${how}`);
    for (const { name } of missing) counts.expect(false, `${side}${cases}: ${name} is named as left out and was not`);
    for (const { name, why } of named) counts.note(`${side}${cases}: left out: ${name}: ${why}`);
  }
  const run = held.length + fell.length + passedOver.length;
  if (run !== casesOf[cases]) counts.expect(false, `${side}${cases}: ${run} cases of ${casesOf[cases]} were run`);
  const closing = stdout.split('\n').filter((line) => /^\[ +\d+ tests (found|skipped|successful|failed)/.test(line));
  // Cases alone are counted, so that the sum is the kit's own.
  if (closing.length !== 4 || held.length === 0)
    counts.expect(false, `${side}${cases}: the kit did not come to its end: ${stderr.slice(-400)}`);
  const said = closing.map((line) => line.replace(/[[\]]/g, '').trim().replace(/ +/g, ' '));
  counts.note(`${side}${cases}: ${said.join(', ')}`);
};

export const run = async (): Promise<Outcome> => {
  const counts = tally();
  counts.note(`kit ${version}`);
  for (const { cases, settings } of Object.values(sides)) {
    for (const one of cases) {
      const port = await freePort();
      const opened = await openParticipants(kitDid(port, 'issuer'));
      try {
        await runCases(counts, one, { ...kitSettings(port), ...settings(opened) });
        counts.note(
          `${one}: our side refused ${Object.entries(opened.refused)
            .map(([code, times]) => `${code} ${times}`)
            .join(', ')}`,
        );
      } finally {
        await opened.close();
      }
    }
  }
  for (const [cases, settings] of Object.entries(atServer)) {
    const port = await freePort();
    const server = await openServer(kitDid(port, 'issuer'), kitDid(port, 'holder'));
    try {
      await runCases(counts, cases, { ...kitSettings(port), ...settings(server) }, 'exchange: ');
    } finally {
      await server.close();
    }
  }
  return counts.outcome();
};
