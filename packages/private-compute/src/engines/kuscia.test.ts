/**
 * Two owners by KusciaAPI as it is published, each against a node of its own over HTTP that keeps jobs, data and grants. What is asked is held to
 * Kuscia's own message definitions by `npm run interop -- kuscia`; that a running Kuscia answers so no test here says.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { tableCommitment } from '../contract/shared.ts';
import type { Role } from '../intersect/agree.ts';
import type { OwnerReport } from '../intersect/result.ts';
import type { Terms } from '../intersect/terms.ts';
import { codeOf, identities } from '../shares/testing.ts';
import { kusciaEngine } from './kuscia.ts';
import { kusciaSettings } from './kuscia-client.ts';
import { type Otherwise, TestKuscia, testImage, testToken } from './kuscia-testing.ts';
import type { ServiceHooks } from './service.ts';

const place = await mkdtemp(join(tmpdir(), 'shugu-kuscia-'));
afterAll(() => rm(place, { recursive: true, force: true }));
const file = async (name: string, text: string): Promise<string> => {
  await writeFile(join(place, name), text);
  return join(place, name);
};
const inputs = {
  first: await file('bank.csv', 'id,amount\n1,10\n2,20\n,5\n3,30\n2,21\n8,80\n'),
  second: await file('shop.csv', 'name,id\nx,3\ny,9\nz,2\n'),
};
const salt = 'cd'.repeat(32);
const nodes = { first: 'bank', second: 'shop' } as const;
const other = (role: Role): Role => (role === 'first' ? 'second' : 'first');
const folderOf = (role: Role) => join(place, `storage-${role}`);
const outOf = (role: Role) => join(place, `${role}-rows.csv`);
for (const role of ['first', 'second'] as const) mkdirSync(folderOf(role));

let uses = 0;
const termsOf = (change: Partial<Terms> = {}): Terms => ({
  ...{ job: `use-of-a-contract-${++uses}`, mode: 'kkrt', reveal: 'both', keysMax: 100, helper: null },
  ...{ first: identities[0]!.publicKey.toString('hex'), second: identities[1]!.publicKey.toString('hex') },
  ...change,
});

let kuscia: TestKuscia;
let addresses: Record<Role, string>;
beforeEach(async () => {
  kuscia = new TestKuscia();
  addresses = {
    first: await kuscia.start('bank', folderOf('first')),
    second: await kuscia.start('shop', folderOf('second')),
  };
});
afterEach(async () => {
  kuscia.end();
  for (const role of ['first', 'second'] as const) await rm(outOf(role), { force: true });
});

const token = async (name: string) => {
  if (name !== 'token') throw new Error('no such file');
  return `${testToken}\n`;
};
const whole = (role: Role) => ({
  ...{ url: addresses[role], node: nodes[role], peer: nodes[other(role)], image: testImage.name },
  ...{ folder: folderOf(role), token: 'token' },
});
const commitment = (role: Role) =>
  tableCommitment(inputs[role], Buffer.from(salt, 'hex'), { align: { first: 'id', second: 'id' } }, role);
const hooks: ServiceHooks = { lookMs: 5, patienceMs: 60_000, silenceMs: 60_000 };
const startPart = async (role: Role, terms: Terms, change: ServiceHooks = {}, meetMs = 60_000, of: object = {}) =>
  kusciaEngine(await kusciaSettings(JSON.stringify({ ...whole(role), ...of }), token), { ...hooks, ...change }).start({
    ...{ terms, role, secret: '', host: '127.0.0.1', port: 0, peer: null, helper: null, meetMs },
    input: { path: inputs[role], salt, folder: place, column: 'id', out: outOf(role) },
    agreed: { own: await commitment(role), peer: await commitment(other(role)) },
  });
/** How each ended: a code, and whether a table had been touched. */
const ended = async (terms: Terms, change: Partial<Record<Role, ServiceHooks>> = {}) => {
  const parts = [await startPart('first', terms, change.first), await startPart('second', terms, change.second)];
  const codes = parts.map(({ outcome }) => codeOf(outcome));
  // As the process of an owner is ended when the other has stated that it failed.
  for (const one of parts)
    one.outcome.catch(() => {
      for (const { child } of parts) child.kill();
    });
  return { codes: await Promise.all(codes), met: parts.map((one) => one.hasMet()) };
};
const left = async () => ({
  files: [...(await readdir(folderOf('first'))), ...(await readdir(folderOf('second')))],
  data: kuscia.dataLeft,
});
const nothingLeft = { files: [], data: 0 };
const asked = (path: string) => kuscia.asked.filter((one) => one.path === `/api/v1/${path}`);

