import { createHash } from 'node:crypto';
import { canonicalBytes, type Json } from '@shugu/evidence/canonical';
import type { Role } from '../intersect/agree.ts';
import { type Terms, withOwnKeys } from '../intersect/terms.ts';
import { ComputeError } from '../problem.ts';
import { type Plan, payloadOf, requirePlan } from './plan.ts';

/** Whom the result opens to. The node that helps never gets it. */
export type Recipient = Role | 'both';

/** What all three agree on before a query on shares. `job` is drawn anew for each use. */
export interface SharesTerms {
  job: string;
  mode: 'shares';
  /** Left out: replicated shares among all three. With a dealer the two owners compute alone, on randomness that the third prepares. */
  protocol?: 'dealer';
  plan: Plan;
  recipient: Recipient;
  /** Places after the point that numbers have; values are whole multiples of 10^-decimals. */
  decimals: number;
  rowsMax: number;
  /** X25519 keys in hex; of the third none where another engine computes, which has no third. */
  first: string;
  second: string;
  helper: string | null;
}

/** Among whom: three parties, or the two owners after a dealer. */
export const sharesProtocols = ['replicated', 'dealer'] as const;
export type SharesProtocol = (typeof sharesProtocols)[number];

/** Columns are kept in memory, 8 bytes a row and share. */
export const sharesLimits = {
  rows: 1 << 24,
  decimals: 9,
  groups: 1 << 16,
  groupTextBytes: 1 << 24,
  groupsOrdered: 1024,
};

const hex32 = /^[0-9a-f]{64}$/;

export const requireSharesTerms = (terms: SharesTerms): void => {
  const { job, recipient, decimals, rowsMax, first, second, helper, protocol } = terms;
  const keys = [first, second, ...(helper === null ? [] : [helper])];
  const sound =
    (protocol === undefined || (protocol === 'dealer' && helper !== null)) &&
    /^[\w-]{16,64}$/.test(job) &&
    ['first', 'second', 'both'].includes(recipient) &&
    Number.isInteger(decimals) &&
    decimals >= 0 &&
    decimals <= sharesLimits.decimals &&
    Number.isInteger(rowsMax) &&
    rowsMax >= 1 &&
    rowsMax <= sharesLimits.rows &&
    keys.every((key) => hex32.test(key)) &&
    new Set(keys).size === keys.length;
  if (!sound) throw new ComputeError('compute.range', `the terms cannot be used (at most ${sharesLimits.rows} rows)`);
  requirePlan(terms.plan);
  // Which keys match is the helper's secret, and a dealer is to have none.
  if (protocol === 'dealer' && payloadOf(terms.plan) !== undefined)
    throw new ComputeError('compute.query', 'hidden matches need a third party that computes');
  try {
    sharesDigest(terms);
  } catch (error) {
    // Texts that two programs could write in two ways, or conditions in conditions without end.
    throw new ComputeError('compute.query', `the query cannot be agreed on: ${(error as Error).message}`);
  }
};

/** 32 bytes that differ wherever two parties mean something else; all channels of the job are bound to them. */
export const sharesDigest = (terms: SharesTerms): Buffer =>
  createHash('sha256')
    .update('shugu shared query v3\n')
    .update(canonicalBytes(terms as unknown as Json))
    .digest();

/** The intersection that puts rows with equal keys side by side first. */
export const alignTerms = ({ job, plan, rowsMax, first, second, helper, protocol }: SharesTerms): Terms => ({
  job,
  mode: protocol === 'dealer' ? 'kkrt' : 'helper',
  reveal: payloadOf(plan) === undefined ? 'both' : 'none',
  keysMax: rowsMax,
  first,
  second,
  helper: protocol === 'dealer' ? null : helper,
});

interface Told {
  zh: string;
  en: string;
}

