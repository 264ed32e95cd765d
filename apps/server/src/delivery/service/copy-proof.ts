/**
 * What the node states of a copy when it is made, signed and committed to its log: that these bytes were made of that file for this
 * contract, under a key whose digest is named. Whoever is shown the key after a leak sees that it was not chosen to fit it.
 */
import { createHash } from 'node:crypto';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { bundleOf, type LoggedStatement, logStatement } from '../../kernel/issue/statement.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { FileCopy, Grant } from '../model.ts';
import { copiesOfVersions, copyStatement, endpointsOf } from '../reads.ts';
import { copyFor } from '../rules.ts';
import type { ServiceDeps } from './deps.ts';

export const stateCopy = async (
  deps: ServiceDeps,
  tx: Tx,
  one: FileCopy,
  made: { digest: string; bytes: number; rows: number },
): Promise<LoggedStatement> => {
  const key = await deps.copyKey(one.copy);
  const { copy, version, table, source, watermark } = one;
  const { altered, syntheticRows } = watermark;
  const { digest, bytes, rows } = made;
  return logStatement(deps, tx, {
    kind: 'markedCopy',
    title: { zh: '水印副本制作记录', en: 'Record of a marked copy' },
    document: {
      ...{ copy, version, table: table.normalize('NFC'), source, digest, bytes, rows },
      watermark: {
        altered: Object.entries(altered).map(([column, change]) => ({ column: column.normalize('NFC'), change })),
        syntheticRows,
      },
      key: `sha256:${createHash('sha256').update(key).digest('hex')}`,
      at: tx.now.toISOString(),
    },
    form: 'commitment',
    participant: one.participant,
  });
};

/** Of the copy that stands in the place of a grant's file. @throws unknown where there is none, papers.notReady */
export const proofOfCopy = async (deps: ServiceDeps, read: Reader, grant: Grant, name: string): Promise<Uint8Array> => {
  const config = (await endpointsOf(read, grant.version)).find(({ kind }) => kind === 'file')?.config;
  const file = config?.kind === 'file' && config.files.find((one) => one.name === name);
  const copy = file && copyFor(grant, file, await copiesOfVersions(read, [grant.version]));
  const statement = copy && (await copyStatement(read, copy.id));
  if (!statement) throw kernelProblems.unknown();
  return bundleOf(deps, read, statement);
};
