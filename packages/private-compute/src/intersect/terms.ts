import { createHash } from 'node:crypto';
import { ComputeError } from '../problem.ts';
import { recordLimits } from '../table/records.ts';

export type IntersectMode = 'helper' | 'ecdh' | 'sm2' | 'kkrt';
/** Who learns what: the first owner its rows, both owners their rows, both the mere number; or nobody but the helper, who goes on with it. */
export type Reveal = 'first' | 'both' | 'size' | 'none';

/** What all parties agree on. `job` is drawn anew for each use. */
export interface Terms {
  job: string;
  mode: IntersectMode;
  reveal: Reveal;
  /** Distinct keys that an owner may bring: a list of every possible key would ask about everybody. */
  keysMax: number;
  /** Common keys without which the mere number opens to nobody but the helper, which sees it; left out where any number opens. */
  atLeast?: number | undefined;
  /** X25519 keys in hex. */
  first: string;
  second: string;
  helper: string | null;
}

/**
 * Keys that an owner may bring. Public-key work for each key would take hours for more; the width of the code of oblivious transfers is
 * enough for 2^24.
 */
export const keysMaxOf: Readonly<Record<IntersectMode, number>> = {
  helper: recordLimits.rows,
  ecdh: 1_000_000,
  sm2: 1_000_000,
  kkrt: 2 ** 24,
};

/**
 * By oblivious transfers the first owner sees which of its keys are common; the number alone is for the other modes. Nothing at all is
 * for where somebody else has the result.
 */
export const mayReveal = (mode: IntersectMode, reveal: Reveal): boolean =>
  reveal === 'none' ? mode === 'helper' : mode !== 'kkrt' || reveal !== 'size';

const hex32 = /^[0-9a-f]{64}$/;

/** In a pair each owner works the number out by itself, so that nobody could keep it from either. */
export const mayHold = (mode: IntersectMode, reveal: Reveal): boolean => mode === 'helper' && reveal === 'size';

export const requireTerms = (terms: Terms): void => {
  const { job, mode, reveal, keysMax, atLeast, first, second, helper } = terms;
  const most = keysMaxOf[mode] ?? 0;
  const keys = [first, second, ...(mode === 'helper' ? [helper ?? ''] : [])];
  const sound =
    Object.hasOwn(trustOf, mode) &&
    ['first', 'both', 'size', 'none'].includes(reveal) &&
    mayReveal(mode, reveal) &&
    /^[\w-]{16,64}$/.test(job) &&
    Number.isInteger(keysMax) &&
    keysMax >= 1 &&
    keysMax <= most &&
    (atLeast === undefined || (mayHold(mode, reveal) && Number.isInteger(atLeast) && atLeast >= 1)) &&
    keys.every((key) => hex32.test(key)) &&
    new Set(keys).size === keys.length;
  if (!sound) throw new ComputeError('compute.range', `the terms cannot be used (at most ${most} keys in this mode)`);
};

/** 32 bytes that differ wherever two parties mean something else. They also bind all keys of the job. */
export const termsDigest = (terms: Terms): Buffer => {
  const { job, mode, reveal, keysMax, atLeast, first, second, helper } = terms;
  const held = atLeast === undefined ? [] : [{ atLeast }];
  const text = JSON.stringify(['shugu intersection v1', job, mode, reveal, keysMax, first, second, helper, ...held]);
  return createHash('sha256').update(text).digest();
};

/**
 * Commits an owner to its table without telling anything of it: the same table, column and salt give the same commitment in each use, so
 * that a changed table shows; the salt, 32 random bytes, stays with the owner until it wants to prove.
 */
export const inputCommitment = (salt: Uint8Array, digest: Uint8Array, column: string): Buffer => {
  if (salt.length !== 32) throw new ComputeError('compute.range', 'a salt has 32 bytes');
  return createHash('sha256').update('shugu input v1\n').update(salt).update(digest).update(column).digest();
};

/** Commitments that a contract names, of this owner and the other (of both owners, at a helper), in hex: nothing opens on other tables. */
export interface AgreedInputs {
  own: string;
  peer: string;
}

