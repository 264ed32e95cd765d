/**
 * Two owners by SCQL's published API, each against a broker of its own over HTTP that holds every request to its shape and computes over the
 * owners' files. That a real SCQL does the same no test here says.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { tableCommitment } from '../contract/shared.ts';
import type { Role } from '../intersect/agree.ts';
import { queryHere } from '../shares/here.ts';
import type { Plan } from '../shares/plan.ts';
import type { SharesTerms } from '../shares/terms.ts';
import { codeOf, identities } from '../shares/testing.ts';
import type { QueryReport } from './engine.ts';
import { scqlEngine } from './scql.ts';
import { scqlSettings } from './scql-client.ts';
import { scqlFault, scqlLimits, valuesOf } from './scql-plan.ts';
import type { ServiceHooks as ScqlHooks } from './service.ts';
import { TestBrokers } from './testing.ts';

const place = await mkdtemp(join(tmpdir(), 'shugu-scql-'));
afterAll(() => rm(place, { recursive: true, force: true }));
const file = async (name: string, text: string): Promise<string> => {
  await writeFile(join(place, name), text);
  return join(place, name);
};
const inputs = {
  first: await file('bank.csv', 'id,amount,age\n1,10.50,30\n2,-3,40\n3,7.25,50\n4,,60\n5,100,20\n6,1,70\n'),
  second: await file(
    'shop.csv',
    'id,city,spent\n2,"south ""x"", 南",1\n1,north,2\n3,north,3.5\n4,"south ""x"", 南",4\n6,,5\n9,north,6\n',
  ),
};
const salt = 'ab'.repeat(32);
const plan: Plan = {
  align: { first: 'id', second: 'id' },
  filters: {
    first: [{ kind: 'compare', column: 'age', by: '>=', constant: { number: '30' } }],
    second: [],
  },
  compared: [],
  groups: { owner: 'second', columns: ['city'] },
  outputs: [
    { name: 'city', of: 'group', column: 'city' },
    { name: 'amount', of: 'sum', column: { owner: 'first', name: 'amount' } },
    { name: 'known', of: 'count', column: { owner: 'first', name: 'amount' } },
    { name: 'spent', of: 'avg', column: { owner: 'second', name: 'spent' } },
    { name: 'n', of: 'rows' },
  ],
  atLeast: 2,
};
const termsOf = (change: Partial<SharesTerms> = {}): SharesTerms => ({
  ...{ job: 'use-of-a-contract-1', mode: 'shares', plan, recipient: 'second', decimals: 2, rowsMax: 100 },
  ...{ first: identities[0]!.publicKey.toString('hex'), second: identities[1]!.publicKey.toString('hex') },
  helper: null,
  ...change,
});

let brokers: TestBrokers;
let addresses: Record<Role, string>;
const codes = { first: 'bank', second: 'shop' } as const;
const fileOf = (role: Role) => join(place, `${role}-for-scql.csv`);
beforeEach(async () => {
  brokers = new TestBrokers();
  addresses = {
    first: await brokers.start('bank', fileOf('first')),
    second: await brokers.start('shop', fileOf('second')),
  };
});
afterEach(() => brokers.end());

const hooks: ScqlHooks = { lookMs: 5, patienceMs: 60_000, silenceMs: 60_000 };
const other = (role: Role): Role => (role === 'first' ? 'second' : 'first');
const startPart = async (role: Role, terms: SharesTerms, change: ScqlHooks = {}, meetMs = 60_000) => {
  const align = terms.plan.align;
  const commitment = (of: Role) => tableCommitment(inputs[of], Buffer.from(salt, 'hex'), { align }, of);
  const settings = scqlSettings(
    JSON.stringify({
      ...{ url: addresses[role], version: '1.0.0b1', party: codes[role], peer: codes[other(role)] },
      ...{ table: 'csv.shugu', file: fileOf(role) },
    }),
  );
  return scqlEngine(settings, { ...hooks, ...change }).start({
    ...{ terms, role, secret: '', host: '127.0.0.1', port: 0, peer: null, helper: null, meetMs },
    input: { path: inputs[role], salt, folder: place },
    agreed: { own: await commitment(role), peer: await commitment(other(role)) },
  });
};
const both = async (terms: SharesTerms, change: Partial<Record<Role, ScqlHooks>> = {}) => {
  const parts = [
    await startPart('first', terms, change.first),
    await startPart('second', terms, change.second),
  ] as const;
  const ends = () => Promise.all(parts.map(({ outcome }) => outcome.then((one) => one.report as QueryReport)));
  return { parts, ends };
};
/** How each ended: a code, and whether a table had been touched. */
const ended = async (terms: SharesTerms, change: Partial<Record<Role, ScqlHooks>> = {}, stopOther = true) => {
  const { parts } = await both(terms, change);
  const codesOf = parts.map(({ outcome }) => codeOf(outcome));
  // As the process of an owner is ended when the other has stated that it failed.
  if (stopOther)
    for (const one of parts)
      one.outcome.catch(() => {
        for (const { child } of parts) child.kill();
      });
  return { codes: await Promise.all(codesOf), met: parts.map((one) => one.hasMet()) };
};
const left = () => ({
  files: [existsSync(fileOf('first')), existsSync(fileOf('second'))],
  projects: brokers.projects,
});
const nothingLeft = { files: [false, false], projects: [{ archived: true, tables: expect.any(Number) }] };

