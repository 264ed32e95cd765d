/** One purchase by clicks: scenario, order, both signatures, key, call, receipt, delivery, acceptance, statement. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { choose, newPerson, type Person, signedIn } from './browser.ts';
import type { Run } from './run.ts';

const product = '全国行政区划代码查询接口';
const buyerLogin = 'citylogistics.trader';
const supplierLogin = 'xingsha.trader';

const day = (now: string, days: number): string =>
  new Date(new Date(now).getTime() + days * 86_400_000).toISOString().slice(0, 10);

/** A modal opened by a button of the same name: fills its fields by label, then sends. */
export const dialog = async (
  { page }: Person,
  button: string,
  fill: Record<string, string>,
  send = button,
): Promise<void> => {
  await page.getByRole('button', { name: button, exact: true }).first().click();
  const modal = page.getByRole('dialog', { name: button });
  await modal.waitFor();
  for (const [label, value] of Object.entries(fill)) {
    const control = modal.getByLabel(label, { exact: false }).first();
    await control.fill(value);
    // Dates and lists take what was typed on Enter.
    if (/起$|止$|用途/.test(label)) await control.press('Enter');
  }
  await modal.getByRole('button', { name: send, exact: true }).click();
  await modal.waitFor({ state: 'hidden' }).catch(async () => {
    throw new Error(`“${button}” stays open: ${(await modal.innerText()).slice(0, 600)}`);
  });
};

/** Reloads until a text stands on the page: other sides and jobs act in their own time. */
const until = async (person: Person, text: string, secondsMax = 60): Promise<void> => {
  const end = Date.now() + secondsMax * 1000;
  while (Date.now() < end) {
    if (
      await person.page
        .getByText(text)
        .first()
        .isVisible()
        .catch(() => false)
    )
      return;
    await person.page.waitForTimeout(1000);
    await person.page.reload();
    await person.page.waitForLoadState('networkidle');
  }
  throw new Error(
    `“${text}” did not appear on ${person.page.url()}: ${(await person.page.locator('main').innerText()).slice(0, 400)}`,
  );
};

const sign = async (person: Person, contract: string): Promise<void> => {
  await person.open(contract);
  const confirm = person.page.getByRole('button', { name: '确认条款', exact: true });
  if (await confirm.isVisible().catch(() => false)) await dialog(person, '确认条款', {});
};

/** A stranger hands the file in. */
const checkFile = async (stranger: Person, path: string): Promise<void> => {
  const { page, context } = stranger;
  await stranger.open('/verify');
  await page.getByRole('tab', { name: '按文件' }).click();
  await page.locator('input[type=file][accept*=json]').setInputFiles(path);
  await page.getByText('使用回执包：各项均成立').waitFor();
  await page.getByText('1 条回执，1 次调用').waitFor();
  assert.deepEqual(stranger.faults(), []);
  await context.close();
};

