import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClassificationInput,
  compareGrades,
  type DeclaredAttributes,
  proposeClassification,
} from './classification.ts';
import { classificationTable } from './classification-table.ts';
import { scanColumn } from './scan/scan.ts';

const options = { asOf: '2026-07-01', valuesPerColumnMax: 100 };
const propose = (input: Partial<ClassificationInput>) =>
  proposeClassification({ scans: [], dataset: {}, ...input }, classificationTable);

describe('proposeClassification', () => {
  it('leaves plain data at general 1, without reasons', () => {
    expect(propose({ scans: [scanColumn({ name: '里程', values: ['1', '2'] }, options)] })).toMatchObject({
      status: 'proposed',
      level: 'general',
      generalLevel: 1,
      personal: false,
      sensitive: false,
      reasons: [],
      unconfirmed: false,
    });
  });

  it('raises by what the scan found, and says in which field and that the rule is unconfirmed', () => {
    const scans = [
      scanColumn({ name: '手机', values: ['13800138000'] }, options),
      scanColumn({ name: '身份证', values: ['11010519491231002X'] }, options),
    ];
    const proposal = propose({ scans });
    expect(proposal).toMatchObject({
      level: 'general',
      generalLevel: 4,
      personal: true,
      sensitive: true,
      unconfirmed: true,
    });
    expect(proposal.fields.map((field) => [field.field, field.generalLevel])).toEqual([
      ['手机', 2],
      ['身份证', 4],
    ]);
    expect(proposal.reasons).toContainEqual(
      expect.objectContaining({ rule: 'general.sensitive', field: '身份证', unconfirmed: true }),
    );
  });

  it('follows catalogue and impact', () => {
    expect(propose({ dataset: { catalogued: 'important' } })).toMatchObject({ level: 'important', unconfirmed: false });
    expect(propose({ dataset: { impacts: [{ object: 'nationalSecurity', degree: 'serious' }] } })).toMatchObject({
      level: 'core',
      unconfirmed: true,
    });
    expect(propose({ dataset: { impacts: [{ object: 'organisation', degree: 'verySerious' }] } })).toMatchObject({
      level: 'general',
    });
    expect(propose({ dataset: { personal: true, personCount: 10_000_000 } }).generalLevel).toBe(2);
    expect(propose({ dataset: { personal: true, personCount: 10_000_001 } }).generalLevel).toBe(4);
  });

  const attributes: fc.Arbitrary<DeclaredAttributes> = fc.record(
    {
      impacts: fc.array(
        fc.record({
          object: fc.constantFrom(
            'nationalSecurity',
            'economy',
            'order',
            'publicInterest',
            'organisation',
            'individual',
          ),
          degree: fc.constantFrom('general', 'serious', 'verySerious'),
        }),
        { maxLength: 3 },
      ),
      sharing: fc.constantFrom('unconditional', 'conditional', 'notShared'),
      personal: fc.boolean(),
      sensitive: fc.boolean(),
      catalogued: fc.constantFrom('important', 'core'),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<DeclaredAttributes>;

  it('never puts the data set below a field, and more facts never lower it', () => {
    fc.assert(
      fc.property(
        attributes,
        fc.dictionary(fc.string({ minLength: 1 }), attributes, { maxKeys: 4 }),
        attributes,
        (dataset, fields, more) => {
          const proposal = propose({ dataset, fields });
          for (const field of proposal.fields) expect(compareGrades(proposal, field)).toBeGreaterThanOrEqual(0);
          const wider = propose({ dataset, fields: { ...fields, '\u0000another': more } });
          expect(compareGrades(wider, proposal)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  it('gives every rule a source and both languages, and an id of its own', () => {
    expect(new Set(classificationTable.map((rule) => rule.id)).size).toBe(classificationTable.length);
    for (const rule of classificationTable)
      for (const text of [rule.zh, rule.en, rule.source]) expect(text).not.toBe('');
  });
});
