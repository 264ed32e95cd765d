/**
 * Proof of service (送达回证): what was served on whom, when and how, signed by the node and committed to its log under a salt.
 * Limits run from that moment, so it must convince somebody who does not trust our rows. The bundle verifies offline.
 */
import type { Json } from '@shugu/evidence';
import { type Reader, sql, type Tx } from '../db/db.ts';
import { bundleOf, type LoggedStatement, logStatement, type StatementOptions } from '../issue/statement.ts';
import { kernelProblems } from '../problem.ts';
import type { Text } from './model.ts';

/** `inbox`: it lay in the organisation's inbox. `read`: a person of the organisation opened it there. */
export type ServedHow = 'inbox' | 'read';

export interface ServedFact {
  notice: string;
  case: string | null;
  receiver: string;
  subject: string;
  text: Text;
  /** Of the content, as the notice carries it. */
  digest: string;
  how: ServedHow;
  /** Who opened it; only with `read`. */
  by?: string;
  at: Date;
  /** Whether service takes effect by this; else by reading. */
  serves: boolean;
}

export interface ServiceProof {
  prove(tx: Tx, fact: ServedFact): Promise<void>;
  /** Unknown where there is none; not ready before the log holds it. */
  bundle(read: Reader, notice: string, how: ServedHow): Promise<Uint8Array>;
}

const kind = 'serviceProof';
const title = { zh: '送达回证', en: 'Proof of service' };

// What is signed must be NFC; the digest is that of the text as it was served.
const normal = (text: string): string => text.normalize('NFC');

const documentOf = (fact: ServedFact): Record<string, Json> => ({
  notice: fact.notice,
  ...(fact.case ? { case: fact.case } : {}),
  receiver: fact.receiver,
  subject: normal(fact.subject),
  text: { zh: normal(fact.text.zh), en: normal(fact.text.en) },
  digest: fact.digest,
  how: fact.how,
  ...(fact.by ? { by: fact.by } : {}),
  at: fact.at.toISOString(),
  serves: fact.serves,
});

export const makeServiceProof = (options: StatementOptions): ServiceProof => ({
  prove: async (tx, fact) => {
    const participant = fact.receiver;
    const made = await logStatement(options, tx, {
      kind,
      title,
      document: documentOf(fact),
      form: 'commitment',
      participant,
    });
    await tx.exec(sql`insert into notice_proofs (notice, how, node, market, participant, core, salt, log_entry, at, retention_class)
      values (${fact.notice}, ${fact.how}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${JSON.stringify(made.core)},
        ${made.salt}, ${made.log_entry}, ${fact.at}, (select retention_class from notices where id = ${fact.notice}))`);
  },
  bundle: async (read, notice, how) => {
    const row = await read.first<LoggedStatement>(
      sql`select core, salt, log_entry from notice_proofs where notice = ${notice} and how = ${how}`,
    );
    if (!row) throw kernelProblems.unknown();
    return bundleOf(options, read, row);
  },
});
