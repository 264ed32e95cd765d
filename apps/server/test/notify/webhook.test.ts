/** Webhooks: registering them, what they carry, what a member's server can do to us, and where they may not lead. */
import { createHmac } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import * as kernelWire from '@shugu/wire/kernel';
import * as wire from '@shugu/wire/notify';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { webhookChannel } from '../../src/kernel/notify/index.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { type Posted, type Sink, startSink } from '../support/sink.ts';
import { complain, later, refusalOf, until } from './rig.ts';

let sink: Sink;
let world: TestExchange;

beforeAll(async () => {
  sink = await startSink();
  world = await testExchange({ config: { privateWebhooks: ['127.0.0.1'] } });
  await world.settle();
});
afterAll(async () => {
  await world?.end();
  await sink?.end();
});
afterEach(async () => {
  const system = await world.as('operator.system');
  for (const { id } of (await system.call(wire.listWebhooks, {})).items)
    await system.call(wire.removeWebhook, { params: { id } });
  sink.posted.length = 0;
  sink.answer = (response) => response.writeHead(204).end();
});

/** The operator's, as it receives the notices of complaints. */
const register = async (path: string, resumed = true) => {
  const system = await world.as('operator.system');
  const made = await system.call(wire.createWebhook, {
    body: { name: 'desk', url: `http://127.0.0.1:${sink.port}${path}` },
  });
  if (resumed) await system.call(wire.resumeWebhook, { params: { id: made.webhook.id }, body: {} });
  return { id: made.webhook.id, secret: made.secret };
};

const system = () => world.as('operator.system');
const history = async (id: string) => (await (await system()).call(wire.listLetters, { params: { id } })).items;
/** A notice of the test before may still be on its way when a webhook is registered, so calls are told apart by notice. */
const postedTo = (path: string, notice?: string): Posted[] =>
  sink.posted.filter((one) => one.path === path && (!notice || JSON.parse(one.body).data.notice === notice));
const state = (id: string, notice: string, wanted: string) =>
  until(world, async () => (await history(id)).find((one) => one.notice === notice && one.state === wanted));

/** As a receiver checks it, by the text of the standard alone. */
const signatureHolds = ({ headers, body }: Posted, secret: string): boolean => {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
};

