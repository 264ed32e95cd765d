/** Outside time stamps over the log: who gets them, that readers elsewhere find them, and what happens when the authority fails. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clearEntry,
  entryBytes,
  formatTrust,
  stampAuthorities,
  trustFrom,
  verifyBundle,
  verifyStamp,
} from '@shugu/evidence';
import { cases as caseWire } from '@shugu/wire/cases';
import * as kernelWire from '@shugu/wire/kernel';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { run as runVerify } from '../../../cli/src/verify.ts';
import { readConfig } from '../../src/kernel/config.ts';
import { checkStamps } from '../../src/kernel/doctor/stamps.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { stampFailure } from '../../src/kernel/publiclog/stamps.ts';
import { bundlesOf, issuePapers, trustServedBy, witnessOnPort } from '../backup/support.ts';
import { complain } from '../notify/rig.ts';
import { startOfTime, type TestExchange, testExchange } from '../support/exchange.ts';
import { type AuthorityOnPort, authorityOnPort } from '../support/tsa.ts';

const hour = 3600;
/** The machine may be busy. */
const soon = (check: () => unknown) => vi.waitFor(check, { timeout: 30_000, interval: 50 });
const gauge = 'shugu_log_unstamped_seconds';
// By how much the authority's clock is ahead of the exchange's.
let minutesAhead = 3;
let authority: AuthorityOnPort;
let node: TestExchange;

const settings = () => ({
  tsaUrl: authority.url,
  tsaCertificates: authority.certificates,
  tsaSeconds: hour,
  tsaAuthorization: 'Bearer of-the-node',
});

beforeAll(async () => {
  const now = () => (node ? node.exchange.kernel.clock.now() : new Date(startOfTime));
  authority = await authorityOnPort({ now: () => new Date(now().getTime() + minutesAhead * 60_000) });
  node = await testExchange({ config: settings() });
  await issue();
  await stamped();
});
afterAll(async () => {
  await node.end();
  await authority.end();
});
afterEach(() => authority.answerWith(undefined));

const issue = (count = 1, at = node) => issuePapers(at.exchange, at.seeded.organisations.operator!, count);
const move = async (seconds: number, at = node) => {
  const to = new Date((await at.stage.now()).getTime() + seconds * 1000).toISOString();
  await (await at.as('operator.system')).call(kernelWire.moveClock, { body: { to } });
};
const unstamped = async (at = node): Promise<number> =>
  Number(new RegExp(`^${gauge} (\\S+)$`, 'm').exec(await (await fetch(`${at.url}/metrics`)).text())?.[1]);
/** Waits for a stamp over all there is, and for the bundles with it. */
const stamped = async (at = node) => {
  await soon(async () => {
    await at.exchange.kernel.stamping!.run();
    expect(await unstamped(at)).toBe(0);
  });
  await soon(async () => {
    await at.settle();
    const { rowCount } = await at.exchange.kernel.database.pool.query('select 1 from papers where not stamped');
    expect(rowCount).toBe(0);
  });
};
/** An interval begins: what is issued now waits for the next stamp. */
const justStamped = async () => {
  await move(hour + 1);
  await issue();
  await stamped();
};
const listed = async (query = '', at = node) =>
  (await (await fetch(`${at.url}/log/stamps${query}`)).json()) as {
    origin: string;
    items: { size: number; stampedAt: string; authority: string }[];
  };
const look = ({ exchange } = node) =>
  checkStamps(exchange.kernel.database, exchange.kernel.config, exchange.kernel.clock.now());
/** How the bundles of all papers verify by the trust file that the node serves. */
const reports = async (at = node) => {
  const trust = await trustServedBy(at.exchange);
  return Promise.all((await bundlesOf(at.exchange)).map((bytes) => verifyBundle(bytes, trust)));
};

