/** Where the parties settle themselves: who is written to about the fee and a refund, and what the letter keeps to itself. */
import * as settlementWire from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Listing } from '../../../cli/src/scenario/product.ts';
import { buyer, finance, makeScene, shop, supplier } from '../purchase/scene.ts';
import { exchangeIn, type TestExchange } from '../support/exchange.ts';
import { type SmtpServer, startSmtp, textOf } from '../support/smtp.ts';
import { until } from './rig.ts';

let smtp: SmtpServer;
let world: TestExchange;
let listing: Listing;
beforeAll(async () => {
  smtp = await startSmtp();
  const opened = await exchangeIn(shop, { config: { mailUrl: smtp.url, mailFrom: 'exchange@hub.example' } });
  world = opened;
  listing = opened.given;
}, 600_000);
afterAll(async () => {
  await world?.end();
  await smtp?.end();
});

test('those who pay are told of a fee owed, a refund asked for and a fee that is late, without the amount', async () => {
  const scene = makeScene(world, listing);
  const order = await scene.place('oneOff', 'direct');
  await scene.sign(order);
  await scene.rest();
  await scene.act(supplier, 'deliver', order.id);
  await scene.act(buyer, 'accept', order.id);
  await scene.rest();
  smtp.mails.length = 0;
  await scene.pay(order);
  const { id, number } = (await scene.statementsOf(order))[0]!;
  const told = async (to: string) => {
    const mail = await until(world, async () =>
      smtp.mails.find((one) => one.to.includes(to) && textOf(one).includes(number)),
    );
    // Addressed to those on the seats of money alone.
    expect(smtp.mails.filter((one) => textOf(one).includes(number)).map((one) => one.to.split('@')[0])).not.toContain(
      'trader',
    );
    smtp.mails.length = 0;
    return textOf(mail);
  };
  const owed = await told('finance@xingsha');
  expect(owed).not.toContain('2.40');
  await (await world.as(finance)).call(settlementWire.askRefund, {
    params: { id },
    body: { amountFen: '4000', reason: '三分之一的记录缺少门牌号' },
  });
  expect(await told('finance@xingsha')).not.toContain('门牌号');
  await scene.moveTo('2026-08-03T09:00:00+08:00');
  await told('settlement@operator');
});
