/**
 * A contract on a private intersection (mode `psi`): which keys the tables of two owners have in common. The data stay with them, as in a
 * contract on shares; by which protocol, what of the outcome opens, and to whom, is signed.
 */
import { createHash, createHmac } from 'node:crypto';
import { canonicalBytes, type Json } from '@shugu/evidence';
import { identityOf, sharedSecret } from '../channel/keys.ts';
import { engineOf, engines } from '../engines/engine.ts';
import type { Role } from '../intersect/agree.ts';
import {
  type IntersectMode,
  mayHold,
  mayReveal,
  type Reveal,
  requireTerms,
  type Terms,
  trustOf,
} from '../intersect/terms.ts';
import { sumPlan } from '../shares/plan.ts';
import { requireSharesTerms, type SharesTerms, sumTrust } from '../shares/terms.ts';
import { type HeldSet, heldFault, recipientOf, roleAt, type SharedQuery, sharesTermsOf } from './shared.ts';
import type { Agreed } from './terms.ts';

/** What opens: each recipient's own rows of common keys; how many keys are common; or count and sum over them, nobody learning which. */
export const openings = ['rows', 'count', 'sums'] as const;
export type Opening = (typeof openings)[number];

export interface KeyedSet extends HeldSet {
  /** The column whose values are compared. */
  key: string;
}

/** Of a number of one owner's rows whose keys the other has. */
export interface CommonSum {
  /** Whose, as the contract calls it. */
  table: string;
  column: string;
  /** By the values of this column of the same table. */
  group?: string | undefined;
  /** Common keys that a group, or the whole, must have for anything of it to open. */
  atLeast: number;
  decimals: number;
}

/** Of the mere number: with fewer common keys it does not open. Only a helper can keep it from the owners. */
export interface CommonCount {
  atLeast: number;
}

export interface Intersecting extends Agreed {
  mode: 'psi';
  /** The first owner's, then the second's, as the protocol has them. */
  dataSets: KeyedSet[];
  protocol: IntersectMode;
  opens: Opening;
  sums?: CommonSum | undefined;
  /** Left out where any number opens. */
  count?: CommonCount | undefined;
  /** Distinct keys that an owner may bring. */
  keysMax: number;
  /** `digest` names what runs: keys, protocol, what opens. There is no SQL. */
  query: { sql: string; digest: string; parameters: never[] };
  /** The exchange's X25519 key as the helper, in hex; null where the owners are alone. */
  helper: string | null;
}

/** Whose data stay with their owners. */
export type AtOwners = SharedQuery | Intersecting;

type Asked = Omit<Intersecting, 'id'>;

export const intersectionDigest = ({ dataSets, protocol, opens, sums, count, keysMax }: Asked): string => {
  const named = { keys: dataSets.map(({ table, key }) => ({ table, key })), protocol, opens, keysMax };
  const bytes = canonicalBytes({ ...named, ...(sums && { sums }), ...(count && { count }) } as unknown as Json);
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
};

export const intersectionTrust = ({ opens, protocol, engine }: Pick<Asked, 'opens' | 'protocol' | 'engine'>) =>
  engines[engineOf({ engine })].intersectionTrust ?? (opens === 'sums' ? sumTrust : trustOf[protocol]);

/** Columns of what opens; none where rows do, which stay as they stand in their owner's table. */
export const intersectionOutput = ({
  opens,
  sums,
}: Pick<Asked, 'opens' | 'sums'>): { name: string; type: string }[] => {
  if (opens === 'rows') return [];
  if (opens === 'count') return [{ name: 'count', type: 'integer' }];
  const group = sums?.group === undefined ? [] : [{ name: sums.group, type: 'string' }];
  return [...group, { name: 'count', type: 'integer' }, { name: 'sum', type: 'decimal' }];
};

const revealOf = ({ opens, recipients }: Pick<Asked, 'opens' | 'recipients'>): Reveal =>
  opens === 'count' ? 'size' : recipients.length > 1 ? 'both' : 'first';

const placeOf = ({ dataSets }: Asked, named: string): number => dataSets.findIndex(({ table }) => table === named);

