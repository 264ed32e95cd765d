/**
 * Engines of others beside our own, under the same contracts, on the same random data: SecretFlow between two owners' processes, on shares
 * (SPU) and for an intersection, Spark and Trino on one owner's data. Their results are ours or the check fails; one of them is killed and one is stopped midway.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type EngineName, engines } from '@shugu/private-compute';
import type { CallInput, Client, ProblemError } from '@shugu/wire';
import * as wire from '@shugu/wire/compute';
import { listEngines } from '@shugu/wire/compute-engines';
import { signIn } from '@shugu/wire/members';
import { openFolder } from '../apps/cli/src/compute/folder.ts';
import { type PartOutcome, playPart } from '../apps/cli/src/compute/part.ts';
import { preparedSet } from '../apps/cli/src/compute/prepare.ts';
import { readCast } from '../apps/cli/src/scenario/cast.ts';
import { openMarket } from '../apps/cli/src/scenario/market.ts';
import { bringResource } from '../apps/cli/src/scenario/resource.ts';
import { makeStage, type Stage } from '../apps/cli/src/scenario/stage.ts';
import { startTemporary } from '../apps/cli/src/server.ts';
import { divisionsResource } from '../apps/cli/src/trade/goods.ts';
import { inFolder, type Outcome, runProgram, type Tally, tally, versionOf } from './check.ts';
import { pythonFor } from './python.ts';
import { root } from './trade.ts';
import { askTrino, type RunningTrino, startTrino, trinoMissing } from './trino-server.ts';

export const about =
  "SecretFlow's SPU, Spark and Trino as engines of computation contracts, beside our own on the same data";

const [secretflow, spark] = [pythonFor('spu'), pythonFor('spark')];
/** What one of them cannot have here; the others run all the same. */
const missing: Partial<Record<EngineName, string>> = {};

/** Three engines, one of them of a hundred and more modules that start. */
export const minutes = 15;

export const needs = async (): Promise<string | undefined> => {
  if (process.platform !== 'linux') return 'processes are found through /proc';
  const noSpu = await secretflow.needs();
  if (noSpu) missing.secretflow = `SecretFlow: ${noSpu}`;
  const noSpark = (await versionOf('java', '-version')) ? await spark.needs() : 'java is not installed';
  if (noSpark) missing.spark = `Spark: ${noSpark}`;
  const noTrino = await trinoMissing();
  if (noTrino) missing.trino = `Trino: ${noTrino}`;
  return noSpu && noSpark && noTrino ? Object.values(missing).join('; ') : undefined;
};

type AnyDraft = CallInput<typeof wire.draftComputation>['body'];
const rows = 400;
const partSeconds = 400;

/** Half of each owner's people are the other's, too; amounts and cities are drawn anew in each run. */
const drawn = () => {
  const chance = randomBytes(rows * 8);
  const at = (n: number) => chance.readUInt32LE((n % (rows * 2)) * 4);
  const cities = ['north', 'south', 'it"s, east'];
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const bank = Array.from({ length: rows }, (_, n) => {
    const amount = at(n) % 11 === 0 ? '' : ((at(n) % 2_000_001) / 100 - 5000).toFixed(2);
    return `P${n},${amount},${at(n + rows) % 7}`;
  });
  const shop = Array.from(
    { length: rows },
    (_, n) => `p${n + rows / 2},${cell(cities[at(n) % 3]!)},${at(n + rows) % 5}`,
  );
  const lines = (head: string, all: string[]) => [head, ...all, ''].join('\n');
  return { bank: lines('id,amount,kind', bank), shop: lines('id,city,visits', shop) };
};

/** What each owner permits; groups open to their own owner with this engine. */
const columns = {
  b: [
    { name: 'id', rule: 'join' },
    { name: 'amount', rule: 'aggregate' },
    { name: 'kind', rule: 'open' },
  ],
  s: [
    { name: 'id', rule: 'join' },
    { name: 'city', rule: 'open' },
    { name: 'visits', rule: 'open' },
  ],
} as const;
const toShop = (sql: string): boolean => sql.includes('GROUP BY');

