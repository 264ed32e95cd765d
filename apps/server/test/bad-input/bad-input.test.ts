/** Every route with a form, and every small way in which the form can be wrong, made from its own schema. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AnyEndpoint } from '@shugu/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bodyBytesDefault } from '../../src/kernel/http/server.ts';
import { newSecret } from '../../src/kernel/ids.ts';
import { allProblems } from '../../src/kernel/problem.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { type Answer, eachOf, type Probe, send } from '../support/http.ts';
import { aGateway, holds, knockers, mergeTables } from '../support/people.ts';
import { faultsOf, prefixOf, randomId, type Schema, sampleOf, schemaOf } from '../support/samples.ts';
import { changesBetween, countRows, tablesOf } from './rows.ts';

let world: TestExchange;
let endpoints: AnyEndpoint[];
let codes: Set<string>;

beforeAll(async () => {
  world = await testExchange();
  endpoints = world.exchange.endpoints;
  codes = new Set(allProblems().map(([code]) => code));
  await world.token(aGateway.login);
  await world.settle();
});
afterAll(() => world?.end());

/** Somebody of the cast who may; nobody for public doors. */
const asWhom = async (endpoint: AnyEndpoint): Promise<string | undefined> => {
  if (endpoint.permission === 'public') return undefined;
  if (endpoint.permission === 'signedIn') return world.token('xingsha.trader');
  const table = mergeTables(world.exchange.permissions);
  const someone = knockers(world.cast).find((one) => holds(table, one, endpoint.permission));
  return someone && world.token(someone.login);
};

const remembered = new Map<unknown, unknown>();
// Drawing texts from patterns takes its time; the endpoints stay the same.
const once = <T>(key: unknown, make: () => T): T => {
  if (!remembered.has(key)) remembered.set(key, make());
  return remembered.get(key) as T;
};

const paramsOf = (endpoint: AnyEndpoint) =>
  endpoint.params
    ? once(endpoint.params, () => sampleOf(schemaOf(endpoint.params)) as Record<string, unknown>)
    : undefined;
const bodyOf = (endpoint: AnyEndpoint) =>
  endpoint.body ? once(endpoint.body, () => sampleOf(schemaOf(endpoint.body))) : undefined;
const withForm = () => endpoints.filter((one) => one.body);

/** What is wrong with a refusal; undefined when it is a problem of the catalogue with the expected code. */
const wrongRefusal = (answer: Answer, status: number, code: string): string | undefined => {
  const { problem } = answer;
  if (!problem) return `${answer.status} ${answer.mediaType}: ${answer.text.slice(0, 120)}`;
  if (!codes.has(problem.code)) return `${problem.code} is not in the catalogue`;
  if (problem.status !== answer.status) return `says ${problem.status}, is ${answer.status}`;
  return answer.status === status && problem.code === code
    ? undefined
    : `${answer.status} ${problem.code} (${problem.detail})`;
};

// What earlier tests set going (a deposit on its way from the bank) must have arrived before rows are counted.
const restingRows = async (pool: Parameters<typeof countRows>[0], tables: Parameters<typeof countRows>[1]) => {
  for (let before = await countRows(pool, tables); ; ) {
    await world.settle();
    await new Promise((done) => setTimeout(done, 400));
    const after = await countRows(pool, tables);
    if (changesBetween(before, after).length === 0) return after;
    before = after;
  }
};

const unchanged = async (work: () => Promise<void>): Promise<void> => {
  const { pool } = world.exchange.kernel.database;
  const tables = await tablesOf(pool);
  const before = await restingRows(pool, tables);
  await work();
  expect(changesBetween(before, await countRows(pool, tables))).toEqual([]);
};

