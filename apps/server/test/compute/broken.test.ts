/** A use whose computing process dies midway: the reason is told, nothing opens to anybody, and it counts, as nobody can say what had been read. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/compute';
import * as kernelWire from '@shugu/wire/kernel';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../../cli/src/scenario/resource.ts';
import {
  draftOf,
  endedUse,
  holdingsBrought,
  readComputation,
  refusal,
  runOnce,
  signedContract,
} from '../support/computation.ts';
import { exchangeIn, type TestExchange } from '../support/exchange.ts';

let world: TestExchange;
let agency: Client;
const owners = ['mapping.trader', 'xingsha.trader'];

/** Processes that this one has started, and theirs, which run queries. */
const queryProcesses = (): number[] => {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name): [number, number][] => {
        try {
          // The name in brackets may have anything in it.
          const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
          return [[Number(name), Number(parent)]];
        } catch {
          return [];
        }
      }),
  );
  const ours = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === process.pid || ours(parents.get(pid)));
  return [...parents.keys()].filter((pid) => {
    try {
      return (
        pid !== process.pid && ours(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('query/start.ts')
      );
    } catch {
      return false;
    }
  });
};

beforeAll(async () => {
  const opened = await exchangeIn(holdingsBrought);
  world = opened;
  agency = await world.as('creditagency.trader');
}, 600_000);
afterAll(() => world?.end());

test.skipIf(process.platform !== 'linux')(
  'its process dies midway: clear reason, nothing opened, counter right',
  async () => {
    const { mapping, xingsha, creditagency } = world.seeded.organisations;
    const { given } = world as TestExchange & { given: Parameters<typeof draftOf>[0] };
    const parties = { bank: mapping!, tax: xingsha!, recipient: creditagency! };
    const one = await signedContract(world, draftOf(given, parties), { recipient: 'creditagency.trader', owners });
    const first = await endedUse(agency, one, (await runOnce(agency, one)).id);
    expect(first.use.state).toBe('released');
    // The process of the contract is kept for its next use; as it stands still, that use is under way for as long as we like.
    const held = queryProcesses();
    expect(held.length).toBeGreaterThan(0);
    for (const pid of held) process.kill(pid, 'SIGSTOP');
    const { id, job } = await runOnce(agency, one, { city: '株洲' });
    await until('the use to be computed', async () => {
      const { state } = (await readComputation(agency, one)).history.find((use) => use.id === id)!;
      const { progress } = await agency.call(kernelWire.jobRead, { params: { id: job! } });
      return state === 'running' && progress > 0.39;
    });
    expect(await refusal(agency.call(wire.getComputationResult, { params: { id } }))).toBe('409 compute.notReleased');
    for (const pid of held) process.kill(pid, 'SIGKILL');
    const { use, now } = await endedUse(agency, one, id);
    expect([use.state, use.rows, use.resultDigest, use.reason?.en]).toEqual([
      'failed',
      null,
      null,
      'The computation did not come to an end: crashed',
    ]);
    expect([now.state, now.uses]).toEqual(['active', { total: 3, taken: 2, left: 1 }]);
    for (const login of ['creditagency.trader', ...owners])
      expect(await refusal((await world.as(login)).call(wire.getComputationResult, { params: { id } })), login).toBe(
        login === 'creditagency.trader' ? '409 compute.notReleased' : '404 kernel.unknown',
      );
    await world.settle();
    const bank = await world.as(owners[0]!);
    const file = await (await bank.raw(wire.getComputationEvidence, { params: { id } })).text();
    expect((await world.anyone.call(kernelWire.verifyFile, { body: { file } })).ok).toBe(true);
    expect(JSON.parse(file).document).toMatchObject({ outcome: 'compute.broken', number: 2, rows: null, result: null });
    // The next one has a process of its own and ends well; that was the last.
    const last = await endedUse(agency, one, (await runOnce(agency, one, { city: '株洲' })).id);
    expect([last.use.state, last.now.state, last.now.uses.left]).toEqual(['released', 'exhausted', 0]);
  },
);