const queries = [
  'SELECT sum(b.amount) AS amount, count(*) AS n FROM b JOIN s ON b.id = s.id WHERE b.kind < 4 AND s.visits > 1',
  'SELECT s.city, sum(b.amount) AS amount, count(b.amount) AS n, avg(b.amount) AS mean FROM b JOIN s ON b.id = s.id WHERE b.kind <> 3 GROUP BY s.city',
  'SELECT sum(b.amount) AS amount, count(*) AS n FROM b JOIN s ON b.id = s.id WHERE s.visits = 4 HAVING count(*) >= 10',
];

/** Engines take their time to start, and more on a busy machine. */
const patiently = async <T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> => {
  const end = performance.now() + partSeconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await pause(50);
  }
};

interface Side {
  login: string;
  client: Client;
  token: string;
  party: string;
  input: string;
}
interface World {
  stage: Stage;
  place: string;
  bank: Side;
  shop: Side;
}
const terms = { uses: 2, from: '', until: '', priceFen: '0', purpose: '引擎对照（合成数据）' };

const signed = async ({ stage, bank }: World, body: AnyDraft, logins: readonly string[]) => {
  const now = await stage.now();
  const times = { from: now.toISOString(), until: new Date(now.getTime() + 30 * 86_400_000).toISOString() };
  let one = await bank.client.call(wire.draftComputation, { body: { ...body, ...times } as AnyDraft });
  for (const login of logins) {
    const owner = await stage.as(login);
    one = await owner.call(wire.signComputation, { params: { id: one.id }, body: { digest: one.digest } });
  }
  return one;
};

const onShares = async (world: World, sql: string, engine: 'local' | 'secretflow') => {
  const { stage, bank, shop } = world;
  const setOf = async (key: string, table: 'b' | 's', { party, input }: Side) => ({
    ...{ owner: await stage.organisation(key), table, columns: [...columns[table]] },
    ...(await preparedSet(await openFolder(party), input, 'id')),
  });
  const draft = {
    ...terms,
    title: `引擎对照：${engine}`,
    mode: 'shares' as const,
    dataSets: [await setOf('mapping', 'b', bank), await setOf('xingsha', 's', shop)],
    recipients: [await stage.organisation(toShop(sql) ? 'xingsha' : 'mapping')],
    query: { sql },
    release: { entitiesMin: 5 },
    decimals: 2,
    rowsMax: 10_000,
    ...(engine === 'local' ? {} : { engine: { name: engine, version: engines[engine].checked[0]! } }),
  };
  return signed(world, draft, [bank.login, shop.login]);
};

/** Rows of common keys, to one owner or to both. */
const onKeys = async (world: World, both: boolean, engine: 'local' | 'secretflow') => {
  const { stage, bank, shop } = world;
  const setOf = async (key: string, table: 'b' | 's', { party, input }: Side) => ({
    ...{ owner: await stage.organisation(key), table, key: 'id' },
    ...(await preparedSet(await openFolder(party), input, 'id')),
  });
  const dataSets = [await setOf('mapping', 'b', bank), await setOf('xingsha', 's', shop)];
  const draft = {
    ...terms,
    title: `引擎对照（求交）：${engine}`,
    mode: 'psi' as const,
    ...{ dataSets, protocol: 'kkrt' as const, opens: 'rows' as const, keysMax: 10_000 },
    recipients: dataSets.slice(0, both ? 2 : 1).map(({ owner }) => owner),
    ...(engine === 'local' ? {} : { engine: { name: engine, version: engines[engine].checked[0]! } }),
  };
  return signed(world, draft, [bank.login, shop.login]);
};

