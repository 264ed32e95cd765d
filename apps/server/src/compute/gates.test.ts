/**
 * SQL of every kind of node that the engine's parser may give, through all three gates: query templates, joint queries, queries on shares. A
 * node that is allowed and has no production here turns this red. What a joint query lets pass is held against its answer over small data.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import { isFinding } from '@shugu/gateway';
import { ComputeError, openingPlan, planOf } from '@shugu/private-compute';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gateEngine } from '../../../../packages/gateway/src/drivers/query/engine.ts';
import { SYNTAX_NODES } from '../../../../packages/gateway/src/query/allowed.ts';
import { type GateEngine, passGate } from '../../../../packages/gateway/src/query/gate.ts';
import { Problem } from '../kernel/problem.ts';
import { type GatePool, passJoint } from './service/gate.ts';
import { dataSql, least, neverGiven, productions, query, refusedKinds, sets } from './testing.ts';

let instance: DuckDBInstance;
let engine: GateEngine;
let ask: (sql: string) => Promise<string[][]>;
const tables = sets.map(({ table }) => table);
const treeOf = (sql: string) => engine.ask('select json_serialize_sql($1::varchar)', sql);
/** The gates as they are, in this process: thousands of questions. */
const pool: GatePool = {
  check: (_, template) => passGate(engine, template, tables),
  tree: (_, sql) => treeOf(sql),
};
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  ask = async (sql) => (await connection.runAndReadAll(sql)).getRows().map((row) => row.map(String));
  for (const statement of dataSql) await ask(statement);
  engine = await gateEngine(connection);
});
afterAll(() => instance.closeSync());

const typesIn = (tree: string): Set<string> =>
  new Set(Array.from(tree.matchAll(/"type":"([A-Z_]+)"/g), ([, type]) => type!));

/** Each gives a reason, or what it lets pass, and nothing else ever. */
const byTemplate = async (sql: string) => {
  const found = await pool.check([], { name: 'q', title: 'q', sql, parameters: [] });
  return isFinding(found) ? undefined : found;
};
const byJoint = (sql: string) =>
  passJoint(pool, {
    ...{ dataSets: sets, recipients: ['org_agency'], query: { sql, parameters: [] } },
    release: { entitiesMin: least },
  }).catch((error: unknown) => {
    if (error instanceof Problem) return undefined;
    throw error;
  });
const byShares = async (sql: string) => {
  try {
    const plan = openingPlan(planOf(await treeOf(sql), ['loans', 'arrears']), {
      ...{ dataSets: sets, recipients: ['org_agency'], release: { entitiesMin: least } },
    });
    return 'code' in plan ? undefined : plan;
  } catch (error) {
    if (error instanceof ComputeError && error.code === 'compute.query') return undefined;
    throw error;
  }
};

it('every kind of node that is allowed has SQL here that makes one, and each gate says what it thinks of it', async () => {
  expect(Object.keys(productions).sort()).toEqual([...SYNTAX_NODES].sort());
  const passed = { template: 0, joint: 0, shares: 0 };
  for (const [kind, sql] of Object.entries(productions)) {
    expect(typesIn(await treeOf(sql)).has(kind), kind).toBe(!neverGiven.includes(kind));
    const template = await byTemplate(sql);
    if (template)
      expect(
        Object.keys(template.reads).every((name) => ['loans', 'arrears'].includes(name)),
        kind,
      ).toBe(true);
    const joint = await byJoint(sql);
    // What the second gate lets pass has gone by the first.
    if (joint) expect(template, kind).toBeDefined();
    passed.template += template ? 1 : 0;
    passed.joint += joint ? 1 : 0;
    passed.shares += (await byShares(sql)) ? 1 : 0;
  }
  expect(passed.template).toBeGreaterThan(45);
  expect(passed.joint).toBeGreaterThan(10);
  expect(passed.shares).toBeGreaterThan(10);
});

it('what is not allowed is refused by all three, whatever kind it is', async () => {
  for (const [kind, sql] of Object.entries(refusedKinds))
    expect([await byTemplate(sql), await byJoint(sql), await byShares(sql)], kind).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
});

it('whatever is put together of them, nothing opens that is about fewer than agreed', async () => {
  let [joined, shared, valued] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(query, async ({ groups, aggregates, conditions, source: read, tail: end }) => {
      const body = `${read} ${conditions.length ? `where ${conditions.join(' and ')}` : ''}`;
      const by = groups.length ? `group by ${groups.join(', ')}` : '';
      const sql = `select ${[...groups, ...aggregates].map((one, at) => `${one} as c${at}`).join(', ')} ${body} ${by} ${end}`;
      await byTemplate(sql);
      const joint = await byJoint(sql);
      if (joint) {
        joined++;
        // The same groups with how many there are of each owner, by the text that was asked and without what the gate put behind it.
        // Who has a value is counted by what stands between the brackets, however the gate understood that.
        const values = aggregates.map((one) => one.slice(one.indexOf('(') + 1, -1)).filter((one) => one !== '*');
        const counts = ['l.person', 't.taxpayer'].flatMap((key) => [
          `count(distinct ${key})`,
          ...values.map((value) => `count(distinct case when (${value}) is not null then ${key} end)`),
        ]);
        const counted = await ask(`select ${[...groups, ...counts].join(', ')} ${body} ${by}`);
        const keys = (rows: string[][]) => rows.map((row) => JSON.stringify(row.slice(0, groups.length))).sort();
        const isEnough = (row: string[]) => row.slice(groups.length).every((count) => Number(count) >= least);
        const enough = counted.filter(isEnough);
        const few = counted.filter((row) => !isEnough(row) && Number(row[groups.length]) >= least);
        if (few.length > 0) valued++;
        expect(keys(await ask(joint.sql)), sql).toEqual(keys(enough));
      }
      const plan = await byShares(sql);
      if (plan) {
        shared++;
        expect(plan.atLeast, sql).toBeGreaterThanOrEqual(least);
        expect(JSON.stringify([plan.filters, plan.groups, plan.outputs]), sql).not.toMatch(/"(person|taxpayer)"/);
      }
    }),
    { numRuns: 200, seed: 20261130 },
  );
  // Of a fuzzer that nothing passes nothing is learnt.
  expect(joined).toBeGreaterThan(30);
  expect(shared).toBeGreaterThan(30);
  expect(valued).toBeGreaterThan(5);
});
