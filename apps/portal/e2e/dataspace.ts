/** Two members trade over the Dataspace Protocol; one of them follows it on the page of the negotiation, and nobody else can. */
import assert from 'node:assert/strict';
import * as wire from '@shugu/wire/federation';
import { productPage, search } from '@shugu/wire/market-find';
import { readCast } from '../../cli/src/scenario/cast.ts';
import { until } from '../../cli/src/scenario/resource.ts';
import { makeStage, type Stage } from '../../cli/src/scenario/stage.ts';
import { choose, signedIn, widths } from './browser.ts';
import { look } from './pages.ts';
import { planes } from './planes.ts';
import type { Run } from './run.ts';

const goods = '中国工作日历';
const sellerLogin = 'merchant.trader';
const buyerLogin = 'citylogistics.trader';

const ruled = (kind: 'negotiation' | 'transfer', on: string, reaction: string): wire.ReactionRule =>
  wire.reactionRule.parse({ kind, on, reaction });

/** Asks for a free product; its id at the buyer's. */
const ask = async (stage: Stage): Promise<string> => {
  const [seller, buyer] = [await stage.as(sellerLogin), await stage.as(buyerLogin)];
  const { name, address } = await seller.call(wire.openConnector, { body: {} });
  const [found] = (await stage.anyone.call(search, { query: { q: goods } })).items;
  const { id, listing } = await stage.anyone.call(productPage, { params: { id: found!.product } });
  const { permission, prohibition, profile } = listing.policy as Record<string, unknown>;
  const terms = { permission, ...(prohibition ? { prohibition } : {}), ...(profile ? { profile } : {}) } as never;
  const offer = listing.plans[0]!.offer;
  const body = { counterparty: name, address, dataset: id, offer, terms, title: goods, price: '0' };
  return (await buyer.call(wire.requestContract, { body })).id;
};

/** Negotiated to its end. Address of the buyer's page of it. */
const negotiate = async (url: string): Promise<string> => {
  const stage = makeStage(url, await readCast());
  const [seller, buyer] = [await stage.as(sellerLogin), await stage.as(buyerLogin)];
  await seller.call(wire.openConnector, { body: {} });
  await buyer.call(wire.openConnector, { body: {} });
  const selling = [
    ruled('negotiation', 'request', 'agree'),
    ruled('negotiation', 'verify', 'finalize'),
    ruled('transfer', 'request', 'start'),
  ];
  await seller.call(wire.setRules, { body: { rules: selling } });
  await buyer.call(wire.setRules, { body: { rules: [ruled('negotiation', 'agree', 'verify')] } });
  const id = await ask(stage);
  await until('the agreement', async () => {
    const { process } = await buyer.call(wire.getProcess, { params: { id } });
    if (process.state === 'TERMINATED') throw new Error('the negotiation was terminated');
    return process.state === 'FINALIZED';
  });
  return `/connector/processes/${id}`;
};

/** The seller's rules are changed where they stand; what then waits is countered in fields, and the buyer accepts it. */
const counter = async ({ browser, url, check }: Run): Promise<void> => {
  await check('rules are written, ordered by keyboard, tried, and saved', async () => {
    const seller = await signedIn(browser, url, sellerLogin);
    const { page } = seller;
    await seller.open('/connector');
    const rules = page.locator('.rule-list > li');
    await rules.first().waitFor();
    const before = await rules.count();
    await page.getByRole('button', { name: '增加规则' }).click();
    const dialog = page.getByRole('dialog');
    await choose(dialog.getByLabel('回应'), '交由人回应');
    await dialog.getByLabel('价格不高于（元）').fill('0.50');
    await dialog.getByRole('button', { name: '确认' }).click();
    await dialog.waitFor({ state: 'hidden' });
    assert.equal(await rules.count(), before + 1);
    for (let place = before + 1; place > 1; place--)
      await page.getByRole('button', { name: `上移 · 第 ${place} 条` }).press('Enter');
    assert.match((await rules.first().textContent()) ?? '', /价格不高于[\s\S]*交由人回应/);
    await page.getByRole('button', { name: '以最近的协商试运行' }).click();
    await page.getByText('第 1 条：交由人回应').first().waitFor();
    await page.getByRole('button', { name: '保存规则' }).click();
    await page.getByText('有尚未保存的改动').waitFor({ state: 'detached' });
    await page.reload();
    await rules.first().waitFor();
    assert.match((await rules.first().textContent()) ?? '', /交由人回应/);
    assert.deepEqual(seller.faults(), []);
    await seller.context.close();
  });

  await check('what waits is countered in fields, seen with its difference, accepted and agreed', async () => {
    const id = await ask(makeStage(url, await readCast()));
    const seller = await signedIn(browser, url, sellerLogin);
    await seller.open('/connector/queue');
    const card = seller.page.locator('section.sheet', { hasText: goods }).first();
    await card.getByRole('button', { name: '还价' }).click();
    const dialog = seller.page.getByRole('dialog');
    await dialog.getByLabel('总次数上限').fill('10');
    await dialog.getByRole('button', { name: '还价' }).click();
    await dialog.waitFor({ state: 'hidden' });
    const buyer = await signedIn(browser, url, buyerLogin);
    await buyer.open(`/connector/processes/${id}`);
    await buyer.page.getByText('已变更').first().waitFor();
    await look(buyer, widths.wide);
    await buyer.page.getByRole('button', { name: '接受要约' }).click();
    await buyer.page.getByRole('dialog').getByRole('button', { name: '接受要约' }).click();
    await card.getByRole('button', { name: '发出协议' }).click();
    await seller.page.getByRole('dialog').getByRole('button', { name: '发出协议' }).click();
    await buyer.page.getByRole('heading', { name: '协议生效' }).waitFor();
    assert.deepEqual([...seller.faults(), ...buyer.faults()], []);
    await seller.context.close();
    await buyer.context.close();
  });

  await check('what nobody took is given up', async () => {
    const stage = makeStage(url, await readCast());
    const { name, address } = (await (await stage.as(sellerLogin)).call(wire.getConnector, {})).connector!;
    const buyer = await stage.as(buyerLogin);
    const terms = { permission: [{ action: 'use' }] };
    const body = { counterparty: name, address, dataset: 'nothing', offer: 'nothing', terms, title: '已撤下的产品' };
    await buyer.call(wire.requestContract, { body });
    const person = await signedIn(browser, url, buyerLogin);
    await person.open('/connector/queue');
    const card = person.page.locator('section.sheet', { hasText: '已撤下的产品' });
    await card.getByRole('button', { name: '放弃' }).click();
    await person.page.getByRole('dialog').getByRole('button', { name: '确认' }).click();
    await card.waitFor({ state: 'detached' });
    assert.deepEqual(person.faults(), []);
    await person.context.close();
  });
};