/** Both owners by the command, each a process of its own; the recipient's result, and what its papers say. */
const byCommand = async (world: World, { id }: { id: string }, byShop: boolean) => {
  const ran = async ({ token, party, input }: Side, out: string, ...more: string[]) => {
    const words = [
      `--contract=${id}`,
      `--input=${input}`,
      `--party=${party}`,
      `--out=${out}`,
      `--url=${world.stage.url}`,
    ];
    const own = [...words, `--key=${token}`, `--python=${secretflow.python}`, '--lang=en', ...more];
    return runProgram(process.execPath, ['apps/cli/src/main.ts', 'compute', 'run', ...own], {
      cwd: root,
      seconds: partSeconds,
    });
  };
  const out = join(world.place, id);
  const [recipient, other] = byShop ? [world.shop, world.bank] : [world.bank, world.shop];
  const [mine, theirs] = await Promise.all([ran(recipient, out, '--take'), ran(other, `${out}-other`)]);
  const said = `${mine.stdout.slice(-300)}${mine.stderr.slice(-500)}${theirs.stderr.slice(-500)}`;
  if (mine.code !== 0 || theirs.code !== 0) return { result: '', other: '', verified: false, said };
  const [use] = (await readdir(out)).filter((name) => name.startsWith('cpu_'));
  const checked = await runProgram(
    process.execPath,
    ['apps/cli/src/main.ts', 'compute', 'verify', join(out, use!), '--json'],
    { cwd: root },
  );
  return {
    result: await readFile(join(out, 'result.csv'), 'utf8'),
    other: await readFile(join(`${out}-other`, 'result.csv'), 'utf8').catch(() => null),
    verified: checked.code === 0,
    said: checked.stdout,
  };
};

/** The engine's process of this one's own, once it holds the owner's keys: by then both have met. */
const engineBeside = async (party: string): Promise<number> =>
  patiently('the engine of an owner computes', async () => {
    const folders = (await readdir(party)).filter((name) => name.startsWith('use-'));
    for (const folder of folders) {
      if (!(await readdir(join(party, folder))).includes('keys.csv')) continue;
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        const environ = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
        const command = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
        if (command.includes('secretflow.py') && environ.includes(join(party, folder))) return Number(pid);
      }
    }
    return undefined;
  });

/** One owner's engine is ended, or says nothing more, once both have met. */
const broken = async (world: World, signal: 'SIGKILL' | 'SIGSTOP', counts: Tally): Promise<void> => {
  const one = await onShares(world, queries[0]!, 'secretflow');
  const play = async (side: Side, take: boolean): Promise<PartOutcome> =>
    playPart({
      ...{ client: side.client, folder: await openFolder(side.party), contract: one.id, input: side.input, take },
      ...{ listen: { host: '127.0.0.1', port: 0, address: '127.0.0.1' }, waitSeconds: partSeconds, silenceMs: 10_000 },
      python: secretflow.python,
    });
  const both = [play(world.bank, true), play(world.shop, false)] as const;
  const pid = await engineBeside(world.shop.party);
  process.kill(pid, signal);
  // A stopped one is ended once the other owner has stated that nobody answers.
  if (signal === 'SIGSTOP') {
    await patiently('the other owner has stated its part', async () => {
      const [use] = (await world.bank.client.call(wire.getComputation, { params: { id: one.id } })).history;
      const { parts } = await world.bank.client.call(wire.getParts, { params: { id: use!.id } });
      return parts.some((part) => part.stated);
    });
    process.kill(pid, 'SIGKILL');
  }
  const outcomes = await Promise.all(both).catch(() => undefined);
  const after = await world.bank.client.call(wire.getComputation, { params: { id: one.id } });
  counts.expect(outcomes?.every(({ report }) => report === null) === true, `${signal}: nothing opened`);
  counts.expect(after.history[0]?.state === 'failed', `${signal}: the use failed, ${after.history[0]?.state}`);
  counts.expect(after.uses.left === 1, `${signal}: it counts`);
  counts.note(`${signal} midway: ${outcomes?.map(({ statement }) => statement.outcome).join(', ')}`);
};

/** Of our own script, among what others on this machine may leave there. */
const tracesLeft = async (): Promise<string[]> => {
  const script = join(root, 'packages/private-compute/src/engines/secretflow.py');
  const found: string[] = [];
  for (const name of (await readdir('/tmp')).filter((one) => /^psi_.*\.trace$/.test(one))) {
    const text = await readFile(join('/tmp', name), 'latin1').catch(() => '');
    if (text.includes(script)) found.push(name);
  }
  return found;
};