test.each([
  ['by groups of the recipient', {}],
  ['by groups of the other', { recipient: 'first' as const }],
  ['as a whole', { plan: { ...plan, groups: null, outputs: plan.outputs.slice(1) } }],
  ['as a whole that is too small', { plan: { ...plan, groups: null, outputs: plan.outputs.slice(1), atLeast: 20 } }],
])('gives what this program’s own engine gives, %s', async (_, change) => {
  const terms = termsOf(change);
  const { ends } = await both(terms);
  const [first, second] = await ends();
  const [mine, theirs] = terms.recipient === 'first' ? [first!, second!] : [second!, first!];
  expect(theirs.answer).toBeNull();
  const own = await queryHere({ ...terms, recipient: terms.recipient, ...inputs });
  const { columns, rows } = own[terms.recipient as Role].answer!;
  expect(mine.answer).toEqual({ columns, rows });
  expect([mine.rows, mine.bytes, mine.peerCommitment]).toEqual([null, null, theirs.commitment]);
  expect(brokers.faults).toEqual([]);
  // Once the use has ended nothing can be asked any more, and no copy of a table stands about.
  expect(left()).toEqual(nothingLeft);
});

test('grants no more than the plan needs, to whom it opens; asks the contract’s query alone, tried dry first; keys are hashes of the use', async () => {
  let copy = '';
  brokers.otherwise = (party, path) => {
    if (party === 'shop' && path === '/intra/query') copy = readFileSync(fileOf('first'), 'utf8');
    return false;
  };
  await (await both(termsOf())).ends();
  const of = (path: string) => brokers.asked.filter((one) => one.path === path);
  const granted = of('/intra/ccl/grant').map(({ party, body }) => [
    party,
    (body.column_control_list as { col: { column_name: string }; party_code: string; constraint: string }[])
      .filter(({ party_code }) => party_code !== party)
      .map(({ col, constraint }) => `${col.column_name} ${constraint}`),
  ]);
  expect(Object.fromEntries(granted)).toEqual({
    bank: ['k PLAINTEXT_AFTER_JOIN', 'v0 PLAINTEXT_AFTER_AGGREGATE', 'v1 PLAINTEXT_AFTER_AGGREGATE'],
    shop: ['k PLAINTEXT_AFTER_JOIN', 'g ENCRYPTED_ONLY', 'v0 ENCRYPTED_ONLY', 'v1 ENCRYPTED_ONLY'],
  });
  const [dry, query] = [of('/intra/query'), of('/intra/query/submit')];
  expect([dry.length, query.length, dry[0]!.body.query === query[0]!.body.query]).toEqual([1, 1, true]);
  expect([dry[0]!.party, query[0]!.party]).toEqual(['shop', 'shop']);
  expect(query[0]!.body.query).toContain('HAVING COUNT(*) >= 2');
  const [created] = of('/intra/project/create');
  expect(created!.body.conf).toMatchObject({
    spu_runtime_cfg: { protocol: 'CHEETAH', field: 'FM64' },
    group_by_threshold: '2',
    reveal_group_mark: false,
    reveal_group_count: false,
  });
  const lines = copy.trimEnd().split('\n');
  expect(lines[0]).toBe(`k,g,${Array.from({ length: scqlLimits.values }, (_, at) => `v${at}`).join(',')}`);
  // Five of six pass the owner's own condition; no age leaves it.
  expect(lines.length).toBe(6);
  for (const line of lines.slice(1)) expect(line).toMatch(/^[0-9a-f]{64},"\[\]",-?\d+,[01](,0){14}$/);
});

