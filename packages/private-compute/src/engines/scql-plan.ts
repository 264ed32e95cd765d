/** A contract's plan in SCQL's words: what each owner's table holds, what it grants, the one query, and what its answer amounts to. Pure. */
import { createHash } from 'node:crypto';
import type { Role } from '../intersect/agree.ts';
import { ComputeError } from '../problem.ts';
import { type Place, placeOf } from '../shares/mesh.ts';
import type { Name } from '../shares/names.ts';
import { type Plan, payloadOf } from '../shares/plan.ts';
import type { SharesReport } from '../shares/play.ts';
import { signed } from '../shares/ring.ts';
import { answerOf, type Target, targetsOf } from '../shares/targets.ts';
import type { Recipient, SharesTerms } from '../shares/terms.ts';

export const scqlLimits = {
  /** Of an owner's columns of sums; they have these names in every file, so that the data source is set up once. */
  values: 16,
  groups: 65_536,
  answerBytes: 32 * 2 ** 20,
  patienceMs: 60_000,
  afterMs: 10_000,
  lookMs: 1000,
  /** Until the other owner has done its next step. */
  silenceMs: 600_000,
  playSeconds: 3600,
  lastMs: 20_000,
} as const;

/** What SCQL is not asked of what plans can say; undefined where it takes the plan. */
export const scqlFault = (plan: Plan, recipient: Recipient): string | undefined => {
  if (plan.align === 'place') return 'rows are matched by keys in this engine';
  if (payloadOf(plan)) return 'hidden matches are not taken by this engine';
  if (plan.compared.length > 0) return 'numbers of both owners are not compared by this engine';
  if (plan.top) return 'ORDER BY … LIMIT is not taken by this engine';
  if (recipient === 'both') return 'one owner alone gets the result in this engine';
  if (plan.atLeast === undefined) return 'this engine opens nothing without a least number of keys';
  for (const place of [0, 1] as const)
    if (valuesOf(plan, place).length > scqlLimits.values)
      return `sums over at most ${scqlLimits.values} columns of an owner are taken by this engine`;
  return undefined;
};

/** Sums over an owner's columns: rows are counted by the engine. */
export const valuesOf = (plan: Plan, place: Place): Target[] =>
  targetsOf(plan, 0).filter(({ of, owner }) => of !== 'rows' && owner === place);

/** Of every owner's file: the key, its group where groups are its, and sums. */
export const scqlColumns = [
  { name: 'k', dtype: 'string' },
  { name: 'g', dtype: 'string' },
  // `int` is one of 32 bits there.
  ...Array.from({ length: scqlLimits.values }, (_, at) => ({ name: `v${at}`, dtype: 'int64' })),
];

/** Where there are no groups, all is one of the recipient's, so that the least number holds for the whole. */
export const groupsAt = ({ plan, recipient }: Pick<SharesTerms, 'plan' | 'recipient'>): Place =>
  placeOf(plan.groups?.owner ?? (recipient as Role));

/** Says which file was signed for and under which terms: an owner that means other ones has a table of another name. */
export const scqlTable = (digest: Buffer, role: Role, commitment: string): string =>
  `o${createHash('sha256').update(digest).update(`\n${role}\n${commitment}`).digest('hex').slice(0, 40)}`;
export const scqlProject = (digest: Buffer): string => `s${digest.toString('hex').slice(0, 40)}`;

export interface Grant {
  col: { column_name: string; table_name: string };
  party_code: string;
  constraint: string;
}

/** What an owner grants on its own table: to the recipient sums and names of groups, to the other the matching alone. */
export const grantsOf = (
  terms: Pick<SharesTerms, 'plan' | 'recipient'>,
  role: Role,
  table: string,
  parties: { own: string; peer: string },
): Grant[] => {
  const [sums, groups] = [valuesOf(terms.plan, placeOf(role)).length, groupsAt(terms) === placeOf(role)];
  const opens = terms.recipient !== role;
  const used = ['k', ...(groups ? ['g'] : []), ...Array.from({ length: sums }, (_, at) => `v${at}`)];
  const forPeer = (name: string): string =>
    name === 'k'
      ? 'PLAINTEXT_AFTER_JOIN'
      : !opens
        ? 'ENCRYPTED_ONLY'
        : name === 'g'
          ? 'PLAINTEXT_AFTER_GROUP_BY'
          : 'PLAINTEXT_AFTER_AGGREGATE';
  const grant = (name: string, party_code: string, constraint: string): Grant => ({
    col: { column_name: name, table_name: table },
    party_code,
    constraint,
  });
  return used.flatMap((name) => [grant(name, parties.own, 'PLAINTEXT'), grant(name, parties.peer, forPeer(name))]);
};

