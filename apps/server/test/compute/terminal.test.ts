/** A computation contract from the terminal alone: drafted, read, signed, used, its result fetched and checked offline, revoked. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as wire from '@shugu/wire/compute';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command } from '../../../cli/src/command.ts';
import { saidBy } from '../../../cli/src/testing.ts';
import { bringHoldings, draftOf, type Holdings, holdingsBrought, refusal } from '../support/computation.ts';
import { exchangeIn, type TestExchange, testExchange } from '../support/exchange.ts';

const place = mkdtempSync(join(tmpdir(), 'shugu-terminal-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

type Login = 'mapping.trader' | 'xingsha.trader' | 'creditagency.trader' | 'citylogistics.trader';
const parties = ({ seeded }: TestExchange) => {
  const { mapping, xingsha, creditagency } = seeded.organisations;
  return { bank: mapping!, tax: xingsha!, recipient: creditagency! };
};

/** What a verb says to somebody, its status, and the object that `--json` gives. */
const saying =
  (world: TestExchange) =>
  async (who: Login, args: string[], language: 'zh' | 'en' = 'en') => {
    const key = join(place, `${who}-${world.exchange.url.split(':').at(-1)}.key`);
    writeFileSync(key, `${await world.token(who)}\n`);
    const said = await saidBy(() => command(['compute', ...args, '--url', world.url, '--key-file', key], language));
    return { ...said, json: args.includes('--json') && said.out ? JSON.parse(said.out) : undefined };
  };

