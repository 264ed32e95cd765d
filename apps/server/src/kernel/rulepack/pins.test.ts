/** What a case was filed under does not change beneath it. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../db/db.ts';
import { migratedDatabase } from '../db/testing.ts';
import { makeLog } from '../log.ts';
import { keepPins } from './pins.ts';
import { makeRuleBook, parsePack, type RuleBook } from './rulebook.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
interface Procedure {
  form: Record<string, unknown>[];
}
interface Pack {
  version: string;
  rules: { value: unknown }[];
}

let database: Database;
let text: string;
const bookOf = (...changes: ((pack: Pack) => void)[]): RuleBook =>
  makeRuleBook(
    changes.map((change) => {
      const pack = JSON.parse(text) as Pack;
      change(pack);
      return parsePack(pack, 'depot.json');
    }),
  );
const asShipped = bookOf.bind(undefined, () => {});
const figure = (value: number) => (pack: Pack) => {
  pack.rules.find((one) => typeof one.value === 'number')!.value = value;
};
const start = (book: RuleBook) => keepPins(database, book, makeLog('silent'));
const fileCase = (pin: string, ended: boolean) =>
  database.pool.query(
    `insert into cases (id, node, market, participant, procedure, pack, title, handler, state, turn, private, data, filed_at, ended_at)
     values ('cas_1', 'n', 'm', 'org_a', 'depot.loan', $1, 't', 'org_k', 's', 'nobody', false, '{}', now(), $2)`,
    [pin, ended ? new Date() : null],
  );
const kept = async () => (await database.pool.query('select pin, digest from rule_packs order by pin')).rows;

beforeAll(async () => {
  text = await readFile(here('../case/testdata/depot.json'), 'utf8');
  const fresh = await migratedDatabase();
  database = openDatabase({
    connection: fresh.connection,
    tenancy: { node: 'n', market: 'm' },
    now: () => new Date('2026-02-11T02:00:00Z'),
    clientsMax: 2,
  });
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.pool.query('delete from cases');
  await database.pool.query('delete from rule_packs');
});

describe('a pinned rule pack', () => {
  it('may gain marks of personal fields: they say how a value is kept, not what the law is', () => {
    const digest = (change: (procedure: Procedure) => void) =>
      bookOf((pack) => change((pack as unknown as { procedures: Procedure[] }).procedures[0]!)).packs[0]!.digest;
    const people = { id: 'people', title: { zh: '人', en: 'people' }, type: 'records' };
    const name = { id: 'name', title: { zh: '名', en: 'name' }, type: 'text' };
    const plain = digest(({ form }) => form.push({ ...people, fields: [name] }));
    const marked = { ...people, subject: 'name', fields: [{ ...name, personal: 'notice' }] };
    expect(digest(({ form }) => form.push(marked))).toBe(plain);
    expect(digest(({ form }) => form.push({ ...marked, required: true }))).not.toBe(plain);
    const without = digest(() => {});
    expect(digest((procedure) => Object.assign(procedure, { subject: 'required' }))).not.toBe(without);
  });

  it('is remembered by what it says, whatever its spaces and order', async () => {
    const book = asShipped();
    await start(book);
    const { pin, digest } = book.packs[0]!;
    expect(await kept()).toEqual([{ pin, digest }]);
    const turned = Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse());
    expect(parsePack(turned, 'depot.json').digest).toBe(digest);
    expect(bookOf(figure(99)).packs[0]!.digest).not.toBe(digest);
  });

  it.each([
    ['open', false],
    ['ended', true],
  ])('refuses the start when an %s case was filed under what it said', async (_, ended) => {
    const book = asShipped();
    await start(book);
    await fileCase(book.packs[0]!.pin, ended);
    await start(book);
    await expect(start(bookOf(figure(99)))).rejects.toMatchObject({
      code: 'rule_pack_changed',
      message: expect.stringContaining(book.packs[0]!.pin),
    });
    expect(await kept()).toEqual([{ pin: book.packs[0]!.pin, digest: book.packs[0]!.digest }]);
  });

  it('may change while no case pins it', async () => {
    await start(asShipped());
    const changed = bookOf(figure(99));
    await start(changed);
    await fileCase(changed.packs[0]!.pin, false);
    await start(changed);
    await expect(start(asShipped())).rejects.toMatchObject({ code: 'rule_pack_changed' });
  });

  it('a new version beside it is what a change is for', async () => {
    const book = asShipped();
    await start(book);
    await fileCase(book.packs[0]!.pin, false);
    await start(
      bookOf(
        () => {},
        (pack) => {
          pack.version = '9.0.0';
          figure(99)(pack);
        },
      ),
    );
    expect(await kept()).toHaveLength(2);
  });
});