/** What a query on shares rests on, to be shown before signing and with every result. */
export const sharesTrust: Told = withOwnKeys({
  zh: '前提：三方（双方与交易所）按协议行事（半诚实），任何两方不串通；三方只看到随机份额，此外看到行数、查询和小数位数。按标识对齐时，双方得知自己哪些行匹配，交易所得知双方标识数量与交集数量；双方的数相比较时，各方得知所需位数是 16、32 还是 64；按组汇总时，另一方得知组数，只开放部分组时三方都得知组数。求平均数打开总和与个数。在合约之下，字段只用于其持有单位许可之处，少于约定人数的组不打开，由三方在份额上判断，任何一方都不能单独放宽；除此之外，结果本身透露什么、输入是否真实，不受协议约束。这是研究预览，尚未经外部审计。',
  en: 'Holds if all three, both owners and the exchange, follow the protocol (semi-honest) and no two of them collude. They see random shares, and besides the number of rows, the query and the decimals. Where rows are matched by keys, each owner learns which of its rows match, and the exchange how many keys there are and match; where numbers of both are compared, all learn whether they need 16, 32 or 64 bits; where sums go by groups, the other owner learns how many groups there are, and all three do where only some of them open. An average opens its sum and its count. Under a contract columns are used only as their owners permit, and a group with fewer entities than agreed stays closed, which the three decide on shares and none of them alone. Beyond that nothing limits what the result itself tells, or forces anybody to bring true data. This is a research preview that nobody outside has audited.',
});

/** What sums over common keys rest on, where nobody is to learn which keys are common. */
export const sumTrust: Told = withOwnKeys({
  zh: '前提：三方（双方与协助方）按协议行事（半诚实），任何两方不串通。协助方看到双方去重后的标识数量、交集数量以及哪些标签相同，分组时还有组数；看不到标识、数值、组名，也不知哪个标识属于哪一组。另一方得知数值方去重后的标识数量，分组时还有组数。除协助方外无人得知哪些标识相同；结果接收方只得到达到约定人数的组的人数与总和，以及未达到的组有几个（接收方为数值方时，得知是哪几个组）。协助方若与一方串通，可逐个试出另一方的标识，也能还原数值。结果本身透露什么、输入是否真实，不受协议约束。这是研究预览，尚未经外部审计。',
  en: 'Holds if all three, both owners and the helper, follow the protocol (semi-honest) and no two of them collude. The helper sees how many distinct keys each has, how many are common and which tags are equal, and how many groups there are; no key, no value, no name of a group, and not which key is in which. The owner without values learns how many distinct keys the other has, and how many groups. Nobody but the helper learns which are common. The recipient gets count and sum of the groups that have as many common keys as was agreed, and how many groups have fewer; the owner of the groups, as recipient, which ones those are. The helper together with one owner could try out the keys of the other, and put its values together. Nothing limits what the result itself tells, or forces anybody to bring true data. This is a research preview that nobody outside has audited.',
});

/** What a query on shares of the two owners alone rests on, with the exchange as the dealer. */
export const dealerTrust: Told = withOwnKeys({
  zh: '前提：双方按协议行事（半诚实），分发方（交易所）按协议分发随机数，且不与任何一方串通；分发方若与一方串通，可还原另一方的数值。分发方在数值以份额送出之前离场，看不到份额和结果，只得知查询、行数、小数位数、所需位数，以及只开放部分组时的组数。双方之间只传随机份额；按标识对齐用双方之间的 KKRT 隐私求交（预览，待独立评审），双方得知自己哪些行匹配、对方去重后有多少标识；双方的数相比较时，各方得知所需位数是 16、32 还是 64；按组汇总时，另一方得知组数。求平均数打开总和与个数。在合约之下，字段只用于其持有单位许可之处，少于约定人数的组不打开，由双方在份额上判断，任何一方都不能单独放宽；除此之外，结果本身透露什么、输入是否真实，不受协议约束。这是研究预览，尚未经外部审计。',
  en: 'Holds if both owners follow the protocol (semi-honest), and the dealer, the exchange, deals randomness as agreed and colludes with neither; together with one owner it could put the other’s values together. The dealer is gone before values leave an owner as shares: it sees no share and no result, only the query, the number of rows, the decimals, how many bits numbers need and, where only some groups open, how many there are. Between the owners go random shares alone. Rows are matched by keys through KKRT private set intersection of the two (preview until reviewed): each learns which of its rows match and how many distinct keys the other has; where numbers of both are compared, all learn whether they need 16, 32 or 64 bits; where sums go by groups, the other owner learns how many groups there are. An average opens its sum and its count. Under a contract columns are used only as their owners permit, and a group with fewer entities than agreed stays closed, which the two decide on shares and neither of them alone. Beyond that nothing limits what the result itself tells, or forces anybody to bring true data. This is a research preview that nobody outside has audited.',
});

export const trustOfPlan = (plan: Plan): Told => (payloadOf(plan) === undefined ? sharesTrust : sumTrust);
export const trustOfProtocol = (protocol: SharesProtocol | undefined): Told =>
  protocol === 'dealer' ? dealerTrust : sharesTrust;