const spuChecks = async (world: World, counts: Tally): Promise<void> => {
  for (const sql of queries) {
    const begun = performance.now();
    const ours = await byCommand(world, await onShares(world, sql, 'local'), toShop(sql));
    const between = performance.now();
    const theirs = await byCommand(world, await onShares(world, sql, 'secretflow'), toShop(sql));
    counts.expect(
      ours.result !== '' && ours.result === theirs.result,
      `the same result: ${sql}\n${ours.result}${theirs.result}${ours.said}${theirs.said}`,
    );
    counts.expect(ours.verified && theirs.verified, `papers of both verify: ${theirs.said}`);
    counts.note(`ours ${Math.round(between - begun)} ms, SecretFlow ${Math.round(performance.now() - between)} ms`);
  }
  for (const both of [false, true]) {
    const begun = performance.now();
    const ours = await byCommand(world, await onKeys(world, both, 'local'), false);
    const between = performance.now();
    const theirs = await byCommand(world, await onKeys(world, both, 'secretflow'), false);
    const lines = ours.result.split('\n').length;
    counts.expect(
      lines === rows / 2 + 2 && ours.result === theirs.result && ours.other === theirs.other,
      `the same rows of common keys, to ${both ? 'both' : 'one'}: ${lines} lines\n${ours.said}${theirs.said}`,
    );
    counts.expect((theirs.other === null) === !both, `and the other owner got ${both ? 'its own' : 'none'}`);
    counts.expect(ours.verified && theirs.verified, `papers of both verify: ${theirs.said}`);
    counts.note(
      `intersection: ours ${Math.round(between - begun)} ms, SecretFlow ${Math.round(performance.now() - between)} ms`,
    );
  }
  const left = await tracesLeft();
  counts.expect(left.length === 0, `no trace of an intersection is left: ${left}`);
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) await broken(world, signal, counts);
};

const plainQueries = [
  {
    sql: "select l.since, l.late, count(*) as n, count(distinct l.city) as cities, sum(l.balance) as total from loans l where l.since is null or (l.late = false and l.since >= date '2021-01-01') group by l.since, l.late",
    parameters: [],
    values: {},
  },
  {
    sql: 'select l.city, count(*) as n, sum(l.balance) as total from loans l group by l.city',
    parameters: [],
    values: {},
  },
  {
    sql: "select l.city, count(*) as n, sum(l.balance) as total from loans l where l.kind = $kind and l.city <> 'it''s \\ far' group by l.city",
    parameters: [{ name: 'kind', title: '种类', values: ["it's \\ one", 'two'] }],
    values: { kind: "it's \\ one" },
  },
];

const plainChecks = async (world: World, name: 'spark' | 'trino', counts: Tally) => {
  const { stage, bank } = world;
  const chance = randomBytes(rows * 4);
  const kinds = ["it's \\ one", 'two'];
  const lines = Array.from({ length: rows }, (_, n) => {
    const draw = chance.readUInt32LE(n * 4);
    const since = draw % 7 === 0 ? '' : `20${20 + (draw % 3)}-0${1 + (draw % 9)}-15`;
    return `P${n},city ${draw % 5},${kinds[draw % 2]},${(draw % 2_000_001) / 100},${since},${draw % 3 === 0}`;
  });
  const { fields } = await divisionsResource();
  const bytes = Buffer.from(['person,city,kind,balance,since,late', ...lines, ''].join('\n'));
  const loans = await bringResource(
    stage,
    bank.login,
    { ...fields, name: '引擎对照（合成）' },
    { name: 'loans.csv', bytes },
  );
  const column = (name: string) => loans.content!.columns.find((one) => one.name === name)!;
  const own = await stage.organisation('mapping');
  const rules = {
    person: 'join',
    city: 'open',
    kind: 'open',
    balance: 'aggregate',
    since: 'open',
    late: 'open',
  } as const;
  const set = {
    ...{ owner: own, table: 'loans', resource: loans.id, version: loans.content!.normalDigest!, entity: 'person' },
    columns: Object.entries(rules).map(([name, rule]) => ({ name, rule, type: column(name).type as 'string' })),
  };
  const bodyOf = (of: (typeof plainQueries)[number], engine: boolean, rowsMax = 100) => {
    return {
      ...terms,
      title: '引擎对照：明文',
      mode: 'cleanRoom' as const,
      dataSets: [set],
      recipients: [own],
      query: { sql: of.sql, parameters: of.parameters },
      release: { entitiesMin: 3, rowsMax, rho: null },
      ...(engine ? { engine: { name, version: engines[name].checked[0]! } } : {}),
    };
  };
  const answer = async (of: (typeof plainQueries)[number], engine: boolean, rowsMax = 100) => {
    const body = bodyOf(of, engine, rowsMax);
    const one = await signed(world, body, [bank.login]);
    const { id } = await bank.client.call(wire.runComputation, {
      params: { id: one.id },
      body: { query: one.query.digest, values: of.values },
    });
    const use = await patiently('a use ends', async () => {
      const { history } = await bank.client.call(wire.getComputation, { params: { id: one.id } });
      return history.find((each) => each.id === id && each.endedAt !== null);
    });
    if (use.state !== 'released') return { state: use.state, digest: null, said: use.reason?.en ?? '' };
    const { rows: told } = await bank.client.call(wire.getComputationResult, { params: { id } });
    return { state: use.state, digest: JSON.stringify(told), said: '' };
  };
  for (const of of plainQueries) {
    const begun = performance.now();
    const ours = await answer(of, false);
    const between = performance.now();
    const theirs = await answer(of, true);
    counts.expect(
      ours.digest !== null && ours.digest === theirs.digest,
      `the same result, byte by byte: ${of.sql} ${ours.said} ${theirs.said}`,
    );
    counts.note(
      `ours ${Math.round(between - begun)} ms, ${engines[name].title} ${Math.round(performance.now() - between)} ms`,
    );
  }
  const more = await answer(plainQueries[0]!, true, 2);
  counts.expect(
    more.state === 'failed' && more.said.includes('larger than agreed'),
    `more rows than agreed: ${more.said}`,
  );
  return bodyOf(plainQueries[0]!, true);
};

