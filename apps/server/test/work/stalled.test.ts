/** An event that a flow cannot handle, through the doors of those who must hear of it and of those who must not. */
import * as kernelWire from '@shugu/wire/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../src/kernel/db/db.ts';
import { checkStalled } from '../../src/kernel/doctor/records.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { newId } from '../../src/kernel/ids.ts';
import { emit } from '../../src/kernel/outbox.ts';
import { limits } from '../../src/kernel/stalled.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { send } from '../support/http.ts';

let world: TestExchange;
let buyer: string;
const query = (text: string) => world.exchange.kernel.database.pool.query(text);
const list = async (state?: 'queued' | 'failed' | 'dead') =>
  (await (await world.as('operator.system')).call(kernelWire.stalledEvents, { query: { state } })).items;
const metric = async (name: string): Promise<string | undefined> =>
  (await (await fetch(`${world.url}/metrics`)).text()).split('\n').find((line) => line.startsWith(name));
const activate = () =>
  world.exchange.kernel.database.tx(systemActor('test'), (tx) =>
    emit(tx, { type: 'members.organisation.activated', subject: buyer, participant: buyer, data: { roles: [] } }),
  );
const accounts = async (): Promise<number> =>
  (await world.exchange.kernel.database.rows(sql`select 1 from settlement_accounts where participant = ${buyer}`))
    .length;
/** An event is tried again by the exchange's own workers, too. */
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  for (let i = 0; !(await holds()); i++) {
    if (i > 200) throw new Error('it never came to be');
    await world.settle();
    await new Promise((done) => setTimeout(done, 50));
  }
};

beforeAll(async () => {
  world = await testExchange();
  buyer = world.seeded.organisations.bank!;
  await query(`create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'canceling statement due to lock timeout' using errcode = '55P03'; end $$`);
  await query('create trigger refuse before insert on settlement_accounts for each row execute function refuse()');
});
afterAll(() => world?.end());

describe('an event that a flow cannot handle', { timeout: 120_000 }, () => {
  test('is on the operator’s list with its reason, in metrics and at the doctor’s, while it is tried again', async () => {
    await activate();
    await until(async () => (await list()).length > 0);
    const [one] = await list();
    expect(one).toMatchObject({
      consumer: 'flow.accounts',
      type: 'members.organisation.activated',
      subject: buyer,
      state: 'failed',
      reason: expect.stringContaining('lock timeout'),
    });
    expect(one!.nextAt).not.toBeNull();
    expect(await metric('shugu_stalled_events{state="failed"}')).toMatch(/ 1$/);
    expect(await metric('shugu_stalled_events{state="dead"}')).toMatch(/ 0$/);
    expect(await checkStalled(world.exchange.kernel.database)).toMatchObject({ level: 'warning' });
  });

  test('holds back what comes later for the same subject', async () => {
    await activate();
    await until(async () => (await list('queued')).length > 0);
    const system = await world.as('operator.system');
    const [behind] = await list('queued');
    await expect(system.call(kernelWire.retryStalledEvent, { params: { id: behind!.id } })).rejects.toMatchObject({
      problem: { code: 'stalledEvents.queued', status: 409 },
    });
  });

  test('waits for a person after its last try, and says so', async () => {
    for (let tries = 0; tries < limits.attemptsMax; tries++)
      await world.stage.moveClock(new Date(world.exchange.kernel.clock.now().getTime() + 3_600_000));
    expect(await list('failed')).toEqual([]);
    const [dead] = await list('dead');
    expect(dead).toMatchObject({ attempts: limits.attemptsMax, nextAt: null });
    expect(await metric('shugu_stalled_events{state="dead"}')).toMatch(/ 1$/);
    const finding = await checkStalled(world.exchange.kernel.database);
    expect(finding).toMatchObject({ level: 'error', en: expect.stringContaining('flow.accounts') });
    // Left alone it stays, however long.
    await world.stage.moveClock(new Date(world.exchange.kernel.clock.now().getTime() + 86_400_000));
    expect(await list('dead')).toHaveLength(1);
  });

  test('is nobody else’s to see or to retry', async () => {
    const [dead] = await list('dead');
    for (const login of ['xingsha.trader', 'regulator.officer', 'operator.reviewer']) {
      const token = await world.token(login);
      expect((await send(world.url, kernelWire.stalledEvents, { token })).problem?.code).toBe('kernel.notPermitted');
      const answer = await send(world.url, kernelWire.retryStalledEvent, { token, params: { id: dead!.id }, body: {} });
      expect(answer.problem?.code).toBe('kernel.unknown');
    }
    expect((await send(world.url, kernelWire.stalledEvents, {})).problem?.code).toBe('kernel.notSignedIn');
    expect(await list('dead')).toHaveLength(1);
  });

  test('takes effect when the cause is mended and a person retries it, and what waited follows', async () => {
    await query('drop trigger refuse on settlement_accounts');
    await world.settle();
    expect(await accounts()).toBe(0);
    const [dead] = await list('dead');
    const system = await world.as('operator.system');
    await system.call(kernelWire.retryStalledEvent, { params: { id: dead!.id } });
    await until(async () => (await list()).length === 0);
    expect(await accounts()).toBe(1);
    const { rows } = await query(`select actor from audit where action = 'kernel.stalledEvent.retry'`);
    expect(rows).toEqual([{ actor: world.seeded.people['operator.system'] }]);
    await expect(system.call(kernelWire.retryStalledEvent, { params: { id: dead!.id } })).rejects.toMatchObject({
      problem: { code: 'kernel.unknown' },
    });
  });
});

describe('listings of one product', { timeout: 120_000 }, () => {
  test('keep their order, whichever listing an event is about', async () => {
    const product = newId('prd', world.exchange.kernel.clock.now());
    const tell = (happened: string, listing: string) =>
      world.exchange.kernel.database.tx(systemActor('test'), (tx) =>
        emit(tx, { type: `market.listing.${happened}`, subject: listing, data: { listing, product, version: null } }),
      );
    await tell('delisted', 'the old listing');
    await tell('listed', 'the new listing');
    const ours = async () => (await list()).filter((one) => one.consumer === 'flow.listing');
    await until(async () => (await ours()).length === 2);
    expect((await ours()).map(({ subject, state }) => [subject, state]).sort()).toEqual([
      ['the new listing', 'queued'],
      ['the old listing', 'failed'],
    ]);
  });
});