export const trade = async ({ browser, url, check }: Run): Promise<void> => {
  const buyer = await signedIn(browser, url, buyerLogin);
  const supplier = await signedIn(browser, url, supplierLogin);
  const developer = await signedIn(browser, url, 'citylogistics.developer');
  const { page } = buyer;
  const { now } = (await (await fetch(`${url}/api/clock`)).json()) as { now: string };
  const title = `端到端场景 ${Date.now()}`;
  let order = '';
  let contract = '';
  let secret = '';

  await check('the buyer pays into the sub-account (simulated bank)', async () => {
    await buyer.open('/account');
    const open = page.getByRole('button', { name: '开立子账户' });
    if (await open.isVisible().catch(() => false)) {
      await open.click();
      await until(buyer, '存管余额');
    }
    const seat = page.getByRole('button', { name: '模拟入金' });
    if ((await seat.getAttribute('aria-disabled')) === 'true') return;
    await dialog(buyer, '模拟入金', { 金额: '100' });
  });

  await check('the buyer states a use scenario', async () => {
    await buyer.open('/scenarios');
    await dialog(buyer, '申报使用场景', {
      场景名称: title,
      用途: '物流',
      最终使用者: '城配通达物流有限公司（样例）',
      使用起: day(now, 0),
      使用止: day(now, 60),
    });
    await page.getByText(title).waitFor();
  });

  await check('the buyer orders a product from its page', async () => {
    await buyer.open(`/products?q=${encodeURIComponent(product)}`);
    await page.locator('.tile.product', { hasText: product }).first().click();
    await page.getByRole('button', { name: '下单' }).click();
    await page.waitForURL('**/orders/new/**');
    await choose(page.getByLabel('使用场景'), title);
    await page.getByLabel('数量').fill('10');
    await page.getByLabel('合同期（月）').fill('3');
    await page.getByRole('button', { name: '提交订单' }).click();
    await page.waitForURL(/\/orders\/ord_/);
    order = new URL(page.url()).pathname;
  });

  await check('both sides read the same text and sign it', async () => {
    await until(buyer, '去签合同');
    await page.getByRole('link', { name: '去签合同' }).click();
    await page.waitForURL(/\/contracts\/con_/);
    contract = new URL(page.url()).pathname;
    await sign(buyer, contract);
    await sign(supplier, contract);
    for (const person of [buyer, supplier]) {
      await person.open(contract);
      await person.page.getByRole('heading', { name: '合同文本' }).waitFor();
      await dialog(person, '签署', {});
    }
    await until(supplier, '履行中');
  });

  await check('the grant opens, a key is made and shown once', async () => {
    await developer.open('/grants');
    await until(developer, '有效', 90);
    await developer.page.locator('.ant-table-row', { hasText: '有效' }).first().getByRole('link').first().click();
    await developer.page.getByRole('heading', { name: '密钥' }).waitFor();
    await dialog(developer, '新建密钥', { 名称: '端到端' });
    const shown = developer.page.getByRole('dialog').last();
    secret = (await shown.locator('code').innerText()).trim();
    assert.match(secret, /^sgd_/);
    await developer.page.getByRole('button', { name: '我已保存' }).click();
  });

  await check('the console calls the data with it and a receipt appears', async () => {
    const one = developer.page;
    await one.locator('input[type=password]').fill(secret);
    await one.getByLabel('division_code').fill('430104');
    await one.getByRole('button', { name: '调用', exact: true }).click();
    await one.locator('pre.code', { hasText: '岳麓' }).waitFor();
    await until(developer, '下载');
  });

  await check('the month’s receipts come as one file, which anybody checks', async () => {
    const one = developer.page;
    await developer.open('/usage');
    await one.getByRole('heading', { name: '回执包' }).waitFor();
    // Sealed a minute after the use, then in the log.
    for (const end = Date.now() + 120_000; ; ) {
      const saved = one.waitForEvent('download', { timeout: 5_000 }).catch(() => undefined);
      // Not exact: in a page that is not in front, the sign of waiting leaves late, and it is part of the name.
      await one.getByRole('button', { name: '下载回执包' }).click();
      const file = await saved;
      if (file) {
        assert.match(file.suggestedFilename(), /^receipts-grt_\w+-\d{4}-\d{2}\.receipts\.json$/);
        const said = JSON.parse(await readFile(await file.path(), 'utf8'));
        assert.deepEqual([said.format, said.total.calls], ['shugu-receipts', 1]);
        await checkFile(await newPerson(browser, url), await file.path());
        break;
      }
      await one.getByText('该期间没有可证明的回执').waitFor();
      assert.ok(Date.now() < end, 'no receipt was sealed');
    }
    await developer.context.close();
  });

  await check('the supplier reports delivery, the buyer accepts', async () => {
    await supplier.open(order);
    await dialog(supplier, '提交交付', { 说明: '接口已开通' });
    const again = await signedIn(browser, url, buyerLogin);
    await again.open(order);
    await until(again, '待验收');
    await dialog(again, '验收', { 说明: '符合约定' });
    await until(again, '合同履行中');
    await again.context.close();
  });

  await check('both end the contract, the last bill is paid and the voucher issued', async () => {
    const again = await signedIn(browser, url, buyerLogin);
    await again.open(contract);
    await dialog(again, '提出协议解除', { 理由: '所需数据已取得' }, '确认');
    const other = await signedIn(browser, url, supplierLogin);
    await other.open(contract);
    await other.page.getByRole('button', { name: '答复协议解除', exact: true }).first().click();
    const answer = other.page.getByRole('dialog', { name: '答复协议解除' });
    await choose(answer.getByLabel('决定'), /^同意/);
    await answer.getByRole('button', { name: '答复协议解除', exact: true }).click();
    await answer.waitFor({ state: 'hidden' });
    await other.context.close();
    await again.open(order);
    await until(again, '已结算', 90);
    await again.page.getByRole('link', { name: /交易凭证/ }).waitFor();
    await again.context.close();
  });

  await check('somebody else sees nothing of the order', async () => {
    const stranger = await signedIn(browser, url, 'bank.trader');
    await stranger.open(order);
    await stranger.page.getByText('不存在或无权查看').first().waitFor();
    await stranger.context.close();
  });

  await check('no script fault during the trade', async () => {
    assert.deepEqual([...buyer.faults(), ...supplier.faults()], []);
  });
  await buyer.context.close();
  await supplier.context.close();
};