/** Nothing of a use is left there, and without it no use counts. */
const trinoChecks = async (world: World, trino: RunningTrino, counts: Tally): Promise<void> => {
  const body = await plainChecks(world, 'trino', counts);
  const { client, login } = world.bank;
  const left = async () => (await askTrino(trino, 'SHOW SCHEMAS FROM memory')).flat().map(String);
  const schemas = await left();
  counts.expect(
    schemas.includes('default') && !schemas.some((name) => name.startsWith('shugu')),
    `no schema is left: ${schemas}`,
  );
  const one = await signed(world, body, [login]);
  await trino.end();
  const asked = await client
    .call(wire.runComputation, { params: { id: one.id }, body: { query: one.query.digest, values: {} } })
    .then(
      () => 'taken',
      (error: ProblemError) => error.problem?.code,
    );
  const { uses } = await client.call(wire.getComputation, { params: { id: one.id } });
  counts.expect(asked === 'compute.engineDiffers' && uses.taken === 0, `without it: ${asked}, ${uses.taken} taken`);
};

export const run = (): Promise<Outcome> =>
  inFolder(async (place) => {
    const counts = tally();
    for (const why of Object.values(missing)) counts.note(`skipped ${why}`);
    const trino = missing.trino ? undefined : await startTrino(join(place, 'trino'));
    const temporary = await startTemporary({
      ...(!missing.spark && { computeSparkPython: spark.python }),
      ...(trino && { computeTrinoUrl: trino.url }),
    });
    try {
      const { url, kernel } = temporary.exchange;
      const stage = makeStage(url, await readCast());
      await openMarket(stage, kernel.setupToken, ['xingsha', 'mapping']);
      const data = drawn();
      const side = async (login: string, name: keyof typeof data): Promise<Side> => {
        const party = join(place, name);
        await mkdir(party);
        const input = join(place, `${name}.csv`);
        await writeFile(input, data[name]);
        const { token } = await stage.anyone.call(signIn, { body: { login, password: stage.cast.demoPassword } });
        return { login, party, input, token, client: await stage.as(login) };
      };
      const world = {
        stage,
        place,
        bank: await side('mapping.trader', 'bank'),
        shop: await side('xingsha.trader', 'shop'),
      };
      const { items } = await world.bank.client.call(listEngines, {});
      const offered = items.map(({ name }) => name);
      counts.expect(
        offered.includes('secretflow') &&
          offered.includes('spark') !== (missing.spark !== undefined) &&
          offered.includes('trino') !== (missing.trino !== undefined),
        `it offers ${offered}`,
      );
      if (!missing.secretflow) await spuChecks(world, counts);
      if (!missing.spark) await plainChecks(world, 'spark', counts);
      if (trino) await trinoChecks(world, trino, counts);
    } finally {
      await temporary.end();
      await trino?.end();
    }
    return counts.outcome();
  });
