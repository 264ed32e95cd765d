/** Two members trade over the Dataspace Protocol; one of them follows it on the page of the negotiation, and nobody else can. */
import assert from 'node:assert/strict';
import * as wire from '@shugu/wire/federation';
import { productPage, search } from '@shugu/wire/market-find';
import { readCast } from '../../cli/src/scenario/cast.ts';
import { until } from '../../cli/src/scenario/resource.ts';
import { makeStage } from '../../cli/src/scenario/stage.ts';
import { signedIn, widths } from './browser.ts';
import { look } from './pages.ts';
import type { Run } from './run.ts';

const goods = '中国工作日历';
const sellerLogin = 'merchant.trader';
const buyerLogin = 'citylogistics.trader';

const ruled = (kind: 'negotiation' | 'transfer', on: string, reaction: string): wire.ReactionRule =>
  wire.reactionRule.parse({ kind, on, reaction });

/** A free product, negotiated to its end. Address of the buyer's page of it. */
const negotiate = async (url: string): Promise<string> => {
  const stage = makeStage(url, await readCast());
  const [seller, buyer] = [await stage.as(sellerLogin), await stage.as(buyerLogin)];
  const { name, address } = await seller.call(wire.openConnector, { body: {} });
  await buyer.call(wire.openConnector, { body: {} });
  const selling = [
    ruled('negotiation', 'request', 'agree'),
    ruled('negotiation', 'verify', 'finalize'),
    ruled('transfer', 'request', 'start'),
  ];
  await seller.call(wire.setRules, { body: { rules: selling } });
  await buyer.call(wire.setRules, { body: { rules: [ruled('negotiation', 'agree', 'verify')] } });
  const [found] = (await stage.anyone.call(search, { query: { q: goods } })).items;
  const { id, listing } = await stage.anyone.call(productPage, { params: { id: found!.product } });
  const { permission, prohibition, profile } = listing.policy as Record<string, unknown>;
  const terms = { permission, ...(prohibition ? { prohibition } : {}), ...(profile ? { profile } : {}) } as never;
  const asked = await buyer.call(wire.requestContract, {
    body: { counterparty: name, address, dataset: id, offer: listing.plans[0]!.offer, terms },
  });
  await until('the agreement', async () => {
    const { process } = await buyer.call(wire.getProcess, { params: { id: asked.id } });
    if (process.state === 'TERMINATED') throw new Error('the negotiation was terminated');
    return process.state === 'FINALIZED';
  });
  return `/connector/processes/${asked.id}`;
};

export const dataspace = async ({ browser, url, check }: Run): Promise<void> => {
  let address = '';
  await check('two members negotiate over the Dataspace Protocol', async () => {
    address = await negotiate(url);
  });

  await check('the buyer finds the negotiation, asks for the data on its page, and sees it open', async () => {
    const buyer = await signedIn(browser, url, buyerLogin);
    const { page } = buyer;
    await buyer.open('/connector');
    await page.locator(`main a[href="${address}"]`).click();
    await page.getByRole('heading', { name: '核对协议' }).waitFor();
    assert.equal(await page.locator('.lane-step').count(), 4);
    await page.getByRole('button', { name: '请求传输' }).click();
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

  await check('another member is told that there is no such thing', async () => {
    const other = await signedIn(browser, url, 'xingsha.trader');
    await other.open(address);
    await other.page.getByRole('alert').waitFor();
    assert.equal(await other.page.locator('.lane-step').count(), 0);
    await other.context.close();
  });

  for (const [size, width] of Object.entries(widths))
    for (const login of [buyerLogin, sellerLogin])
      await check(`${login} /connector and a negotiation ${size}`, async () => {
        const person = await signedIn(browser, url, login, { width, language: size === 'wide' ? 'zh' : 'en' });
        await person.open('/connector');
        await look(person, width);
        const first = person.page.locator('main a[href^="/connector/processes/neg_"]').first();
        await person.open((await first.getAttribute('href'))!);
        await person.page.locator('.lane-step').first().waitFor();
        await look(person, width);
        await person.context.close();
      });
};
