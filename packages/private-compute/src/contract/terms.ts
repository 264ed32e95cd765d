import { createHash } from 'node:crypto';
import { canonicalBytes } from '@shugu/evidence';
import { type AgreedEngine, engineOf, engines } from '../engines/engine.ts';
import { type SharesProtocol, sharesTrust, trustOfProtocol } from '../shares/terms.ts';
import type { ColumnRule } from './disclosure.ts';
import type { Intersecting } from './intersection.ts';
import type { ModuleTerms } from './module.ts';
import type { Noise } from './noise.ts';
import type { SharedQuery } from './shared.ts';

/** Who runs a computation, and what its parties have to believe for it to be private. */
export type ComputationMode = 'cleanRoom' | 'shares' | 'psi';

/** Of an intersection it is that of its protocol: `intersectionTrust`. */
export const computationTrust: Readonly<Record<Exclude<ComputationMode, 'psi'>, { zh: string; en: string }>> = {
  cleanRoom: {
    zh: '前提：各方信任本节点。数据以明文在本节点的隔离进程中计算，节点运营方在技术上能够看到；其他各方只得到约定的结果，看不到别人的数据。此外各方看到每次使用的时间、用时和结果行数；结果本身透露什么、数据是否真实，不受约束。',
    en: 'Holds if all parties trust this node. It computes on the plain data in a locked process, and its operator could technically see them; every other party gets the agreed result and nothing of the others’ data. Besides, all parties see when each use ran, how long it took and how many rows came of it; nothing limits what the result itself tells, or forces anybody to bring true data.',
  },
  shares: sharesTrust,
};

/** Of a mode, by the engine that computes in it, and by the protocol where that is on shares. */
export const trustFor = (
  mode: keyof typeof computationTrust,
  engine?: AgreedEngine | undefined,
  protocol?: SharesProtocol | undefined,
): { zh: string; en: string } =>
  engines[engineOf({ engine })].trust ?? (mode === 'shares' ? trustOfProtocol(protocol) : computationTrust[mode]);

/** Names are unique in small letters, as SQL does not tell capitals apart. */
export interface DataSet {
  owner: string;
  /** As the query calls it. */
  table: string;
  resource: string;
  /** Digest of the very data: other data are another contract. */
  version: string;
  /** The column whose distinct values are the persons or firms that a group must have enough of. */
  entity: string;
  columns: ColumnRule[];
}

/** A parameter takes one of its listed values, and the query compares one open column with it. */
export interface ListedParameter {
  name: string;
  title: string;
  values: string[];
}

/** What a price means. Without it nothing is charged, as under contracts that were signed before there was payment. */
export interface Payment {
  /** "0.06": inside the price. */
  taxRate: string;
  /** Who gets which part of it, after the exchange's fee; decimals that sum to 1. An owner that takes the use itself pays the others'. */
  shares: { owner: string; share: string }[];
  /** Whether a use is owed of which it is known that it read nothing. Any other that counts is owed. */
  untouched: 'free' | 'charged';
}

export const usesPeriods = ['day', 'month', 'year'] as const;
export type UsesPeriod = (typeof usesPeriods)[number];

/** What contracts of every mode say. */
export interface Agreed {
  form: 'shugu/computation/1';
  /** Its own: a signature under one contract is none under another of the same words. */
  id: string;
  title: string;
  purpose: string;
  trust: { zh: string; en: string };
  recipients: string[];
  output: { name: string; type: string }[];
  /** In total. */
  uses: number;
  /** And in each period of the calendar of an IANA time zone; left out where there is no such limit. */
  usesPer?: { period: UsesPeriod; most: number; timeZone: string } | undefined;
  from: string;
  until: string;
  /** Per use, whole fen as text. */
  priceFen: string;
  payment?: Payment;
  /** Left out for this program's own. */
  engine?: AgreedEngine;
}

/** The node computes on data that it holds. */
export interface CleanRoom extends Agreed {
  mode: 'cleanRoom';
  dataSets: DataSet[];
  /** `digest` names what runs: the SQL, or the module, and then there is no SQL. */
  query: { sql: string; digest: string; parameters: ListedParameter[] };
  /** A foreign program runs in the place of a query. */
  module?: ModuleTerms;
  /**
   * `rho` is what of the owners' privacy budgets a use may cost (zCDP, a decimal); null without noise. `how`: of a query, `ask` as of a module;
   * left out, its result is given out at once.
   */
  release: { entitiesMin: number; rowsMax: number; rho: string | null; how?: 'ask' | 'direct' | undefined };
  /** With `rho`: then every named group is told, with noise, and the least number of entities decides nothing. */
  noise?: Noise;
}

/** A computation contract (计算合约): what the parties sign. */
export type Computation = CleanRoom | SharedQuery | Intersecting;

export const computationLimits = {
  dataSetsMax: 4,
  columnsMax: 200,
  recipientsMax: 5,
  parametersMax: 5,
  valuesMax: 100,
  /** With two in a group, either of them sees the other. */
  entitiesLeast: 3,
  entitiesMost: 1_000_000,
  rowsMax: 10_000,
  usesMax: 10_000,
} as const;

const digestOf = (bytes: Uint8Array | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Of the SQL as the gate wrote it anew: one query has one digest, however it was typed. */
export const queryDigest = (sql: string): string => digestOf(sql);

/** The text that parties sign, and its digest. Throws EvidenceError where a value has no canonical form. */
export const computationText = (computation: Computation): { text: string; digest: string } => {
  const bytes = canonicalBytes(computation);
  return { text: Buffer.from(bytes).toString('utf8'), digest: digestOf(bytes) };
};

export const ownersOf = ({ dataSets }: { dataSets: readonly { owner: string }[] }): string[] => [
  ...new Set(dataSets.map(({ owner }) => owner)),
];

export const twice = (names: readonly string[]): boolean =>
  new Set(names.map((name) => name.toLowerCase())).size !== names.length;

/** What is wrong with a contract in itself, as a path and a word for it; undefined when nothing is. */
export const computationFault = (one: Pick<CleanRoom, 'dataSets' | 'recipients' | 'query' | 'from' | 'until'>) => {
  const { dataSets, recipients, query } = one;
  if (twice(dataSets.map(({ table }) => table))) return { path: 'dataSets', fault: 'nameTwice' } as const;
  for (const [at, { columns, entity }] of dataSets.entries()) {
    if (twice(columns.map(({ name }) => name))) return { path: `dataSets.${at}.columns`, fault: 'nameTwice' } as const;
    if (!columns.some(({ name }) => name === entity))
      return { path: `dataSets.${at}.entity`, fault: 'entityUnknown' } as const;
  }
  if (twice(recipients)) return { path: 'recipients', fault: 'nameTwice' } as const;
  if (twice(query.parameters.map(({ name }) => name))) return { path: 'query.parameters', fault: 'nameTwice' } as const;
  if (new Date(one.until) <= new Date(one.from)) return { path: 'until', fault: 'termEmpty' } as const;
  return undefined;
};
