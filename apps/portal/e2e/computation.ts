/** A joint computation by clicks: drafted from a template, budgets set, signed by both owners, run, its result and proof taken along, and checked offline. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readCast } from '../../cli/src/scenario/cast.ts';
import { bringResource, type Resource } from '../../cli/src/scenario/resource.ts';
import { makeStage, type Stage } from '../../cli/src/scenario/stage.ts';
import { divisionsResource } from '../../cli/src/trade/goods.ts';
import { choose, type Person, signedIn, widths } from './browser.ts';
import { look } from './pages.ts';
import type { Run } from './run.ts';
import { dialog } from './trade.ts';

const [drafterLogin, otherLogin] = ['mapping.trader', 'xingsha.trader'] as const;
const groups = ['长沙', '株洲'];
const root = join(import.meta.dirname, '../../..');

const day = (now: string, days: number): string =>
  new Date(new Date(now).getTime() + days * 86_400_000).toISOString().slice(0, 10);

const csv = (head: string, row: (n: number) => string, from: number, until: number): Buffer =>
  Buffer.from(`${[head, ...Array.from({ length: until - from }, (_, at) => row(from + at))].join('\n')}\n`);

/** Sixty customers of one owner, by region, of whom the other has forty. */
const bring = async (stage: Stage, name: string): Promise<[Resource, Resource]> => {
  const { fields } = await divisionsResource();
  const of = (login: string, title: string, bytes: Buffer) =>
    bringResource(stage, login, { ...fields, name: title }, { name: 'table.csv', bytes });
  return Promise.all([
    of(
      drafterLogin,
      `${name}（甲）`,
      csv('customer,region', (n) => `K${n},${groups[n % 2]}`, 0, 60),
    ),
    of(
      otherLogin,
      `${name}（乙）`,
      csv('customer', (n) => `K${n}`, 20, 80),
    ),
  ]);
};

const fact = ({ page }: Person, title: string) =>
  page.locator('dt', { hasText: title }).locator('xpath=following-sibling::dd[1]').first();