describe('a webhook', { timeout: 120_000 }, () => {
  test('gets each notice signed, with nothing of its text', async () => {
    const { id, secret } = await register('/signed');
    const made = await complain(world, '签名核验');
    await state(id, made.notice, 'delivered');
    const [posted] = postedTo('/signed', made.notice);
    expect(signatureHolds(posted!, secret)).toBe(true);
    expect(signatureHolds({ ...posted!, body: posted!.body.replace('签名', '改名') }, secret)).toBe(false);
    const said = JSON.parse(posted!.body);
    expect(said).toMatchObject({
      type: 'notice.served',
      data: { notice: made.notice, case: made.case, title: '签名核验' },
    });
    expect(said.data.dueAt).toBe('2026-07-08T16:00:00.000Z');
    expect(Object.keys(said.data).sort()).toEqual(['case', 'digest', 'dueAt', 'link', 'notice', 'servedAt', 'title']);
  });

  test('has its secret shown once and kept sealed; a new one takes its place', async () => {
    const { id, secret } = await register('/rotated');
    const client = await system();
    expect(JSON.stringify(await client.call(wire.listWebhooks, {}))).not.toContain(secret);
    const { rows } = await world.exchange.kernel.database.pool.query('select secret from webhooks where id = $1', [id]);
    expect(rows[0].secret).toMatch(/^v1\./);
    expect(rows[0].secret).not.toContain(secret.slice(6));
    const fresh = await client.call(wire.rotateWebhook, { params: { id }, body: {} });
    const made = await complain(world, '换密钥');
    await state(id, made.notice, 'delivered');
    expect(signatureHolds(postedTo('/rotated', made.notice)[0]!, secret)).toBe(false);
    expect(signatureHolds(postedTo('/rotated', made.notice)[0]!, fresh.secret)).toBe(true);
  });

  test('begins paused, and gets what waited when it is resumed', async () => {
    const { id } = await register('/paused', false);
    const made = await complain(world, '先登记后启用');
    await world.settle();
    expect(postedTo('/paused', made.notice)).toEqual([]);
    expect((await history(id)).find((one) => one.notice === made.notice)).toMatchObject({
      title: '先登记后启用',
      state: 'waiting',
      attempts: [],
    });
    const client = await system();
    await client.call(wire.resumeWebhook, { params: { id }, body: {} });
    await state(id, made.notice, 'delivered');
    await client.call(wire.pauseWebhook, { params: { id }, body: {} });
    const held = await complain(world, '又暂停了');
    await until(world, async () => (await history(id)).some((one) => one.notice === held.notice));
    expect(postedTo('/paused', held.notice)).toEqual([]);
  });

  test('that fails and then answers gets the same id again, and once', async () => {
    const { id } = await register('/shaky');
    sink.answer = (response) => response.writeHead(500).end('no');
    const made = await complain(world, '先错后对');
    await until(world, async () => postedTo('/shaky', made.notice).length > 0);
    sink.answer = (response) => response.writeHead(200).end('{}');
    const delivered = await until(world, async () => {
      await later(world, 60);
      return (await history(id)).find((one) => one.notice === made.notice && one.state === 'delivered');
    });
    expect(delivered.attempts.map((one) => one.answer).slice(-2)).toEqual(['HTTP 500', 'HTTP 200']);
    const ids = postedTo('/shaky', made.notice).map((one) => one.headers['webhook-id']);
    expect(new Set(ids)).toEqual(new Set([delivered.id]));
    await later(world, 3700);
    expect(postedTo('/shaky', made.notice)).toHaveLength(ids.length);
  });

  test('whose answer is lost with the worker is called again by another, under the same id', async () => {
    const { id } = await register('/hangs');
    sink.answer = () => undefined;
    const made = await complain(world, '工作进程失联');
    await until(world, async () => postedTo('/hangs', made.notice).length > 0);
    sink.answer = (response) => response.writeHead(204).end();
    // The lease of the first attempt runs out while it still hangs: to everybody else its worker is dead.
    await later(world, 301);
    await state(id, made.notice, 'delivered');
    const ids = postedTo('/hangs', made.notice).map((one) => one.headers['webhook-id']);
    expect(ids.length).toBeGreaterThan(1);
    expect(new Set(ids).size).toBe(1);
    // The broken-off attempt comes back as a failure and changes nothing.
    await new Promise((done) => setTimeout(done, 5500));
    expect((await history(id)).find((one) => one.notice === made.notice)).toMatchObject({ state: 'delivered' });
  });

  test('that is slow, redirects or talks too much is not followed', async () => {
    const { id } = await register('/odd');
    sink.answer = (response) => response.writeHead(302, { location: `http://127.0.0.1:${sink.port}/elsewhere` }).end();
    const redirected = await complain(world, '跳转');
    await until(world, async () => postedTo('/odd').length > 0);
    sink.answer = () => undefined;
    const slow = await complain(world, '不作答');
    const answerOf = (notice: string) =>
      until(world, async () => (await history(id)).find((one) => one.notice === notice)?.attempts[0]?.answer);
    expect(await answerOf(redirected.notice)).toBe('HTTP 302, a redirect is not followed');
    expect(await answerOf(slow.notice)).toBe('no answer in time');
    expect(postedTo('/elsewhere')).toEqual([]);
    sink.answer = (response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write(Buffer.alloc(65_536)), 1);
      response.on('close', () => clearInterval(more));
    };
    const endless = await complain(world, '说个没完');
    await state(id, endless.notice, 'delivered');
  });

  test('that nobody answers at says so, and pauses itself in the end', async () => {
    const { id } = await register('/away');
    const { pool } = world.exchange.kernel.database;
    await pool.query(`update webhooks set url = 'http://127.0.0.1:1/', failures = 49 where id = $1`, [id]);
    const made = await complain(world, '无人应答');
    const failed = await until(world, async () =>
      (await history(id)).find((one) => one.notice === made.notice && one.attempts.length > 0),
    );
    expect(failed.attempts[0]).toMatchObject({ outcome: 'failed', answer: 'ECONNREFUSED' });
    expect((await (await system()).call(wire.listWebhooks, {})).items).toMatchObject([
      { state: 'paused', failures: 50 },
    ]);
  });

  test('can be sent a letter again by hand, under the same id', async () => {
    const { id } = await register('/again');
    const made = await complain(world, '重新发送');
    const { id: letter } = await state(id, made.notice, 'delivered');
    const client = await system();
    const replay = () => client.call(wire.replayLetter, { params: { id, letter }, body: {} });
    await client.call(wire.pauseWebhook, { params: { id }, body: {} });
    expect(await refusalOf(replay())).toBe('notify.paused');
    await client.call(wire.resumeWebhook, { params: { id }, body: {} });
    sink.answer = () => undefined;
    expect(await replay()).toMatchObject({ id: letter, state: 'waiting' });
    expect(await refusalOf(replay())).toBe('notify.stillTrying');
    await until(world, async () => postedTo('/again', made.notice).length === 2);
    sink.answer = (response) => response.writeHead(204).end();
    expect(new Set(postedTo('/again', made.notice).map((one) => one.headers['webhook-id']))).toEqual(new Set([letter]));
  });

  test('that is removed gets nothing more, and its name leads nowhere', async () => {
    const { id } = await register('/gone');
    sink.answer = (response) => response.writeHead(503).end();
    const made = await complain(world, '移除之后');
    await until(world, async () => postedTo('/gone', made.notice).length > 0);
    const client = await system();
    await client.call(wire.removeWebhook, { params: { id } });
    const count = postedTo('/gone', made.notice).length;
    const dropped = await until(world, async () => {
      await later(world, 60);
      const { items } = await (await world.as('operator.service')).call(wire.lettersOfNotice, {
        params: { notice: made.notice },
      });
      return items.find((one) => one.channel === 'webhook' && one.state === 'dropped');
    });
    expect(dropped.to).toBe(`127.0.0.1:${sink.port}`);
    expect(postedTo('/gone', made.notice)).toHaveLength(count);
    expect(await refusalOf((await system()).call(wire.pauseWebhook, { params: { id }, body: {} }))).toBe(
      'kernel.unknown',
    );
  });

  test('belongs to its organisation: to others it is nobody’s, and five are enough', async () => {
    const { id } = await register('/own', false);
    const other = await world.as('merchant.admin');
    for (const endpoint of [wire.pauseWebhook, wire.resumeWebhook, wire.rotateWebhook])
      expect(await refusalOf(other.call(endpoint, { params: { id }, body: {} }))).toBe('kernel.unknown');
    expect(await refusalOf(other.call(wire.removeWebhook, { params: { id } }))).toBe('kernel.unknown');
    expect(await refusalOf(other.call(wire.listLetters, { params: { id } }))).toBe('kernel.unknown');
    expect((await other.call(wire.listWebhooks, {})).items).toEqual([]);
    expect(await refusalOf((await world.as('operator.service')).call(wire.listWebhooks, {}))).toBe(
      'kernel.notPermitted',
    );
    for (let more = 0; more < 4; more++) await register(`/own${more}`, false);
    expect(await refusalOf(register('/own5', false))).toBe('notify.tooMany');
  });

  test('dead letters stand on the page of jobs of the organisation', async () => {
    const { id } = await register('/dead');
    sink.answer = (response) => response.writeHead(400).end();
    const made = await complain(world, '始终失败');
    await until(world, async () => {
      await later(world, 3700);
      return (await history(id)).find((one) => one.notice === made.notice && one.state === 'failed');
    });
    const { items } = await (await system()).call(kernelWire.jobs, { query: { state: 'dead' } });
    expect(items).toMatchObject([{ kind: 'notify.letter.send', attempts: 16, failure: 'HTTP 400' }]);
  });
});

