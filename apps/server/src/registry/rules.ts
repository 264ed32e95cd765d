/** Pure decisions of the room: days, validity, windows, what an application must agree with, what a right allows. */

import { addDays, addMonths, dayOf, endOfDay, startOfDay } from '../kernel/calendar/calendar.ts';
import type { FieldFault, Words } from '../kernel/problem.ts';
import type { Constraint } from '../kernel/rulepack/model.ts';
import type { ClassificationProposal } from './classification.ts';
import type { ContentColumn, RegisteredRight, Remark, ResourceFields, RightKind, Sensitivity, Text } from './model.ts';
import type { ColumnScan } from './scan/scan.ts';

/** Last day of validity of a certificate: the eve of the anniversary of its evidence. */
export const lastDayOf = (evidencedOn: string, years: number): string =>
  addDays(addMonths(evidencedOn, years * 12), -1);

/** Last day of a time that ends exclusively at midnight. */
export const lastDayBefore = (until: Date): string => dayOf(new Date(until.getTime() - 1));

export interface RenewalRules {
  opensMonths: number;
  closesDays: number;
}

/** First and last day on which renewal may be asked for: from six months to one day before the last day of validity. */
export const renewalWindow = (validUntil: Date, rules: RenewalRules): { first: string; last: string } => {
  const lastDay = lastDayBefore(validUntil);
  return { first: addMonths(lastDay, -rules.opensMonths), last: addDays(lastDay, -rules.closesDays) };
};

export const isWithin = (day: string, window: { first: string; last: string }): boolean =>
  window.first <= day && day <= window.last;

/**
 * Validity goes on from the old end, and never beyond the rule's years from the new evidence (一般不超过五年), whichever is
 * earlier.
 */
export const renewedUntil = (before: Date, evidencedOn: string, years: number, yearsMax: number): Date => {
  const asked = addMonths(dayOf(before), years * 12);
  const most = addMonths(evidencedOn, yearsMax * 12);
  return startOfDay([asked, most].sort()[0]!);
};

const allRights: readonly RightKind[] = ['hold', 'use', 'operate'];

/** Which rights a source carries, by the constraints of the pack alone: those that none of them refuses. */
export const registrableRights = (
  constraints: readonly Constraint[],
  form: Record<string, unknown>,
  listOf: (ruleId: string) => readonly string[],
  meets: (condition: Constraint['when'][number], form: Record<string, unknown>) => boolean,
): RightKind[] => {
  const refusing = constraints.filter(
    (one) =>
      one.records === 'rights' && one.effect === 'refuse' && one.when.every((condition) => meets(condition, form)),
  );
  return allRights.filter((right) => refusing.every((one) => one.within && listOf(one.within.rule).includes(right)));
};

export interface Applicant {
  name: string;
  kind: string;
  number: string;
}

export interface RightLine {
  holder: string;
  code?: string;
  right: RightKind;
  from?: string;
  to?: string;
  limits?: string;
  proof?: string;
}

export interface FirstFacts {
  applicants: readonly Applicant[];
  rights: readonly RightLine[];
  dataSource: string;
  resource: Pick<ResourceFields, 'source'>;
  /** Credit code of the organisation that files. */
  ownCode: string;
  agent?: string;
  today: string;
}

/** The applicant whom a line of rights names: by code where one is given, else by name. */
export const holderOf = (line: RightLine, applicants: readonly Applicant[]): Applicant | undefined =>
  applicants.find((one) => (line.code ? one.number === line.code : one.name === line.holder));

/** Where a first application contradicts itself, its resource or its applicant: what most first submissions fail by. */
export const faultsOfFirst = (facts: FirstFacts): FieldFault[] => {
  const faults: FieldFault[] = [];
  const add = (field: string, code: string, message: Words) =>
    void faults.push({ field: `body.form.${field}`, code, message });
  const numbers = facts.applicants.map((one) => one.number);
  if (!facts.agent && !numbers.includes(facts.ownCode))
    add('applicants', 'notApplicant', {
      zh: '提交单位须是申请人之一，或填写代理人',
      en: 'who files is an applicant, or names the agent',
    });
  if (new Set(numbers).size !== numbers.length)
    add('applicants', 'twice', { zh: '同一申请人出现两次', en: 'an applicant is named twice' });
  if (facts.dataSource !== facts.resource.source)
    add('dataSource', 'sourceDiffers', {
      zh: `与资源登记的来源不一致：${facts.resource.source}`,
      en: 'differs from the resource’s source',
    });
  const seen = new Set<string>();
  for (const [index, line] of facts.rights.entries()) {
    const at = `rights.${index}`;
    const holder = holderOf(line, facts.applicants);
    if (!holder) add(`${at}.holder`, 'notApplicant', { zh: '权利人须是申请人', en: 'the holder is no applicant' });
    else if (line.code && holder.name !== line.holder)
      add(`${at}.holder`, 'nameDiffers', { zh: '权利人名称与证件号码不一致', en: 'name and code differ' });
    if (line.from && line.to && line.to < line.from)
      add(`${at}.to`, 'order', { zh: '止期早于起期', en: 'ends before it begins' });
    if (line.to && line.to < facts.today) add(`${at}.to`, 'past', { zh: '期限已届满', en: 'the term is over' });
    const key = [line.code ?? line.holder, line.right, line.from, line.to, line.limits].join('\u0000');
    if (seen.has(key)) add(at, 'twice', { zh: '同一权利重复填写', en: 'this right is listed twice' });
    seen.add(key);
  }
  for (const [index, one] of facts.applicants.entries())
    if (!facts.rights.some((line) => holderOf(line, facts.applicants) === one))
      add(`applicants.${index}`, 'withoutRight', { zh: '申请人未登记任何权利', en: 'this applicant holds no right' });
  return faults;
};

