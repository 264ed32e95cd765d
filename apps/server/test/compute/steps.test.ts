/** With noise, how a use ended is told at the steps of time that its contract names, whatever the data made of it; and until then nobody sees that it has. */
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/compute';
import * as kernelWire from '@shugu/wire/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../../cli/src/scenario/resource.ts';
import type { SimulatedClock } from '../../src/kernel/clock.ts';
import { sql } from '../../src/kernel/db/db.ts';
import {
  type Computation,
  type Draft,
  draftOf,
  endedUse,
  type Holdings,
  holdingsBrought,
  readComputation,
  refusal,
  runOnce,
  signedContract,
} from '../support/computation.ts';
import { exchangeIn, type TestExchange } from '../support/exchange.ts';

const owners = ['mapping.trader', 'xingsha.trader'];
const stepSeconds = 3600;
const rho = '1000000';

let world: TestExchange;
let bank: Client;
let agency: Client;
let held: Holdings;

const draft = (): Draft => {
  const { mapping, xingsha, creditagency } = world.seeded.organisations;
  const whole = draftOf(held, { bank: mapping!, tax: xingsha!, recipient: creditagency! });
  return {
    ...whole,
    release: { entitiesMin: 3, rowsMax: 10, rho },
    noise: {
      rows: [
        { table: 'loans', rowsMax: 1 },
        { table: 'arrears', rowsMax: 1 },
      ],
      bounds: [{ column: 'arrears.owed', lower: '0', upper: '30' }],
      groups: [{ column: 'arrears.kind', values: ['增值税', '所得税', '契税'] }],
      answerSeconds: stepSeconds,
    },
  };
};
const signed = () => signedContract(world, draft(), { recipient: 'creditagency.trader', owners });
const clock = () => world.exchange.kernel.clock as SimulatedClock;
const waiting = (use: string) =>
  world.exchange.kernel.database.first<{ due: Date; job: string }>(
    sql`select w.due_at as "due", u.job from compute_waiting_answers w join compute_uses u on u.id = w.use where w.use = ${use}`,
  );
/** Computed and kept: what its parties see of it then, and when it is due. */
const kept = async (one: Computation) => {
  const { id } = await runOnce(agency, one);
  const { due, job } = await until('the answer to be kept', () => waiting(id));
  const use = (await readComputation(agency, one)).history.find((each) => each.id === id)!;
  return { id, due, job, use };
};

beforeAll(async () => {
  const opened = await exchangeIn(holdingsBrought);
  world = opened;
  bank = await world.as(owners[0]!);
  agency = await world.as('creditagency.trader');
  held = opened.given;
  const tax = await world.as(owners[1]!);
  for (const [who, resource, entity] of [
    [bank, held.loans.id, 'person'],
    [tax, held.arrears.id, 'taxpayer'],
  ] as const)
    await who.call(wire.setBudget, { body: { resource, entity, rho: '9000000' } });
}, 600_000);
afterAll(() => world?.end());

describe('answers in steps', () => {
  test('it is said before anybody signs; an answer that is there runs for all to see until its step, and its job is nobody’s to look at', async () => {
    const one = await signed();
    expect(one.explained.map(({ en }) => en).join()).toContain(`${stepSeconds} seconds after it was reserved`);
    const { id, due, job, use } = await kept(one);
    expect(due.getTime()).toBe(new Date(use.at).getTime() + stepSeconds * 1000);
    expect(use).toMatchObject({ state: 'running', endedAt: null, job: null, rows: null, resultDigest: null });
    expect(await refusal(agency.call(wire.getComputationResult, { params: { id } }))).toBe('409 compute.notReleased');
    for (const who of [agency, bank])
      expect(await refusal(who.call(kernelWire.jobRead, { params: { id: job } }))).toBe('404 kernel.unknown');
    // Asked again meanwhile it is the same use.
    expect((await runOnce(agency, one)).id).toBe(id);
    clock().moveTo(due);
    const { use: told } = await endedUse(agency, one, id);
    expect(told).toMatchObject({ state: 'released', rows: 3 });
    expect(new Date(told.endedAt!).getTime()).toBeGreaterThanOrEqual(due.getTime());
    expect(await waiting(id)).toBeUndefined();
  });

  test('revoked before its step, it ends without a result, at the step as well', async () => {
    const one = await signed();
    const { id, due } = await kept(one);
    await bank.call(wire.revokeComputation, { params: { id: one.id }, body: { reason: '撤回' } });
    expect((await readComputation(agency, one)).history[0]).toMatchObject({ id, state: 'running' });
    clock().moveTo(due);
    const { use: told } = await endedUse(agency, one, id);
    expect(told).toMatchObject({ state: 'failed', rows: null });
    expect(new Date(told.endedAt!).getTime()).toBeGreaterThanOrEqual(due.getTime());
    expect(await refusal(agency.call(wire.getComputationResult, { params: { id } }))).not.toBe('done');
  });
});
