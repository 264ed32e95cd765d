/** Personal data in the database: sealed while it is kept, gone once its key is, in clear only where law says so. */
import { makeClient, ProblemError } from '@shugu/wire';
import { cases as casesWire } from '@shugu/wire/cases';
import * as marketWire from '@shugu/wire/market-more';
import * as membersWire from '@shugu/wire/members';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach, look, move } from '../../../cli/src/scenario/cases.ts';
import { inCast } from '../../../cli/src/scenario/cast.ts';
import { passNotice, reviewRegistration } from '../../../cli/src/scenario/registration.ts';
import { bringResource } from '../../../cli/src/scenario/resource.ts';
import { newSecret } from '../../src/kernel/ids.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { send } from '../support/http.ts';
import { placesOf } from './scan.ts';

/** Nobody else of the cast has any of these. */
const secret = {
  number: '99000019870605401X',
  phone: '13977700231',
  address: '澄溪镇九曲巷七百零三号',
  contact: '宗砚秋',
  accountPhone: '13977700459',
  email: 'yuehe.qiu@sample-mail.example',
  complainant: '座机 0731-77700688',
} as const;
const named = { name: '邱月鹤', login: 'yuehe.qiu-7731' } as const;
const password = '一段足够长而且没有人用过的口令 7731';

let world: TestExchange;
let person = '';
let filed = '';
let complaint = '';
let resourceName = '';
let apiKey = '';
let session = '';

const pool = () => world.exchange.kernel.database.pool;
const scan = (values: Record<string, string> = secret) => placesOf(pool(), values);
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error) => (error instanceof ProblemError ? error.problem.code : Promise.reject(error)),
  );

const join = async () => {
  const administrator = await world.as('xingsha.admin');
  const made = await administrator.call(membersWire.createPerson, {
    body: {
      login: named.login,
      displayName: named.name,
      phone: secret.accountPhone,
      email: secret.email,
      seats: ['steward', 'developer'],
    },
  });
  person = made.person;
  const redeemed = await world.anyone.call(membersWire.redeemInvitation, {
    body: { code: made.invitation.code, password },
  });
  session = redeemed.token;
  const client = makeClient({ url: world.url, token: session, newKey: newSecret });
  const key = await client.call(membersWire.createKey, {
    body: { name: '接口', permissions: ['catalogue.product.read'], expiresInDays: 300, addresses: [] },
  });
  apiKey = key.key;
  return client;
};

const formOf = (data: Record<string, unknown>) => {
  const agent = inCast(world.cast, 'xingsha');
  const organisation = {
    name: agent.name,
    kind: 'legal',
    number: agent.creditCode,
    contact: agent.people[0]!.displayName,
    phone: agent.people[0]!.phone,
    address: '湖南省长沙市（样例地址）',
  };
  const natural = {
    name: named.name,
    kind: 'natural',
    number: secret.number,
    contact: secret.contact,
    phone: secret.phone,
    address: secret.address,
  };
  return {
    ...data,
    applicants: [organisation, natural],
    agent: agent.name,
    objectKind: 'resource',
    regionName: '全国',
    dataForm: ['table'],
    rights: [
      { holder: agent.name, code: agent.creditCode, right: 'use', limits: '无', proof: '协议' },
      // By name alone: it belongs to the applicant of that name all the same.
      { holder: named.name, right: 'hold', limits: '无', proof: '本人合法取得' },
    ],
  };
};

const fields = {
  name: '自然人持有的观测记录',
  summary: '一份样例',
  industry: 'I65',
  source: 'collected',
  regionScope: 'national',
  region: null,
  timeFrom: '2023-01-01',
  timeUntil: null,
  updateFrequency: 'year',
  forms: ['table'],
  structure: 'structured',
  limits: '无',
  personal: false,
  personCount: null,
  purpose: '样例',
  licence: '',
  synthetic: true,
} as const;

beforeAll(async () => {
  world = await testExchange();
  const client = await join();
  const resource = await bringResource(world.stage, 'xingsha.steward', fields as never, {
    name: 'a.csv',
    bytes: Buffer.from('code,value\n1,2\n3,4\n'),
  });
  resourceName = resource.name;
  const data = formOf({
    dataName: resource.name,
    dataSummary: resource.summary,
    industry: resource.industry,
    dataSource: resource.source,
    regionScope: resource.regionScope,
    timeFrom: resource.timeFrom,
    updateFrequency: resource.updateFrequency,
    structure: resource.structure,
    limits: resource.limits,
  });
  const body = {
    procedure: 'registration.first',
    handler: await world.stage.organisation('registrar'),
    subject: resource.id,
    title: '数据产权登记：样例',
    data,
  };
  // A retry answers the same bytes, although the answer kept for it is sealed.
  const twice = { token: session, body, headers: { 'idempotency-key': newSecret() } };
  const first = await send(world.url, casesWire.file, twice);
  expect(first.status, first.text).toBe(201);
  expect(first.text).toContain(secret.number);
  expect((await send(world.url, casesWire.file, twice)).text).toBe(first.text);
  filed = (JSON.parse(first.text) as { id: string }).id;
  for (const kind of ['identity', 'sourceProof', 'sample']) await attach(client, filed, kind, `${kind}.pdf`, ['样张']);
  await move(client, filed, 'submit');
  const clerk = await world.as('registrar.clerk');
  await move(clerk, filed, 'requestCorrection', { gaps: ['请核对'], workingDays: 3 });
  await client.call(casesWire.move, {
    params: { case: filed },
    body: { move: 'resubmit', input: {}, form: data as never },
  });
  const told = await world.anyone.call(marketWire.createComplaint, {
    body: { kind: 'complaint', about: '服务', facts: `请回电 ${secret.complainant}`, contact: secret.complainant },
  });
  complaint = told.case;
  await reviewRegistration(world.stage, filed);
}, 120_000);
afterAll(() => world?.end());

