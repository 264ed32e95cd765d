/**
 * Destroys the key of a person whom cases name, or of what one case names without a number (PIPL art. 47). Nobody is erased out
 * of a case that is open or whose file must still be kept: keeping it is the duty that the data was taken for.
 */
import { audit } from '../audit.ts';
import { sql, type Tx } from '../db/db.ts';
import type { Principal } from '../http/principal.ts';
import { kernelProblems } from '../problem.ts';
import { refuseHeld } from '../retention/legal-holds.ts';
import { keptFrom } from '../rulepack/keeping.ts';
import type { RuleBook } from '../rulepack/rulebook.ts';
import { subjectsIn } from './personal.ts';
import { caseProblems } from './problems.ts';
import type { CaseService } from './service.ts';

interface CaseFile {
  id: string;
  ended_at: Date | null;
  retention_class: string;
}

/** Whether the file need not be kept any more: its case has ended, and the least time of its class is over. */
const mayGo = (ruleBook: RuleBook, now: Date, file: CaseFile): boolean => {
  const kept = ruleBook.retention(now).find(({ id }) => id === file.retention_class);
  if (!kept || !file.ended_at) return false;
  return kept.minimum.length === 0 || file.ended_at < keptFrom(now, kept.minimum);
};

/** By the handler only. @throws cases.retained, kernel.unknown, kernel.invalid for a number that the case does not name */
export const erasePerson = async (
  service: CaseService,
  tx: Tx,
  principal: Principal,
  id: string,
  number?: string,
): Promise<void> => {
  const { ruleBook, seal } = service.options;
  const { one } = await service.find(tx, principal, id, true);
  if (one.handler !== principal.participant) throw kernelProblems.unknown();
  const subject = number ? await seal.findSubject(tx, number) : one.id;
  if (!subject || !subjectsIn(one.stored).includes(subject))
    throw kernelProblems.invalid({
      field: 'body.number',
      detail: { zh: '不是本办件所涉个人', en: 'nobody of this case' },
    });
  const files = await tx.rows<CaseFile>(
    sql`select id, ended_at, retention_class from cases where position(${subject} in data::text) > 0 order by id for update`,
  );
  const kept = files.find((file) => !mayGo(ruleBook, tx.now, file));
  if (kept) throw caseProblems.retained({ detail: kept.id });
  for (const file of files) await refuseHeld(tx, [file.id]);
  await seal.destroy(tx, subject, one.participant);
  await audit(tx, {
    action: 'cases.person.erase',
    subject: id,
    participant: one.participant,
    data: { erased: subject },
  });
};
