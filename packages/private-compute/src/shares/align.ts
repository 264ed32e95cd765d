/** Puts rows of both owners side by side: by their place, or by an intersection of their keys. */
import type { Identity } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import type { Role } from '../intersect/agree.ts';
import { ownByTransfers } from '../intersect/kkrt.ts';
import { help, type Matches } from '../intersect/merge.ts';
import { noPlace, ownWithHelper, type TakeRows } from '../intersect/owner.ts';
import { type AgreedInputs, inputCommitment, requireAgreed } from '../intersect/terms.ts';
import { ComputeError } from '../problem.ts';
import { wordsFor } from './bits.ts';
import { agreeOn, kind, type Place, placeOf, tellAll, type Wires } from './mesh.ts';
import { type Plan, payloadOf } from './plan.ts';
import { aligned, byKey, columnMax, selectedIn, type Table, type TableReader, tableReader, valueMax } from './table.ts';
import { alignTerms, type SharesTerms } from './terms.ts';

export interface SharesInput {
  path: string;
  /** 32 bytes, for the commitment; see `inputCommitment`. */
  salt: Uint8Array;
  /** A private folder. */
  folder: string;
  /** Nothing opens on other tables, which rows match least of all. */
  agreed?: AgreedInputs | undefined;
}

export interface Aligned {
  rows: number;
  /** In the table, where it was read only now. */
  rowsRead?: number;
  table: Table | undefined;
  /** Of rows, where matches stay with the helper: which ones match. */
  matches?: Uint32Array;
  /** Hex; of this owner and the other. */
  commitments: [string, string] | undefined;
}

/** Whether an owner's columns are read together with its keys; not where they say which keys take part. */
export const readsWithKeys = (plan: Plan, role: Role): boolean =>
  plan.align !== 'place' && (payloadOf(plan) === undefined || plan.filters[role].length === 0);

const requireRows = (rows: number, rowsMax: number): void => {
  if (rows > rowsMax) throw new ComputeError('compute.sizeCap', `${rows} rows; the terms allow ${rowsMax}`);
};

const readerFor = ({ plan, decimals, rowsMax }: SharesTerms, role: Role): TableReader => {
  const reader = tableReader(plan, role, decimals);
  return {
    ...reader,
    add(bytes, fields, row) {
      requireRows(row + 1, rowsMax);
      reader.add(bytes, fields, row);
    },
  };
};

export const alignOwner = async (
  wires: Wires,
  links: readonly (Link | undefined)[],
  terms: SharesTerms,
  role: Role,
  identity: Identity,
  input: SharesInput,
  read: Table | undefined,
): Promise<Aligned> => {
  const { align } = terms.plan;
  const [helper, other] = [links[2]!, links[1 - wires.place]!];
  if (read) requireRows(read.rows, terms.rowsMax);
  if (align === 'place') {
    const table = read!;
    const rows = await agreeOn(wires, table.rows, 'the numbers of rows');
    const own = inputCommitment(input.salt, table.digest, 'rows');
    requireAgreed(input.agreed, own.toString('hex'));
    const peer = (1 - wires.place) as Place;
    const [theirs] = await Promise.all([
      wires.receive(peer, 32, kind.commitment),
      wires.send(peer, own, kind.commitment),
    ]);
    requireAgreed(input.agreed, undefined, theirs.toString('hex'));
    return { rows, table, commitments: [own.toString('hex'), theirs.toString('hex')] };
  }
  if (payloadOf(terms.plan))
    return alignHidden(wires, helper, terms, role, identity, { ...input, column: align[role] }, read);
  const also = readerFor(terms, role);
  let table: Table | undefined;
  let order: Uint32Array = new Uint32Array(0);
  const keyed = { ...input, column: align[role], also };
  const take: TakeRows = (rows, scanned) => {
    table = also.end(scanned);
    order = rows;
  };
  const report =
    terms.protocol === 'dealer'
      ? await ownByTransfers(other, alignTerms(terms), role, keyed, take)
      : await ownWithHelper(helper, alignTerms(terms), role, identity, keyed, take);
  const rows = await agreeOn(wires, order.length, 'the numbers of matched rows');
  return {
    rows,
    rowsRead: report.rows,
    table: aligned(table!, order),
    commitments: [report.commitment, report.peerCommitment],
  };
};

/** Rows that an owner’s own conditions leave out are not asked about; of the others nobody but the helper learns which match. */
const alignHidden = async (
  wires: Wires,
  helper: Link,
  terms: SharesTerms,
  role: Role,
  identity: Identity,
  input: SharesInput & { column: string },
  read: Table | undefined,
): Promise<Aligned> => {
  const { plan, decimals } = terms;
  const also = read ? undefined : readerFor(terms, role);
  const selected = read && selectedIn(read, plan, role, decimals);
  const takes = selected && ((row: number) => selected[row] === 1);
  const isPayload = role === payloadOf(plan);
  let keyed: Table | undefined;
  const report = await ownWithHelper(
    helper,
    alignTerms(terms),
    role,
    identity,
    { ...input, takes, also },
    {
      places(places, keys, scanned) {
        if (read && !scanned.digest.equals(read.digest)) {
          throw new ComputeError('compute.inputChanged', 'the table changed while it was used');
        }
        const table = read ?? also!.end(scanned);
        if (isPayload) keyed = byKey(table, places, keys, noPlace, plan.top ? valueMax : columnMax);
      },
    },
  );
  const rows = await tellAll(wires, placeOf(payloadOf(plan)!), keyed?.rows);
  requireRows(rows, terms.rowsMax);
  return { rows, rowsRead: report.rows, table: keyed, commitments: [report.commitment, report.peerCommitment] };
};

/** `agreed`: commitments of both owners, in their order. */
export const alignHelper = async (
  wires: Wires,
  owners: readonly [Link, Link],
  terms: SharesTerms,
  agreed?: AgreedInputs,
): Promise<Aligned> => {
  const { plan, rowsMax } = terms;
  const payload = payloadOf(plan);
  let matches: Uint32Array | undefined;
  if (plan.align !== 'place') {
    const keep = (found: Matches) => {
      if (payload) matches = wordsIn(found[payload === 'first' ? 0 : 1]);
    };
    const report = await help(owners, alignTerms(terms), keep, agreed);
    if (payload) {
      const rows = await tellAll(wires, placeOf(payload), undefined);
      if (rows !== report.keys[payload === 'first' ? 0 : 1]) {
        throw new ComputeError('compute.peerMalformed', 'an owner tells another number of keys than it sent');
      }
      requireRows(rows, rowsMax);
      return { rows, table: undefined, matches, commitments: undefined };
    }
  }
  const rows = await agreeOn(wires, undefined, 'the numbers of rows');
  requireRows(rows, rowsMax);
  return { rows, table: undefined, commitments: undefined };
};

/** Bits of bytes, 32 a word. */
const wordsIn = (bits: Uint8Array): Uint32Array => {
  const words = new Uint32Array(wordsFor(bits.length * 8));
  new Uint8Array(words.buffer).set(bits);
  return words;
};
