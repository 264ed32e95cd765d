/** A computation contract over two small tables of persons, and what a draft of it is made from. */
import { planOf, tableCommitment } from '@shugu/private-compute';
import { type CallInput, type CallOutput, type Client, ProblemError } from '@shugu/wire';
import { draftComputation, getComputation, runComputation, signComputation } from '@shugu/wire/compute';
import type { PartyFolder } from '../../../cli/src/compute/folder.ts';
import { PartRefused } from '../../../cli/src/compute/part.ts';
import { treeOf } from '../../../cli/src/compute/plaintext.ts';
import { bringResource, type Resource, until } from '../../../cli/src/scenario/resource.ts';
import { divisionsResource } from '../../../cli/src/trade/goods.ts';
import { type Sql, sql } from '../../src/kernel/db/db.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import type { TestExchange, World } from './exchange.ts';

type AnyDraft = CallInput<typeof draftComputation>['body'];
export type Draft = Extract<AnyDraft, { mode: 'cleanRoom' }>;
export type SharesDraft = Extract<AnyDraft, { mode: 'shares' }>;
export type PsiDraft = Extract<AnyDraft, { mode: 'psi' }>;
export type Computation = CallOutput<typeof draftComputation>;

export interface Holdings {
  /** A bank's loans, and the tax office's arrears. */
  loans: Resource;
  arrears: Resource;
}

const csv = (head: string, rows: readonly string[]) => Buffer.from(`${head}\n${rows.join('\n')}\n`);
const people = (from: number, until: number) => Array.from({ length: until - from }, (_, at) => from + at);

/** Persons 0 to 39 have a loan, 20 to 59 arrears: of the 20 in common 14 live in 长沙, 6 in 株洲 of whom two have arrears of 增值税. */
const loansFile = csv(
  'person,city,balance,manager',
  people(0, 40).map((n) => `P${1000 + n},${n < 34 ? '长沙' : '株洲'},${n * 100},经理${n % 3}`),
);
/** A person with many rows is still one. One alone has been fined. */
const arrearsFile = csv(
  'taxpayer,kind,owed,fine',
  people(20, 60).flatMap((n) => {
    const kind = n < 34 || n >= 38 ? '增值税' : '所得税';
    return Array.from({ length: n === 38 ? 9 : 1 }, () => `P${1000 + n},${kind},${n},${n === 21 ? 500 : ''}`);
  }),
);

const bring = async (world: TestExchange, login: string, name: string, bytes: Buffer): Promise<Resource> => {
  const { fields } = await divisionsResource();
  return bringResource(world.stage, login, { ...fields, name }, { name: 'table.csv', bytes });
};

export const bringHoldings = async (world: TestExchange, bank: string, tax: string): Promise<Holdings> => ({
  loans: await bring(world, bank, '个人贷款余额（样例）', loansFile),
  arrears: await bring(world, tax, '个人欠税（样例）', arrearsFile),
});

/** A bank and a tax office have brought them. */
export const holdingsBrought: World<Holdings> = {
  name: 'holdings',
  play: (world) => bringHoldings(world, 'mapping.trader', 'xingsha.trader'),
};

export const draftOf = (
  { loans, arrears }: Holdings,
  parties: { bank: string; tax: string; recipient: string },
  change: Partial<Draft> = {},
): Draft => ({
  title: '贷前联合核查（样例）',
  purpose: '核查贷款客户的欠税情况，仅用于贷前风险评估',
  mode: 'cleanRoom',
  dataSets: [
    {
      owner: parties.bank,
      table: 'loans',
      resource: loans.id,
      version: loans.content!.normalDigest!,
      entity: 'person',
      columns: [
        { name: 'person', type: 'string', rule: 'join' },
        { name: 'city', type: 'string', rule: 'open' },
        { name: 'balance', type: 'integer', rule: 'aggregate' },
      ],
    },
    {
      owner: parties.tax,
      table: 'arrears',
      resource: arrears.id,
      version: arrears.content!.normalDigest!,
      entity: 'taxpayer',
      columns: [
        { name: 'taxpayer', type: 'string', rule: 'join' },
        { name: 'kind', type: 'string', rule: 'open' },
        { name: 'owed', type: 'integer', rule: 'aggregate' },
      ],
    },
  ],
  recipients: [parties.recipient],
  query: {
    sql: `select t.kind, count(*) as n, sum(t.owed) as owed from loans l join arrears t on l.person = t.taxpayer
      where l.city = $city group by t.kind`,
    parameters: [{ name: 'city', title: '城市', values: ['长沙', '株洲'] }],
  },
  release: { entitiesMin: 3, rowsMax: 100, rho: null },
  uses: 3,
  from: '2026-07-01T00:00:00+08:00',
  until: '2026-07-31T00:00:00+08:00',
  priceFen: '0',
  ...change,
});

