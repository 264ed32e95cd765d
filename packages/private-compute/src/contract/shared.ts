/**
 * A contract on a query over secret shares: the data stay with their two owners, named by commitments, and the exchange is the third node.
 * What each party states of a use, and how all of that becomes one ending.
 */
import { createHash } from 'node:crypto';
import {
  canonicalBytes,
  EvidenceError,
  type Json,
  type PublicJwk,
  parseCanonical,
  publicKeyFromJwk,
  type Signer,
  signInContext,
  verifyInContext,
} from '@shugu/evidence';
import { type AgreedEngine, type EngineJob, engineOf, engines, hasThird, secretflowFault } from '../engines/engine.ts';
import { scqlFault } from '../engines/scql-plan.ts';
import type { Role } from '../intersect/agree.ts';
import { inputCommitment } from '../intersect/terms.ts';
import { ComputeError } from '../problem.ts';
import type { Plan } from '../shares/plan.ts';
import { type Recipient, requireSharesTerms, type SharesTerms } from '../shares/terms.ts';
import { scanTable } from '../table/records.ts';
import type { AtOwners } from './intersection.ts';
import { type HeldColumn, type Opens, openingPlan } from './opens.ts';
import { type Agreed, twice } from './terms.ts';

/** What an owner brings and never hands out: the contract has its commitment and the keys of the owner's own process. */
export interface HeldSet {
  owner: string;
  /** As the query calls it. */
  table: string;
  /** `inputCommitment` of the very file, in hex: another file is another contract. */
  commitment: string;
  /** X25519, in hex: who may meet the others. */
  channelKey: string;
  /** By which the owner's process signs what it states of each use. */
  signingKey: PublicJwk;
}

/** And what its owner permits of each column; one that is not named is hidden. */
export interface SharedSet extends HeldSet {
  columns: HeldColumn[];
}

export interface SharedQuery extends Agreed {
  mode: 'shares';
  /** Left out: all three hold shares. With a dealer the two owners compute alone, on randomness that the exchange deals. */
  protocol?: 'dealer';
  /** The first owner's, then the second's. */
  dataSets: SharedSet[];
  /** `digest` is that of the plan, which is what runs; `sql` is how it was asked. */
  query: { sql: string; digest: string; parameters: never[] };
  /** As `openingPlan` gives it. */
  plan: Plan;
  /** Common keys that a group, or the whole, must have for anything of it to open. */
  release: { entitiesMin: number };
  decimals: number;
  /** Of a table, and of what is side by side. */
  rowsMax: number;
  /** The exchange's X25519 key as the third node, in hex; null where the engine has no third. */
  helper: string | null;
}

const roles: readonly Role[] = ['first', 'second'];
/** Of the owner of a data set by its place. */
export const roleAt = (place: number): Role => roles[place]!;

export const planDigest = (plan: Plan): string =>
  `sha256:${createHash('sha256')
    .update(canonicalBytes(plan as unknown as Json))
    .digest('hex')}`;

export const recipientOf = ({
  recipients,
  dataSets,
}: Pick<Agreed, 'recipients'> & { dataSets: readonly HeldSet[] }): Recipient =>
  recipients.length > 1 ? 'both' : roleAt(dataSets.findIndex(({ owner }) => owner === recipients[0]));

/** What the three parties of one use agree on, by the contract alone and the use's own identifier. */
export const sharesTermsOf = (terms: Omit<SharedQuery, 'id'>, use: string): SharesTerms => ({
  job: use,
  mode: 'shares',
  ...(terms.protocol && { protocol: terms.protocol }),
  plan: terms.plan,
  recipient: recipientOf(terms),
  decimals: terms.decimals,
  rowsMax: terms.rowsMax,
  first: terms.dataSets[0]!.channelKey,
  second: terms.dataSets[1]!.channelKey,
  helper: terms.helper,
});

const aUse = 'a-use-of-no-contract';

