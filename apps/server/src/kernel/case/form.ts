/** Checks input against a form. Pure: rule figures come in through `ruleNumber`. */
import type { Field } from '@shugu/wire/cases';
import { caseLimits } from '@shugu/wire/cases';
import type { FieldFault, Words } from '../problem.ts';
import type { Condition, Constraint } from '../rulepack/model.ts';
import type { Data, Warning } from './model.ts';

export interface FormCheck {
  /** Known fields only, as given. */
  values: Data;
  faults: FieldFault[];
  warnings: Warning[];
}

interface Walk {
  ruleNumber: (ruleId: string) => number;
  complete: boolean;
  faults: FieldFault[];
  warnings: Warning[];
}

const lengths = { text: 300, longText: 10_000, object: 80, parties: 80, date: 10 } as const;

// Characters as people count them: one for a rare character outside the basic plane, too.
const charactersOf = (value: string): number =>
  [...new Intl.Segmenter('zh', { granularity: 'grapheme' }).segment(value)].length;

const fault = (walk: Walk, field: string, code: string, message: Words): void => {
  walk.faults.push({ field, code, message });
};

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

const isDay = (value: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(value) &&
  !Number.isNaN(Date.parse(value)) &&
  new Date(value).toISOString().startsWith(value);

const checkText = (one: Field, value: unknown, at: string, walk: Walk): void => {
  if (typeof value !== 'string') {
    fault(walk, at, 'type', { zh: '应为文字', en: 'must be text' });
    return;
  }
  const hard = lengths[one.type as keyof typeof lengths] ?? lengths.text;
  const named =
    one.charactersMax === undefined
      ? undefined
      : typeof one.charactersMax === 'number'
        ? one.charactersMax
        : walk.ruleNumber(one.charactersMax.rule);
  const count = value.length > hard * 4 ? value.length : charactersOf(value);
  if (named !== undefined && count > named && one.exceeding === 'warn')
    walk.warnings.push({
      field: at,
      text: {
        zh: `${one.title.zh}有 ${count} 字，一般不宜超过 ${named} 字`,
        en: `${one.title.en} has ${count} characters; as a rule not more than ${named}`,
      },
    });
  const limit = named !== undefined && one.exceeding !== 'warn' ? named : Math.max(hard, named ?? 0);
  if (count > limit)
    walk.faults.push({
      field: at,
      code: 'tooLong',
      message: { zh: `不超过 ${limit} 字`, en: `at most ${limit} characters` },
    });
  if (one.type === 'date' && !isDay(value))
    walk.faults.push({
      field: at,
      code: 'type',
      message: { zh: '应为日期，如 2026-07-01', en: 'must be a day, YYYY-MM-DD' },
    });
  // Our patterns are anchored and linear; the length above bounds them.
  if (one.pattern && count <= limit && !new RegExp(one.pattern, 'u').test(value))
    walk.faults.push({
      field: at,
      code: 'pattern',
      message: { zh: '格式不符合要求', en: 'does not have the required form' },
    });
};

const checkNumber = (one: Field, value: unknown, at: string, walk: Walk): void => {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    fault(walk, at, 'type', { zh: '应为数字', en: 'must be a number' });
    return;
  }
  const max = typeof one.max === 'object' ? walk.ruleNumber(one.max.rule) : one.max;
  if (one.min !== undefined && value < one.min)
    walk.faults.push({ field: at, code: 'tooSmall', message: { zh: `不小于 ${one.min}`, en: `at least ${one.min}` } });
  if (max !== undefined && value > max)
    walk.faults.push({ field: at, code: 'tooLarge', message: { zh: `不大于 ${max}`, en: `at most ${max}` } });
};

const checkItems = (
  one: Field,
  value: unknown,
  at: string,
  walk: Walk,
  item: (entry: unknown, place: string) => void,
): void => {
  if (!Array.isArray(value)) {
    fault(walk, at, 'type', { zh: '应为列表', en: 'must be a list' });
    return;
  }
  const max = one.itemsMax ?? caseLimits.listItemsMax;
  if (value.length > max) {
    fault(walk, at, 'tooMany', { zh: `不超过 ${max} 项`, en: `at most ${max} items` });
    return;
  }
  for (const [index, entry] of value.entries()) item(entry, `${at}.${index}`);
};

const checkChoice = (one: Field, value: unknown, at: string, walk: Walk): void => {
  if (one.choices?.some((choice) => choice.id === value)) return;
  const offered = (one.choices ?? []).slice(0, 30);
  walk.faults.push({
    field: at,
    code: 'choice',
    message: {
      zh: `应为下列之一：${offered.map((choice) => `${choice.title.zh}（${choice.id}）`).join('、')}`,
      en: `must be one of ${offered.map((choice) => choice.id).join(', ')}`,
    },
  });
};