it('go over the log when it has grown, at most once an interval, and into bundles of what was issued before', async () => {
  await justStamped();
  const before = (await reports()).length;
  const asked = authority.asked.length;
  await issue(2);
  await node.exchange.kernel.stamping!.run();
  const waiting = (await reports()).slice(before);
  expect(waiting.map(({ ok, stamp }) => [ok, stamp])).toEqual(waiting.map(() => [true, undefined]));
  expect(waiting.at(-1)!.notice.en).toContain('no outside time stamp');
  expect(authority.asked.length).toBe(asked);

  await move(hour + 1);
  await stamped();
  expect(authority.asked.length).toBe(asked + 1);
  for (const { ok, checks, stamp } of await reports()) {
    expect([ok, checks.filter((check) => !check.ok)]).toEqual([true, []]);
    expect(stamp).toMatchObject({ authority: 'Test time stamps', trustedAs: 'Test root' });
  }
  expect(new Set(authority.asked)).toEqual(new Set(['Bearer of-the-node']));
  expect(await look()).toMatchObject({ id: 'stamps', level: 'ok' });

  // Nothing new: nothing to ask for.
  await move(2 * hour);
  await node.exchange.kernel.stamping!.run();
  expect(authority.asked.length).toBe(asked + 1);
});

it('go into a bundle the earliest that covers it', async () => {
  await justStamped();
  const sizes = (await listed()).items.map(({ size }) => size);
  const all = await reports();
  expect(sizes.length).toBeGreaterThan(3);
  expect(all.map(({ asOf }) => asOf!.size)).toEqual(
    all.map(({ asOf }) => Math.min(...sizes.filter((size) => size > asOf!.index))),
  );
});

it('go into proofs of service too', async () => {
  const { notice } = await complain(node, '时间须有外人见证');
  await node.settle();
  const proof = () =>
    node
      .as('operator.service')
      .then((client) => client.raw(caseWire.noticeProof, { params: { notice }, query: { how: 'inbox' } }))
      .then((answer) => answer.arrayBuffer());
  await soon(async () => {
    await node.settle();
    await proof();
  });
  await move(hour + 1);
  await stamped();
  const report = await verifyBundle(new Uint8Array(await proof()), await trustServedBy(node.exchange));
  expect(report).toMatchObject({ ok: true, title: { zh: '送达回证' }, stamp: { trustedAs: 'Test root' } });
});

it('are served with the checkpoint that they are over, by which anybody verifies without the node', async () => {
  const { origin, items } = await listed();
  const [{ size, stampedAt }] = items as [(typeof items)[0]];
  const get = async (path: string) => {
    const answer = await fetch(`${node.url}/log/${origin}/stamp/${path}`);
    return new Uint8Array(await answer.arrayBuffer());
  };
  const [token, checkpoint] = [await get(`${size}.tst`), await get(`${size}.checkpoint`)];
  const stamp = verifyStamp(token, checkpoint, stampAuthorities(await trustServedBy(node.exchange)));
  expect(stamp.time.toISOString()).toBe(stampedAt);
  expect(Buffer.from(checkpoint).toString('utf8')).toContain(`${origin}\n${size}\n`);
  // Without the origin the open one is meant, here too.
  for (const [part, bytes] of [
    ['tst', token],
    ['checkpoint', checkpoint],
  ] as const) {
    const answer = await fetch(`${node.url}/log/stamp/${size}.${part}`);
    expect(Buffer.compare(new Uint8Array(await answer.arrayBuffer()), bytes)).toBe(0);
  }
  const nowhere = [`${size + 999}.tst`, '0.tst', `${size}.other`, `${size}`, '9999999999999999.tst'];
  for (const path of nowhere) expect((await fetch(`${node.url}/log/stamp/${path}`)).status, path).toBe(404);
  expect((await listed(`?below=${size}`)).items).toEqual(items.slice(1));
  for (const query of ['?below=x', '?below=1&below=2', '?below=-1'])
    expect((await fetch(`${node.url}/log/stamps${query}`)).status, query).toBe(400);
});

it('renew a bundle, and the file handed out before is still known', async () => {
  await justStamped();
  await issue();
  const before = (await bundlesOf(node.exchange)).at(-1)!;
  await move(hour + 1);
  await stamped();
  const after = (await bundlesOf(node.exchange)).at(-1)!;
  expect(Buffer.compare(before, after)).not.toBe(0);
  const { notice } = await node.anyone.call(kernelWire.verifyFile, { body: { file: before.toString('utf8') } });
  expect(notice.zh).toContain('未附外部时间戳');
  for (const bundle of [before, after])
    expect(await node.anyone.call(kernelWire.verifyFile, { body: { file: bundle.toString('utf8') } })).toMatchObject({
      ok: true,
      withdrawn: false,
      number: expect.stringMatching(/^TN-/),
    });
});