export const dataspace = async (run: Run): Promise<void> => {
  const { browser, url, check } = run;
  let address = '';
  await check('two members negotiate over the Dataspace Protocol', async () => {
    address = await negotiate(url);
  });
  await planes(run, goods);

  await check('the buyer finds the negotiation, asks for the data on its page, and sees it open', async () => {
    const buyer = await signedIn(browser, url, buyerLogin);
    const { page } = buyer;
    await buyer.open('/connector');
    await page.locator(`main a[href="${address}"]`).click();
    await page.getByRole('heading', { name: '核对协议' }).waitFor();
    assert.equal(await page.locator('.lane-step').count(), 4);
    await page.getByRole('button', { name: '请求传输' }).click();
    await page.getByRole('dialog').getByRole('radio', { name: 'HttpData-PULL' }).check();
    await page.getByRole('dialog').getByRole('button', { name: '请求传输' }).click();
    await page.getByRole('heading', { name: '开始传输' }).waitFor();
    // A dialog that is still closing keeps the focus to itself.
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    // By the keyboard: the message unfolds, and no key stands in it.
    await page.locator('.lane-step').last().locator('summary').press('Enter');
    const shown = page.locator('.lane-step').last().locator('pre');
    await shown.waitFor();
    const text = (await shown.textContent()) ?? '';
    assert.match(text, /TransferStartMessage[\s\S]*\/gateway\//);
    assert.doesNotMatch(text, /endpointProperties|Bearer|sealed/);
    assert.deepEqual(buyer.faults(), []);
    await buyer.context.close();
  });

  await check(
    'the buyer reads the seller’s catalogue in plain words, and asks for a contract at other terms',
    async () => {
      const stage = makeStage(url, await readCast());
      const connector = (await (await stage.as(sellerLogin)).call(wire.getConnector, {})).connector!;
      const buyer = await signedIn(browser, url, buyerLogin);
      const { page } = buyer;
      await buyer.open('/connector/catalogue');
      await page.getByLabel('对方标识').fill(connector.name);
      await page.getByLabel('对方协议地址').fill(connector.address);
      await page.getByRole('button', { name: '查阅目录' }).click();
      const sheet = page.locator('section.sheet', { hasText: goods }).first();
      await sheet.getByRole('button', { name: '请求合同' }).first().click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('总次数上限').fill('7');
      await dialog.getByRole('button', { name: '请求合同' }).click();
      await page.waitForURL(/\/connector\/processes\/neg_/);
      await page.getByRole('cell', { name: '7', exact: false }).first().waitFor();
      assert.deepEqual(buyer.faults(), []);
      await buyer.context.close();
      for (const [size, width] of Object.entries(widths)) {
        const person = await signedIn(browser, url, buyerLogin, { width, language: size === 'wide' ? 'zh' : 'en' });
        const search = new URLSearchParams({ counterparty: connector.name, address: connector.address });
        await person.open(`/connector/catalogue?${search}`);
        await look(person, width);
        await person.context.close();
      }
    },
  );

  await check('another member is told that there is no such thing', async () => {
    const other = await signedIn(browser, url, 'xingsha.trader');
    await other.open(address);
    await other.page.getByRole('alert').waitFor();
    assert.equal(await other.page.locator('.lane-step').count(), 0);
    await other.context.close();
  });

  await counter(run);

  await check('one more waits', async () => {
    await ask(makeStage(url, await readCast()));
  });
  for (const [size, width] of Object.entries(widths))
    for (const login of [buyerLogin, sellerLogin])
      await check(`${login} /connector and a negotiation ${size}`, async () => {
        const person = await signedIn(browser, url, login, { width, language: size === 'wide' ? 'zh' : 'en' });
        await person.open('/connector');
        await look(person, width);
        await person.open('/connector/queue');
        await look(person, width);
        await person.open('/connector');
        const first = person.page.locator('main a[href^="/connector/processes/neg_"]').first();
        await person.open((await first.getAttribute('href'))!);
        await person.page.locator('.lane-step').first().waitFor();
        await look(person, width);
        await person.context.close();
      });
};
