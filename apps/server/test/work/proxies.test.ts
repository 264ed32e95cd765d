/** Behind a reverse proxy: whose word on where a request comes from is believed, and by what. */
import * as membersWire from '@shugu/wire/members';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/kernel/config.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { type Answer, send } from '../support/http.ts';

// One try a minute and account; ten a minute and address, and one more for every six seconds that they take.
const config = { loginTriesPerMinute: 1 };
const open = { behind: undefined as TestExchange | undefined, direct: undefined as TestExchange | undefined };
beforeAll(async () => {
  open.behind = await testExchange({ config: { ...config, trustedProxies: ['127.0.0.0/8', '10.1.0.0/16'] } });
  open.direct = await testExchange({ config });
});
afterAll(async () => {
  await open.behind?.end();
  await open.direct?.end();
});

let logins = 0;
const guess = (world: TestExchange, forwarded: string): Promise<Answer> =>
  send(world.url, membersWire.signIn, {
    body: { login: `nobody${logins++}`, password: 'not the password' },
    headers: { 'x-forwarded-for': forwarded },
  });
const triesUntilSlowed = async (world: TestExchange, forwarded: (i: number) => string): Promise<number> => {
  for (let i = 0; i < 14; i++) if ((await guess(world, forwarded(i))).problem?.code === 'kernel.tooFast') return i;
  return 14;
};
const keyFor = async (world: TestExchange, addresses: string[]): Promise<string> => {
  const developer = await world.as('bank.developer');
  const body = { name: '联调', permissions: ['delivery.grant.read'], expiresInDays: 30, addresses };
  return (await developer.call(membersWire.createKey, { body })).key;
};
const statusWith = async (world: TestExchange, token: string, forwarded: string): Promise<number> =>
  (await send(world.url, membersWire.readMe, { token, headers: { 'x-forwarded-for': forwarded } })).status;

describe('addresses behind a proxy', { timeout: 120_000 }, () => {
  test('one who guesses from one address is slowed, his neighbours are not', async () => {
    const world = open.behind!;
    expect(await triesUntilSlowed(world, () => '203.0.113.7')).toBeLessThan(14);
    // What the caller wrote itself stands before what our proxies add, and changes nothing.
    expect((await guess(world, '198.51.100.1, 203.0.113.7')).problem?.code).toBe('kernel.tooFast');
    expect((await guess(world, '203.0.113.7, 10.1.2.3')).problem?.code).toBe('kernel.tooFast');
    expect((await guess(world, '203.0.113.8')).problem?.code).toBe('members.signInFailed');
  });

  test('nobody escapes the limit by naming addresses to a node without proxies', async () => {
    expect(await triesUntilSlowed(open.direct!, (i) => `203.0.113.${i}`)).toBeLessThan(14);
  });

  test('a key bound to addresses goes by the caller’s, through trusted proxies only', async () => {
    const behind = await keyFor(open.behind!, ['203.0.113.0/24']);
    expect(await statusWith(open.behind!, behind, '203.0.113.9')).toBe(200);
    expect(await statusWith(open.behind!, behind, '198.51.100.9')).toBe(401);
    expect(await statusWith(open.behind!, behind, '203.0.113.9, 198.51.100.9')).toBe(401);
    const direct = await keyFor(open.direct!, ['203.0.113.0/24']);
    expect(await statusWith(open.direct!, direct, '203.0.113.9')).toBe(401);
  });
});

test('doors with a protocol of their own are no way around the limit per source', { timeout: 120_000 }, async () => {
  const world = await testExchange({ config: { requestsPerSecond: 1 } });
  try {
    for (const path of ['/dsp/nobody/2025-1/negotiations/none', '/ckan/api/3/action/site_read']) {
      let answer = await fetch(world.url + path);
      for (let i = 0; answer.status !== 429 && i < 100; i++) answer = await fetch(world.url + path);
      expect(answer.status, path).toBe(429);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
  } finally {
    await world.end();
  }
});

describe('SHUGU_TRUSTED_PROXIES', () => {
  const parse = (text: string) => readConfig({ SHUGU_TRUSTED_PROXIES: text }).trustedProxies;
  test('is empty unless set, and takes addresses and blocks', () => {
    expect(readConfig({}).trustedProxies).toEqual([]);
    expect(parse('10.0.0.1, 192.168.0.0/16,fd00::/8')).toEqual(['10.0.0.1', '192.168.0.0/16', 'fd00::/8']);
  });
  test.each(['proxy.example.org', '10.0.0.0/33', '10.0.0.0/0', '::/0', '10.0.0.1/', 'true', '10.0.0.1/8/8'])(
    'refuses %s',
    (text) => expect(() => parse(text)).toThrow(/SHUGU_TRUSTED_PROXIES: .*neither an IP address nor a block/),
  );
});