/** Status 2 with the words `no` and a terminal's command to wipe its screen. */
const refusal = Uint8Array.from(Buffer.from('300f300d02010230080c066e6f1b5b324a', 'hex'));

it.each<[string, Parameters<AuthorityOnPort['answerWith']>[0], string]>([
  ['is down', { status: 503 }, 'HTTP 503'],
  ['refuses', { body: refusal }, 'refused (status 2): no [2J'],
  ['sends what is no answer', { body: new TextEncoder().encode('<html>') }, 'cut off'],
  ['sends without end', { body: new Uint8Array(200_000) }, 'too long'],
])(
  'are told to be missing when the authority %s; the log goes on, and it is asked again',
  async (_, answer, reason) => {
    authority.answerWith(answer);
    const ids = await issue();
    await move(hour + 1);
    await soon(async () => {
      await node.exchange.kernel.stamping!.run();
      expect((await stampFailure(node.exchange.kernel.database))?.reason).toContain(reason);
    });
    expect(ids.length).toBe((await reports()).filter(({ ok, stamp }) => ok && !stamp).length);
    expect(await look()).toMatchObject({ level: 'warning', en: expect.stringContaining(reason) });
    await move(3 * hour);
    expect(await unstamped()).toBeGreaterThan(3 * hour);

    authority.answerWith(undefined);
    await move(hour);
    await stamped();
    expect((await look())?.level).toBe('ok');
  },
);

it('are asked for later and later while the authority fails', async () => {
  authority.answerWith({ status: 500 });
  await issue();
  await move(hour + 1);
  const failures = async () => (await stampFailure(node.exchange.kernel.database))?.failures ?? 0;
  const { stamping } = node.exchange.kernel;
  // 2, 4, 8 … seconds: the background asks too, so only a lower bound holds between moves.
  for (const seconds of [3, 5, 9, 17, 33, 65]) {
    await stamping!.run();
    const [count, asked] = [await failures(), authority.asked.length];
    expect(count).toBeGreaterThan(0);
    await stamping!.run();
    expect(authority.asked.length).toBe(asked);
    await move(seconds);
    await stamping!.run();
  }
  expect(await failures()).toBeLessThanOrEqual(8);
  authority.answerWith(undefined);
  await move(hour);
  await stamped();
});

it('that convict the node’s own clock are not taken in', async () => {
  minutesAhead = -10;
  await issue();
  await move(hour + 1);
  await soon(async () => {
    await node.exchange.kernel.stamping!.run();
    expect((await look())?.en).toContain('ahead of the authority');
  });
  minutesAhead = 3;
  await move(hour);
  await stamped();
});

it('do not keep the node from closing while the authority hangs', async () => {
  const hanging = await testExchange({ config: settings() });
  await issue(1, hanging);
  await stamped(hanging);
  authority.answerWith({ hang: true });
  await issue(1, hanging);
  const asked = authority.asked.length;
  await move(hour + 1, hanging);
  await soon(() => expect(authority.asked.length).toBeGreaterThan(asked));
  const begun = performance.now();
  await hanging.end();
  expect(performance.now() - begun).toBeLessThan(5000);
});