describe('where webhooks may not lead', () => {
  test.each([
    ['http://hooks.example/x', 'http'],
    ['http://10.0.0.1/x', '10.0.0.1'],
    ['https://192.168.1.1/x', '192.168.1.1'],
    ['https://[::1]/x', '::1'],
    ['https://[::ffff:10.0.0.1]/x', '::ffff:a00:1'],
    ['https://169.254.169.254/latest', '169.254.169.254'],
    ['https://user:word@hooks.example/x', 'credentials'],
  ])('%s', async (url, detail) => {
    const client = await system();
    const refused = await client.call(wire.createWebhook, { body: { name: 'x', url } }).catch((error) => error);
    expect(refused.problem).toMatchObject({ code: 'notify.addressRefused', detail });
  });

  const message = {
    id: 'ltr_x',
    notice: 'n',
    case: null,
    title: 't',
    dueAt: null,
    createdAt: new Date(0),
    servedAt: null,
    digest: 'd',
    link: 'l',
  };
  const sendWith = async (allowed: string[], url: string) => {
    const channel = webhookChannel(allowed);
    const secret = `whsec_${Buffer.alloc(32).toString('base64')}`;
    const context = { now: new Date(0), signal: new AbortController().signal };
    const answer = await channel.send(message, { url, secret }, context);
    await channel.close();
    return answer;
  };

  test('an address that the operator has closed again', async () => {
    expect(await sendWith(['127.0.0.1'], `http://127.0.0.1:${sink.port}/closed`)).toMatchObject({
      outcome: 'delivered',
    });
    expect(await sendWith([], `http://127.0.0.1:${sink.port}/closed`)).toMatchObject({ outcome: 'refused' });
    expect(postedTo('/closed')).toHaveLength(1);
  });

  test('a name that resolves to an address inside', async () => {
    const names = [hostname(), 'ip6-localhost', 'localhost.localdomain'];
    const known = await Promise.all(
      names.map((name) =>
        lookup(name).then(
          () => name,
          () => undefined,
        ),
      ),
    );
    const name = known.find((one) => one !== undefined);
    expect(name, 'no name of this machine resolves').toBeDefined();
    expect(await sendWith([], `https://${name}:${sink.port}/byname`)).toEqual({
      outcome: 'refused',
      text: 'address not permitted',
    });
  });
});
