/**
 * Corrections of recorded uses: proposed by one person, decided by another, then written as a record of its own. What was
 * recorded stays as it is.
 */
import type { Meter, Use, UseRecord } from '@shugu/gateway';
import { audit } from '../kernel/audit.ts';
import type { Database, Tx } from '../kernel/db/db.ts';
import { newId } from '../kernel/ids.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { Importer } from './importer.ts';
import type { Correction } from './model.ts';
import { problems } from './problems.ts';
import { confirmedCorrections, correctionsOfUse, findCorrection, findGrant } from './reads.ts';
import type { Receipts } from './receipts.ts';
import { grantOfLine } from './rules.ts';
import { decideCorrectionRow, insertCorrection } from './store.ts';

export interface CorrectionDraft {
  use: string;
  calls: number;
  rows: number;
  bytes: number;
  reason: string;
}

const metrics = ['calls', 'rows', 'bytes'] as const;

export const proposeCorrection = async (receipts: Receipts, tx: Tx, draft: CorrectionDraft): Promise<Correction> => {
  if (metrics.every((metric) => draft[metric] === 0)) throw problems.correctionEmpty();
  const use = await receipts.find(tx, draft.use);
  const grant = use && (await findGrant(tx, grantOfLine(use.found.record.grant)));
  if (!use || !grant) throw kernelProblems.unknown();
  for (const metric of metrics) {
    const now = [use.found.record, ...use.corrections].reduce((sum, { units }) => sum + units[metric], 0);
    if (now + draft[metric] < 0) throw problems.belowZero({ field: `body.${metric}` });
  }
  const open = (await correctionsOfUse(tx, draft.use)).some(
    ({ state }) => state === 'proposed' || state === 'confirmed',
  );
  if (open) throw problems.correctionOpen();
  const correction: Correction = {
    ...draft,
    id: newId('cor', tx.now),
    grant: grant.id,
    record: use.found.record,
    state: 'proposed',
    proposedBy: tx.actor.id,
    proposedAt: tx.now,
    decidedAt: null,
    sequence: null,
  };
  await insertCorrection(tx, correction, grant.supplier);
  await audit(tx, {
    action: 'metering.correction.propose',
    subject: correction.id,
    participant: grant.supplier,
    data: { ...draft },
  });
  return correction;
};

export const decideCorrection = async (tx: Tx, id: string, accept: boolean): Promise<Correction> => {
  const correction = await findCorrection(tx, id);
  if (!correction) throw kernelProblems.unknown();
  if (correction.proposedBy === tx.actor.id) throw problems.samePerson();
  if (!(await decideCorrectionRow(tx, id, accept ? 'confirmed' : 'declined'))) throw problems.correctionClosed();
  await audit(tx, { action: 'metering.correction.decide', subject: id, data: { accept } });
  return (await findCorrection(tx, id))!;
};

export interface CorrectionWriterDeps {
  database: Database;
  meter: Meter;
  importer: Importer;
  /** Tells the gateway's counters, which must not wait for the next start. */
  onRecorded(record: UseRecord): void;
}

/**
 * Imports what is recorded, then writes confirmed corrections. In this order, so that a correction which a crash kept from
 * being marked is marked now and not written twice. Answers with the number of new records.
 */
export const makeCorrectionWriter = (deps: CorrectionWriterDeps): (() => Promise<number>) => {
  const writeAll = async (): Promise<number> => {
    const imported = await deps.importer.run();
    const confirmed = await confirmedCorrections(deps.database);
    for (const { id, record, calls, rows, bytes } of confirmed) {
      const { version: _, source: __, sequence: ___, corrects: ____, slice: _____, ...use } = record;
      const correction: Use = {
        ...use,
        use: id,
        corrects: record.use,
        reason: 'correction',
        status: 'complete',
        units: { calls, rows, bytes },
        latencyMs: 0,
      };
      const sequence = await deps.meter.append(correction);
      deps.onRecorded({ version: 1, source: deps.meter.source, sequence, ...correction });
    }
    return imported + (confirmed.length > 0 ? await deps.importer.run() : 0);
  };
  let running: Promise<number> = Promise.resolve(0);
  return () => {
    running = running.then(writeAll, writeAll);
    return running;
  };
};
