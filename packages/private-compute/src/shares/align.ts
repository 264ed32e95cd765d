/** Puts rows of both owners side by side: by their place, or by an intersection of their keys. */
import type { Identity } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import type { Role } from '../intersect/agree.ts';
import { help } from '../intersect/merge.ts';
import { ownWithHelper } from '../intersect/owner.ts';
import { inputCommitment } from '../intersect/terms.ts';
import { ComputeError } from '../problem.ts';
import { agreeOn, kind, type Mesh, type Place } from './mesh.ts';
import { aligned, type Table } from './table.ts';
import { alignTerms, type SharesTerms } from './terms.ts';

export interface SharesInput {
  path: string;
  /** 32 bytes, for the commitment; see `inputCommitment`. */
  salt: Uint8Array;
  /** A private folder. */
  folder: string;
}

export interface Aligned {
  rows: number;
  table: Table | undefined;
  /** Hex; of this owner and the other. */
  commitments: [string, string] | undefined;
}

const requireRows = (rows: number, rowsMax: number): void => {
  if (rows > rowsMax) throw new ComputeError('compute.sizeCap', `${rows} rows; the terms allow ${rowsMax}`);
};

export const alignOwner = async (
  mesh: Mesh,
  helper: Link,
  terms: SharesTerms,
  role: Role,
  identity: Identity,
  input: SharesInput,
  table: Table,
): Promise<Aligned> => {
  const { align } = terms.plan;
  requireRows(table.rows, terms.rowsMax);
  if (align === 'place') {
    const rows = await agreeOn(mesh, table.rows, 'the numbers of rows');
    const own = inputCommitment(input.salt, table.digest, 'rows');
    const other = (1 - mesh.place) as Place;
    const [theirs] = await Promise.all([
      mesh.receive(other, 32, kind.commitment),
      mesh.send(other, own, kind.commitment),
    ]);
    return { rows, table, commitments: [own.toString('hex'), theirs.toString('hex')] };
  }
  let order: Uint32Array = new Uint32Array(0);
  const report = await ownWithHelper(
    helper,
    alignTerms(terms),
    role,
    identity,
    { ...input, column: align[role] },
    (rows, digest) => {
      if (!digest.equals(table.digest)) {
        throw new ComputeError('compute.inputChanged', 'the table changed while it was used');
      }
      order = rows;
    },
  );
  const rows = await agreeOn(mesh, order.length, 'the numbers of matched rows');
  return { rows, table: aligned(table, order), commitments: [report.commitment, report.peerCommitment] };
};

export const alignHelper = async (mesh: Mesh, owners: readonly [Link, Link], terms: SharesTerms): Promise<Aligned> => {
  if (terms.plan.align !== 'place') await help(owners, alignTerms(terms));
  const rows = await agreeOn(mesh, undefined, 'the numbers of rows');
  requireRows(rows, terms.rowsMax);
  return { rows, table: undefined, commitments: undefined };
};
