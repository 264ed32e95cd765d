/**
 * The public conformance kit of Data Plane Signaling against a running exchange: as control plane, as consumer and as provider, where the
 * kit plays data plane and counter-party; then its gateway as a provider's data plane, where the kit is the control plane. Before the
 * exchange stands what the kit needs and no exchange offers.
 */

import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startTemporary } from '../apps/cli/src/server.ts';
import { fixedTokens, seedAgreement } from '../apps/server/src/federation/testing.ts';
import { actor, format, kitParticipant, kitToken, ourName, ourToken } from '../apps/server/test/federation/profile.ts';
import { reactionRule } from '../packages/wire/src/federation.ts';
import { inFolder, type Outcome, runProgram, type Tally, tally, versionOf } from './check.ts';
import { openGateway, served } from './dps-tck/gateway.ts';

export const about =
  'a running exchange as control plane, and its gateway as data plane, by the conformance kit of Data Plane Signaling (dps-tck 1.2.0)';

const pom = join(import.meta.dirname, 'dps-tck', 'pom.xml');
const runSecondsMax = 300;
export const minutes = 15;
let classpath = process.env.SHUGU_DPS_TCK_CLASSPATH;

/** The kit by Maven; where its registry has no release of it, a class path with the kit and JUnit's console may be named instead. */
export const needs = async (): Promise<string | undefined> => {
  if (!(await versionOf('java', '-version'))) return 'java is not installed';
  if (classpath) return undefined;
  if (!(await versionOf('mvn', '--version'))) return 'mvn is not installed';
  const said = await inFolder(async (folder) => {
    const file = join(folder, 'classpath');
    const words = ['-q', '-B', '-f', pom, 'dependency:build-classpath', `-Dmdep.outputFile=${file}`];
    const ran = await runProgram('mvn', words, { seconds: 240 });
    if (ran.code === 0) classpath = (await readFile(file, 'utf8')).trim();
    return ran.stdout + ran.stderr;
  });
  if (classpath) return undefined;
  const missing = new Set(
    [...said.matchAll(/org\.eclipse\.dataspacetck[\w.-]*:[\w.-]+:(?:jar|pom):[\w.-]+/g)].map(([name]) => name),
  );
  return `the kit cannot be had: no ${[...missing].join(', no ') || 'release of it'}; SHUGU_DPS_TCK_CLASSPATH may name it`;
};

type Json = Record<string, unknown>;

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready));
  return (server.address() as AddressInfo).port;
};

const freePort = async (): Promise<number> => {
  const server = createServer();
  const port = await listening(server);
  await new Promise((closed) => server.close(closed));
  return port;
};

