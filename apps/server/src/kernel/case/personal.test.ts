/** The seal on forms by itself: whose key a value lies under, what an erasure takes along, how rows of before come under it. */
import { fileURLToPath } from 'node:url';
import { type Field, isErased } from '@shugu/wire/cases';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase, sql } from '../db/db.ts';
import { migratedDatabase } from '../db/testing.ts';
import { systemActor } from '../http/principal.ts';
import { stopTestPostgres } from '../postgres/testing.ts';
import { loadRulePacks, makeRuleBook, parsePack } from '../rulepack/rulebook.ts';
import { makeSeal } from '../seal.ts';
import { openForm, sealForm, subjectsIn } from './personal.ts';
import { sealPlainForms } from './resealing.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const seal = makeSeal(Buffer.alloc(32, 9));
const text = (id: string, more: Partial<Field> = {}): Field => ({
  id,
  title: { zh: id, en: id },
  type: 'text',
  ...more,
});
const form: Field[] = [
  text('about'),
  text('phone', { personal: 'private' }),
  text('days', { type: 'list', personal: 'private' }),
  {
    ...text('people', { type: 'records', subject: 'number' }),
    fields: [text('name', { personal: 'notice' }), text('number', { personal: 'private' }), text('role')],
  },
  { ...text('shares', { type: 'records' }), fields: [text('holder', { personal: 'private' })] },
];
const data = {
  about: '说明',
  phone: '0731-1',
  days: ['a', 'b'],
  people: [
    { name: '甲', number: '99x', role: 'r' },
    { name: '乙', number: '88' },
  ],
  shares: [{ holder: '甲' }, { holder: '丙' }],
};

let database: Database;
beforeAll(async () => {
  const { connection } = await migratedDatabase();
  database = openDatabase({
    connection,
    tenancy: { node: 'n', market: 'm' },
    now: () => new Date('2026-07-01T00:00:00Z'),
  });
});
afterAll(async () => {
  await database.close();
  await stopTestPostgres();
});

const tx = <T>(run: Parameters<Database['tx']>[1]) => database.tx(systemActor('test'), run) as Promise<T>;
const sealed = (caseId: string) => tx<typeof data>((one) => sealForm(seal, one, form, data, caseId));

test('a person is one subject in every case; what names nobody belongs to its case', async () => {
  const stored = await sealed('cas_1');
  // What is sealed, and names of subjects, are any letters, those of a number among them.
  expect(JSON.stringify(stored).replace(/"(sealed|subject)":"[^"]*"/g, '')).not.toMatch(/0731-1|甲|乙|丙|99x|88"/);
  expect(stored).toMatchObject({ about: '说明', people: [{ role: 'r' }, {}] });
  expect(await openForm(seal, database, stored)).toEqual(data);
  const [first, second] = stored.people.map((one) => subjectsIn(one));
  expect(first).toHaveLength(1);
  expect(subjectsIn(stored.shares)).toEqual([first![0], 'cas_1']);
  expect(subjectsIn([stored.phone, stored.days])).toEqual(['cas_1']);
  expect(subjectsIn((await sealed('cas_2')).people)).toEqual([first![0], second![0]]);
  // The number is compared as people write it.
  expect(await seal.findSubject(database, ' 99X ')).toBe(first![0]);
});

test('an erased person is gone from every case, the others stay, and who returns begins anew', async () => {
  const stored = await sealed('cas_3');
  const before = (await seal.findSubject(database, '99x'))!;
  await tx((one) => seal.destroy(one, before, ''));
  const seen = (await openForm(seal, database, stored)) as typeof data;
  expect([seen.people[0]!.name, seen.people[0]!.number, seen.shares[0]!.holder].every(isErased)).toBe(true);
  expect(seen).toMatchObject({
    phone: '0731-1',
    people: [{ role: 'r' }, data.people[1]],
    shares: [{}, { holder: '丙' }],
  });
  const again = await sealed('cas_4');
  expect(await openForm(seal, database, again)).toEqual(data);
  expect(subjectsIn(again.people)).not.toContain(before);
  const { fingerprint } = await database.one<{ fingerprint: unknown }>(
    sql`select fingerprint from subject_keys where subject = ${before}`,
  );
  expect(fingerprint).toBeNull();
});

test('forms stored in clear come under the seal once', async () => {
  const book = await loadRulePacks(here('./testdata'));
  const plain = { item: '投影仪', phone: '0731-55' };
  await database.pool.query(
    `insert into cases (id, node, market, participant, procedure, pack, title, handler, state, turn, private, data, filed_at)
     values ('cas_old', 'n', 'm', 'org_a', 'depot.loan', 'depot@1.0.0', 't', 'org_k', 'asked', 'handler', false, $1, now())`,
    [JSON.stringify(plain)],
  );
  expect(await sealPlainForms(database, book, seal)).toBe(1);
  const { data: stored } = await database.one<{ data: Record<string, unknown> }>(
    sql`select data from cases where id = 'cas_old'`,
  );
  expect(JSON.stringify(stored)).not.toContain('0731-55');
  expect(await openForm(seal, database, stored)).toEqual(plain);
  expect(await sealPlainForms(database, book, seal)).toBe(0);
  // Marks that change are looked after; what is sealed already stays as it is.
  expect(await sealPlainForms(database, makeRuleBook([...book.packs, parsePack(other, 'other.json')]), seal)).toBe(0);
});

const pack = (procedure: Record<string, unknown>) => ({
  id: 'other',
  version: '1.0.0',
  title: { zh: '另', en: 'other' },
  validFrom: '2020-01-01',
  rules: [],
  procedures: [procedure],
});
const end = {
  title: { zh: '完', en: 'done' },
  phase: 'done',
  turn: 'nobody',
  next: { zh: '完', en: 'done' },
  end: true,
};
const procedureOf = (fields: Field[], over: { public?: string[]; input?: Field[] } = {}) => ({
  id: 'other.one',
  title: { zh: '事', en: 'thing' },
  handlerRole: 'operator',
  retentionClass: 'trade',
  form: fields,
  start: 'draft',
  states: { draft: { ...end, end: false, turn: 'applicant', private: true }, done: { ...end, public: over.public } },
  moves: [
    {
      id: 'hand',
      title: { zh: '交', en: 'hand in' },
      from: ['draft'],
      to: 'done',
      by: ['applicant'],
      input: over.input ?? [],
    },
  ],
});
const other = pack(procedureOf(form, { public: ['about', 'people.name'] }));

test.each([
  ['a private field is public', procedureOf(form, { public: ['phone'] }), /phone is personal/],
  ['whole records with private fields are public', procedureOf(form, { public: ['people'] }), /people is personal/],
  [
    'a private field of records is public',
    procedureOf(form, { public: ['people.number'] }),
    /people.number is personal/,
  ],
  [
    'the input of a step is personal',
    procedureOf(form, { input: [text('why', { personal: 'private' })] }),
    /input of a step/,
  ],
  [
    'records are told apart by a field that is not sealed',
    procedureOf([{ ...text('people', { type: 'records', subject: 'name' }), fields: [text('name')] }]),
    /subject name/,
  ],
  ['records are marked as a whole', procedureOf([{ ...form[3]!, personal: 'private' }]), /mark the fields/],
])('a pack is refused in which %s', (_name, procedure, message) => {
  expect(() => parsePack(pack(procedure), 'other.json')).toThrow(message);
});