export const computation = async ({ browser, url, check }: Run): Promise<void> => {
  const stage = makeStage(url, await readCast());
  const { now } = (await (await fetch(`${url}/api/clock`)).json()) as { now: string };
  const name = `客户名单 ${Date.now()}`;
  const [drafter, other, [ours, theirs]] = await Promise.all([
    signedIn(browser, url, drafterLogin),
    signedIn(browser, url, otherLogin, { width: widths.narrow }),
    bring(stage, name),
  ]);
  const { page } = drafter;
  let contract = '';

  await check('an owner drafts a contract from a template, and reads what each party will learn before', async () => {
    await drafter.open('/computations/new');
    await page.getByRole('radio', { name: '分地区人数（加噪）' }).check();
    await page.getByLabel('合约名称').fill(name);
    await page.getByLabel('用途').fill('端到端：共同客户分地区人数');
    await choose(page.locator('#own-data'), ours.name);
    // Who is known by its identifier is typed in, as data of others are.
    await page.locator('#dataSets_1_owner').fill(theirs.holder.id);
    await page.locator('#dataSets_1_owner').press('Enter');
    await page.getByTitle(theirs.holder.id, { exact: true }).first().waitFor();
    await page.locator('#dataSets_1_resource').fill(theirs.id);
    await page.locator('#dataSets_1_version').fill(theirs.content!.normalDigest!);
    await page.locator('#recipients').fill(ours.holder.id);
    await page.locator('#recipients').press('Enter');
    for (const group of groups) {
      await page.locator('#noise_groups_0_values').fill(group);
      await page.locator('#noise_groups_0_values').press('Enter');
    }
    // Enter takes the day; it sends nothing before one has read on.
    for (const [field, value] of [
      ['#from', day(now, -1)],
      ['#until', day(now, 30)],
    ] as const) {
      await page.locator(field).fill(value);
      await page.locator(field).press('Enter');
    }
    await page.getByRole('button', { name: '看各方会知道什么' }).click();
    await page.getByText('每个汇总值都加入随机噪声（差分隐私）').waitFor();
    assert.equal(new URL(page.url()).pathname, '/computations/new');
    await page.getByRole('button', { name: '起草并送各方签署' }).click();
    await page.waitForURL(/\/computations\/cpc_/);
    contract = new URL(page.url()).pathname;
    await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  });

  await check('both owners set a budget, and sign what they read; then it is in force', async () => {
    const allow = async (person: Person, table: string): Promise<void> => {
      await person.open(contract);
      await dialog(person, `设定 ${table} 的预算`, { '隐私预算 ρ': '1' });
      await person.page.getByText('已用 0，共 1').waitFor();
    };
    await Promise.all([allow(drafter, 'ours'), allow(other, 'theirs')]);
    for (const person of [drafter, other]) await dialog(person, '签署', {});
    await page.getByText('结果接收单位可以运行').waitFor();
    assert.equal(await fact(drafter, '剩余次数').textContent(), '12（共 12）');
  });

  await check('its recipient runs it, sees it come to its end, and what is left of uses and budget', async () => {
    await dialog(drafter, '运行一次', {});
    await page.getByText('已给出结果').first().waitFor({ timeout: 30_000 });
    assert.equal(await fact(drafter, '剩余次数').textContent(), '11（共 12）');
    await page.getByText('已用 0.05，共 1').waitFor();
    assert.equal(await fact(drafter, '预算还够几次').textContent(), '19');
    // The other owner sees that it was used, and gets no result.
    await other.page.getByText('已给出结果').first().waitFor();
    assert.equal(await other.page.getByRole('button', { name: '查看结果' }).count(), 0);
  });

  await check(
    'the result is downloaded with its proof, which the command line finds to hold, and another figure not',
    async () => {
      const place = await mkdtemp(join(tmpdir(), 'shugu-e2e-result-'));
      try {
        await page.getByRole('button', { name: '查看结果' }).click();
        const shown = page.getByRole('dialog', { name: '第 1 次的结果' });
        for (const group of groups) await shown.getByText(group, { exact: true }).waitFor();
        const saved = async (button: string): Promise<string> => {
          const [download] = await Promise.all([
            // The proof is there once the log has signed its batch.
            page.waitForEvent('download', { timeout: 120_000 }),
            shown.getByRole('button', { name: button }).click(),
          ]);
          const path = join(place, download.suggestedFilename());
          await download.saveAs(path);
          return path;
        };
        const table = await readFile(await saved('下载表格（CSV）'), 'utf8');
        assert.match(table, /region,n\r\n长沙,-?\d+\r\n株洲,-?\d+\r\n$/);
        const proof = await saved('下载结果与证据（JSON）');
        const trust = join(place, 'keys.json');
        await writeFile(trust, await (await fetch(`${url}/.well-known/shugu-trust.json`)).text());
        const verified = async (): Promise<{ ok: boolean; uses: { opened: boolean }[] }> => {
          const main = join(root, 'apps/cli/src/main.ts');
          const args = [main, 'compute', 'verify', '--json', '--trust', trust, proof];
          const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root }).catch(
            (error: { stdout: string }) => error,
          );
          return JSON.parse(stdout);
        };
        const holds = await verified();
        assert.deepEqual([holds.ok, holds.uses.map(({ opened }) => opened)], [true, [true]]);
        const text = JSON.parse(await readFile(proof, 'utf8')) as { rows: [string, number][] };
        text.rows[0]![1] += 1;
        await writeFile(proof, JSON.stringify(text));
        assert.equal((await verified()).ok, false);
      } finally {
        await rm(place, { recursive: true, force: true });
      }
    },
  );

  await check(
    'the contract page of a used contract is accessible and fits a narrow screen; no script fault',
    async () => {
      await other.open(contract);
      await look(other, widths.narrow);
      assert.deepEqual(drafter.faults(), []);
    },
  );
  await drafter.context.close();
  await other.context.close();
};