/** Throws `compute.inputChanged`. Either may be left out where it is not known yet. */
export const requireAgreed = (agreed: AgreedInputs | undefined, own?: string, peer?: string): void => {
  if (!agreed) return;
  if (own !== undefined && own !== agreed.own)
    throw new ComputeError('compute.inputChanged', 'the table is not the one that was signed for');
  if (peer !== undefined && peer !== agreed.peer)
    throw new ComputeError('compute.inputChanged', 'the other owner brought another table than it signed for');
};

interface Told {
  zh: string;
  en: string;
}

/**
 * What every contract rests on whose data stay with their owners, unless both confirm it with keys of their own: the exchange keeps those
 * that its members sign with, so it could name its own process in the place of an owner's.
 */
export const ownKeysTold: Told = {
  zh: '在合约之下：会员签署合约的密钥由交易所代管，除非双方另行核对指纹并以自己保管的密钥确认合约（compute confirm），还须信任交易所不冒充另一方。',
  en: 'Under a contract: the exchange keeps the keys that its members sign with. Unless both owners compare fingerprints by another way and confirm the contract with keys of their own (compute confirm), they trust it, too, not to pose as the other.',
};
export const withOwnKeys = ({ zh, en }: Told): Told => ({
  zh: `${zh}${ownKeysTold.zh}`,
  en: `${en} ${ownKeysTold.en}`,
});

/** What each mode rests on, to be shown before signing and with every result. */
export const trustOf: Readonly<Record<IntersectMode, Told>> = {
  helper: withOwnKeys({
    zh: '前提：各方按协议行事（半诚实），协助方不与任何一方串通；协助方看到双方去重后的数量、交集数量以及哪些标签相同，看不到任何标识；双方看不到对方有多少标识。若协助方与一方串通，可逐个试出另一方的标识。结果本身透露什么、输入是否真实，不受协议约束。',
    en: 'Holds if everybody follows the protocol (semi-honest) and the helper colludes with no owner. The helper sees how many distinct keys each has, how many are common and which tags are equal, and no key; the owners do not see how many the other has. Together with one owner the helper could try out the keys of the other. Nothing limits what the result itself tells, or forces anybody to bring true keys.',
  }),
  ecdh: withOwnKeys({
    zh: '前提：双方按协议行事（半诚实），Curve25519 上的 Diffie-Hellman 问题难解；双方看到对方去重后的数量；没有第三方，无人可串通。结果本身透露什么、输入是否真实，不受协议约束。',
    en: 'Holds if both follow the protocol (semi-honest) and Diffie-Hellman on Curve25519 is hard. Each sees how many distinct keys the other has; there is no third to collude with. Nothing limits what the result itself tells, or forces anybody to bring true keys.',
  }),
  sm2: withOwnKeys({
    zh: '前提：双方按协议行事（半诚实），SM2 曲线上的 Diffie-Hellman 问题难解；双方看到对方去重后的数量；没有第三方，无人可串通；每次乘法的步数相同、坐标随机掩盖，但大整数运算并非严格恒定时间，耗时不应让对方精确测得。结果本身透露什么、输入是否真实，不受协议约束。',
    en: 'Holds if both follow the protocol (semi-honest) and Diffie-Hellman on the SM2 curve is hard. Each sees how many distinct keys the other has; there is no third to collude with. Each multiplication takes as many steps, of blinded coordinates, but arithmetic on big integers is not strictly of constant time: nobody should be able to time it closely. Nothing limits what the result itself tells, or forces anybody to bring true keys.',
  }),
  kkrt: withOwnKeys({
    zh: '预览，待独立评审。前提：双方按协议行事（半诚实），Curve25519 上的 Diffie-Hellman 问题难解，AES-128、SHA-256 与 BLAKE2s 如协议证明所设；双方看到对方去重后的数量；没有第三方，无人可串通。结果本身透露什么、输入是否真实，不受协议约束。',
    en: 'Preview until reviewed. Holds if both follow the protocol (semi-honest), Diffie-Hellman on Curve25519 is hard, and AES-128, SHA-256 and BLAKE2s are what its proof takes them for. Each sees how many distinct keys the other has; there is no third to collude with. Nothing limits what the result itself tells, or forces anybody to bring true keys.',
  }),
};
