/** A buyer of another node reads its statements and papers at its supplier's connector: by its token, and nobody else's. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as recordsWire from '@shugu/wire/federation-records';
import * as membersWire from '@shugu/wire/members';
import { expect } from 'vitest';
import { command } from '../../../cli/src/command.ts';
import { saidBy } from '../../../cli/src/testing.ts';
import { readCast } from '../../src/members/testing.ts';
import { call } from './counterpart.ts';
import { type Connected, connect, type Node, tokenOf } from './nodes.ts';

interface World {
  here: Node;
  there: Node;
  supplier: Connected;
  buyer: Connected;
  /** Of the buyer's node, known here, with no part in the trade. */
  stranger: Connected;
  /** The buyer's, whose contract was paid and has ended. */
  negotiation: string;
}

/** Named by the word of its exchange, which is said with it: a member here, which is somebody else, goes by the same name. */
export const isNamed = async (
  { here, there, buyer }: Pick<World, 'here' | 'there' | 'buyer'>,
  party: { participant: string },
  ordered: string,
) => {
  const { name, creditCode } = (await readCast()).organisations.find(({ key }) => key === 'citylogistics')!;
  const issuer = there.did;
  expect(party).toMatchObject({ name, creditCode, dataspaceId: buyer.name, attestedBy: { issuer, name: issuer } });
  expect(ordered).toBe(`${name} (${buyer.name})`);
  const reviewer = await here.exchange.as('operator.reviewer');
  const admitted = await reviewer.call(membersWire.readAdmission, { params: { id: party.participant } });
  expect(admitted).toMatchObject({
    ...{ name: buyer.name, creditCode: '', dataspaceId: buyer.name },
    attested: { name, creditCode, issuer, issuerName: '' },
    roles: [{ role: 'demander', status: 'active' }],
  });
};

interface Page {
  items: Record<string, unknown>[];
  next: string | null;
}

/** Another supplier of the seller's node, of which nobody bought anything. */
const other = 'citylogistics';

export const readsItsRecords = async ({ here, there, supplier, buyer, stranger, negotiation }: World) => {
  const base = `${supplier.address}/records`;
  const by = async (path: string, from = buyer, to: Pick<Connected, 'name'> = supplier, at = base) =>
    call(`${at}${path}`, undefined, await tokenOf(there, from, to));
  await here.exchange.settle();

  // As any connector asks that has nothing but its DID and the protocol's address.
  const listed = (await by('/statements')).body as unknown as Page;
  const [found] = listed.items.filter(({ total }) => total === '20');
  expect([listed.next, found]).toMatchObject([null, { state: 'settled', supplier: { id: supplier.participant } }]);
  const one = (await by(`/statements/${found!.id}`)).body as unknown as { lines: object[]; papers: { id: string }[] };
  expect(one.lines).toMatchObject([{ quantity: '2', amount: '20' }]);
  expect(one.papers).toHaveLength(1);
  const paper = one.papers[0]!.id;
  const papers = (await by('/papers')).body as unknown as Page;
  expect(papers.items.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['contract', 'statement', 'tradeConfirmation']),
  );
  const ready = () => by('/papers').then(({ body }) => (body as unknown as Page).items.every((each) => each.ready));
  await expect.poll(ready, { timeout: 60_000 }).toBe(true);
  const bundle = (await by(`/papers/${paper}/bundle`)).body;
  expect(JSON.stringify(bundle)).toContain(found!.number);

  // Its own node reads for whoever works there.
  const params = { id: negotiation };
  const told = await buyer.client.call(recordsWire.listForeignStatements, { params, query: {} });
  expect(told.items.map(({ id }) => id)).toContain(found!.id);
  const detail = { ...params, statement: String(found!.id) };
  expect(await buyer.client.call(recordsWire.readForeignStatement, { params: detail })).toMatchObject({
    total: '20',
    papers: [{ id: paper, kind: 'statement' }],
  });
  const kept = await buyer.client.call(recordsWire.listForeignPapers, { params, query: {} });
  expect(kept.items.map(({ id }) => id)).toContain(paper);
  const file = { params: { ...params, paper } };
  expect(await (await buyer.client.raw(recordsWire.foreignPaperPdf, file)).text()).toMatch(/^%PDF/);
  await fromTerminal(there, negotiation, String(found!.number));
  await nobodyElse({ here, there, supplier, buyer, stranger, negotiation }, [
    `/statements/${found!.id}`,
    ...['pdf', 'bundle', 'promise'].map((part) => `/papers/${paper}/${part}`),
  ]);
};