it('are understood by `shugu verify`, in Chinese and English, and refused without their authority', async () => {
  await justStamped();
  await issue();
  const folder = await mkdtemp(join(tmpdir(), 'shugu-stamps-'));
  const said: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  try {
    const trust = await trustServedBy(node.exchange);
    const { stampAuthorities: _, ...without } = trust;
    await writeFile(join(folder, 'trust.json'), formatTrust(trust));
    await writeFile(join(folder, 'without.json'), formatTrust(trustFrom(without)));
    await writeFile(join(folder, 'strict.json'), formatTrust(trustFrom({ ...trust, stampRequired: true })));
    const bundles = await bundlesOf(node.exchange);
    await writeFile(join(folder, 'stamped.json'), bundles[0]!);
    await writeFile(join(folder, 'plain.json'), bundles.at(-1)!);
    const verify = async (language: 'zh' | 'en', ...args: string[]) => {
      said.length = 0;
      const code = await runVerify(args, { language, cwd: folder });
      return { code, text: said.join('') };
    };
    const zh = await verify('zh', 'stamped.json');
    expect(zh.code).toBe(0);
    expect(zh.text).toContain('时间戳机构Test time stamps见证：检查点于2026-07-01T');
    expect((await verify('en', 'stamped.json')).text).toContain(
      'the time stamping authority Test time stamps witnessed that the checkpoint existed at 2026-07-01T',
    );
    expect((await verify('en', 'plain.json')).text).toContain('no outside time stamp');
    expect((await verify('zh', 'plain.json')).text).toContain('未附外部时间戳');
    expect((await verify('zh', 'stamped.json', '--trust', 'without.json')).code).toBe(1);
    const strict = ['--trust', 'strict.json'];
    expect((await verify('zh', 'stamped.json', ...strict)).code).toBe(0);
    expect((await verify('zh', 'plain.json', ...strict)).code).toBe(1);
  } finally {
    write.mockRestore();
    await rm(folder, { recursive: true });
  }
});

it('wait for the witnesses, but not for silent ones, and stand in a bundle beside their lines', async () => {
  // Copies of the prepared exchange share the log's key.
  const watch = await witnessOnPort([(await trustServedBy(node.exchange)).logs[0]!.vkey]);
  const witnesses = [{ url: watch.url, vkey: watch.witness.vkey }];
  const watched = await testExchange({ config: { ...settings(), tsaSeconds: 1, witnesses } });
  try {
    await issue(1, watched);
    await stamped(watched);
    const [report] = await reports(watched);
    expect(report).toMatchObject({
      ok: true,
      asOf: { witnesses: ['witness.test/w1'] },
      stamp: { trustedAs: 'Test root' },
    });

    await watch.end();
    const { database, publicLog, stamping } = watched.exchange.kernel;
    const bytes = entryBytes(clearEntry('testNotice', {}));
    await database.tx(systemActor('test'), (tx) => publicLog.publish(tx, { kind: 'testNotice', form: 'clear', bytes }));
    await soon(async () => expect(await unstamped(watched)).toBeGreaterThan(2));
    expect(await stamping!.run()).toBe(false);
    await move(61, watched);
    await soon(async () => {
      await stamping!.run();
      expect(await unstamped(watched)).toBe(0);
    });
  } finally {
    await watched.end();
    await watch.end().catch(() => undefined);
  }
});

it('are not there without the setting, and bundles say so', async () => {
  const plain = await testExchange();
  try {
    await issue(1, plain);
    expect(plain.exchange.kernel.stamping).toBeUndefined();
    expect((await trustServedBy(plain.exchange)).stampAuthorities).toBeUndefined();
    const [report] = await reports(plain);
    expect([report!.ok, report!.stamp]).toEqual([true, undefined]);
    expect(report!.notice.zh).toContain('未附外部时间戳');
    expect((await listed('', plain)).items).toEqual([]);
    expect(await look(plain)).toBeUndefined();
    expect(await unstamped(plain)).toBeNaN();
  } finally {
    await plain.end();
  }
});

it('are configured whole or not at all', async () => {
  const SHUGU_TSA_URL = 'https://tsa.example/';
  const SHUGU_TSA_CERTIFICATES = 'x';
  expect(() => readConfig({ SHUGU_TSA_URL })).toThrow('SHUGU_TSA_CERTIFICATES');
  expect(() => readConfig({ SHUGU_TSA_URL, SHUGU_TSA_CERTIFICATES, SHUGU_TSA_SECONDS: '0' })).toThrow(
    'SHUGU_TSA_SECONDS',
  );
  for (const url of ['ftp://tsa.example', 'https://me:secret@tsa.example/', 'tsa'])
    expect(() => readConfig({ SHUGU_TSA_URL: url, SHUGU_TSA_CERTIFICATES }), url).toThrow('SHUGU_TSA_URL');
  const config = { ...settings(), tsaCertificates: join(node.home, 'nothing.pem') };
  await expect(testExchange({ config })).rejects.toThrow('SHUGU_TSA_CERTIFICATES');
  await writeFile(config.tsaCertificates, 'no certificate');
  await expect(testExchange({ config })).rejects.toThrow('SHUGU_TSA_CERTIFICATES');
});
