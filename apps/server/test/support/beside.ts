/** A bank and a retailer whose data stay with them, and contracts on both; one exchange for each file of tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signPart } from '@shugu/private-compute';
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/compute';
import { openFolder, type PartyFolder } from '../../../cli/src/compute/folder.ts';
import { type PartAsked, playPart } from '../../../cli/src/compute/part.ts';
import {
  type Computation,
  type PsiDraft,
  psiDraftOf,
  refusal,
  type SharesDraft,
  sharesDraftOf,
  signedContract,
} from './computation.ts';
import { type TestExchange, testExchange } from './exchange.ts';

/** Of the file of tests that runs: others run in the same process before and after it. */
export let place: string;
export let bankFile: string;
export let shopFile: string;
export const file = (name: string, text: string): string => {
  writeFileSync(join(place, name), text);
  return join(place, name);
};
export const query =
  'SELECT s.city, sum(b.amount) AS amount, count(*) AS n FROM b JOIN s ON b.id = s.id GROUP BY s.city';
/** Of the bank's eight 1, 3 and 6 are in the north and also the retailer's; the one in the west is too few. */
export const answer = [
  ['north', '15.5', '3'],
  ['south', '6', '3'],
];

export interface Side {
  login: string;
  client: Client;
  folder: PartyFolder;
  input: string;
}
export let world: TestExchange;
export let bank: Side;
export let shop: Side;
export let stranger: Client;

export const listen = { host: '127.0.0.1', port: 0, address: '127.0.0.1' };
export const asked = (side: Side, one: Pick<Computation, 'id'>, change: Partial<PartAsked> = {}): PartAsked => ({
  ...{ client: side.client, folder: side.folder, contract: one.id, input: side.input },
  ...{ listen, waitSeconds: 100, lookMilliseconds: 20 },
  ...change,
});
export const draft = (change: Partial<SharesDraft> = {}): Promise<SharesDraft> =>
  sharesDraftOf(
    world,
    { bank, shop, query },
    { title: '门店客户存款合计（样例）', purpose: '按城市统计共同客户的存款，仅用于选址', ...change },
  );
/** The same two tables: which keys they have in common. */
export const psiDraft = async (change: Partial<PsiDraft> = {}): Promise<PsiDraft> => psiDraftOf(await draft(), change);
export const signedPsi = async (change: Partial<PsiDraft> = {}): Promise<Computation> =>
  signedContract(world, await psiDraft(change), { recipient: bank.login, owners: [bank.login, shop.login] });
export const signed = async (change: Partial<SharesDraft> = {}): Promise<Computation> =>
  signedContract(world, await draft(change), { recipient: bank.login, owners: [bank.login, shop.login] });
export const both = (one: Pick<Computation, 'id'>, change: Partial<PartAsked> = {}) =>
  Promise.all([
    playPart(asked(bank, one, { take: change.use === undefined, ...change })),
    playPart(asked(shop, one, change)),
  ]);
export const state = async ({ client, folder }: Side, one: Computation, use: string, change: object = {}) => {
  const owner = one.shares!.parts.find(({ channelKey }) => channelKey === folder.channelKey)!.owner;
  const { text, signature } = await signPart(
    {
      ...{ form: 'shugu/computation-part/1', contract: one.id, digest: one.digest, use, owner, outcome: 'untouched' },
      ...{ commitment: null, peerCommitment: null, rows: null, result: null, resultRows: null },
      ...change,
    },
    folder.signer,
  );
  return refusal(client.call(wire.statePart, { params: { id: use }, body: { statement: text, signature } }));
};
export const come = ({ client }: Side, use: string, address: string | null = null) =>
  client.call(wire.comeToUse, { params: { id: use }, body: { address } });
export const evidenceOf = (use: string, who = shop.client) =>
  who.raw(wire.getComputationEvidence, { params: { id: use } });

/** For a file of tests: an exchange, a bank and a retailer beside their data. */
export const openBeside = async (): Promise<void> => {
  place = mkdtempSync(join(tmpdir(), 'shugu-parts-'));
  bankFile = file('bank.csv', 'id,amount\n1,10.50\n2,-3\n3,4\n4,100.25\n5,7\n6,1\n7,2\n8,50\n');
  const cities = '5,south\n1,north\n9,north\n2,south\n3,north\n6,north\n7,south\n8,west\n';
  shopFile = file('shop.csv', `id,city\n${cities}`);
  world = await testExchange();
  const side = async (login: string, input: string): Promise<Side> => ({
    ...{ login, client: await world.as(login), input },
    folder: await openFolder(join(place, login)),
  });
  bank = await side('mapping.trader', bankFile);
  shop = await side('xingsha.trader', shopFile);
  stranger = await world.as('citylogistics.trader');
};
export const closeBeside = async (): Promise<void> => {
  await world?.end();
  rmSync(place, { recursive: true, force: true });
};