test('whoever sees the whole case reads it, a stranger reads the name in the public notice and no more', async () => {
  const clerk = await world.as('registrar.clerk');
  const text = JSON.stringify(await look(clerk, filed));
  expect(['number', 'phone', 'address', 'contact'].filter((one) => !text.includes(secret[one as 'phone']))).toEqual([]);
  const notice = await world.anyone.call(casesWire.publicNotice, { params: { case: filed } });
  expect(JSON.stringify(notice)).toContain(named.name);
  expect(Object.values(secret).filter((one) => JSON.stringify(notice).includes(one))).toEqual([]);
  const operator = await world.as('operator.reviewer');
  expect(JSON.stringify(await look(operator, complaint))).toContain(secret.complainant);
});

test('the scan finds what is planted, in a text, in JSON, in bytes, in a list and in disguise', async () => {
  const client = await pool().connect();
  try {
    await client.query(
      `create table planted (text text, json jsonb, bytes bytea, list text[], coded text, digest text)`,
    );
    await client.query(
      `insert into planted values ($1, jsonb_build_object('deep', jsonb_build_array($2::text)), convert_to('x' || $1, 'UTF8'), array['a', $2],
        encode(convert_to('ab' || $2, 'UTF8'), 'base64'), encode(sha256(convert_to($1, 'UTF8')), 'hex'))`,
      [`说明${secret.number}。`, secret.address],
    );
    await client.query(`update planted set digest = encode(sha256(convert_to($1, 'UTF8')), 'hex')`, [secret.number]);
    expect((await scan()).filter((one) => one.startsWith('planted.'))).toEqual([
      'planted.bytes: number',
      'planted.coded: address',
      'planted.digest: number',
      'planted.json: address',
      'planted.list: address',
      'planted.text: number',
    ]);
  } finally {
    await client.query('drop table if exists planted');
    client.release();
  }
});

test('before erasure nothing of it lies anywhere in clear', async () => {
  await passNotice(world.stage, 'xingsha.steward', filed, resourceName);
  await world.settle();
  expect((await look(await world.as('registrar.clerk'), filed)).state).toBe('certified');
  expect(await scan()).toEqual([]);
});

/** docs/decisions/0008: who holds a registered right is public by rule and kept for at least twenty years. */
const lawful = [
  'cases.public_data',
  'certificates.holders',
  'national_dispatches.payload',
  'national_simulator.payload',
  'papers.document',
  'papers.layout',
  'registered_rights.holder_name',
];

test('erasing an account leaves its name only where law keeps it, and no way in', async () => {
  const administrator = await world.as('xingsha.admin');
  await administrator.call(membersWire.disablePerson, { params: { id: person }, body: {} });
  await administrator.call(membersWire.erasePerson, { params: { id: person }, body: {} });
  expect(await scan()).toEqual([]);
  expect(await scan(named)).toEqual(lawful.map((place) => `${place}: name`));
  const again = await codeOf(administrator.call(membersWire.enablePerson, { params: { id: person }, body: {} }));
  expect(again).toBe('members.standingSame');
  const { login } = (await administrator.call(membersWire.listPeople, {})).items.find((one) => one.id === person)!;
  for (const typed of [named.login, login])
    expect(await codeOf(world.anyone.call(membersWire.signIn, { body: { login: typed, password } }))).toBe(
      'members.signInFailed',
    );
  for (const token of [session, apiKey])
    expect(await codeOf(makeClient({ url: world.url, token, newKey: newSecret }).call(membersWire.readMe, {}))).toBe(
      'kernel.notSignedIn',
    );
  const { items } = await (await world.as('registrar.clerk')).call(casesWire.timeline, { params: { case: filed } });
  const own = items.filter((one) => one.by === 'applicant');
  expect(own.map((one) => one.person)).toEqual(['—', '—']);
});

test('the registrar erases a person of a case, not before its file may go, and nobody else with them', async () => {
  const erase = async (login: string, id: string, number?: string) =>
    codeOf((await world.as(login)).call(casesWire.erase, { params: { case: id }, body: number ? { number } : {} }));
  expect(await erase('registrar.reviewer', filed, secret.number)).toBe('cases.retained');
  expect(await erase('registrar.reviewer', filed, '990000200001010000')).toBe('kernel.invalid');
  expect(await erase('operator.approver', filed, secret.number)).toBe('kernel.unknown');
  expect(await erase('registrar.clerk', filed, secret.number)).toBe('kernel.unknown');
  await world.stage.moveClock(new Date('2047-01-01T00:00:00Z'));
  await world.settle();
  expect(await erase('registrar.reviewer', filed, secret.number)).toBe('done');
  const seen = (await look(await world.as('registrar.clerk'), filed)).data as {
    applicants: Record<string, unknown>[];
    rights: Record<string, unknown>[];
  };
  const gone = { erased: true };
  expect(seen.applicants[1]).toEqual({
    kind: 'natural',
    name: gone,
    number: gone,
    contact: gone,
    phone: gone,
    address: gone,
  });
  expect(seen.rights[1]).toMatchObject({ holder: gone, right: 'hold' });
  const agent = inCast(world.cast, 'xingsha');
  expect(seen.applicants[0]).toMatchObject({ name: agent.name, number: agent.creditCode });
  expect(seen.rights[0]).toMatchObject({ holder: agent.name });
  // Answers kept for retries ended long ago; a late retry is told that it was done.
  const keys = await pool().query(
    `select subject from subject_keys where subject like 'replies:%' and sealed_key is not null and subject < 'replies:2046-12-01'`,
  );
  expect(keys.rows).toEqual([]);
});