/**
 * What is wrong with such a contract in itself, as a path and a word for it; undefined when nothing is. Throws `compute.range` or
 * `compute.query` where its terms could not be played.
 */
export const sharedFault = (one: Omit<SharedQuery, 'id'>) => {
  const held = heldFault(one);
  if (held) return held;
  if (one.engine && one.protocol) return { path: 'protocol', fault: 'engineProtocol' } as const;
  for (const [at, { columns }] of one.dataSets.entries())
    if (new Set(columns.map(({ name }) => name)).size < columns.length)
      return { path: `dataSets.${at}.columns`, fault: 'nameTwice' } as const;
  if (!opensAsAgreed(one)) return { path: 'query', fault: 'opensMore' } as const;
  requireSharesTerms(sharesTermsOf(one, aUse));
  const fault = one.engine?.name === 'scql' ? scqlFault : secretflowFault;
  const refused = one.engine && fault(one.plan, recipientOf(one));
  if (refused) throw new ComputeError('compute.query', refused);
  return undefined;
};

/** Whether its plan is what its own rules let through. Contracts of before there were such rules have none, and open nothing any more. */
export const opensAsAgreed = (one: Opens & Pick<SharedQuery, 'plan'>): boolean => {
  if (!one.release || one.dataSets.some(({ columns }) => !columns)) return false;
  const plan = openingPlan(one.plan, one);
  return !('code' in plan) && planDigest(plan) === planDigest(one.plan);
};

/** Of contracts whose data stay with two owners, whatever is computed. */
export const heldFault = ({ mode, engine, dataSets, recipients, from, until }: Omit<AtOwners, 'id'>) => {
  if (dataSets.length !== 2) return { path: 'dataSets', fault: 'twoOwners' } as const;
  if (twice(dataSets.map(({ table }) => table))) return { path: 'dataSets', fault: 'nameTwice' } as const;
  if (twice(dataSets.map(({ owner }) => owner))) return { path: 'dataSets', fault: 'twoOwners' } as const;
  if (twice(recipients)) return { path: 'recipients', fault: 'nameTwice' } as const;
  // A result opens at an owner: it is put together there and nowhere else.
  if (!recipients.every((id) => dataSets.some(({ owner }) => owner === id)))
    return { path: 'recipients', fault: 'recipientNoOwner' } as const;
  if (new Date(until) <= new Date(from)) return { path: 'until', fault: 'termEmpty' } as const;
  for (const [at, { signingKey }] of dataSets.entries())
    if (!isKey(signingKey)) return { path: `dataSets.${at}.signingKey`, fault: 'keyMalformed' } as const;
  if (!engines[engineOf({ engine })].modes.includes(mode)) return { path: 'engine', fault: 'engineMode' } as const;
  return undefined;
};

/** Whether the owners compute with nobody else: there is no third, or it has dealt and left by then. */
export const computeAlone = (terms: AtOwners): boolean =>
  !hasThird(terms) || (terms.mode === 'shares' && terms.protocol === 'dealer');