/** `kit`: address of the kit, which is the data plane and the counter-party at once. */
const openExchange = async (kit: string) => {
  const front = createServer();
  const publicUrl = `http://127.0.0.1:${await listening(front)}`;
  const identity = fixedTokens({ [kitToken]: kitParticipant, [ourToken]: ourName });
  const config = { publicUrl, privateConnectors: ['127.0.0.1', '::1'] };
  const { exchange, end } = await startTemporary(config, { identity });
  const { kernel, rooms } = exchange;
  const { database } = kernel;
  const callback = await database.tx(actor, async (tx) => {
    await rooms.federation.open(tx, ourName);
    await rooms.federation.setRules(tx, [
      reactionRule.parse({ kind: 'transfer', on: 'request', reaction: 'start', side: 'provider' }),
    ]);
    const agreed = { own: ourName, counterparty: kitParticipant, dataset: 'kit' };
    await seedAgreement(tx, { id: 'sold', side: 'provider', ...agreed });
    await seedAgreement(tx, { id: 'bought', side: 'consumer', ...agreed });
    const draft = { id: 'kit', endpoint: kit, profiles: [format], labels: [] };
    const authorization = { type: 'bearer' as const, token: 'kit' };
    return (await rooms.federation.registerPlane(tx, { ...draft, authorization })).callback;
  });

  const trigger = async (text: string): Promise<Json> => {
    const { agreementId, dspUrl } = JSON.parse(text) as Record<string, string>;
    const asked = { address: dspUrl!, agreement: agreementId!, format };
    const { id } = await database.tx(actor, (tx) => rooms.federation.requestTransfer(tx, asked));
    return { id };
  };

  /** The kit puts our pid in the place of the provider's and a made-up one in the consumer’s. */
  const repaired = async (path: string, text: string): Promise<string> => {
    if (text === '') return text;
    const body = JSON.parse(text) as Json;
    const [, id = ''] = /\/transfers\/(tra_\w+)\//.exec(path) ?? [];
    const process = id ? await rooms.federation.process(database, id) : undefined;
    if (!process) return JSON.stringify(body);
    const [own, theirs] = process.side === 'consumer' ? ['consumerPid', 'providerPid'] : ['providerPid', 'consumerPid'];
    return JSON.stringify({ ...body, [own!]: process.id, [theirs!]: process.their_pid });
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const piece of request) text += piece;
    const path = request.url ?? '';
    const told = (status: number, body: string) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    if (path === '/trigger/dataflows/trigger') return told(200, JSON.stringify(await trigger(text)));
    const signals = path.includes('/signaling/');
    const body = signals ? text : await repaired(path, text);
    const passed = await fetch(exchange.url + path, {
      method: request.method!,
      headers: {
        'content-type': 'application/json',
        authorization: signals ? `Bearer ${callback.token}` : kitToken,
      },
      ...(request.method === 'POST' ? { body } : {}),
    });
    told(passed.status, await passed.text());
  };
  front.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch(() => response.destroy());
  });
  return {
    settings: {
      'dps.controlplane.webhook.url': `${publicUrl}/trigger`,
      'dps.controlplane.protocol.url': callback.address.replace('/signaling', '/2025-1'),
      'dps.controlplane.signaling.url': callback.address,
    },
    close: async () => {
      await end();
      front.close();
      front.closeAllConnections();
    },
  };
};

const cases = ['01_01', '01_02', '02_01', '02_02', '03_01'];
const controlPlane = 'org.eclipse.dataspacetck.dps.verification.controlplane';

const dataPlane = 'org.eclipse.dataspacetck.dps.verification.dataplane';
const providers = ['pull.DataPlaneProviderSignalingPullTest', 'push.DataPlaneProviderSignalingPushTest'];
const dataPlaneClasses = [...providers, 'http.pull.DataPlaneProviderSignalingHttpPullTest'];

const takesNothingIn =
  'the gateway gives data and takes none in: a consumer here names where it wants it, or registers a data plane (docs/operate/dataspace.md, “Control planes of your own”)';
/** Those of a consumer's data plane, by the kit's ids, with the reason why they do not apply. All others do. */
const leftOut: readonly { role: string; ids: readonly string[]; why: string }[] = [
  { role: 'DP_C_PULL', ids: ['01-01', '01-02', '02-01', '02-02', '03-01', '04-01'], why: takesNothingIn },
  { role: 'DP_C_PUSH', ids: ['01-01', '01-02', '02-01', '02-02', '03-01', '04-01'], why: takesNothingIn },
  { role: 'DP_C_HTTP_PULL', ids: ['01-01', '02-01'], why: takesNothingIn },
];
const idsOf = (text: string): string[] => [
  ...new Set([...text.matchAll(/\b[CD]P_[A-Z_]+:\d\d-\d\d/g)].map(([id]) => id)),
];

