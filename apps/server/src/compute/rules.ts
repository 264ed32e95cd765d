/** Pure decisions: who is which party, what is wrong with what a recipient asks, what is told of an end. */
import {
  checkSplitRule,
  type Decimal,
  decimalOf,
  divideByWeights,
  LedgerError,
  parseDecimal,
  partsOf,
  split,
  sumFen,
} from '@shugu/ledger';
import { localTime, periodEnd, periodKey } from '@shugu/policy';
import {
  asksFirst,
  type CleanRoom,
  type Computation,
  decimal,
  engineOf,
  epsilonOf,
  intersectionDigest,
  leanHaving,
  type ModuleTerms,
  opensAsAgreed,
  ownersOf,
  type Payment,
  type Profiled,
  planDigest,
  queryDigest,
  ratio,
  times,
} from '@shugu/private-compute';
import type { Text } from '@shugu/wire';
import type { Problem } from '../kernel/problem.ts';
import type { Rule } from '../kernel/rulepack/model.ts';
import { groundsOf } from '../kernel/rulepack/rulebook.ts';
import type { ResourceDescription } from '../registry/index.ts';
import type { Contract, Isolation, OwnersContract, Price, RoomContract, Shape } from './model.ts';
import { problems } from './problems.ts';

/** Whose data stay with their owners, and are computed on there. */
export const atOwners = (contract: Contract): contract is OwnersContract => contract.terms.mode !== 'cleanRoom';
/** Of a contract that is known to be one of a clean room. */
export const inRoom = (contract: Contract): RoomContract => {
  if (contract.terms.mode !== 'cleanRoom') throw new Error(`${contract.id} is no contract of a clean room`);
  return contract as RoomContract;
};

/** Whose answers are told at steps of time alone. */
export const inSteps = ({ terms }: Pick<Contract, 'terms'>): boolean =>
  terms.mode === 'cleanRoom' && terms.noise?.answerSeconds !== undefined;

/** The foreign program that runs in the place of a query; undefined where none does. */
export const moduleOf = (terms: Computation): ModuleTerms | undefined =>
  terms.mode === 'cleanRoom' ? terms.module : undefined;

/** Whether what comes of a use waits for its owners. */
export const heldFirst = (terms: Computation): boolean => terms.mode === 'cleanRoom' && asksFirst(terms);

/** Whether its owners answer before a result is told: each use then shows what they said. */
export const ownersAnswer = (terms: Computation): boolean => moduleOf(terms) !== undefined || heldFirst(terms);

/** What is asked of a contract whose data stay with their owners, and could not be kept there; undefined where nothing is. */
export const unkeptBeside = (draft: {
  release?: { rho?: string | null | undefined; how?: string | undefined } | undefined;
  noise?: unknown;
}): Problem | undefined => {
  if (draft.release?.how === 'ask') return problems.contractInvalid({ field: 'body.release.how', detail: unseen });
  if (draft.noise === undefined && (draft.release?.rho ?? null) === null) return undefined;
  const field = draft.noise === undefined ? 'body.release.rho' : 'body.noise';
  return problems.contractInvalid({ field, detail: unnoised });
};

/** In a pair no least number can be kept; undefined where none is asked for, or a helper keeps it. */
export const unkeptLeast = ({ protocol, count }: { protocol: string; count?: unknown }): Problem | undefined =>
  count !== undefined && protocol !== 'helper'
    ? problems.contractInvalid({ field: 'body.count.atLeast', detail: workedOut })
    : undefined;

const workedOut: Text = {
  zh: '没有协助方时双方各自算出相同标识的数量，没有人能在打开之前扣下；要设下限，请选择由交易所协助（helper），它看得到这个数',
  en: 'without a helper each owner works out by itself how many keys are common, and nobody could keep the number back: for a least number take protocol helper, which sees it',
};

const unseen: Text = {
  zh: '数据留在双方时，结果只在接收单位自己的机器上打开，没有人能先看；各数据持有单位以参与或不参与每次运行表示同意',
  en: 'where data stay with their owners a result opens at its recipients alone, so nobody could look at it before: an owner agrees to each use by taking part in it, or does not',
};
const unnoised: Text = {
  zh: '数据留在双方时不加噪声：那里没有各方共认的贡献界限与隐私预算，结果是准确的；需要噪声请用洁净室，否则以人数下限为准',
  en: 'no noise is added where data stay with their owners: what opens there is exact, without bounds and budgets that all could hold it to. For noise agree on a clean room; otherwise a least number of common keys holds',
};

export const sidesOf = (terms: Computation, participant: string) => ({
  owner: ownersOf(terms).includes(participant),
  recipient: terms.recipients.includes(participant),
});

