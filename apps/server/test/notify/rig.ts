/** A notice for the operator, with its limit: a complaint handed in by a buyer. */

import type { CallOutput } from '@shugu/wire';
import { cases } from '@shugu/wire/cases';
import * as kernelWire from '@shugu/wire/kernel';
import * as wire from '@shugu/wire/notify';
import type { TestExchange } from '../support/exchange.ts';

export type Letter = CallOutput<typeof wire.lettersOfNotice>['items'][number];

/** Whatever the complainant writes must not leave the house. */
export const secretFacts = '李四的电话是 13800000000';

export const complain = async (world: TestExchange, title: string): Promise<{ case: string; notice: string }> => {
  const buyer = await world.as('citylogistics.trader');
  const handler = world.seeded.organisations.operator!;
  const filed = await buyer.call(cases.file, {
    body: {
      procedure: 'complaint',
      handler,
      title,
      data: { kind: 'complaint', about: '某产品', facts: secretFacts },
    },
  });
  await buyer.call(cases.move, { params: { case: filed.id }, body: { move: 'submit' } });
  const { items } = await buyer.call(cases.caseNotices, { params: { case: filed.id } });
  return { case: filed.id, notice: items[0]!.id };
};

/** Runs what is due until it holds; workers of the exchange run beside us, so one round may be too few. */
export const until = async <T>(world: TestExchange, look: () => Promise<T | undefined | false>): Promise<T> => {
  for (let round = 0; round < 100; round++) {
    await world.settle();
    const found = await look();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('it did not come to hold');
};

export const later = async (world: TestExchange, seconds: number): Promise<void> => {
  const { now } = await world.anyone.call(kernelWire.clock, {});
  await world.stage.moveClock(new Date(new Date(now).getTime() + seconds * 1000));
};

export const letters = async (world: TestExchange, login: string, notice: string): Promise<Letter[]> =>
  (await (await world.as(login)).call(wire.lettersOfNotice, { params: { notice } })).items;

/** The code of a refusal. */
export const refusalOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    (error) => (error as { problem?: { code: string } }).problem?.code ?? String(error),
  );