export interface Term {
  from: Date;
  until: Date;
}

/** Term of one right within its certificate; undefined when nothing is left of it. */
export const termWithin = (certificate: Term, line: { from?: string; to?: string }): Term | undefined => {
  const from = line.from && startOfDay(line.from) > certificate.from ? startOfDay(line.from) : certificate.from;
  const until = line.to && endOfDay(line.to) < certificate.until ? endOfDay(line.to) : certificate.until;
  return from < until ? { from, until } : undefined;
};

/** Remarks under which nothing may be done with a right. An agreed term only limits it. */
export const freezes = (kind: Remark['kind']): boolean => kind !== 'agreed';

/** In force: active, begun and not over. */
export const inForce = (right: Pick<RegisteredRight, 'state' | 'validFrom' | 'validUntil'>, at: Date): boolean =>
  right.state === 'active' && right.validFrom <= at && at < right.validUntil;

/** Lengths that the guide's form calls "not more than, as a rule": a warning, never a refusal. */
export const lengthWarnings = (
  fields: Pick<ResourceFields, 'name' | 'summary'>,
  rules: { nameCharacters: number; summaryCharacters: number },
): { field: string; text: Text }[] => {
  const warnings: { field: string; text: Text }[] = [];
  const check = (field: 'name' | 'summary', title: Text, most: number) => {
    const count = [...fields[field]].length;
    if (count > most)
      warnings.push({
        field,
        text: {
          zh: `${title.zh}有 ${count} 字，一般不宜超过 ${most} 字`,
          en: `${title.en} has ${count} characters; as a rule not more than ${most}`,
        },
      });
  };
  check('name', { zh: '数据名称', en: 'The name' }, rules.nameCharacters);
  check('summary', { zh: '数据概述', en: 'The summary' }, rules.summaryCharacters);
  return warnings;
};

/** Highest that scan and classification say of a column. */
export const sensitivityOf = (
  column: string,
  scans: readonly ColumnScan[],
  classification: Pick<ClassificationProposal, 'fields'>,
): Sensitivity => {
  const level = classification.fields.find((one) => one.field === column)?.level;
  if (level === 'core' || level === 'important') return level;
  const scan = scans.find((one) => one.column === column);
  if (scan?.sensitive) return 'sensitivePersonal';
  return scan?.personal ? 'personal' : 'general';
};

export const columnsOf = (
  columns: readonly { name: string; type: string; nullable: boolean }[],
  scans: readonly ColumnScan[],
  classification: Pick<ClassificationProposal, 'fields'>,
): ContentColumn[] =>
  columns.map(({ name, type, nullable }) => ({
    name,
    type,
    nullable,
    sensitivity: sensitivityOf(name, scans, classification),
  }));

/** As a certificate lists them: by holder, then hold, use, operate. */
export const inOrder = (rights: readonly RegisteredRight[]): RegisteredRight[] =>
  [...rights].sort(
    (a, b) =>
      a.holderCode.localeCompare(b.holderCode) ||
      a.holderName.localeCompare(b.holderName) ||
      allRights.indexOf(a.right) - allRights.indexOf(b.right) ||
      a.validFrom.getTime() - b.validFrom.getTime(),
  );

/** A natural person's name as strangers see it. */
export const maskName = (name: string): string => {
  const [first = '', ...rest] = [...name];
  return first + '*'.repeat(Math.max(1, rest.length));
};

export const rightTitles: Record<RightKind, Text> = {
  hold: { zh: '持有权', en: 'right to hold' },
  use: { zh: '使用权', en: 'right to use' },
  operate: { zh: '经营权', en: 'right to operate' },
};
