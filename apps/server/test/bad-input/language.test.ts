/** A refusal speaks the reader's language, to the last field. */
import { createResource } from '@shugu/wire/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { divisionsResource } from '../../../cli/src/trade/goods.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';

let exchange: TestExchange;
beforeAll(async () => {
  exchange = await testExchange();
}, 120_000);
afterAll(() => exchange?.end());

const han = /\p{Script=Han}/u;
interface Told {
  code: string;
  detail: string;
  errors?: { field: string; code: string; message: string }[];
}

const ask = async (login: string, language: string, path: string, body?: unknown): Promise<Told> => {
  const answer = await fetch(`${exchange.url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: {
      authorization: `Bearer ${await exchange.token(login)}`,
      'x-shugu-language': language,
      ...(body ? { 'content-type': 'application/json', 'idempotency-key': `language-${language}-${path}` } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return (await answer.json()) as Told;
};
const bothWays = async (login: string, path: string, body?: unknown) =>
  [await ask(login, 'zh', path, body), await ask(login, 'en', path, body)] as const;

test('a lacking permission is told by what it is for, not by its code', async () => {
  const [zh, en] = await bothWays('xingsha.trader', '/api/supervision/overview');
  expect([zh.code, en.code]).toEqual(['kernel.notPermitted', 'kernel.notPermitted']);
  expect([zh.detail, en.detail]).toEqual(['监管驾驶舱', 'The market at a glance']);
});

test('text that cannot be stored', async () => {
  const [zh, en] = await bothWays('regulator.officer', '/api/supervision/tasks', {
    title: 'a\u0000b',
    dueOn: '2026-08-01',
    owner: 'x',
  });
  expect(zh.errors?.[0]).toMatchObject({ field: 'body.title', message: '含空字符或不完整的字符' });
  expect(en.errors?.[0]).toMatchObject({ field: 'body.title', message: 'null character or half a surrogate pair' });
});

test('a form that a procedure asks for', async () => {
  const steward = await exchange.as('xingsha.steward');
  const { id } = await steward.call(createResource, { body: (await divisionsResource()).fields });
  const body = {
    subject: id,
    procedure: 'registration.first',
    handler: exchange.seeded.organisations.registrar,
    title: '登记',
    data: { rows: 'many', timeFrom: 'soon', structure: 'liquid', surprise: 1 },
  };
  const [zh, en] = await bothWays('xingsha.steward', '/api/cases', body);
  expect(zh.errors?.length).toBeGreaterThanOrEqual(4);
  expect(en.errors?.map((one) => one.field)).toEqual(zh.errors?.map((one) => one.field));
  expect(zh.errors?.filter((one) => !han.test(one.message))).toEqual([]);
  expect(en.errors?.filter((one) => han.test(one.message))).toEqual([]);
});