test.each(['both', 'first'] as const)(
  'rows are chosen for %s; the job is the one that both work out',
  async (reveal) => {
    const terms = termsOf({ reveal });
    const parts = [await startPart('first', terms), await startPart('second', terms)];
    const [first, second] = await Promise.all(parts.map(async ({ outcome }) => (await outcome).report as OwnerReport));
    expect([first!.rows, first!.rowsWithoutKey, first!.keys, first!.common, first!.rowsOut]).toEqual([6, 1, 4, 2, 3]);
    expect(await readFile(outOf('first'), 'utf8')).toBe('id,amount\n2,20\n3,30\n2,21\n');
    expect([second!.common, second!.rowsOut]).toEqual(reveal === 'both' ? [2, 2] : [null, null]);
    if (reveal === 'both') expect(await readFile(outOf('second'), 'utf8')).toBe('name,id\nx,3\nz,2\n');
    else expect(existsSync(outOf('second'))).toBe(false);
    expect([first!.commitment, first!.peerCommitment]).toEqual([second!.peerCommitment, second!.commitment]);
    expect(kuscia.faults).toEqual([]);
    expect(await left()).toEqual(nothingLeft);

    const [job] = kuscia.jobs.values();
    expect(parts[0]!.job).toEqual({
      id: job!.described.job_id,
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect(parts[1]!.job).toEqual(parts[0]!.job);
    expect(job!.described).toMatchObject({ initiator: 'bank', max_parallelism: 1 });
    const [task] = job!.described.tasks;
    const { sf_psi_config_map: of } = JSON.parse(task!.task_input_config);
    expect(of.shop.psi_config.protocol_config).toEqual({
      ...{ protocol: 'PROTOCOL_KKRT', role: 'ROLE_SENDER', broadcast_result: reveal === 'both' },
    });
    // The first owner approves nothing, and neither hands over anything before both are there.
    expect(asked('job/approve').map(({ node, body }) => [node, body.result])).toEqual([
      ['shop', 'APPROVE_RESULT_ACCEPT'],
    ]);
  },
);

test('the digest of the job is another with each thing that is agreed', async () => {
  const digests = new Set<string>();
  const terms = termsOf();
  for (const [change, of] of [
    [{}, {}],
    [{ keysMax: 99 }, {}],
    [{ reveal: 'first' }, {}],
    [{ job: 'use-of-another-contract' }, {}],
    [{}, { image: 'other-image' }],
    [{}, { peer: 'market' }],
  ] as [Partial<Terms>, object][]) {
    const part = await startPart('first', { ...terms, ...change }, {}, 1, of);
    digests.add(part.job!.digest);
    expect(await codeOf(part.outcome)).toBe('compute.peerSilent');
  }
  expect(digests.size).toBe(6);
});

/** At the step where both files are there. */
const filesAtApproval = () => {
  const texts: string[] = [];
  kuscia.otherwise = (_, path) => {
    if (path === '/api/v1/job/approve')
      for (const role of ['first', 'second'] as const)
        for (const name of readdirSync(folderOf(role))) texts.push(readFileSync(join(folderOf(role), name), 'utf8'));
    return false;
  };
  return texts;
};

test('files for the nodes have hashes of this use and rows, and nothing else', async () => {
  const seen: string[] = [];
  for (const terms of [termsOf(), termsOf()]) {
    const texts = filesAtApproval();
    expect(await ended(terms)).toEqual({ codes: ['went well', 'went well'], met: [true, true] });
    expect(texts.length).toBe(2);
    for (const text of texts) {
      const [header, ...lines] = text.trimEnd().split('\n');
      expect(header).toBe('key,row');
      for (const line of lines) expect(line).toMatch(/^[0-9a-f]{64},\d$/);
      seen.push(...lines.map((line) => line.split(',')[0]!));
    }
  }
  // Four and three keys of two uses, two of each in common.
  expect([seen.length, new Set(seen).size]).toEqual([14, 10]);
});

test('an owner that means other terms or brought another file is not met; one that is away touches nothing', async () => {
  const one = await startPart('first', termsOf(), {}, 300);
  const two = await startPart('second', termsOf(), {}, 300);
  expect([await codeOf(one.outcome), await codeOf(two.outcome)]).toEqual(Array(2).fill('compute.peerSilent'));
  expect([one.hasMet(), two.hasMet(), kuscia.jobs.size, await left()]).toEqual([false, false, 0, nothingLeft]);

  // A name that the terms make, with something else of somebody else's under it.
  kuscia.otherwise = (_, path, body) => {
    if (path === '/api/v1/domaindata/create') body.relative_uri = 'of-another.csv';
    return false;
  };
  expect(await ended(termsOf())).toEqual({ codes: Array(2).fill('compute.peerUnproven'), met: [false, false] });
});

test.each([
  ['another program', (job) => Object.assign(job.tasks[0]!, { app_image: 'mine' })],
  ['another algorithm', (job) => changeConfig(job, 'PROTOCOL_KKRT', 'PROTOCOL_ECDH')],
  ['another result', (job) => changeConfig(job, '"broadcast_result":false', '"broadcast_result":true')],
  ['another file', (job) => changeConfig(job, '.csv', '.csv.other')],
  ['a second task', (job) => job.tasks.push({ ...job.tasks[0]!, task_id: 'more' })],
  ['a third party', (job) => job.tasks[0]!.parties.push({ domain_id: 'market' })],
  ['more at once', (job) => Object.assign(job, { max_parallelism: 2 })],
] as [string, (job: Described) => void][])(
  'a job that names %s is rejected before anything is handed over',
  async (_, change) => {
    const handed: string[] = [];
    kuscia.otherwise = (_node, path, body) => {
      if (path === '/api/v1/job/create') change(body as Described);
      if (path === '/api/v1/job/approve') handed.push(...readdirSync(folderOf('second')));
      return false;
    };
    const { codes, met } = await ended(termsOf({ reveal: 'first' }));
    expect([codes[1], met]).toEqual(['compute.termsDiffer', [true, true]]);
    expect(codes[0]).not.toBe('went well');
    for (const { node, body } of asked('job/approve')) expect([node, body.result]).toEqual(['shop', reject]);
    expect([asked('job/approve').length, handed]).toEqual([1, []]);
    expect([...kuscia.jobs.values()].map(({ state }) => state)).not.toContain('Succeeded');
    expect(await left()).toEqual(nothingLeft);
  },
);
type Described = { tasks: { task_input_config: string; parties: { domain_id: string }[]; task_id?: string }[] };
const reject = 'APPROVE_RESULT_REJECT';
const changeConfig = ({ tasks: [task] }: Described, from: string, to: string) => {
  expect(task!.task_input_config).toContain(from);
  task!.task_input_config = task!.task_input_config.replace(from, to);
};

test('a job that changes after it was approved opens nothing; nor does one that was not put to its second owner', async () => {
  kuscia.otherwise = (_, path, body) => {
    const job = kuscia.jobs.get(String(body.job_id));
    if (path === '/api/v1/job/query' && job?.state === 'Succeeded')
      job.described.tasks[0]!.task_input_config = job.described.tasks[0]!.task_input_config.replace('KKRT', 'RR22');
    return false;
  };
  const changed = await ended(termsOf());
  expect(changed.codes).toContain('compute.termsDiffer');
  expect(changed.codes.every((code) => code !== 'went well')).toBe(true);
  expect(existsSync(outOf('first'))).toBe(false);
  kuscia.otherwise = () => false;
  kuscia.approvesAlone = true;
  const { codes } = await ended(termsOf());
  expect(codes[1]).toBe('compute.peerUnproven');
  expect(codes[0]).not.toBe('went well');
  expect(await left()).toEqual(nothingLeft);
});

/** The first owner's node at one step. */
const at = (path: string, answer: (response: Parameters<Otherwise>[3]) => void) => {
  kuscia.otherwise = (node, asked, _, response) => {
    if (node !== 'bank' || asked !== `/api/v1/${path}`) return false;
    answer(response);
    return true;
  };
};
const says = (told: unknown) => (response: Parameters<Otherwise>[3]) => void response.end(JSON.stringify(told));

test.each([
  ['refuses the data', 'domaindata/create', says({ status: { code: 11500, message: 'no' } }), false],
  ['refuses the grant', 'domaindatagrant/create', says({ status: { code: 11700, message: 'no' } }), false],
  ['tells no data', 'domaindata/query', says({ status: { code: 0 } }), false],
  ['knows no token', 'domaindata/create', (r) => void r.writeHead(401).end(), false],
  ['refuses the job', 'job/create', says({ status: { code: 11201, message: 'exists' } }), true],
  ['answers no JSON', 'job/create', (r) => void r.end('<html>'), true],
  ['answers 500', 'job/query', (r) => void r.writeHead(500).end('no'), true],
  ['breaks off', 'job/query', (r) => void r.destroy(), true],
  ['sends elsewhere', 'job/query', (r) => void r.writeHead(307, { location: addresses.second }).end(), true],
  ['loses the job', 'job/query', says({ status: { code: 11202, message: 'not found' } }), true],
  ['tells no job', 'job/query', says({ status: { code: 0 }, data: {} }), true],
] as [string, string, (response: Parameters<Otherwise>[3]) => void, boolean][])(
  'a node that %s ends it, and nothing is left',
  async (_, path, answer, met) => {
    at(path, answer);
    const found = await ended(termsOf());
    expect([found.codes[0]!.startsWith('compute.'), found.met[0]]).toEqual([true, met]);
    expect(existsSync(outOf('first'))).toBe(false);
    expect((await left()).files).toEqual([]);
    if (met) expect(asked('job/stop').length).toBeGreaterThan(0);
  },
);

test('an answer without end is cut; a node that says nothing ends it in its time; ended from outside, the job is stopped', async () => {
  at('job/query', (response) => {
    const piece = Buffer.alloc(1 << 20, 0x20);
    const more = (): void => void (response.destroyed || response.write(piece, () => setImmediate(more)));
    more();
  });
  expect((await ended(termsOf())).codes[0]).toBe('compute.sizeCap');
  at('job/create', () => undefined);
  expect((await ended(termsOf(), { first: { patienceMs: 1500 } })).codes[0]).toBe('compute.engineFailed');
  kuscia.otherwise = () => false;
  const alone = await startPart('first', termsOf());
  const code = codeOf(alone.outcome);
  await expect.poll(() => asked('domaindata/query').length, { timeout: 60_000 }).toBeGreaterThan(2);
  expect(alone.child.kill()).toBe(true);
  expect([await code, alone.hasMet()]).toEqual(['compute.engineFailed', false]);

  // The job comes to the first owner's node and not to the other.
  kuscia.otherwise = (node, path, _, response) => {
    if (node !== 'shop' || path !== '/api/v1/job/query') return false;
    response.end(JSON.stringify({ status: { code: 11202, message: 'not found' } }));
    return true;
  };
  const parts = [
    await startPart('first', termsOf()),
    await startPart('second', termsOf({ job: `use-of-a-contract-${uses}` })),
  ];
  const codes = parts.map(({ outcome }) => codeOf(outcome));
  await expect.poll(() => asked('job/create').length, { timeout: 60_000 }).toBe(3);
  for (const { child } of parts) child.kill();
  expect(await Promise.all(codes)).toEqual(Array(2).fill('compute.engineFailed'));
  expect(['Failed', 'ApprovalReject']).toContain([...kuscia.jobs.values()].at(-1)!.state);
  expect(await left()).toEqual(nothingLeft);
});

test.each([
  ['a row of nobody', 'key,row\nx,77\n'],
  ['a row twice', 'key,row\nx,0\ny,0\n'],
  ['no number', 'key,row\nx,one\n'],
  ['other columns', 'a,b\n1,2\n'],
  ['more than went in', `key,row\n${'x,0\n'.repeat(1000)}`],
  ['nothing', undefined],
])('what comes out and has %s is not taken', async (_, text) => {
  kuscia.otherwise = (node, path) => {
    if (node !== 'bank' || path !== '/api/v1/job/query') return false;
    for (const name of readdirSync(folderOf('first')).filter((one) => one.endsWith('-common.csv')))
      if (text === undefined) rmSync(join(folderOf('first'), name));
      else writeFileSync(join(folderOf('first'), name), text);
    return false;
  };
  const { codes } = await ended(termsOf({ reveal: 'first' }));
  expect(codes[0]).toBe('compute.engineFailed');
  expect([existsSync(outOf('first')), (await left()).files]).toEqual([false, []]);
});

test('tells the version that its node has; an API over https is shown a certificate, and shows one', async () => {
  const engineAt = async (of: object, read = token) =>
    kusciaEngine(await kusciaSettings(JSON.stringify({ ...whole('first'), ...of }), read), hooks);
  expect(await (await engineAt({})).version!()).toBe(testImage.tag);
  expect(await (await engineAt({ image: 'other' })).version!()).toBeUndefined();
  expect(await (await engineAt({}, async () => 'wrong')).version!()).toBeUndefined();

  const made = (name: string, ...how: string[]) => execFileSync('openssl', how, { cwd: place, stdio: 'pipe' }) && name;
  const signed = (name: string) => {
    made(
      name,
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    );
    made(
      name,
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-days', '2', '-out', `${name}.crt`, '-extfile', 'san.txt'],
    );
  };
  await file('san.txt', 'subjectAltName=IP:127.0.0.1');
  made(
    'ca',
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.crt'],
    ...['-days', '2', '-subj', '/CN=kuscia'],
  );
  signed('kusciaapi-server');
  const read = async (name: string) => (name === 'token' ? testToken : readFile(join(place, name), 'utf8'));
  const [ca, cert, key] = await Promise.all(['ca.crt', 'kusciaapi-server.crt', 'kusciaapi-server.key'].map(read));
  const server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    response.end(JSON.stringify({ status: { code: 0 }, data: { image: { tag: request.headers.token } } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const papers = { ca: 'ca.crt', cert: 'kusciaapi-server.crt', key: 'kusciaapi-server.key' };
  try {
    expect(await (await engineAt({ url, ...papers }, read)).version!()).toBe(testToken);
    // An authority that did not sign the node's certificate.
    made(
      'other',
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'o.key', '-out', 'o.crt'],
      ...['-days', '2', '-subj', '/CN=other'],
    );
    expect(await (await engineAt({ url, ...papers, ca: 'o.crt' }, read)).version!()).toBeUndefined();
    expect(await (await engineAt({ url, ...papers, cert: 'o.crt', key: 'o.key' }, read)).version!()).toBeUndefined();
  } finally {
    server.close();
    server.closeAllConnections();
  }
  for (const change of [
    { url },
    { url, ...papers, key: 'missing.key' },
    { url: 'http://node.example:8082' },
    { url: 'https://a:b@node.example' },
    { node: 'shop' },
    { node: 'Bank' },
    { image: 'a b' },
    { folder: '' },
    { token: 'missing' },
    { version: '1' },
  ])
    await expect(engineAt(change, read), JSON.stringify(change)).rejects.toThrow('settings of Kuscia');
  for (const text of ['', 'null', '[]']) await expect(kusciaSettings(text, read)).rejects.toThrow('settings of Kuscia');
});
