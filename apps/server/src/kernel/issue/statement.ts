/** What the node itself states under its seal beside the papers: signed, logged, and handed out as a bundle that verifies offline. */
import {
  assembleCore,
  type BundleCore,
  bundleEntry,
  draftStatement,
  entryBytes,
  type Json,
  type Signer,
  type SuiteName,
  signStatement,
} from '@shugu/evidence';
import type { Text } from '@shugu/wire';
import type { Reader, Tx } from '../db/db.ts';
import type { Keys } from '../keys.ts';
import { bundleIn } from '../publiclog/bundle.ts';
import type { PublicLog } from '../publiclog/publiclog.ts';
import { issueProblems } from './issue.ts';

export interface StatementOptions {
  keys: Pick<Keys, 'signer'>;
  publicLog: Pick<PublicLog, 'publish' | 'inclusion'>;
  suite: SuiteName;
}

/** What the node seals with: may be asked for beforehand, beside something else. */
export const sealer = ({ keys }: Pick<StatementOptions, 'keys'>, tx: Tx): Promise<Signer> =>
  keys.signer(tx, '', 'seal');

export interface StatementDraft {
  kind: string;
  title: Text;
  document: Record<string, Json>;
  /** In clear the whole document is shown; else a salted commitment to it. */
  form: 'clear' | 'commitment';
  /** Whose record it is. */
  participant: string;
}

export interface LoggedStatement {
  core: BundleCore;
  /** base64; null in clear, or where it was erased. */
  salt: string | null;
  log_entry: string;
}

export const logStatement = async (
  options: StatementOptions,
  tx: Tx,
  { kind, title, document, form, participant }: StatementDraft,
  signer?: Signer,
): Promise<LoggedStatement> => {
  const { publicLog, suite } = options;
  const statement = draftStatement({ kind, title, issued: tx.now.toISOString(), node: tx.tenancy.node, document });
  const core = assembleCore(statement, [
    await signStatement(statement, signer ?? (await sealer(options, tx)), 'issuer'),
  ]);
  const { entry, salt } = bundleEntry(
    core,
    form === 'clear' ? { suite, form, publish: Object.keys(document) } : { suite, form },
  );
  const logEntry = await publicLog.publish(tx, {
    kind,
    form,
    bytes: entryBytes(entry),
    participant,
    ...(form === 'clear' ? { title } : {}),
  });
  return { core, salt: salt ? Buffer.from(salt).toString('base64') : null, log_entry: logEntry };
};

/** @throws papers.notReady before the log holds it */
export const bundleOf = async (
  { publicLog }: Pick<StatementOptions, 'publicLog'>,
  read: Reader,
  { core, salt, log_entry }: LoggedStatement,
): Promise<Uint8Array> => {
  const found = await publicLog.inclusion(read, log_entry);
  if (!found) throw issueProblems.notReady();
  return bundleIn(found, core, salt);
};
