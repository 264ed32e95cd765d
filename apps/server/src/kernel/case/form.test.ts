import { caseLimits, type Field } from '@shugu/wire/cases';
import { describe, expect, it } from 'vitest';
import { checkForm } from './form.ts';

const title = { zh: '项', en: 'item' };
const field = (type: Field['type'], more: Partial<Field> = {}): Field => ({ id: 'x', title, type, ...more });
const check = (one: Field, value: unknown, complete = true) =>
  checkForm([one], value === undefined ? {} : { x: value }, {
    place: 'f',
    complete,
    bytesMax: caseLimits.dataBytesMax,
    ruleNumber: () => 3,
  }).faults.map((fault) => `${fault.field} ${fault.code}`);
const choices = [{ id: 'a', title }];

describe('a field', () => {
  it.each<[string, Field, unknown, string[]]>([
    ['text', field('text'), '字', []],
    ['text that is none', field('text'), 5, ['f.x type']],
    ['text within a rule', field('text', { charactersMax: { rule: 'r' } }), '𠮷𠮷𠮷', []],
    ['text over a rule', field('text', { charactersMax: { rule: 'r' } }), '四个字吧', ['f.x tooLong']],
    ['text over the length of any text', field('text'), 'x'.repeat(301), ['f.x tooLong']],
    [
      'a recommended length, far exceeded',
      field('text', { charactersMax: 3, exceeding: 'warn' }),
      'x'.repeat(301),
      ['f.x tooLong'],
    ],
    ['pattern kept', field('text', { pattern: '^[A-T]\\d{2}$' }), 'I65', []],
    ['pattern broken', field('text', { pattern: '^[A-T]\\d{2}$' }), 'X1', ['f.x pattern']],
    ['day', field('date'), '2028-02-29', []],
    ['day that does not exist', field('date'), '2027-02-29', ['f.x type']],
    ['number below', field('number', { min: 1 }), 0, ['f.x tooSmall']],
    ['number above a rule', field('number', { max: { rule: 'r' } }), 4, ['f.x tooLarge']],
    ['number as text', field('number'), '4', ['f.x type']],
    ['boolean', field('boolean'), false, []],
    ['boolean as text', field('boolean'), 'yes', ['f.x type']],
    ['choice', field('choice', { choices }), 'a', []],
    ['no such choice', field('choice', { choices }), 'b', ['f.x choice']],
    ['choices', field('choices', { choices }), ['a', 'b'], ['f.x.1 choice']],
    ['list too long', field('list', { itemsMax: 1 }), ['a', 'b'], ['f.x tooMany']],
    ['list as text', field('list'), 'a', ['f.x type']],
    [
      'records',
      field('records', { fields: [field('number', { required: true })] }),
      [{ x: 1 }, {}, 'no'],
      ['f.x.1.x required', 'f.x.2 type'],
    ],
    ['a record with a strange field', field('records', { fields: [field('number')] }), [{ y: 1 }], ['f.x.0.y unknown']],
    ['required and empty', field('list', { required: true }), [], ['f.x required']],
    ['required and false is an answer', field('boolean', { required: true }), false, []],
    [
      'inherited names are no values',
      field('text', { id: 'constructor', required: true }),
      undefined,
      ['f.constructor required'],
    ],
  ])('%s', (_, one, value, faults) => expect(check(one, value)).toEqual(faults));
  it('may be missing in a draft', () => expect(check(field('text', { required: true }), undefined, false)).toEqual([]));
});

describe('limits', () => {
  it('of the whole form', () => {
    expect(
      check(
        field('list'),
        Array.from({ length: 100 }, () => 'x'.repeat(3000)),
      ),
    ).toEqual(['f tooLarge']);
  });
  it('of faults told', () => {
    const given = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`y${index}`, 1]));
    const { faults } = checkForm([field('text')], given, {
      place: 'f',
      complete: true,
      bytesMax: caseLimits.dataBytesMax,
      ruleNumber: () => 3,
    });
    expect(faults).toHaveLength(100);
  });
});
