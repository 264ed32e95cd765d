/** Doing and done with the national system: a case asks, a job sends, the answer moves the case on. */
import type { Cases } from '../../kernel/case/index.ts';
import type { Database, Tx } from '../../kernel/db/db.ts';
import { systemActor, systemPrincipal } from '../../kernel/http/principal.ts';
import { enqueue, type JobHandler } from '../../kernel/jobs.ts';
import type { NationalSystem } from '../national/system.ts';
import {
  completeDispatch,
  type Dispatch,
  findDispatch,
  insertDispatch,
  noteAttempt,
  type Step,
} from '../store/national.ts';

const titles: Record<Step, { zh: string; en: string }> = {
  notice: { zh: '向国家登记系统推送公示', en: 'Publish the notice in the national system' },
  evidence: { zh: '向国家登记系统存证', en: 'Deposit the evidence in the national system' },
  code: { zh: '向国家登记系统取得凭证编码', en: 'Obtain the certificate code' },
};

/** Asks once per case and step. */
export const dispatch = async (
  tx: Tx,
  one: { caseId: string; registrar: string; step: Step; payload: object },
): Promise<void> => {
  const id = await insertDispatch(tx, { ...one, participant: one.registrar });
  if (!id) return;
  await enqueue(tx, {
    kind: 'registry.national',
    title: titles[one.step],
    data: { dispatch: id },
    participant: one.registrar,
    uniqueKey: id,
  });
};

const ask = (national: NationalSystem, one: Dispatch): Promise<object> => {
  const key = `${one.caseId}`;
  switch (one.step) {
    case 'notice':
      return national.publishNotice(key, one.payload);
    case 'evidence':
      return national.depositEvidence(key, one.payload);
    case 'code':
      return national.obtainCode(key, one.payload);
  }
};

export const nationalJob =
  (deps: { database: Database; cases: Cases; national: NationalSystem }): JobHandler =>
  async (job) => {
    const { database, cases, national } = deps;
    const id = (job.data as { dispatch: string }).dispatch;
    const one = await findDispatch(database, { id });
    if (!one) throw new Error('the dispatch is gone');
    if (one.state === 'done') return one.answer;
    const actor = systemActor('registry');
    let answer: object;
    try {
      answer = await ask(national, one);
    } catch (error) {
      await database.tx(actor, (tx) => noteAttempt(tx, id, String((error as Error).message).slice(0, 1000)));
      throw error;
    }
    await database.tx(actor, async (tx) => {
      await completeDispatch(tx, id, answer);
      if (one.step !== 'evidence') return;
      const system = systemPrincipal('registry');
      // A clerk may have entered the evidence by hand in the meantime.
      if ((await cases.find(tx, system, one.caseId)).state !== 'evidencing') return;
      const { number, on } = answer as { number: string; on: string };
      await cases.move(tx, system, one.caseId, 'recordEvidence', {
        input: { evidenceNumber: number, evidencedAt: on },
      });
    });
    return answer;
  };