/** All cases of the kit are those that are run and those that are named: a new one of either kind is told. */
const checkLeftOut = async (counts: Tally): Promise<void> => {
  const words = ['-cp', classpath!, 'org.junit.platform.console.ConsoleLauncher', 'discover', '--disable-banner'];
  const found = await runProgram(
    'java',
    [...words, '--disable-ansi-colors', '--details=tree', '--select-package=org.eclipse.dataspacetck.dps.verification'],
    { seconds: runSecondsMax },
  );
  const named = leftOut.flatMap(({ role, ids }) => ids.map((id) => `${role}:${id}`));
  const gateway = Object.entries(served).flatMap(([role, ids]) => ids.map((id) => `${role}:${id}`));
  const control = ['CP_P', 'CP_C'].flatMap((role) => cases.map((id) => `${role}:${id.replace('_', '-')}`));
  const known = [...control, ...gateway, ...named];
  const ids = idsOf(found.stdout);
  for (const id of ids.filter((one) => !known.includes(one)))
    counts.expect(false, `${id} is neither run nor left out by name`);
  for (const id of known.filter((one) => !ids.includes(one)))
    counts.expect(false, `${id} is named, and the kit has none such`);
  for (const { role, ids: its, why } of leftOut) counts.note(`left out: ${role}:${its.join(', ')}: ${why}`);
};

interface Asked {
  /** Of the cases that must hold. */
  prefix: 'CP_' | 'DP_';
  cases: number;
  port: number;
  settings: Record<string, string>;
  parameters: string[];
  select: string[];
}

const ask = async (
  counts: Tally,
  { prefix, cases: wanted, port, settings, parameters, select }: Asked,
): Promise<void> => {
  const own = {
    launcher: 'org.eclipse.dataspacetck.dps.system.DpsSystemLauncher',
    host: '127.0.0.1',
    port: String(port),
    'callback.address': `http://127.0.0.1:${port}`,
    ...settings,
  };
  const properties = Object.entries(own).map(([name, value]) => `-Ddataspacetck.${name}=${value}`);
  const console = ['org.junit.platform.console.ConsoleLauncher', 'execute', '--disable-banner'];
  const words = ['--disable-ansi-colors', '--details=testfeed'];
  const said = [...properties, ...parameters, '-cp', classpath!, ...console, ...words, ...select];
  const ran = await runProgram('java', said, { seconds: runSecondsMax });
  const ended = (how: string) =>
    [...ran.stdout.matchAll(new RegExp(`> ([^>\n]+) :: ${how}$`, 'gm'))].map(([, name]) => name!);
  const held = ended('SUCCESSFUL').filter((one) => one.startsWith(prefix));
  for (const name of held) counts.expect(true, name);
  counts.expect(held.length === wanted, `${held.length} of ${wanted} cases ${prefix}* held`);
  for (const name of ended('FAILED')) counts.expect(false, name);
  const closing = ran.stdout.split('\n').filter((line) => /^\[ +\d+ tests (found|successful|failed)/.test(line));
  if (closing.length !== 3) counts.expect(false, `the kit did not come to its end: ${ran.stderr.slice(-400)}`);
  counts.note(closing.map((line) => line.replace(/[[\]]/g, '').trim().replace(/ +/g, ' ')).join(', '));
};

const askControlPlane = async (counts: Tally): Promise<void> => {
  const port = await freePort();
  const { settings, close } = await openExchange(`http://127.0.0.1:${port}`);
  const parameters = cases.flatMap((one) => [`-DCP_P_${one}_AGREEMENTID=sold`, `-DCP_C_${one}_AGREEMENTID=bought`]);
  const select = [`--select-package=${controlPlane}`];
  try {
    await ask(counts, { prefix: 'CP_', cases: 2 * cases.length, port, settings, parameters, select });
  } finally {
    await close();
  }
};

const askGateway = async (counts: Tally): Promise<void> => {
  const port = await freePort();
  const { callback, settings, parameters, close } = await openGateway(`http://127.0.0.1:${port}`);
  const select = dataPlaneClasses.map((one) => `--select-class=${dataPlane}.${one}`);
  const all = Object.values(served).flat().length;
  try {
    const heard = { ...settings, 'callback.address': callback };
    await ask(counts, { prefix: 'DP_', cases: all, port, settings: heard, parameters, select });
  } finally {
    await close();
  }
};

export const run = async (): Promise<Outcome> => {
  const counts = tally();
  await checkLeftOut(counts);
  await askControlPlane(counts);
  await askGateway(counts);
  return counts.outcome();
};