test('an owner that means other terms, or brought another file, is not computed with', async () => {
  const one = await startPart('second', termsOf());
  const two = await startPart('first', termsOf({ rowsMax: 99 }), {}, 300);
  const codes = [codeOf(one.outcome), codeOf(two.outcome)];
  // What the other made has another name, so that no invitation comes.
  expect(await codes[1]).toBe('compute.peerSilent');
  one.child.kill();
  expect([await codes[0], one.hasMet(), two.hasMet()]).toEqual(['compute.engineFailed', false, false]);

  // The same project, with less than agreed in its settings.
  brokers.otherwise = (_, path, body) => {
    if (path === '/intra/project/create') (body.conf as { group_by_threshold: string }).group_by_threshold = '1';
    return false;
  };
  const loose = await ended(termsOf({ job: 'use-of-a-contract-2' }));
  expect([loose.codes[0], loose.met]).toEqual(['compute.termsDiffer', [false, false]]);

  // A table of another name than the signed file gives.
  brokers.otherwise = (party, path, body) => {
    if (party === 'bank' && path === '/intra/table/create') body.table_name = `o${'0'.repeat(40)}`;
    return false;
  };
  const changed = await ended(termsOf({ job: 'use-of-a-contract-3' }));
  expect(changed.codes).toContain('compute.inputChanged');
  expect(brokers.asked.some(({ path }) => path.startsWith('/intra/query'))).toBe(false);
  expect(left().files).toEqual([false, false]);
});

/** The broker of the recipient at one step. */
const at = (path: string, answer: (response: Parameters<TestBrokers['otherwise']>[3]) => void) => {
  brokers.otherwise = (party, asked, _, response) => {
    if (party !== 'shop' || asked !== path) return false;
    answer(response);
    return true;
  };
};
const says = (told: unknown) => (response: Parameters<TestBrokers['otherwise']>[3]) =>
  void response.setHeader('content-type', 'application/json').end(JSON.stringify(told));
const column = (name: string, data: object) => ({ name, ...data });
const result = (columns: object[]) => says({ status: { code: 0 }, result: { out_columns: columns } });
const whole = (...data: (number | string)[]) => ({ elem_type: 'INT64', int64_data: data });
const names = (...data: string[]) => ({ elem_type: 'STRING', string_data: data });
const sums = (n: number, ...data: (number | string)[]) => Array.from({ length: n }, () => column('s', whole(...data)));

test.each([
  ['refuses the query', '/intra/query', says({ status: { code: 160, message: 'ccl' } }), 'compute.query'],
  ['cannot run it', '/intra/query/submit', says({ status: { code: 300, message: 'x' } }), 'compute.engineFailed'],
  ['answers no job', '/intra/query/submit', says({ status: { code: 0 } }), 'compute.engineFailed'],
  ['answers no JSON', '/intra/query/submit', (r) => void r.end('<html>'), 'compute.engineFailed'],
  ['answers 500', '/intra/query/submit', (r) => void r.writeHead(500).end('no'), 'compute.engineFailed'],
  ['breaks off', '/intra/query/fetch', (r) => void r.destroy(), 'compute.engineFailed'],
  [
    'sends elsewhere',
    '/intra/query/fetch',
    (r) => void r.writeHead(307, { location: addresses.first }).end(),
    'compute.engineFailed',
  ],
  ['loses the job', '/intra/query/fetch', says({ status: { code: 140, message: 'gone' } }), 'compute.engineFailed'],
  [
    'answers without end',
    '/intra/query/fetch',
    (r) => {
      const piece = Buffer.alloc(1 << 20, 0x20);
      const more = (): void => void (r.destroyed || r.write(piece, () => setImmediate(more)));
      more();
    },
    'compute.sizeCap',
  ],
  ['opens nothing', '/intra/query/fetch', says({ status: { code: 0 } }), 'compute.engineFailed'],
  ['opens less', '/intra/query/fetch', result([column('g', names('["n"]'))]), 'compute.engineFailed'],
  [
    'opens a group that is too small',
    '/intra/query/fetch',
    result([column('g', names('["n"]')), column('n', whole(1)), ...sums(4, 1)]),
    'compute.engineFailed',
  ],
  [
    'opens a name of another form',
    '/intra/query/fetch',
    result([column('g', names('n')), column('n', whole(2)), ...sums(4, 1)]),
    'compute.engineFailed',
  ],
  [
    'opens columns of different lengths',
    '/intra/query/fetch',
    result([column('g', names('["n"]')), column('n', whole(2)), ...sums(4, 1, 2)]),
    'compute.engineFailed',
  ],
  [
    'opens fractions',
    '/intra/query/fetch',
    result([column('g', names('["n"]')), column('n', whole(2)), ...sums(4, '1.5')]),
    'compute.engineFailed',
  ],
  [
    'opens more than 64 bits',
    '/intra/query/fetch',
    result([column('g', names('["n"]')), column('n', whole(2)), ...sums(4, '9223372036854775808')]),
    'compute.engineFailed',
  ],
  [
    'opens numbers that may be wrong',
    '/intra/query/fetch',
    result([
      column('g', names('["n"]')),
      column('n', whole(2)),
      ...Array.from({ length: 4 }, () => column('s', { elem_type: 'FLOAT64', double_data: [1] })),
    ]),
    'compute.engineFailed',
  ],
] satisfies [string, string, Parameters<typeof at>[1], string][])(
  'a broker that %s ends it, and nothing is left',
  async (_, path, answer, code) => {
    at(path, answer);
    const { codes, met } = await ended(termsOf(), {}, false);
    // The other's waiting ends with the project, which the recipient closes whatever came of it.
    expect([codes, met]).toEqual([
      ['went well', code],
      [true, true],
    ]);
    expect(left()).toEqual(nothingLeft);
    if (path === '/intra/query/fetch')
      expect(brokers.asked.some((one) => one.path === '/intra/query/cancel')).toBe(true);
  },
);

