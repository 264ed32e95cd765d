/** A month's receipts, handed on as a file: anyone checks it at the node's own door, as a paper's bundle. */
import { createHmac } from 'node:crypto';
import { listGrants } from '@shugu/wire/delivery';
import { verifyFile } from '@shugu/wire/kernel';
import * as meteringWire from '@shugu/wire/metering';
import { receiptFile } from '@shugu/wire/metering';
import { createWebhook, resumeWebhook } from '@shugu/wire/notify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusal } from '../../src/market/testing.ts';
import { exchangeIn, type TestExchange } from '../support/exchange.ts';
import { type Posted, type Sink, startSink } from '../support/sink.ts';
import { buyer, makeScene, type Scene, shop } from './scene.ts';

let exchange: TestExchange;
let scene: Scene;
let sink: Sink;
beforeAll(async () => {
  sink = await startSink();
  const opened = await exchangeIn(shop, { config: { privateWebhooks: ['127.0.0.1'] } });
  exchange = opened;
  scene = makeScene(opened, opened.given);
}, 600_000);
afterAll(async () => {
  await exchange.end();
  await sink.end();
});

const check = (file: string) => exchange.anyone.call(verifyFile, { body: { file } });

test('says what was used, and of a changed file nothing', async () => {
  const order = await scene.place('perCall', 'postpaid');
  await scene.sign(order);
  await scene.rest();
  expect(await scene.call(order, 2, { 'x-purpose': 'logistics' })).toEqual([200, 200]);
  const client = await exchange.as(buyer);
  const grant = (await client.call(listGrants, { query: {} })).items.find((one) => one.contract === order.contract)!;
  // Days in Beijing.
  const day = new Date((await exchange.stage.now()).getTime() + 8 * 3_600_000).toISOString().slice(0, 10);
  // Sealed now rather than by age, and then in the log.
  await exchange.exchange.rooms.metering.flush();
  await scene.rest();
  const file = await (
    await client.raw(receiptFile, { params: { id: grant.id }, query: { from: day, until: day } })
  ).text();
  expect(file).toContain('"complete":true');

  const verdict = await check(file);
  expect(verdict.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(verdict).toMatchObject({
    ok: true,
    kind: 'receipts',
    number: null,
    receipts: { grant: grant.id, contracts: [order.contract], receipts: 2, calls: 2, complete: true },
  });

  const calls = /"calls":2/;
  expect(file).toMatch(calls);
  const changed = await check(file.replace(calls, '"calls":1'));
  expect(changed).toMatchObject({ ok: false, kind: 'receipts', receipts: null });
  expect(changed.checks.some(({ id, ok }) => id === 'signature' && !ok)).toBe(true);
  expect(await check('{"format":"shugu-receipts"}')).toMatchObject({ ok: false, kind: 'receipts' });
  expect(await check('[]')).toMatchObject({ ok: false, kind: 'bundle' });
});

interface Event {
  id: string;
  type: string;
  subject: string;
  position: string;
  data: { sequence: number; calls: number; grant: string };
}
const admin = 'citylogistics.admin';
const eventsIn = ({ body }: Posted): Event[] => JSON.parse(body) as Event[];
const signed = ({ headers, body }: Posted, secret: string): boolean => {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
};

test('usage reaches a buyer’s webhook as CloudEvents: signed, in order, again until taken, and anew from a position', async () => {
  const order = await scene.place('perCall', 'postpaid');
  await scene.sign(order);
  await scene.rest();
  await scene.call(order, 3);
  const grant = (await scene.grantOf(order.contract!))!.id;
  const { metering } = exchange.exchange.rooms;
  await metering.flush();

  const client = await exchange.as(admin);
  const made = await client.call(createWebhook, { body: { name: '用量', url: `http://127.0.0.1:${sink.port}/usage` } });
  await client.call(resumeWebhook, { params: { id: made.webhook.id }, body: {} });
  const body = { webhook: made.webhook.id, grant, from: 'start' as const };
  // Another organisation's webhook and grant are nobody's; and a trader may read, not subscribe.
  expect(await refusal((await exchange.as('xingsha.admin')).call(meteringWire.createFeed, { body }))).toBe(
    'kernel.unknown',
  );
  expect(await refusal((await exchange.as(buyer)).call(meteringWire.createFeed, { body }))).toMatch(/^kernel\./);
  sink.answer = (response) => response.writeHead(503).end();
  const feed = await client.call(meteringWire.createFeed, { body });
  expect(await refusal(client.call(meteringWire.createFeed, { body }))).toBe('metering.feedExists');

  const usage = () => sink.posted.filter(({ path }) => path === '/usage');
  const batches = () =>
    usage().filter(({ headers }) => String(headers['content-type']).startsWith('application/cloudevents-batch+json'));
  const pass = async (seconds: number) => {
    await exchange.stage.moveClock(new Date((await exchange.stage.now()).getTime() + seconds * 1000));
    await exchange.settle();
  };
  await exchange.settle();
  expect(batches().length).toBeGreaterThan(0);
  const state = async () => (await client.call(meteringWire.listFeeds, {})).items.find(({ id }) => id === feed.id)!;
  expect(await state()).toMatchObject({ lastAnswer: 'HTTP 503', deliveredAt: null });
  expect((await state()).failures).toBeGreaterThan(0);

  // Refused before, taken now: the same batch, whole.
  sink.answer = (response) => response.writeHead(204).end();
  const before = batches().length;
  await pass(3600);
  const taken = batches().slice(before);
  expect(taken).toHaveLength(1);
  expect(taken[0]!.body).toBe(batches()[0]!.body);
  expect(taken[0]!.headers['webhook-id']).toBe(batches()[0]!.headers['webhook-id']);
  expect(signed(taken[0]!, made.secret)).toBe(true);
  const events = eventsIn(taken[0]!);
  expect(events).toMatchObject(
    Array.from({ length: 3 }, () => ({
      ...{ specversion: '1.0', type: 'shugu.usage.recorded.v1', subject: grant },
      data: { grant, calls: 1, status: 'complete' },
    })),
  );
  const sequences = events.map(({ data }) => data.sequence);
  expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));

  // Nothing twice; what is new comes alone; and from a position everything after it comes again.
  await scene.call(order, 1);
  await metering.flush();
  await pass(10);
  expect(batches().slice(before).flatMap(eventsIn)).toHaveLength(4);
  const replay = { params: { id: feed.id }, body: { from: { position: events[0]!.position } } };
  expect(await refusal((await exchange.as('xingsha.admin')).call(meteringWire.replayFeed, replay))).toBe(
    'kernel.unknown',
  );
  const upTo = batches().length;
  await client.call(meteringWire.replayFeed, replay);
  await pass(10);
  const again = batches().slice(upTo).flatMap(eventsIn);
  expect(again.map(({ id }) => id)).toEqual(
    [
      ...events.slice(1),
      ...batches()
        .slice(before + 1, upTo)
        .flatMap(eventsIn),
    ].map(({ id }) => id),
  );

  // The same to read.
  const read = async (login: string, query: object) =>
    (await (await (await exchange.as(login)).raw(meteringWire.readUsageEvents, { query } as never)).json()) as Event[];
  expect((await read(buyer, { grant, after: events[0]!.position })).map(({ id }) => id)).toEqual(
    again.map(({ id }) => id),
  );
  expect(await read('xingsha.trader', {})).toEqual([]);
  expect(await refusal(read('xingsha.trader', { grant }))).toBe('kernel.unknown');
  expect(await refusal(read(buyer, { after: 'bm9uc2Vuc2U' }))).toMatch(/^metering\.positionUnknown/);
}, 600_000);