/** A party's keys, and the table that stays with it. */
export interface Held {
  folder: PartyFolder;
  input: string;
}

/** What the bank and the shop permit of their columns. */
export const sharedColumns: Readonly<Record<'b' | 's', SharesDraft['dataSets'][number]['columns']>> = {
  b: [
    { name: 'id', rule: 'join' },
    { name: 'amount', rule: 'aggregate' },
    { name: 'branch', rule: 'open' },
    { name: 'manager', rule: 'hidden' },
  ],
  s: [
    { name: 'id', rule: 'join' },
    { name: 'city', rule: 'open' },
    { name: 'spent', rule: 'aggregate' },
  ],
};

/** A query over the tables `b` of a bank and `s` of a shop, told to the bank. */
export const sharesDraftOf = async (
  { seeded }: TestExchange,
  { bank, shop, query }: { bank: Held; shop: Held; query: string },
  change: Partial<SharesDraft> & Pick<SharesDraft, 'title' | 'purpose'>,
): Promise<SharesDraft> => {
  const plan = planOf(await treeOf(query), ['b', 's']);
  const { mapping, xingsha } = seeded.organisations;
  const setOf = async (owner: string, table: 'b' | 's', { folder, input }: Held, role: 'first' | 'second') => ({
    ...{ owner, table, channelKey: folder.channelKey, signingKey: folder.signingKey },
    commitment: await tableCommitment(input, folder.salt, plan, role),
    columns: sharedColumns[table],
  });
  return {
    mode: 'shares',
    dataSets: [await setOf(mapping!, 'b', bank, 'first'), await setOf(xingsha!, 's', shop, 'second')],
    recipients: [mapping!],
    query: { sql: query },
    release: { entitiesMin: 3 },
    decimals: 2,
    rowsMax: 1000,
    uses: 3,
    from: '2026-07-01T00:00:00+08:00',
    until: '2026-07-31T00:00:00+08:00',
    priceFen: '0',
    ...change,
  };
};

/** 'done', or why a party's own program would not take part. */
export const whyNot = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof PartRefused) return error.why;
      throw error;
    },
  );

/** Drafted by the recipient, signed by all owners. */
export const signedContract = async (
  world: TestExchange,
  draft: AnyDraft,
  logins: { recipient: string; owners: readonly string[] },
): Promise<Computation> => {
  const recipient = await world.as(logins.recipient);
  let contract = await recipient.call(draftComputation, { body: draft });
  for (const login of logins.owners) {
    const owner = await world.as(login);
    contract = await owner.call(signComputation, { params: { id: contract.id }, body: { digest: contract.digest } });
  }
  return contract;
};

/** 'done', or the status and code of the problem. */
export const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof ProblemError) return `${error.problem.status} ${error.problem.code}`;
      throw error;
    },
  );

export const readComputation = (who: Client, { id }: Pick<Computation, 'id'>) =>
  who.call(getComputation, { params: { id } });

export const runOnce = (
  who: Client,
  one: Pick<Computation, 'id' | 'query'>,
  values: Record<string, string> = { city: '长沙' },
  query = one.query.digest,
) => who.call(runComputation, { params: { id: one.id }, body: { query, values } });

/** What is asked for meanwhile no worker takes up: its job waits for a day. */
export const withoutWorkers = async <T>(world: TestExchange, work: () => Promise<T>): Promise<T> => {
  const change = (what: Sql) => world.exchange.kernel.database.tx(systemActor('test'), (tx) => tx.exec(what));
  await change(sql`create or replace function later() returns trigger language plpgsql as
    $$ begin new.run_at = new.run_at + interval '1 day'; return new; end $$`);
  await change(
    sql`create trigger later before insert on jobs for each row when (new.kind = 'compute.run') execute function later()`,
  );
  try {
    return await work();
  } finally {
    await change(sql`drop trigger later on jobs`);
  }
};

/** The contract as it stands when the use has ended. */
export const endedUse = (who: Client, one: Pick<Computation, 'id'>, use: string) =>
  until('the use to end', async () => {
    const now = await readComputation(who, one);
    const found = now.history.find(({ id }) => id === use)!;
    return found.endedAt !== null && { now, use: found };
  });

/** Of the same two tables: which values of `id` both have. */
export const psiDraftOf = (
  { query: _, decimals: __, rowsMax: ___, release: ____, ...base }: SharesDraft,
  change: Partial<PsiDraft> = {},
): PsiDraft => ({
  ...{ ...base, mode: 'psi', protocol: 'helper', opens: 'rows', keysMax: 1000 },
  dataSets: base.dataSets.map(({ columns: _____, ...set }) => ({ ...set, key: 'id' })),
  ...change,
});