test('a broker that says nothing ends it in its time; ended from outside, the query is cancelled and the project closed', async () => {
  at('/intra/query/submit', () => undefined);
  const slow = await ended(termsOf(), { second: { patienceMs: 4000 } }, false);
  expect(slow.codes).toEqual(['went well', 'compute.engineFailed']);
  expect(left()).toEqual(nothingLeft);
  at('/intra/query/fetch', says({ status: { code: 104, message: 'not ready' } }));
  const { parts } = await both(termsOf({ job: 'use-of-a-contract-2' }));
  const codes = parts.map(({ outcome }) => codeOf(outcome));
  await expect
    .poll(() => brokers.asked.filter(({ path }) => path === '/intra/query/fetch').length, { timeout: 60_000 })
    .toBeGreaterThan(2);
  expect(parts[1].child.kill()).toBe(true);
  expect(await Promise.all(codes)).toEqual(['went well', 'compute.engineFailed']);
  expect(brokers.asked.some(({ path }) => path === '/intra/query/cancel')).toBe(true);
  expect(left().files).toEqual([false, false]);
  expect(brokers.projects.every(({ archived }) => archived)).toBe(true);
});

test('no broker there touches nothing; a file that is there already stays as it is', async () => {
  brokers.end();
  const gone = await ended(termsOf());
  expect(gone).toEqual({ codes: Array(2).fill('compute.engineFailed'), met: [false, false] });
  brokers = new TestBrokers();
  addresses = {
    first: await brokers.start('bank', fileOf('first')),
    second: await brokers.start('shop', fileOf('second')),
  };
  await writeFile(fileOf('second'), 'mine');
  const { codes } = await ended(termsOf());
  expect(codes).toContain('compute.input');
  expect(await readFile(fileOf('second'), 'utf8')).toBe('mine');
  await rm(fileOf('second'));
});

test('takes what it is known to be asked for, and settings that are whole; over http only this machine', async () => {
  expect(scqlFault(plan, 'first')).toBeUndefined();
  const many = Array.from({ length: 9 }, (_, n) => ({
    ...{ name: `a${n}`, of: 'avg' as const, column: { owner: 'first' as const, name: `c${n}` } },
  }));
  expect(valuesOf({ ...plan, outputs: many }, 0).length).toBe(18);
  for (const [change, recipient] of [
    [{}, 'both'],
    [{ align: 'place' }, 'first'],
    [{ align: { first: 'id', second: 'id', payload: 'second' } }, 'first'],
    [{ top: { output: 4, descending: true, count: 3 } }, 'first'],
    [{ atLeast: undefined as never }, 'first'],
    [{ outputs: many }, 'first'],
    [{ compared: [{ left: { owner: 'first', name: 'a' }, by: '<', right: { owner: 'second', name: 'b' } }] }, 'first'],
  ] satisfies [Partial<Plan>, 'first' | 'both'][])
    expect(scqlFault({ ...plan, ...change }, recipient), JSON.stringify(change)).toBeTruthy();
  const whole = {
    ...{ url: 'https://broker.example:8080/', version: '1.0.0b1', party: 'a', peer: 'b' },
    ...{ table: 'csv.shugu', file: '/x' },
  };
  expect(scqlSettings(JSON.stringify(whole)).party).toBe('a');
  for (const change of [
    { url: 'http://broker.example:8080' },
    { url: 'http://127.0.0.1.example' },
    { url: 'https://a:b@broker.example' },
    { url: 'file:///x' },
    { peer: 'a' },
    { party: 'a b' },
    { table: 'shugu; drop' },
    { version: '' },
    { token: 'x' },
  ])
    expect(() => scqlSettings(JSON.stringify({ ...whole, ...change })), JSON.stringify(change)).toThrow('SCQL');
  for (const text of ['', 'null', '[]']) expect(() => scqlSettings(text)).toThrow('SCQL');
});
