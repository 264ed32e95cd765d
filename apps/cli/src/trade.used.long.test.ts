/** Trades on an exchange that is in use, one after the other: money there before, others at work meanwhile, and its end. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Exchange } from '@shugu/server';
import * as settlementWire from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Misuse } from './misuse.ts';
import { readCast } from './scenario/cast.ts';
import { makeStage, type Stage } from './scenario/stage.ts';
import { startTemporary, type Temporary } from './server.ts';
import { makeWalk } from './steps.ts';
import { saidBy } from './testing.ts';
import { finance } from './trade/context.ts';
import { makeFolder } from './trade/folder.ts';
import { openMarket } from './trade/walk.ts';
import { run } from './trade.ts';

let [exchange, folder]: [Exchange, string] = [undefined as never, ''];
let temporary: Temporary;
let stage: Stage;
const out = (name: string) => join(folder, name);
const trade = (args: string[], language: 'zh' | 'en' = 'en', onLine?: (line: string) => void) =>
  saidBy(() => run(['--url', exchange.url, '--json', ...args], { language, cwd: folder }), onLine);
/** By somebody who signs in for it: a trade moves the calendar, and with it ends sessions. */
const deposit = async (fen: string) =>
  (await makeStage(exchange.url, stage.cast).as(finance)).call(settlementWire.simulateDeposit, {
    body: { amountFen: fen },
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-used-'));
  temporary = await startTemporary();
  exchange = temporary.exchange;
  stage = makeStage(exchange.url, await readCast());
  await openMarket({
    stage,
    walk: makeWalk('en'),
    folder: makeFolder(folder),
    setupToken: exchange.kernel.setupToken,
    suite: 'intl',
  });
}, 300_000);
afterAll(async () => {
  await temporary?.end();
  await rm(folder, { recursive: true, force: true });
});

test('what cannot be walked to its end is not begun', async () => {
  const before = await stage.now();
  const refusal = (args: string[], language: 'zh' | 'en') =>
    trade(args, language).then(
      () => 'begun',
      (error: Error) => (error instanceof Misuse ? error.message : `threw ${error.message}`),
    );
  expect(await refusal(['--suite', 'sm', '--out', out('never')], 'en')).toContain('uses the suite intl, not sm');
  expect(await refusal(['--suite', 'sm', '--out', out('never')], 'zh')).toContain('使用 intl 密码套件，不是 sm');
  const real = await startTemporary({ clock: 'system' });
  try {
    const url = ['--url', real.exchange.url, '--out', out('never')];
    expect(await refusal(url, 'zh')).toContain('按真实日历运行');
    expect(await refusal(url, 'en')).toContain('Nothing was changed');
  } finally {
    await real.end();
  }
  expect(await refusal(['--url', real.exchange.url, '--out', out('never')], 'en')).toContain('no exchange answers');
  expect(await readdir(folder)).not.toContain('never');
  expect((await stage.now()).getTime() - before.getTime()).toBeLessThan(3_600_000);
}, 60_000);

test('holds to the fen where money was before and others move theirs meanwhile', async () => {
  await deposit('12345');
  let others: Promise<unknown> | undefined;
  const said = await trade(['--out', out('one')], 'en', (line) => {
    if (line.includes('is in force')) others ??= deposit('777');
  });
  await others;
  const { ok, failedStep, failure } = JSON.parse(said.out);
  expect({ status: said.status, ok, failedStep, failure }).toEqual({ status: 0, ok: true });
  // Said before anything is done.
  expect(said.err.split('\n')[0]).toContain('moves the exchange’s simulated calendar');
  const proven = JSON.parse(said.out).steps.flatMap((one: { proven: string[] }) => one.proven) as string[];
  expect(proven).toContain('the account agrees to the fen: 12345 before, 10777 by all else, 23055 now');
  await expect(trade(['--out', out('one')])).rejects.toThrow('holds the papers of a trade already');
}, 300_000);

test('an exchange that stops in the middle fails the step at work, in words', async () => {
  let end: Promise<void> | undefined;
  const said = await trade(['--out', out('two')], 'zh', (line) => {
    if (line.startsWith('✓ 起草产品')) end ??= temporary.end();
  });
  await end;
  const { ok, failedStep, failure, steps } = JSON.parse(said.out);
  expect({ status: said.status, ok, failedStep }).toEqual({ status: 1, ok: false, failedStep: 'compliance' });
  expect(steps.at(-1)).toMatchObject({ name: 'compliance', ok: false });
  expect(failure).not.toBe('');
  expect(said.out + said.err).not.toMatch(/\n\s+at |node:internal|fetch failed/);
}, 300_000);