const isKey = (jwk: PublicJwk): boolean => {
  try {
    publicKeyFromJwk(jwk);
    return true;
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
};

/** Of an owner's file under a plan, in hex; `salt` has 32 bytes and stays with the owner. Throws `compute.input`. */
export const tableCommitment = async (
  path: string,
  salt: Uint8Array,
  { align }: { align: 'place' | Record<Role, string> },
  role: Role,
): Promise<string> => {
  const column = align === 'place' ? undefined : align[role];
  const { digest } = await scanTable(path, column === undefined ? [] : [column], () => {});
  return inputCommitment(salt, digest, column ?? 'rows').toString('hex');
};

/**
 * What an owner states of a use. `untouched`: its process had not begun to read the table, and will not. Anything but this and `done` is
 * the code of what went wrong.
 */
export interface PartStatement {
  form: 'shugu/computation-part/1';
  contract: string;
  /** Of the contract that was signed. */
  digest: string;
  use: string;
  owner: string;
  outcome: 'done' | 'untouched' | string;
  /** As computed anew from the file, and as the other owner's process showed it; null where it did not come to that. */
  commitment: string | null;
  peerCommitment: string | null;
  /** Rows side by side. */
  rows: number | null;
  /** A commitment to what was opened; null at an owner to whom nothing opens. */
  result: string | null;
  resultRows: number | null;
  /** As it was found here; left out for this program's own. */
  engine?: AgreedEngine;
  /** What the engine's scheduler was asked to run, as this owner worked it out; of an engine that has one. */
  job?: EngineJob;
}

const outcomeShape = /^(done|untouched|compute\.[a-zA-Z]{1,40})$/;

export const signPart = async (
  statement: PartStatement,
  signer: Signer,
): Promise<{ text: string; signature: string }> => {
  const bytes = canonicalBytes(statement as unknown as Json);
  const signature = await signInContext(signer, 'computationPart', bytes);
  return { text: Buffer.from(bytes).toString('utf8'), signature: Buffer.from(signature).toString('base64') };
};

/** The statement, if its owner's key under the contract signed these very bytes; undefined otherwise. */
export const readPart = (text: string, signature: string, key: PublicJwk): PartStatement | undefined => {
  const bytes = new Uint8Array(Buffer.from(text, 'utf8'));
  if (
    !verifyInContext(publicKeyFromJwk(key), 'computationPart', bytes, new Uint8Array(Buffer.from(signature, 'base64')))
  )
    return undefined;
  try {
    const found = parseCanonical(bytes) as unknown as PartStatement;
    return found.form === 'shugu/computation-part/1' && outcomeShape.test(found.outcome) ? found : undefined;
  } catch (error) {
    if (error instanceof EvidenceError) return undefined;
    throw error;
  }
};

export type PartsEnding =
  | { kind: 'untouched' }
  /** `rows`: of the result; null where the record is not to tell how many. */
  | { kind: 'done'; result: string; rows: number | null }
  | { kind: 'failed'; code: string }
  /** What the owners state does not fit together, or is not what they signed for. */
  | { kind: 'differs' };

/**
 * What all owners' statements amount to, in the order of the data sets. `met`: the third node saw the owners come together, and then no use
 * is untouched, whatever they say. Pure.
 */
export const endingOf = (terms: AtOwners, parts: readonly PartStatement[], met: boolean): PartsEnding => {
  if (parts.every(({ outcome }) => outcome === 'untouched')) return met ? { kind: 'differs' } : { kind: 'untouched' };
  const failed = parts.find(({ outcome }) => outcome !== 'done' && outcome !== 'untouched');
  if (failed) return { kind: 'failed', code: failed.outcome };
  const sound = parts.every(
    (one, at) =>
      one.outcome === 'done' &&
      one.commitment === terms.dataSets[at]!.commitment &&
      one.peerCommitment === terms.dataSets[1 - at]!.commitment &&
      one.engine?.name === terms.engine?.name &&
      one.engine?.version === terms.engine?.version &&
      one.job?.id === parts[0]!.job?.id &&
      one.job?.digest === parts[0]!.job?.digest &&
      (one.result !== null) === terms.recipients.includes(one.owner),
  );
  const told = parts.filter(({ result }) => result !== null);
  if (!sound || told.length === 0) return { kind: 'differs' };
  const results = told.map(({ result }) => result!);
  // Each recipient of an intersection has rows, or a commitment, of its own.
  if (terms.mode === 'psi') return { kind: 'done', result: allOf(results), rows: null };
  const { resultRows } = told[0]!;
  if (new Set(results).size !== 1 || resultRows === null) return { kind: 'differs' };
  return { kind: 'done', result: results[0]!, rows: resultRows };
};

/** One name for what opened at one recipient, or at both. */
const allOf = (results: readonly string[]): string =>
  results.length === 1
    ? results[0]!
    : `sha256:${createHash('sha256')
        .update(canonicalBytes([...results]))
        .digest('hex')}`;
