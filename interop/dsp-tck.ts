/** The public conformance kit of the Dataspace Protocol 2025-1 against a running server, in both roles. */
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { startTemporary, type Temporary } from '../apps/cli/src/server.ts';
import { fixedTokens } from '../apps/server/src/federation/testing.ts';
import {
  actor,
  consumerAgreements,
  format,
  kitParticipant,
  kitToken,
  offerIdOf,
  ourName,
  ourToken,
  providerAgreements,
  providerDatasets,
  seedKit,
} from '../apps/server/test/federation/profile.ts';
import { inFolder, type Outcome, runProgram, tally, versionOf } from './check.ts';

export const about = 'the conformance kit of the Dataspace Protocol (dsp-tck 1.0.1)';

const here = join(import.meta.dirname, 'dsp-tck');
const fetched = join(import.meta.dirname, 'node_modules', '.dsp-tck');
/** A folder with the kit's jars, where they were built from its sources instead. */
const given = process.env.DSP_TCK_JARS;
const [installSecondsMax, runSecondsMax] = [420, 540];
const casesInAll = 65;
/** In a row, against the same server: what one leaves behind must not disturb the next. */
const rounds = 3;
/** The kit opens its handlers a moment after it has sent. */
const pauseMilliseconds = 400;

const jarsIn = async (folder: string): Promise<string[]> =>
  existsSync(folder) ? (await readdir(folder)).filter((name) => name.endsWith('.jar')) : [];

export const minutes = 15;

export const needs = async (): Promise<string | undefined> => {
  if (!(await versionOf('java', '-version'))) return 'java is not installed';
  if (given) return (await jarsIn(given)).length > 0 ? undefined : `no jars in ${given}`;
  if ((await jarsIn(fetched)).length > 0) return undefined;
  if (!(await versionOf('mvn', '--version'))) return 'mvn is not installed';
  const words = ['-q', '-B', '-f', join(here, 'pom.xml'), 'dependency:copy-dependencies'];
  const ran = await runProgram('mvn', [...words, `-DoutputDirectory=${fetched}`, '-DincludeScope=runtime'], {
    seconds: installSecondsMax,
  });
  if (ran.code === 0) return undefined;
  const missing = new Set(
    [...`${ran.stdout}${ran.stderr}`.matchAll(/org\.eclipse\.dataspacetck[\w.-]*:[\w.-]+:jar:[\w.-]+/g)].map(
      ([name]) => name,
    ),
  );
  return `the kit cannot be had: no ${[...missing].join(', no ') || 'Maven'}`;
};

const readJson = async (request: IncomingMessage): Promise<Record<string, string>> => {
  let text = '';
  for await (const piece of request) text += piece;
  return JSON.parse(text) as Record<string, string>;
};

/** The kit asks the connector under test to begin: addresses of this check, not of the server. */
const serveTriggers = async ({ kernel, rooms: { federation } }: Temporary['exchange']): Promise<Server> => {
  const server = createServer(async (request, response) => {
    try {
      const {
        connectorAddress = '',
        datasetId = '',
        offerId = '',
        agreementId = '',
        format: asked = format,
      } = await readJson(request);
      await kernel.database.tx(actor, async (tx) => {
        const asking = { counterparty: kitParticipant, address: connectorAddress };
        if (request.url === '/negotiations')
          await federation.requestContract(tx, {
            ...asking,
            dataset: datasetId,
            offer: offerId,
            terms: { permission: [{ action: 'use' }] },
          });
        else await federation.requestTransfer(tx, { address: connectorAddress, agreement: agreementId, format: asked });
      });
      response.writeHead(200).end();
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return server;
};

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
};

/** `ACN0101` belongs to case `CN_01_01`, `ATPC0203` to `TP_C_02_03`. */
const caseOf = (id: string): string => {
  const [, group = '', consumer = '', one = '', two = ''] = /^A?(CN|TP|CAT)(C?)(\d\d)(\d\d)$/.exec(id) ?? [];
  return [group, ...(consumer ? ['C'] : []), one, two].join('_');
};

const configuration = (root: string, triggers: string, port: number): string => {
  const consumerDatasets = [4, 6, 6].flatMap((count, group) =>
    Array.from({ length: count }, (_, place) => `ACNC0${group + 1}0${place + 1}`),
  );
  const common = {
    debug: 'false',
    ansi: 'false',
    host: '127.0.0.1',
    port,
    'callback.address': `http://127.0.0.1:${port}`,
    'dsp.local.connector': 'false',
    'dsp.connector.agent.id': ourName,
    'dsp.connector.http.url': `${root}/2025-1`,
    'dsp.connector.http.base.url': root,
    'dsp.connector.http.headers.authorization': kitToken,
    'dsp.connector.negotiation.initiate.url': `${triggers}/negotiations`,
    'dsp.connector.transfer.initiate.url': `${triggers}/transfers`,
    'dsp.default.wait': 15,
  };
  const cases = [
    ...[...providerDatasets, 'CAT0103', ...consumerDatasets].map((id) => [`${caseOf(id)}_DATASETID`, id]),
    ...providerDatasets.map((id) => [`${caseOf(id)}_OFFERID`, offerIdOf(id)]),
    ...[...providerAgreements, ...consumerAgreements].flatMap((id) => [
      [`${caseOf(id)}_AGREEMENTID`, id],
      [`${caseOf(id)}_FORMAT`, format],
    ]),
  ];
  return [
    ...Object.entries(common).map(([name, value]) => `dataspacetck.${name}=${value}`),
    ...cases.map((pair) => pair.join('=')),
  ].join('\n');
};

const countIn = (text: string, words: string): number =>
  Number(new RegExp(`${words}:?\\s*(\\d+)`, 'i').exec(text)?.[1] ?? -1);

export const run = async (): Promise<Outcome> => {
  const { expect, note, outcome } = tally();
  const identity = fixedTokens({ [kitToken]: kitParticipant, [ourToken]: ourName });
  const temporary = await startTemporary({ clock: 'system', privateConnectors: ['127.0.0.1'] }, { identity });
  const triggers = await serveTriggers(temporary.exchange);
  try {
    const root = await seedKit(temporary.exchange, pauseMilliseconds);
    const { port } = triggers.address() as AddressInfo;
    const round = async (folder: string) => {
      const file = join(folder, 'tck.properties');
      await writeFile(file, configuration(root, `http://127.0.0.1:${port}`, await freePort()));
      const jars = given ?? fetched;
      const path = [jars, join(jars, '*')].join(delimiter);
      const words = ['-cp', path, 'org.eclipse.dataspacetck.dsp.suite.DspTckSuite', '-config', file];
      const { stdout, stderr } = await runProgram('java', words, { seconds: runSecondsMax });
      const said = stdout + stderr;
      const closing = said.split('\n').filter((line) => /(passed|failed) tests|Test run complete|FAILED/i.test(line));
      for (const line of closing) note(line.trim());
      const [passed, failed] = [countIn(said, 'Passed tests'), countIn(said, 'Failed tests')];
      expect(passed === casesInAll, `${passed} of ${casesInAll} passed`);
      expect(failed === 0, `${failed} failed`);
      if (process.env.DSP_TCK_OUTPUT) await writeFile(process.env.DSP_TCK_OUTPUT, said, { flag: 'a' });
    };
    for (let one = 0; one < rounds; one++) await inFolder(round);
  } finally {
    triggers.close();
    await temporary.end();
  }
  return outcome();
};