/** Nothing in it is of anybody's wording: names are digests, and the least number is a number. */
export const scqlQuery = (
  terms: Pick<SharesTerms, 'plan' | 'recipient'>,
  [first, second]: readonly [string, string],
): string => {
  const sums = [first, second].flatMap((table, place) =>
    valuesOf(terms.plan, place as Place).map((_, at) => `SUM(${table}.v${at}) AS s${place}_${at}`),
  );
  const group = `${[first, second][groupsAt(terms)]}.g`;
  return [
    `SELECT ${[group, 'COUNT(*) AS n', ...sums].join(', ')}`,
    `FROM ${first} INNER JOIN ${second} ON ${first}.k = ${second}.k`,
    `GROUP BY ${group} HAVING COUNT(*) >= ${terms.plan.atLeast}`,
  ].join(' ');
};

/** A row of the file. */
export const scqlRow = (key: string, group: Name, values: readonly bigint[]): string =>
  [
    key,
    `"${JSON.stringify(group).replaceAll('"', '""')}"`,
    ...Array.from({ length: scqlLimits.values }, (_, at) => String(signed(values[at] ?? 0n))),
  ].join(',');

const wrong = (what: string): ComputeError =>
  new ComputeError('compute.engineFailed', `SCQL opened something else than was asked for: ${what}`);

const texts = (column: Record<string, unknown>, what: string): string[] => {
  const name = { STRING: 'string_data', INT64: 'int64_data', INT32: 'int32_data' }[String(column.elem_type)];
  const found = name === undefined ? undefined : column[name];
  if (!Array.isArray(found) || !found.every((one) => typeof one === 'string' || Number.isSafeInteger(one)))
    throw wrong(`${what} of type ${String(column.elem_type).slice(0, 20)}`);
  const valid = column.data_validity ?? [];
  if (!Array.isArray(valid) || valid.some((one) => one !== true)) throw wrong(`${what} with nothing in it`);
  return found.map(String);
};
const numbers = (column: Record<string, unknown>, what: string): BigUint64Array => {
  const found = column.elem_type === 'STRING' ? [''] : texts(column, what);
  const fits = (one: string) => /^-?\d{1,19}$/.test(one) && BigInt.asIntN(64, BigInt(one)) === BigInt(one);
  if (!found.every(fits)) throw wrong(`${what} is not of whole numbers`);
  return BigUint64Array.from(found, (one) => BigInt.asUintN(64, BigInt(one)));
};

const nameOf = (text: string, columns: number): Name => {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  if (
    !Array.isArray(found) ||
    found.length !== columns ||
    !found.every((one) => one === null || typeof one === 'string')
  )
    throw wrong('the name of a group');
  return found as Name;
};

/** The result as all engines tell it. */
export const scqlAnswer = (
  terms: SharesTerms,
  columns: readonly Record<string, unknown>[],
): NonNullable<SharesReport['answer']> => {
  const { plan } = terms;
  const values = [...valuesOf(plan, 0), ...valuesOf(plan, 1)];
  if (columns.length !== values.length + 2) throw wrong(`${columns.length} columns`);
  const [names, counts, ...sums] = columns;
  const keys = texts(names!, 'groups').map((text) => nameOf(text, plan.groups?.columns.length ?? 0));
  if (keys.length > (plan.groups ? scqlLimits.groups : 1) || new Set(keys.map(String)).size < keys.length)
    throw wrong(`${keys.length} groups`);
  const found = [counts!, ...sums].map((column, at) => numbers(column, at === 0 ? 'the count' : `sum ${at}`));
  if (found.some(({ length }) => length !== keys.length)) throw wrong('columns of different lengths');
  if (found[0]!.some((count) => signed(count) < BigInt(plan.atLeast!))) throw wrong('a group that is too small');
  const targets = targetsOf(plan, 0);
  const at = new Map([['rows', found[0]!], ...values.map(({ key }, n) => [key, found[n + 1]!] as const)]);
  return answerOf(
    terms,
    targets,
    keys,
    targets.map(({ key }) => at.get(key)!),
  );
};