const checkField = (one: Field, value: unknown, at: string, walk: Walk): void => {
  switch (one.type) {
    case 'text':
    case 'longText':
    case 'date':
    case 'object':
      checkText(one, value, at, walk);
      return;
    case 'number':
      checkNumber(one, value, at, walk);
      return;
    case 'boolean':
      if (typeof value !== 'boolean')
        walk.faults.push({ field: at, code: 'type', message: { zh: '应为“是”或“否”', en: 'must be true or false' } });
      return;
    case 'choice':
      checkChoice(one, value, at, walk);
      return;
    case 'choices':
      checkItems(one, value, at, walk, (entry, place) => checkChoice(one, entry, place, walk));
      return;
    case 'list':
    case 'parties':
      checkItems(one, value, at, walk, (entry, place) => checkText({ ...one, pattern: undefined }, entry, place, walk));
      return;
    case 'records':
      checkItems(one, value, at, walk, (entry, place) => {
        if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
          walk.faults.push({ field: place, code: 'type', message: { zh: '应为一条记录', en: 'must be a record' } });
        else checkFields(one.fields ?? [], entry as Data, place, walk);
      });
  }
};

const checkFields = (fields: readonly Field[], given: Data, place: string, walk: Walk): void => {
  const known = new Set(fields.map((one) => one.id));
  for (const id of Object.keys(given))
    if (!known.has(id))
      walk.faults.push({
        field: `${place}.${id}`.slice(0, 200),
        code: 'unknown',
        message: { zh: '本表单没有此字段', en: 'is no field of this form' },
      });
  for (const one of fields) {
    const value = Object.hasOwn(given, one.id) ? given[one.id] : undefined;
    if (!isEmpty(value)) checkField(one, value, `${place}.${one.id}`, walk);
    else if (one.required && walk.complete)
      walk.faults.push({
        field: `${place}.${one.id}`,
        code: 'required',
        message: { zh: `请填写${one.title.zh}`, en: `${one.title.en} is required` },
      });
  }
};

export interface FormOptions {
  /** Prefix of fields in faults: `body.data`. */
  place: string;
  /** Whether required fields must be there. */
  complete: boolean;
  bytesMax: number;
  ruleNumber: (ruleId: string) => number;
}

/** At most 100 faults are told. Text that only exceeds a reference length is a warning, not a fault. */
export const checkForm = (fields: readonly Field[], given: Data, options: FormOptions): FormCheck => {
  const walk: Walk = { ruleNumber: options.ruleNumber, complete: options.complete, faults: [], warnings: [] };
  if (Buffer.byteLength(JSON.stringify(given)) > options.bytesMax) {
    walk.faults.push({
      field: options.place,
      code: 'tooLarge',
      message: { zh: `不超过 ${options.bytesMax} 字节`, en: `at most ${options.bytesMax} bytes` },
    });
    return { values: {}, faults: walk.faults, warnings: [] };
  }
  checkFields(fields, given, options.place, walk);
  return { values: { ...given }, faults: walk.faults.slice(0, 100), warnings: walk.warnings.slice(0, 100) };
};

export const holds = (condition: Condition, data: Data): boolean => {
  const value = data[condition.field];
  if (condition.empty !== undefined) return isEmpty(value) === condition.empty;
  const among = (list: readonly unknown[]) =>
    Array.isArray(value) ? value.some((item) => list.includes(item)) : list.includes(value);
  if (condition.in) return among(condition.in);
  return !among(condition.notIn ?? []);
};

/** Which of the pack's constraints a complete form breaks. */
export const checkConstraints = (
  constraints: readonly Constraint[],
  data: Data,
  place: string,
  listOf: (ruleId: string) => readonly string[],
): Pick<FormCheck, 'faults' | 'warnings'> => {
  const faults: FieldFault[] = [];
  const warnings: Warning[] = [];
  for (const one of constraints) {
    if (!one.when.every((condition) => holds(condition, data))) continue;
    const allowed = one.within && listOf(one.within.rule);
    const holders = one.records ? ((data[one.records] ?? []) as Data[]) : [data];
    for (const [index, holder] of holders.entries()) {
      const value = holder[one.field];
      const values = Array.isArray(value) ? value : isEmpty(value) ? [] : [value];
      if (values.length === 0 || (allowed && values.every((item) => allowed.includes(String(item))))) continue;
      const field = one.records ? `${place}.${one.records}.${index}.${one.field}` : `${place}.${one.field}`;
      if (one.effect === 'warn') warnings.push({ field, text: one.text });
      else faults.push({ field, code: one.id, message: one.text });
    }
  }
  return { faults: faults.slice(0, 100), warnings };
};

/** Organisations that a form names as parties: party → participants. */
export const partiesIn = (fields: readonly Field[], values: Data): Record<string, string[]> => {
  const named: Record<string, string[]> = {};
  for (const one of fields) {
    const value = values[one.id];
    if (one.party && one.type === 'parties' && Array.isArray(value))
      named[one.party] = value.filter((item) => typeof item === 'string' && item !== '');
  }
  return named;
};