/** `shugu papers`, as the buyer, and as somebody else of that node; what is kept holds by the seller's log and seals. */
const fromTerminal = async ({ exchange }: Node, negotiation: string, number: string) => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-papers-'));
  try {
    const by = async (login: string, ...more: string[]) => {
      const key = await exchange.token(login);
      return saidBy(() => command(['papers', negotiation, '--url', exchange.url, '--key', key, ...more], 'en'));
    };
    const { out, status } = await by('citylogistics.trader', '--out', folder, '--json');
    const told = JSON.parse(out) as { files: number; papers: unknown[] };
    expect([status, told.files]).toEqual([0, told.papers.length * 2]);
    const names = await readdir(folder);
    expect(names).toContain(`statement-${number}.bundle.json`);
    expect(await readFile(join(folder, `statement-${number}.pdf`), 'latin1')).toMatch(/^%PDF/);
    expect((await by('citylogistics.trader')).out).toContain(number);
    expect((await by('xingsha.trader')).status).toBe(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const nobodyElse = async ({ here, there, supplier, buyer, stranger, negotiation }: World, paths: string[]) => {
  const neighbour = await connect(here, other);
  const base = `${supplier.address}/records`;
  const absent = ['/statements/stm_01k9f3t6zq8m4x2v7b5n1c0d9e', '/papers/ppr_01k9f3t6zq8m4x2v7b5n1c0d9e/pdf'];
  // Somebody else's and nobody's, whoever asks; a supplier with whom the buyer has nothing; a part that there is not.
  for (const path of [...paths, ...absent]) {
    const unknown = { status: 404, body: { '@type': 'CatalogError', code: 'unknown' } };
    expect(await call(`${base}${path}`, undefined, await tokenOf(there, stranger, supplier))).toMatchObject(unknown);
    const asked = call(`${neighbour.address}/records${path}`, undefined, await tokenOf(there, buyer, neighbour));
    expect(await asked).toMatchObject(unknown);
    // Without a token, with one for another, with one that was used, with none that is one.
    const wrong = await tokenOf(there, buyer, neighbour);
    for (const token of [null, wrong, 'Bearer x.y.z'])
      expect(await call(`${base}${path}`, undefined, token)).toMatchObject({
        status: 401,
        body: { code: 'unauthorized' },
      });
  }
  const used = await tokenOf(there, buyer, supplier);
  expect((await call(`${base}/statements`, undefined, used)).status).toBe(200);
  expect((await call(`${base}/statements`, undefined, used)).status).toBe(401);
  expect(
    (await call(`${base}${paths[1]!.replace('pdf', 'salt')}`, undefined, await tokenOf(there, buyer, supplier))).status,
  ).toBe(404);
  expect(
    (await call(`${neighbour.address}/records/statements`, undefined, await tokenOf(there, buyer, neighbour))).body,
  ).toEqual({ items: [], next: null });
  const cursor = `${base}/papers?after=nonsense`;
  expect((await call(cursor, undefined, await tokenOf(there, buyer, supplier))).status).toBe(400);
  const foreign = stranger.client.call(recordsWire.listForeignPapers, { params: { id: negotiation }, query: {} });
  await expect(foreign).rejects.toMatchObject({ problem: { code: 'kernel.unknown' } });
};
