/** A listing of another node in spaces that ask something of policies, at the hub: its supplier is asked, and asked again. */
import { openConnector } from '@shugu/wire/federation';
import * as spacesWire from '@shugu/wire/spaces';
import { expect } from 'vitest';
import { refusal } from '../../src/market/testing.ts';
import { admitted, operator, rulesOf } from '../../src/spaces/testing.ts';
import type { Market } from './market.ts';

/** Its offers name purposes and say nothing of onward use. */
export const standsByPolicy = async (
  { hub, industry }: Market,
  { node, subject, title }: { node: { id: string }; subject: string; title: string },
): Promise<void> => {
  const body = { kind: 'node' as const, node: node.id, subject };
  const strict = async (...policy: 'purposes'[] | 'noOnward'[]) =>
    (await admitted(hub, { rules: rulesOf({ policy }) })).id;
  const [purposes, onward] = [await strict('purposes'), await strict('noOnward')];
  const add = async (id: string, login = operator) =>
    (await hub.as(login)).call(spacesWire.addForeignSpaceEntry, { params: { id }, body });
  expect(await refusal(add(purposes, 'xingsha.trader'))).toBe('kernel.unknown');
  expect(await refusal(add(purposes))).toBe('federation.connectorClosed');
  const merchant = await hub.as(operator);
  await merchant.call(openConnector, { body: {} });
  expect(await refusal(add(onward))).toBe('spaces.policyLacks noOnward');
  await add(purposes);
  const titles = async () =>
    (await merchant.call(spacesWire.listSpaceEntries, { params: { id: purposes }, query: {} })).items.map(
      (one) => one.title,
    );
  expect(await titles()).toEqual([title]);

  // Asked again, a day later: it stands by what it said, and goes once its offer says less.
  const { pool } = hub.exchange.kernel.database;
  const askedAgain = async () => {
    await pool.query(
      `update space_entries set asked_at = asked_at - interval '2 days', demands_met = demands_met || '{noOnward}'`,
    );
    await hub.settle();
    return (await pool.query('select demands_met from space_entries where space = $1', [purposes])).rows[0].demands_met;
  };
  expect(await askedAgain()).toEqual(['purposes']);
  expect(await titles()).toEqual([title]);
  const theirs = industry.exchange.kernel.database.pool;
  const { rows } = await theirs.query('select body from federation_datasets where id = $1', [subject]);
  const said = (policy: unknown) =>
    theirs.query('update federation_datasets set body = $2 where id = $1', [subject, JSON.stringify(policy)]);
  const hasPolicy = rows[0].body.hasPolicy.map((one: object) => ({ ...one, permission: [{ action: 'use' }] }));
  await said({ ...rows[0].body, hasPolicy });
  expect(await askedAgain()).toEqual([]);
  expect(await titles()).toEqual([]);
  await said(rows[0].body);
};
