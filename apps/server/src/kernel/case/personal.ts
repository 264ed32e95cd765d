/**
 * Personal values of a form, sealed on their way into the row and opened on their way out. A value of a record lies under the
 * key of whom the record is about (the pack names the field that says so), every other one under the case's own key: so one
 * person can be erased without the others, and a contact without the organisation.
 */
import { erasedValue, type Field } from '@shugu/wire/cases';
import type { Reader, Tx } from '../db/db.ts';
import type { Seal } from '../seal.ts';
import type { Data } from './model.ts';

interface SealedValue {
  sealed: string;
  subject: string;
}

// No field of a form takes an object with these two members, so nobody can hand one in.
const isSealed = (value: unknown): value is SealedValue =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as SealedValue).sealed === 'string' &&
  typeof (value as SealedValue).subject === 'string';

const hasPersonal = (fields: readonly Field[]): boolean =>
  fields.some((one) => one.personal !== undefined || hasPersonal(one.fields ?? []));

type Visit = (value: unknown, number: string | undefined) => Promise<unknown>;

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Goes over the personal values that are there and not sealed yet, each with the number that its record gives. */
const eachPersonal = async (fields: readonly Field[], data: Data, number: string | undefined, visit: Visit) => {
  const changed: Data = { ...data };
  for (const one of fields) {
    const value = data[one.id];
    if (value === undefined || value === null || isSealed(value)) continue;
    if (one.personal) changed[one.id] = await visit(value, number);
    else if (one.type === 'records' && Array.isArray(value) && hasPersonal(one.fields ?? [])) {
      const records: Data[] = [];
      for (const record of value as Data[])
        records.push(
          await eachPersonal(one.fields ?? [], record, one.subject ? textOf(record[one.subject]) : number, visit),
        );
      changed[one.id] = records;
    }
  }
  return changed;
};

/** The form as the row keeps it. `caseId`: the subject of what names nobody by a number. */
export const sealForm = async (
  seal: Seal,
  tx: Tx,
  fields: readonly Field[],
  data: Data,
  caseId: string,
): Promise<Data> => {
  if (!hasPersonal(fields)) return data;
  // A holder named without a number is the applicant of that name.
  const numbers = new Map<unknown, string>();
  await eachPersonal(fields, data, undefined, async (value, number) => {
    if (number && !numbers.has(value)) numbers.set(value, number);
    return value;
  });
  return eachPersonal(fields, data, undefined, async (value, given): Promise<SealedValue> => {
    const number = given ?? numbers.get(value);
    const subject = number ? await seal.subjectOf(tx, number) : caseId;
    return { sealed: await seal.seal(tx, subject, JSON.stringify(value)), subject };
  });
};

/** Whose keys a stored form needs. */
export const subjectsIn = (stored: unknown): string[] => {
  if (isSealed(stored)) return [stored.subject];
  if (typeof stored !== 'object' || stored === null) return [];
  return [...new Set(Object.values(stored).flatMap(subjectsIn))];
};

/** The form as it was handed in; `erasedValue` where a key is destroyed. */
export const openForm = async (seal: Seal, reader: Reader, stored: Data): Promise<Data> => {
  const subjects = subjectsIn(stored);
  if (subjects.length === 0) return stored;
  const open = await seal.openerOf(reader, subjects);
  const opened = (value: unknown): unknown => {
    if (isSealed(value)) {
      const text = open(value.subject, value.sealed);
      return text === null ? erasedValue : JSON.parse(text);
    }
    if (Array.isArray(value)) return value.map(opened);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([id, inner]) => [id, opened(inner)]));
  };
  return opened(stored) as Data;
};