describe('a contract from the terminal', () => {
  let world: TestExchange;
  let held: Holdings;
  let shugu: ReturnType<typeof saying>;
  let id: string;
  let digest: string;
  beforeAll(async () => {
    const opened = await exchangeIn(holdingsBrought);
    [world, held] = [opened, opened.given];
    shugu = saying(world);
  }, 600_000);
  afterAll(() => world?.end());

  test('is drafted from a template, put right in a file, and tells what each party learns before it is one', async () => {
    const { bank, tax, recipient } = parties(world);
    const file = join(place, 'draft.json');
    const arrears = `${tax},${held.arrears.id},${held.arrears.content!.normalDigest}`;
    const fromTemplate = [
      ...['draft', '--template', 'creditCheck', '--title', '贷前联合核查', '--purpose', '仅用于贷前风险评估'],
      ...['--data', `loans=${held.loans.id}`, '--data', `arrears=${arrears}`, '--recipient', recipient],
      ...[
        '--values',
        'city=长沙,株洲',
        '--entities',
        '3',
        '--uses',
        '2',
        '--from',
        '2026-07-01',
        '--until',
        '2026-07-31',
      ],
    ];
    const written = await shugu('mapping.trader', [...fromTemplate, '--out', file]);
    expect([written.status, written.out]).toEqual([0, expect.stringContaining('written to')]);
    const body = JSON.parse(readFileSync(file, 'utf8'));
    expect(body.dataSets).toMatchObject([
      { owner: bank, resource: held.loans.id, version: held.loans.content!.normalDigest, table: 'loans' },
      { owner: tax, table: 'arrears' },
    ]);
    const preview = await shugu('mapping.trader', ['draft', file, '--preview'], 'zh');
    expect([preview.status, preview.out]).toEqual([0, expect.stringContaining('以上只是预览，未起草')]);
    expect(preview.out).toContain('前提：各方信任本节点');
    expect((await shugu('creditagency.trader', ['show'])).out).toBe('no computation contracts\n');
    const made = await shugu('mapping.trader', ['draft', file, '--json']);
    ({ contract: id, digest } = made.json);
    expect([made.status, made.json]).toMatchObject([0, { ok: true, state: 'draft' }]);
    // Straight from the template, too; and what is wrong is told with its field.
    expect((await shugu('mapping.trader', fromTemplate, 'zh')).out).toContain('已起草 cpc_');
    writeFileSync(file, JSON.stringify({ ...body, query: { ...body.query, sql: 'select l.person from loans l' } }));
    const refused = await shugu('mapping.trader', ['draft', file]);
    expect([refused.status, refused.err]).toEqual([1, expect.stringContaining('compute.queryRefused')]);
  });

  test('is read in plain words by its parties, and by nobody else', async () => {
    for (const [language, ...texts] of [
      ['zh', '各方会知道什么：', '少于 3 个不同主体', '未签署', '读过并同意后签署：'],
      ['en', 'What each party learns:', 'What that rests on', 'has not signed', 'to sign, once you have read'],
    ] as const) {
      const { status, out } = await shugu('mapping.trader', ['show', '--contract', id], language);
      expect(status).toBe(0);
      for (const text of [...texts, digest]) expect(out).toContain(text);
    }
    const told = await shugu('citylogistics.trader', ['show', '--contract', id]);
    expect([told.status, told.out, told.err]).toEqual([1, '', expect.stringContaining('kernel.unknown')]);
  });

  test('is signed by its digest, used, and its result holds offline', async () => {
    const take = ['take', '--contract', id, '--value', 'city=长沙'];
    const early = await shugu('creditagency.trader', take);
    expect([early.status, early.err]).toEqual([1, expect.stringContaining('compute.unsigned')]);
    const sign = (who: Login, named: string, ...more: string[]) =>
      shugu(who, ['sign', '--contract', id, '--digest', named, ...more]);
    const other = await sign('mapping.trader', `sha256:${'0'.repeat(64)}`);
    expect([other.status, other.err]).toEqual([1, expect.stringContaining('has another digest')]);
    expect((await sign('mapping.trader', digest)).out).toContain('signed (Ed25519)\nstill waiting for');
    const last = await sign('xingsha.trader', digest, '--json');
    expect([last.status, last.json]).toMatchObject([0, { ok: true, suite: 'Ed25519', state: 'active', waiting: [] }]);
    const taken = await shugu('creditagency.trader', [...take, '--json']);
    expect([taken.status, taken.json]).toMatchObject([
      0,
      { ok: true, number: 1, state: 'released', uses: { total: 2, taken: 1, left: 1 } },
    ]);
    const { use } = taken.json;
    const out = join(place, 'result');
    await world.settle();
    const fetched = await shugu('creditagency.trader', ['result', '--use', use, '--out', out]);
    expect([fetched.status, fetched.out]).toEqual([0, expect.stringContaining('kind,n,owed\n增值税,14,371\n')]);
    expect(readdirSync(out).sort()).toEqual(['rests-on.txt', `result-${use}.proof.json`, 'result.csv', 'trust.json']);
    const verify = (...args: string[]) => saidBy(() => command(['compute', 'verify', out, ...args], 'en'));
    expect(await verify()).toMatchObject({ status: 0, out: expect.stringContaining('the result in this file is') });
    const proof = join(out, `result-${use}.proof.json`);
    writeFileSync(proof, readFileSync(proof, 'utf8').replace('371', '372'));
    expect((await verify()).status).toBe(1);
    // Recipients alone; an owner is told nothing.
    const owner = await shugu('mapping.trader', ['result', '--use', use]);
    expect([owner.status, owner.err]).toEqual([1, expect.stringContaining('kernel.unknown')]);
    const shown = await shugu('mapping.trader', ['show', '--contract', id]);
    expect(shown.out).toContain(`use 1: released (${use})`);
    expect(shown.out).toContain('has signed (Ed25519, ');
    const wrong = await shugu('creditagency.trader', ['take', '--contract', id, '--value', 'city=北京']);
    expect([wrong.status, wrong.err]).toEqual([1, expect.stringContaining('compute.parameterWrong')]);
  });

  test('whose results its owners see first is approved or refused from there, too', async () => {
    const { recipient } = parties(world);
    const file = join(place, 'ask.json');
    writeFileSync(file, JSON.stringify(draftOf(held, { ...parties(world), recipient })));
    const body = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...body, release: { ...body.release, how: 'ask' } }));
    const { contract, digest: text } = (await shugu('creditagency.trader', ['draft', file, '--json'])).json;
    for (const who of ['mapping.trader', 'xingsha.trader'] as const)
      await shugu(who, ['sign', '--contract', contract, '--digest', text]);
    const take = async (city: string) => {
      const said = await shugu('creditagency.trader', [
        'take',
        '--contract',
        contract,
        '--value',
        `city=${city}`,
        '--json',
      ]);
      expect([said.status, said.json]).toMatchObject([0, { ok: true, state: 'held' }]);
      return said.json.use as string;
    };
    const first = await take('长沙');
    expect((await shugu('creditagency.trader', ['result', '--use', first])).err).toContain('compute.notReleased');
    expect((await shugu('creditagency.trader', ['outputs', '--use', first])).status).toBe(1);
    expect((await shugu('mapping.trader', ['outputs'], 'zh')).out).toContain(
      `${first}  贷前联合核查（样例）（第 1 次）`,
    );
    const seen = await shugu('mapping.trader', ['outputs', '--use', first]);
    expect([seen.status, seen.out]).toEqual([0, expect.stringContaining('kind,n,owed\n增值税,14,371\n')]);
    const { digest: output } = (await shugu('mapping.trader', ['outputs', '--use', first, '--json'])).json;
    const approve = (who: Login) => shugu(who, ['approve', '--use', first, '--digest', output]);
    expect((await approve('mapping.trader')).out).toContain('approved; recipients get it once every owner has');
    expect((await approve('mapping.trader')).err).toContain('compute.alreadyAnswered');
    expect((await approve('xingsha.trader')).out).toContain('use 1: released');
    await world.settle();
    expect((await shugu('creditagency.trader', ['result', '--use', first, '--out', join(place, 'asked')])).status).toBe(
      0,
    );
    const second = await take('株洲');
    const refused = await shugu('xingsha.trader', ['refuse', '--use', second, '--reason', '一组说明了某个客户'], 'zh');
    expect([refused.status, refused.out]).toEqual([0, expect.stringContaining('仍然计次')]);
    expect((await shugu('creditagency.trader', ['result', '--use', second])).status).toBe(1);
    expect((await shugu('creditagency.trader', ['show', '--contract', contract])).out).toContain('1 of 3 uses left');
    expect((await shugu('mapping.trader', ['outputs'])).out).toBe('no output waits for your organisation\n');
  });

  test('is revoked by an owner, with a reason, and runs no more', async () => {
    const revoke = ['revoke', '--contract', id, '--reason', '数据主体提出异议'];
    expect((await shugu('creditagency.trader', revoke)).status).toBe(1);
    expect((await shugu('xingsha.trader', revoke, 'zh')).out).toContain('已撤销');
    const late = await shugu('creditagency.trader', ['take', '--contract', id, '--value', 'city=株洲']);
    expect([late.status, late.err]).toEqual([1, expect.stringContaining('compute.revoked')]);
    expect((await shugu('creditagency.trader', ['show', '--json'])).json).toMatchObject({
      contracts: expect.arrayContaining([expect.objectContaining({ id, state: 'revoked' })]),
    });
  });

  // What a newcomer gets wrong, and what must be said then.
  test.each([
    [['sign'], '请用 --contract ID', 'with --contract ID'],
    [['sign', '--contract', 'cpc_1'], '请用 --contract ID', 'with --contract ID'],
    [['sign', '--contract', `cpc_${'0'.repeat(26)}`], '请用 --digest sha256', 'with --digest sha256'],
    [['revoke', '--contract', `cpc_${'0'.repeat(26)}`], '请用 --reason TEXT', 'with --reason TEXT'],
    [['approve', '--use', `cpu_${'0'.repeat(26)}`], '请用 --digest sha256', 'with --digest sha256'],
    [['refuse', '--use', `cpu_${'0'.repeat(26)}`], '请用 --reason TEXT', 'with --reason TEXT'],
    [['result'], '请用 --use ID', 'name the use with --use ID'],
    [['draft'], '用 --template 选择模板', 'a template with --template'],
    [['draft', 'nowhere.json'], 'nowhere.json：无法读取', 'nowhere.json: cannot be read'],
    [['draft', '--template', 'none'], '用 --template 选择模板', 'a template with --template'],
    [['draft', '--template', 'overlap', '--data', 'ours'], '--data 要写成', '--data looks like'],
    [['draft', '--template', 'overlap', '--data', 'mine=res_1'], '模板中没有表 mine', 'has no table mine'],
    [['draft', '--template', 'overlap'], '还需要 --recipient', 'needs --recipient'],
    [['take', '--contract', `cpc_${'0'.repeat(26)}`, '--wait', '0'], '--wait 是 1 到', '--wait is a whole number'],
    [['take', '--contract', `cpc_${'0'.repeat(26)}`, '--value', 'x'], '--value 要写成', '--value looks like'],
    [['buy'], '请说明要做什么：draft', 'say what to do: draft'],
  ])('misuse is told in words and ends with 2: %j', async (args, ...texts) => {
    for (const [at, language] of (['zh', 'en'] as const).entries()) {
      const { status, out, err } = await shugu('mapping.trader', args, language);
      expect({ status, out, said: err.includes(texts[at]!) || err }).toEqual({ status: 2, out: '', said: true });
    }
    // Nothing is asked without an address.
    const alone = await saidBy(() => command(['compute', 'show'], 'en'));
    expect([alone.status, alone.err]).toEqual([2, expect.stringContaining('name the exchange with --url URL')]);
  });
});

test('on an exchange with the national suite it is signed with SM2', async () => {
  const world = await testExchange({ config: { suite: 'sm' } });
  try {
    const held = await bringHoldings(world, 'mapping.trader', 'xingsha.trader');
    const shugu = saying(world);
    const file = join(place, 'sm.json');
    writeFileSync(file, JSON.stringify(draftOf(held, parties(world))));
    const { contract, digest } = (await shugu('creditagency.trader', ['draft', file, '--json'])).json;
    for (const who of ['mapping.trader', 'xingsha.trader'] as const)
      expect((await shugu(who, ['sign', '--contract', contract, '--digest', digest])).out).toContain('signed (SM2)');
    const shown = await shugu('creditagency.trader', ['show', '--contract', contract]);
    expect([shown.status, shown.out]).toEqual([0, expect.stringContaining('has signed (SM2, ')]);
    const agency = await world.as('creditagency.trader');
    expect(await refusal(agency.call(wire.getComputation, { params: { id: contract } }))).toBe('done');
  } finally {
    await world.end();
  }
}, 600_000);