/** Asks every endpoint in one way; collects what was answered wrongly. */
const ask = async (
  chosen: readonly AnyEndpoint[],
  probeOf: (endpoint: AnyEndpoint) => Probe,
  status: number,
  code: string,
): Promise<string[]> => {
  const wrong: string[] = [];
  await eachOf(chosen, async (endpoint) => {
    const answer = await send(world.url, endpoint, { ...probeOf(endpoint), token: await asWhom(endpoint) });
    const found = wrongRefusal(answer, status, code);
    if (found) wrong.push(`${endpoint.id}: ${found}`);
  });
  return wrong.sort();
};

describe('bad input', { timeout: 240_000 }, () => {
  test('every fault of a form is refused with the field at fault, and leaves nothing behind', async () => {
    let asked = 0;
    const wrong: string[] = [];
    const tryFaults = async (endpoint: AnyEndpoint, place: 'body' | 'query') => {
      const token = await asWhom(endpoint);
      for (const fault of faultsOf(endpoint[place])) {
        const value = place === 'query' ? asQuery(fault.value) : fault.value;
        // A query is text: what was wrong as a number may be right as its digits.
        if (endpoint[place].safeParse(value).success) continue;
        const probe = { token, params: paramsOf(endpoint), [place]: value };
        const answer = await send(world.url, endpoint, probe);
        asked++;
        const fields = answer.problem?.errors?.map((one) => one.field) ?? [];
        // A fault deep in a choice is told at the choice, so the field named is the fault's place or above it.
        const at = [place, ...fault.path].join('.');
        const named = fields.some((field) => at === field || at.startsWith(`${field}.`) || field.startsWith(at));
        const found =
          wrongRefusal(answer, 400, 'kernel.invalid') ??
          (named ? undefined : `names ${fields.join(', ') || 'no field'}, not ${at}`);
        if (found) wrong.push(`${endpoint.id}: ${fault.name}: ${found}`);
      }
    };
    await unchanged(() =>
      eachOf(endpoints, async (endpoint) => {
        if (endpoint.body) await tryFaults(endpoint, 'body');
        if (endpoint.query) await tryFaults(endpoint, 'query');
      }),
    );
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(500);
  });

  test('text that is no JSON', () =>
    unchanged(async () => {
      const wrong = await ask(
        withForm(),
        (one) => ({ params: paramsOf(one), text: '{"a": ' }),
        400,
        'kernel.malformed',
      );
      expect(wrong).toEqual([]);
    }));

  test('a media type that is not ours', () =>
    unchanged(async () => {
      const headers = { 'content-type': 'application/xml' };
      const wrong = await ask(
        withForm(),
        (one) => ({ params: paramsOf(one), text: '<a/>', headers }),
        415,
        'kernel.mediaType',
      );
      expect(wrong).toEqual([]);
    }));

  test('a body beyond the limit', () =>
    unchanged(async () => {
      const text = (one: AnyEndpoint) => JSON.stringify('x'.repeat(one.bodyBytesMax ?? bodyBytesDefault));
      const wrong = await ask(
        withForm(),
        (one) => ({ params: paramsOf(one), text: text(one) }),
        413,
        'kernel.tooLarge',
      );
      expect(wrong).toEqual([]);
    }));

  test('a POST without its key, or with one of no use', () =>
    unchanged(async () => {
      const posts = endpoints.filter((one) => one.method === 'POST');
      for (const key of [undefined, 'short', 'x'.repeat(201)]) {
        const probeOf = (one: AnyEndpoint) => ({
          params: paramsOf(one),
          query: one.query ? (sampleOf(schemaOf(one.query)) as Record<string, unknown>) : undefined,
          body: bodyOf(one),
          headers: { 'idempotency-key': key },
        });
        const fitting = posts.filter((one) => !one.body || one.body.safeParse(bodyOf(one)).success);
        expect(await ask(fitting, probeOf, 400, 'kernel.keyMissing')).toEqual([]);
      }
    }));

  test('a malformed identifier looks like one of nobody', () =>
    unchanged(async () => {
      const named = endpoints.filter((one) => one.params);
      const bent = (one: AnyEndpoint) =>
        Object.fromEntries(Object.keys(paramsOf(one)!).map((key) => [key, '%00\u0001∅']));
      const refused = named.filter((one) => !one.params.safeParse(bent(one)).success);
      expect(await ask(refused, (one) => ({ params: bent(one), body: bodyOf(one) }), 404, 'kernel.unknown')).toEqual(
        [],
      );
      const free = named.filter((one) => !refused.includes(one)).map((one) => one.id);
      expect(free).toEqual([]);
    }));

  test('a key that belongs to another request is refused before anything is done', () =>
    unchanged(async () => {
      const keyed = endpoints.filter((one) => one.method === 'POST' && !one.repeatable && !one.rawBody);
      const wrong: string[] = [];
      const { pool } = world.exchange.kernel.database;
      await eachOf(keyed, async (endpoint) => {
        const body = bodyOf(endpoint);
        if (endpoint.body && !endpoint.body.safeParse(body).success) return;
        const token = await asWhom(endpoint);
        const who = await actorBehind(token);
        const key = newSecret();
        await pool.query(
          `insert into idempotency (participant, actor, key, endpoint, request_digest, status, at) values ($1, $2, $3, 'x', 'another', 200, now())`,
          [who.participant, who.actor, key],
        );
        const answer = await send(world.url, endpoint, {
          token,
          params: paramsOf(endpoint),
          body,
          headers: { 'idempotency-key': key },
        });
        const found = wrongRefusal(answer, 409, 'kernel.keyReused');
        if (found) wrong.push(`${endpoint.id}: ${found}`);
      });
      expect(wrong.sort()).toEqual([]);
    }));

  // Characters that parse as JSON and that no database column of ours can hold, or that no text of ours means.
  test.each([
    ['a null character', 'a\u0000b'],
    ['half a surrogate pair', 'a\ud800b'],
  ])('%s in any text', async (_name, text) => {
    const wrong: string[] = [];
    await eachOf(endpoints, async (endpoint) => {
      const token = await asWhom(endpoint);
      for (const place of ['body', 'query'] as const) {
        if (!endpoint[place]) continue;
        const value = withTexts(sampleOf(filled(schemaOf(endpoint[place]))), text);
        const answer = await send(world.url, endpoint, { token, params: paramsOf(endpoint), [place]: value });
        if (answer.status >= 500) wrong.push(`${endpoint.id} ${place}: ${answer.status} ${answer.problem?.code}`);
      }
    });
    expect(wrong.sort()).toEqual([]);
  });

  test('a body nested beyond any use', () =>
    unchanged(async () => {
      const deep = (brackets: number) => `{"a":${'['.repeat(brackets)}${']'.repeat(brackets)}}`;
      const wrong: string[] = [];
      for (const brackets of [200, 10_000]) {
        await eachOf(withForm(), async (endpoint) => {
          const token = await asWhom(endpoint);
          const answer = await send(world.url, endpoint, { token, params: paramsOf(endpoint), text: deep(brackets) });
          const found = wrongRefusal(answer, 400, 'kernel.invalid');
          if (found) wrong.push(`${endpoint.id}: ${found}`);
        });
      }
      expect(wrong.sort()).toEqual([]);
    }));

  test('a well-formed request about things of nobody is refused by name, never by a defect', async () => {
    const wrong: string[] = [];
    await eachOf(endpoints, async (endpoint) => {
      if (endpoint.method === 'DELETE' && !endpoint.params) return;
      const token = await asWhom(endpoint);
      const bodies = endpoint.body ? [bodyOf(endpoint), sampleOf(filled(schemaOf(endpoint.body)))] : [undefined];
      const query = endpoint.query
        ? (sampleOf(filled(schemaOf(endpoint.query))) as Record<string, unknown>)
        : undefined;
      for (const body of bodies) {
        const answer = await send(world.url, endpoint, { token, params: paramsOf(endpoint), query, body });
        if (answer.status >= 500) wrong.push(`${endpoint.id}: ${answer.status} ${answer.problem?.code}`);
        else if (answer.status >= 400 && !codes.has(answer.problem?.code ?? ''))
          wrong.push(`${endpoint.id}: ${answer.text.slice(0, 100)}`);
      }
    });
    expect(wrong.sort()).toEqual([]);
  });

  test('the same key with the same body answers the same, and does nothing twice', async () => {
    const { pool } = world.exchange.kernel.database;
    const tables = await tablesOf(pool);
    const wrong: string[] = [];
    let done = 0;
    const keyed = endpoints.filter((one) => one.method === 'POST' && !one.repeatable && !one.rawBody);
    for (const endpoint of keyed) {
      const body = bodyOf(endpoint);
      if (endpoint.body && !endpoint.body.safeParse(body).success) continue;
      const probe = {
        token: await asWhom(endpoint),
        params: paramsOf(endpoint),
        body,
        headers: { 'idempotency-key': newSecret() },
      };
      const first = await send(world.url, endpoint, probe);
      if (first.status >= 300) continue;
      done++;
      await world.settle();
      const before = await countRows(pool, tables);
      const second = await send(world.url, endpoint, probe);
      const same = endpoint.secretReply
        ? second.problem?.code === 'kernel.alreadyDone'
        : second.status === first.status && isDeepStrictEqual(JSON.parse(second.text), JSON.parse(first.text));
      if (!same)
        wrong.push(
          `${endpoint.id}: ${first.status} ${first.text.slice(0, 100)}, then ${second.status} ${second.text.slice(0, 100)}`,
        );
      const changes = changesBetween(before, await countRows(pool, tables));
      if (changes.length) wrong.push(`${endpoint.id}: ${changes.join(', ')}`);
    }
    expect(wrong).toEqual([]);
    expect(done).toBeGreaterThan(3);
  });

  test('an address of nobody', async () => {
    const response = await fetch(`${world.url}/api/no-such-thing`);
    expect(response.status).toBe(404);
    expect(((await response.json()) as { code: string }).code).toBe('kernel.unknown');
  });
});