/** Of which period of the contract's calendar a use at that time is; '' where it limits none. */
export const periodKeyOf = ({ usesPer }: Pick<Computation, 'usesPer'>, at: Date): string =>
  usesPer ? periodKey(at.getTime(), usesPer.timeZone, usesPer.period) : '';

/** How the period that it is stands; undefined where the contract limits none. */
export const periodOf = (contract: Contract, now: Date) => {
  const { usesPer } = contract.terms;
  if (!usesPer) return undefined;
  const taken = contract.periodKey === periodKeyOf(contract.terms, now) ? contract.periodTaken : 0;
  const renewsAt = new Date(periodEnd(now.getTime(), usesPer.timeZone, usesPer.period)!);
  return { ...usesPer, taken, left: usesPer.most - taken, renewsAt };
};

/** When one may be taken again, as its parties read it. */
export const whenAgain = ({ until }: Contract, { renewsAt, timeZone }: { renewsAt: Date; timeZone: string }): Text => {
  if (renewsAt >= until) return { zh: '合约到期前不再有下一期', en: 'the contract ends before the next one begins' };
  const { date, minuteOfDay } = localTime(renewsAt.getTime(), timeZone);
  const pad = (number: number) => String(number).padStart(2, '0');
  const at = `${date} ${pad(Math.floor(minuteOfDay / 60))}:${pad(minuteOfDay % 60)} (${timeZone})`;
  return { zh: `${at} 起可再用`, en: `again from ${at}` };
};

/** Another query, or a value that nobody agreed on. */
export const askedWrong = (
  { query }: Computation,
  asked: { query: string; values: Readonly<Record<string, string>> },
): Problem | undefined => {
  if (asked.query !== query.digest) return problems.queryDiffers({ field: 'body.query' });
  const names = query.parameters.map(({ name }) => name);
  const extra = Object.keys(asked.values).find((name) => !names.includes(name));
  if (extra) return problems.parameterWrong({ field: `body.values.${extra}` });
  const wrong = query.parameters.find(
    ({ name, values }) => !Object.hasOwn(asked.values, name) || !values.includes(asked.values[name]!),
  );
  return wrong && problems.parameterWrong({ field: `body.values.${wrong.name}`, detail: wrong.values.join('、') });
};

/** What does not fit between a data set of a contract and what its owner has; an owner signs only for data of its own. */
export const dataFault = (
  { owner, version, columns }: CleanRoom['dataSets'][number],
  found: ResourceDescription | undefined,
): string | undefined => {
  if (found?.participant !== owner) return 'resource';
  if (found.objects.normal !== version) return 'version';
  return columns.find(({ name, type }) => !found.columns.some((one) => one.name === name && one.type === type))?.name;
};

/** The query of the document is the one that was signed, or nothing runs. A module's bytes are held against its digest when it runs. */
export const isWhole = (terms: Computation): boolean => {
  const { query } = terms;
  if (terms.mode === 'shares') return query.digest === planDigest(terms.plan) && opensAsAgreed(terms);
  if (terms.mode === 'psi') return query.digest === intersectionDigest(terms);
  return terms.module !== undefined || query.digest === queryDigest(query.sql);
};

const legsOf = ({ shares }: Payment) =>
  shares.map(({ owner, share }) => ({ party: owner, role: 'rightsHolder', share: parseDecimal(share) }));

