/** Brings forms that were stored before their fields were marked personal under the seal. Idempotent; looks only when the marks changed. */
import { createHash } from 'node:crypto';
import type { Field } from '@shugu/wire/cases';
import { type Database, sql } from '../db/db.ts';
import { systemActor } from '../http/principal.ts';
import { readState, writeState } from '../node.ts';
import type { RuleBook } from '../rulepack/rulebook.ts';
import type { Seal } from '../seal.ts';
import type { Data } from './model.ts';
import { sealForm } from './personal.ts';

const casesPerStep = 200;
const stateKey = 'personalMarks';

const marksIn = (fields: readonly Field[], place: string): string[] =>
  fields.flatMap((one) => [
    ...(one.personal ? [`${place}.${one.id}`] : []),
    ...marksIn(one.fields ?? [], `${place}.${one.id}`),
  ]);

const marksOf = (ruleBook: RuleBook): string => {
  const marks = ruleBook.packs.flatMap((pack) =>
    [...pack.procedures.values()].flatMap((table) => marksIn(table.form, `${pack.pin} ${table.id}`)),
  );
  return createHash('sha256').update(marks.sort().join('\n')).digest('hex');
};

/** Number of cases that were changed. Run before the first request. */
export const sealPlainForms = async (database: Database, ruleBook: RuleBook, seal: Seal): Promise<number> => {
  const marks = marksOf(ruleBook);
  if ((await readState<string>(database, stateKey)) === marks) return 0;
  let changed = 0;
  for (let after = ''; ; ) {
    const last = await database.tx(systemActor('seal'), async (tx) => {
      const rows = await tx.rows<{ id: string; procedure: string; pack: string; data: Data }>(sql`select id, procedure,
        pack, data from cases where id > ${after} order by id limit ${casesPerStep} for update`);
      for (const one of rows) {
        const { form } = ruleBook.pinned(one.pack, one.procedure);
        const sealed = JSON.stringify(await sealForm(seal, tx, form, one.data, one.id));
        if (sealed === JSON.stringify(one.data)) continue;
        await tx.exec(sql`update cases set data = ${sealed} where id = ${one.id}`);
        changed++;
      }
      return rows.at(-1)?.id;
    });
    if (last === undefined) break;
    after = last;
  }
  await database.tx(systemActor('seal'), (tx) => writeState(tx, stateKey, marks));
  return changed;
};
