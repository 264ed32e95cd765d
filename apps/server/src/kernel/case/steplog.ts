/**
 * Steps that a table sends into the public log: in clear what rules make public of the state reached, else a salted commitment
 * that shows nothing but that some step was taken. The node's seal states what happened; the proof is a bundle for those who
 * see the whole case.
 */
import { createHash } from 'node:crypto';
import { canonicalBytes, type Json } from '@shugu/evidence';
import { type Reader, sql, type Tx } from '../db/db.ts';
import { bundleOf, type LoggedStatement, logStatement, type StatementOptions } from '../issue/statement.ts';
import type { Procedure } from '../rulepack/model.ts';
import type { Decision } from './model.ts';
import { caseProblems } from './problems.ts';
import type { CaseRecord } from './store.ts';

export const stepLogLimits = {
  /** Public fields beyond this enter by their digest: an entry of the log holds 64 KB. */
  publicBytesMax: 30_000,
} as const;

export interface Step {
  case: CaseRecord;
  table: Procedure;
  decision: Decision;
  sequence: number;
  /** Organisation of the actor; '' where the system moved. */
  participant: string;
  at: Date;
}

export interface StepLog {
  publish(tx: Tx, step: Step): Promise<void>;
  /** @throws cases.stepNotLogged, also where the salt was erased; papers.notReady until the log holds it */
  bundle(read: Reader, caseId: string, sequence: number): Promise<Uint8Array>;
}

/** Any JSON in canonical terms: fractions become text, text NFC. */
export const exact = (value: unknown): Json => {
  if (typeof value === 'string') return value.normalize('NFC');
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(exact);
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, exact(inner)]));
  return (value ?? null) as Json;
};

const digest = (value: Json): string => `sha256:${createHash('sha256').update(canonicalBytes(value)).digest('hex')}`;

const publicPart = (decision: Decision): Record<string, Json> => {
  const shown = exact(decision.publicData ?? {});
  const large = canonicalBytes(shown).length > stepLogLimits.publicBytesMax;
  return large ? { publicDigest: digest(shown) } : { public: shown };
};

const factsOf = ({ case: one, decision, sequence, at }: Step): Record<string, Json> => ({
  case: one.id,
  sequence,
  procedure: one.procedure,
  pack: one.pin,
  handler: one.handler,
  move: decision.move,
  from: decision.from,
  to: decision.to,
  at: at.toISOString(),
});

/** What was given with the step stands behind its digest: the file keeps it, and may lose it, without the proof. */
const documentOf = (step: Step): Record<string, Json> => {
  const { case: one, decision } = step;
  if (decision.log === 'clear') return { ...factsOf(step), ...publicPart(decision) };
  return {
    ...factsOf(step),
    applicant: one.participant,
    subject: one.subject ?? '',
    by: decision.by,
    participant: step.participant,
    input: digest(exact(decision.input)),
  };
};

export const makeStepLog = (options: StatementOptions): StepLog => ({
  publish: async (tx, step) => {
    const { case: one, table, decision, sequence } = step;
    const form = decision.log === 'clear' ? 'clear' : 'commitment';
    const words = table.moves.find((move) => move.id === decision.move)!.title;
    const title = { zh: `${table.title.zh}·${words.zh}`, en: `${table.title.en}: ${words.en}` };
    const draft = { kind: 'caseStep', title, document: documentOf(step), form, participant: one.participant } as const;
    const made = await logStatement(options, tx, draft);
    await tx.exec(sql`insert into case_step_log (case_id, sequence, node, market, participant, form, core, salt, log_entry, retention_class, created_at)
      values (${one.id}, ${sequence}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${form}, ${JSON.stringify(made.core)},
        ${made.salt}, ${made.log_entry}, (select retention_class from cases where id = ${one.id}), ${tx.now})`);
  },
  bundle: async (read, caseId, sequence) => {
    const row = await read.first<LoggedStatement & { form: 'clear' | 'commitment' }>(
      sql`select form, core, salt, log_entry from case_step_log where case_id = ${caseId} and sequence = ${sequence}`,
    );
    if (!row || (row.form === 'commitment' && row.salt === null)) throw caseProblems.stepNotLogged();
    return bundleOf(options, read, row);
  },
});

/** Forms by step, of those steps that entered the log and can still be proved. */
export const loggedSteps = async (read: Reader, caseId: string): Promise<Map<number, 'clear' | 'commitment'>> =>
  new Map(
    (
      await read.rows<{ sequence: number; form: 'clear' | 'commitment' }>(
        sql`select sequence, form from case_step_log where case_id = ${caseId} and (form = 'clear' or salt is not null)`,
      )
    ).map(({ sequence, form }) => [sequence, form]),
  );
