import type { Permission } from '@shugu/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { distinctPeople, holds, knockers, mergeTables } from '../support/people.ts';
import { type MatrixOptions, probeFor, runMatrix } from './matrix.ts';

let world: TestExchange;
let options: MatrixOptions;

beforeAll(async () => {
  world = await testExchange();
  const { endpoints, permissions } = world.exchange;
  options = {
    url: world.url,
    endpoints,
    declared: new Map<string, Permission>(endpoints.map((one) => [one.id, one.permission])),
    table: mergeTables(permissions),
    people: distinctPeople(world.cast),
    token: (login, fresh) => world.token(login, fresh),
  };
});
afterAll(() => world?.end());

describe('every route by every role and seat', { timeout: 480_000 }, () => {
  test('every permission of a route is declared in a table, and somebody of the cast holds it', () => {
    const named = world.exchange.endpoints.filter((one) => !['public', 'signedIn'].includes(one.permission));
    const undeclared = named
      .filter((one) => !options.table[one.permission])
      .map((one) => `${one.id}: ${one.permission}`);
    expect(undeclared).toEqual([]);
    const nobody = named
      .filter((one) => !knockers(world.cast).some((someone) => holds(options.table, someone, one.permission)))
      .map((one) => `${one.id}: ${one.permission}`);
    expect(nobody).toEqual([]);
  });

  test('answers as the permission tables say', async () => {
    const { requests, faults } = await runMatrix(options);
    expect(faults).toEqual([]);
    expect(requests).toBe(options.endpoints.length * (options.people.length + 1));
  });

  // Sabotage: the server forgets one permission at a time. The matrix must turn red for each, or it proves nothing.
  test('turns red when a permission is dropped', async () => {
    const guarded = world.exchange.endpoints.filter(
      (one) => !['public', 'signedIn'].includes(one.permission) && !probeFor(one).plain,
    );
    const unnoticed: string[] = [];
    for (const endpoint of guarded) {
      const declared = endpoint.permission;
      endpoint.permission = 'signedIn';
      try {
        const outside = options.people.filter((one) => !holds(options.table, one, declared)).slice(0, 2);
        const { faults } = await runMatrix({ ...options, endpoints: [endpoint], people: outside });
        if (faults.length === 0) unnoticed.push(endpoint.id);
      } finally {
        endpoint.permission = declared;
      }
    }
    expect(guarded.length).toBeGreaterThan(20);
    expect(unnoticed).toEqual([]);
  });

  test('turns red when a door no longer asks who comes', async () => {
    const endpoint = world.exchange.endpoints.find((one) => one.permission === 'signedIn' && one.method === 'GET')!;
    endpoint.permission = 'public';
    try {
      expect((await runMatrix({ ...options, endpoints: [endpoint] })).faults).not.toEqual([]);
    } finally {
      endpoint.permission = 'signedIn';
    }
  });
});