/** What Spark and Trino are not asked to do: why not, as a word; undefined where they take the query. */
export const noEngineIn = (
  {
    module,
    noise,
    query,
    dataSets,
  }: {
    module?: unknown;
    noise?: unknown;
    query: { sql?: string | undefined };
    dataSets: CleanRoom['dataSets'];
  },
  owners: number,
): string | undefined => {
  if (module || noise) return 'engineQueryOnly';
  // Plain data of two owners lie in this program's own clean room, or do not meet.
  if (owners !== 1) return 'engineOneOwner';
  // Its averages of decimals are decimals of fewer places.
  const decimals = dataSets.some(({ columns }) => columns.some(({ type }) => type === 'decimal'));
  return decimals && /\bavg\s*\(/i.test(query.sql ?? '') ? 'engineAverage' : undefined;
};

/** Engines of others have no name spaces of ours around them: they need more of the machine than such a process sees, or are elsewhere. */
export const isolationOf = ({ engine }: Pick<Computation, 'engine'>, around: Isolation): Isolation =>
  engine ? 'process' : around;

/** How evidence names who computed. */
export const engineTold = ({ engine }: Pick<Computation, 'engine'>): { name: string; version: string | null } => ({
  name: engineOf({ engine }),
  version: engine?.version ?? null,
});

/** A query with the least number of entities behind it, and what the gate knows of it. */
interface Gated {
  terms: { query: { sql: string }; release: { entitiesMin: number } };
  shape: Pick<Shape, 'threshold'> & { joint: Pick<Shape['joint'], 'joins'> };
}

/**
 * What runs of these very data: the query, with distinct entities counted only where their profile shows that one may stand in several
 * rows, and those with a value only where one may lack. What was signed before values were asked for runs as it was signed.
 */
export const leanSql = ({ terms, shape }: Gated, profiled: Profiled): string => {
  const { sql } = terms.query;
  const { threshold, joint } = shape;
  if (!threshold || !sql.startsWith(`${threshold.sql} HAVING `)) return sql;
  const { sources, aggregated = [] } = threshold;
  const having = leanHaving({ sources, aggregated, joins: joint.joins }, terms.release.entitiesMin, profiled);
  return `${threshold.sql} HAVING ${having}`;
};

/** A price says who gets which part of it: every owner, and all of it. */
export const paymentFault = (
  one: Pick<Computation, 'priceFen' | 'payment'> & { dataSets: readonly { owner: string }[] },
): Problem | undefined => {
  const { payment } = one;
  if (!payment) {
    return one.priceFen === '0'
      ? undefined
      : problems.contractInvalid({ field: 'body.payment', detail: 'priceUnshared' });
  }
  const owners = ownersOf(one);
  const field = 'body.payment.shares';
  if (
    payment.shares.length !== owners.length ||
    !owners.every((owner) => payment.shares.some((leg) => leg.owner === owner))
  )
    return problems.contractInvalid({ field, detail: 'ownersDiffer' });
  try {
    checkSplitRule({ legs: legsOf(payment) });
    return undefined;
  } catch (error) {
    if (error instanceof LedgerError) return problems.contractInvalid({ field, detail: 'sumNotOne' });
    throw error;
  }
};

/** One in a million, as it is usually told. */
export const delta = 1e-6;

/** Where all uses together may tell more of one entity than the rule says is much: losses of releases add (account.ts). */
export const weakNoise = (
  { noise, release, uses }: Pick<CleanRoom, 'noise' | 'release' | 'uses'>,
  most: Rule,
): Text | undefined => {
  if (!noise || release.rho === null) return undefined;
  const epsilon = epsilonOf(times(decimal(release.rho), ratio(BigInt(uses), 1n)), delta);
  if (epsilon <= Number(most.value)) return undefined;
  const [found, grounds] = [epsilon.toPrecision(3), groundsOf(most)];
  return {
    zh: `提示：全部 ${uses} 次使用合计，ε 可达 ${found}（δ 为百万分之一），超过 ${most.value}${grounds.zh}。这样的噪声很难保护任何一个主体；请减少次数或每次的 ρ。`,
    en: `Note: all ${uses} uses together tell up to ε = ${found} (at a delta of one in a million), more than ${most.value}${grounds.en}. Such noise hardly protects anybody: agree on fewer uses or a smaller ρ.`,
  };
};

const shareScale = 12;

/**
 * What a recipient pays for a use; undefined where that is nothing. Its own part, where it is an owner, is not paid at all, and the
 * others' shares are those of what is left, to the twelfth digit.
 */
export const priceFor = (terms: Computation, recipient: string): Price | undefined => {
  const { payment, priceFen } = terms;
  if (!payment || priceFen === '0') return undefined;
  const legs = legsOf(payment);
  const { parts } = split({ legs }, BigInt(priceFen));
  const fen = sumFen(parts.map((part) => (part.party === recipient ? 0n : part.fen)));
  const others = legs.filter(({ party }) => party !== recipient);
  if (fen === 0n) return undefined;
  const scaled = others.map(({ share }) => {
    const { coefficient, scale } = partsOf(share);
    return coefficient * 10n ** BigInt(shareScale - scale);
  });
  const shares = divideByWeights(10n ** BigInt(shareScale), scaled);
  const share = (at: number): Decimal => decimalOf({ coefficient: shares[at]!, scale: shareScale });
  return { fen, legs: others.map((leg, at) => ({ ...leg, share: share(at) })) };
};

/** How a use ended, as far as its price asks. `touched`: data were opened, or nobody can say that they were not. */
export interface UseEnding {
  code: 'released' | string;
  touched: boolean;
  payment: Payment;
}

/** `untouched`: a use that is given back was none. */
const prevented = new Set(
  ['revoked', 'versionSwapped', 'unpaid', 'untouched', 'outputRefused', 'outputUnanswered'].map(
    (one) => `compute.${one}`,
  ),
);

/** Owners are not paid for what one of them prevented; what counts and read something, or may have, is owed. */
export const isOwed = ({ code, touched, payment }: UseEnding): boolean => {
  if (prevented.has(code)) return false;
  return touched || payment.untouched === 'charged';
};