const asQuery = (value: unknown): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(Object(value) as object).flatMap(([key, one]) =>
      one === undefined || one === '' ? [] : [[key, Array.isArray(one) ? one.map(String) : String(one)]],
    ),
  );

/** The same schema with every optional field required, so that a sample has them all. */
const filled = (schema: Schema): Schema => {
  if (!schema.properties) return schema;
  const properties = Object.fromEntries(Object.entries(schema.properties).map(([key, one]) => [key, filled(one)]));
  return { ...schema, properties, required: Object.keys(properties) };
};

// Identifiers, times and choices keep their shape: a fault there is refused by the schema and has been tested above.
const shaped = (value: string): boolean => /^[a-z]+_[0-9a-z]{26}$|^\d{4}-\d\d-\d\d|^\d+$|:|@/.test(value);

const withTexts = (value: unknown, text: string): unknown => {
  if (typeof value === 'string') return shaped(value) ? value : text;
  if (Array.isArray(value)) return value.map((one) => withTexts(one, text));
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withTexts(one, text)]));
  return value;
};

const actorBehind = async (token: string | undefined): Promise<{ actor: string; participant: string }> => {
  if (!token) return { actor: '', participant: '' };
  const { rows } = await world.exchange.kernel.database.pool.query<{ actor: string; participant: string }>(
    'select person as actor, participant from sessions where token_hash = $1',
    [createHash('sha256').update(token).digest()],
  );
  return rows[0]!;
};

test('samples know an identifier when they see one', () => {
  expect(prefixOf({ pattern: '^org_[0-9a-z]{26}$' })).toBe('org');
  expect(randomId('org')).toMatch(/^org_[0-9a-z]{26}$/);
});