/** What the parties of one use agree on, by the contract alone and the use's own identifier. */
const intersectionTermsOf = (terms: Asked, use: string): Terms | SharesTerms => {
  const { dataSets, protocol, sums, count, keysMax, helper } = terms;
  const [first, second] = dataSets as [KeyedSet, KeyedSet];
  const keys = { first: first.channelKey, second: second.channelKey };
  if (terms.opens !== 'sums' || !sums)
    return { job: use, mode: protocol, reveal: revealOf(terms), keysMax, ...count, ...keys, helper };
  const { column: sum, group, atLeast, decimals } = sums;
  const payload = roleAt(placeOf(terms, sums.table));
  const keyed = { first: first.key, second: second.key, payload };
  const plan = sumPlan({ ...keyed, sum, atLeast, ...(group && { group }) });
  const recipient = recipientOf(terms);
  return { job: use, mode: 'shares', plan, recipient, decimals, rowsMax: keysMax, ...keys, helper: helper ?? '' };
};

export const partyTermsOf = (terms: Omit<SharedQuery, 'id'> | Asked, use: string): Terms | SharesTerms =>
  terms.mode === 'shares' ? sharesTermsOf(terms, use) : intersectionTermsOf(terms, use);

/** Whether the first owner's process comes to the second's; else both come to the helper alone. */
export const meetsDirectly = (terms: AtOwners): boolean =>
  terms.mode === 'shares' || terms.opens === 'sums' || terms.protocol !== 'helper';

/** By which column rows of an owner are matched. */
export const alignOf = (terms: AtOwners): 'place' | Record<Role, string> =>
  terms.mode === 'shares' ? terms.plan.align : { first: terms.dataSets[0]!.key, second: terms.dataSets[1]!.key };

const aUse = 'a-use-of-no-contract';

/**
 * What is wrong with such a contract in itself, as a path and a word for it; undefined when nothing is. Throws `compute.range` or
 * `compute.query` where its terms could not be played.
 */
export const intersectionFault = (one: Asked) => {
  const { recipients, dataSets, opens, protocol, sums, count } = one;
  const held = heldFault(one);
  if (held) return held;
  // By another engine rows alone, and by the protocol that it was run with.
  if (one.engine && (protocol !== 'kkrt' || opens !== 'rows'))
    return { path: 'protocol', fault: 'engineRows' } as const;
  if ((opens === 'sums') !== (sums !== undefined)) return { path: 'sums', fault: 'sumsMissing' } as const;
  if (sums && placeOf(one, sums.table) < 0) return { path: 'sums.table', fault: 'tableUnknown' } as const;
  if (opens === 'sums' && protocol !== 'helper') return { path: 'protocol', fault: 'sumsNeedHelper' } as const;
  if (opens !== 'sums' && !mayReveal(protocol, revealOf(one))) return { path: 'opens', fault: 'showsRows' } as const;
  if (count && opens !== 'count') return { path: 'count', fault: 'countMissing' } as const;
  if (count && !mayHold(protocol, revealOf(one))) return { path: 'count.atLeast', fault: 'leastNeedsHelper' } as const;
  // Both are told the number by each of the protocols, and rows by them to the first.
  if (opens === 'count' && recipients.length !== 2) return { path: 'recipients', fault: 'countToBoth' } as const;
  if (opens === 'rows' && recipients.length === 1 && recipients[0] !== dataSets[0]!.owner)
    return { path: 'dataSets', fault: 'recipientFirst' } as const;
  const terms = intersectionTermsOf(one, aUse);
  if (terms.mode === 'shares') requireSharesTerms(terms);
  else requireTerms(terms);
  return undefined;
};

/** Of a use's own: who shows it shows nothing of other uses. `salt` has 32 bytes and stays with the owner. */
export const openingSalt = (salt: Uint8Array, use: string): Buffer =>
  createHmac('sha256', salt).update('shugu opening v1\n').update(use).digest();

/**
 * The same between two owners to whom one result opens, so that both state one commitment and nobody else can try out results: from the
 * secret that their processes' X25519 keys share, in hex. Throws `compute.peerMalformed`.
 */
export const openingSaltOfBoth = (secret: string, peer: string, use: string): Buffer =>
  openingSalt(sharedSecret(identityOf(Buffer.from(secret, 'hex')), Buffer.from(peer, 'hex')), use);

/**
 * Commits to what opened to a recipient, by its SHA-256. How many keys are common, or what a few sums are, is soon tried out, so
 * that its digest alone would tell it to everybody who sees the record.
 */
export const openingCommitment = (saltOfUse: Uint8Array, digest: Uint8Array): string =>
  `sha256:${createHash('sha256').update('shugu opened v1\n').update(saltOfUse).update(digest).digest('hex')}`;
