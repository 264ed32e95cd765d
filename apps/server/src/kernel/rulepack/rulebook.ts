/** All packs of a node. New cases take the version in force; a case goes on under the version it pins. */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { personalMark } from '@shugu/wire/cases';
import { z } from 'zod';
import { dayOf } from '../calendar/calendar.ts';
import type { PermissionTable } from '../http/principal.ts';
import { keptFrom, retentionFaults } from './keeping.ts';
import { type PackFile, type Procedure, packFile, type RetentionClass, type Rule, type RulePack } from './model.ts';
import { parseProcedure, resolveLikes } from './procedures.ts';

interface Text {
  zh: string;
  en: string;
}

/** How long a class of records is kept, with the rules that say so. */
export interface Kept extends Pick<RetentionClass, 'id' | 'title'> {
  minimum: readonly Rule[];
  maximum: Rule | null;
  /** What happened before this moment may be pruned now; null: nothing is. */
  from: Date | null;
}

export interface RuleBook {
  /** `pin` is `id@version`. Throws on an unknown pin or rule: a defect of wiring, not of a request. */
  rule(pin: string, ruleId: string): Rule;
  value(pin: string, ruleId: string): Rule['value'];
  number(pin: string, ruleId: string): number;
  /** Version of a pack in force at a moment; undefined before its first. */
  current(packId: string, at: Date): RulePack | undefined;
  /** Procedure in the version in force, with its pack. */
  procedure(procedureId: string, at: Date): { pack: RulePack; procedure: Procedure } | undefined;
  /** Procedure as pinned by a case. */
  pinned(pin: string, procedureId: string): Procedure;
  /** Every class of the versions in force, with its rules. */
  retention(at: Date): Kept[];
  packs: readonly RulePack[];
  /** Of all packs; a later version of a pack stands over an earlier one. */
  permissions: PermissionTable;
}

const compareVersions = (a: string, b: string): number => {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let i = 0; i < 3; i++) if ((left[i] ?? 0) !== (right[i] ?? 0)) return (left[i] ?? 0) - (right[i] ?? 0);
  return 0;
};

const sorted = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const personalMarks = new Set<unknown>(personalMark.options);

// Marks of personal fields say how a value is kept, not what the law is: a pinned pack may gain them, and stored forms follow.
const withoutMarks = (key: string, value: unknown): unknown => {
  if (key === 'personal' && personalMarks.has(value)) return undefined;
  if (typeof value !== 'object' || value === null || (value as { type?: unknown }).type !== 'records')
    return sorted(key, value);
  const { subject: _, ...field } = value as Record<string, unknown>;
  return sorted(key, field);
};

/** What a pack says, whatever its spaces, line ends and order of keys. */
const digestOf = (source: unknown): string =>
  `sha256:${createHash('sha256').update(JSON.stringify(source, withoutMarks)).digest('hex')}`;

/** `place` names the file in errors. */
export const parsePack = (source: unknown, place: string): RulePack => {
  const parsed = packFile.safeParse(source);
  if (!parsed.success) throw new Error(`${place}: ${z.prettifyError(parsed.error)}`);
  const file: PackFile = parsed.data;
  const rules = new Map(file.rules.map((one) => [one.id, one]));
  if (rules.size !== file.rules.length) throw new Error(`${place}: two rules of one id`);
  const procedures = new Map(
    resolveLikes(file.procedures).map((one) => {
      const table = parseProcedure(one, rules, place);
      return [table.id, table];
    }),
  );
  if (procedures.size !== file.procedures.length) throw new Error(`${place}: two procedures of one id`);
  const faults = retentionFaults(file.retention, rules);
  if (faults.length) throw new Error(`${place}: ${faults.join('; ')}`);
  for (const one of file.warnings)
    for (const figure of one.figures)
      if (!rules.has(figure)) throw new Error(`${place}: warning ${one.id} names no rule ${figure}`);
  const { id, version, title, remarks, validFrom, validTo, permissions, retention, warnings } = file;
  return {
    id,
    version,
    pin: `${id}@${version}`,
    digest: digestOf(source),
    title,
    remarks,
    validFrom,
    validTo,
    rules,
    permissions,
    retention,
    warnings,
    procedures,
  };
};

export const makeRuleBook = (packs: readonly RulePack[]): RuleBook => {
  const pins = new Map(packs.map((pack) => [pack.pin, pack]));
  if (pins.size !== packs.length) throw new Error('two rule packs of one id and version');

  const homes = new Map<string, string>();
  for (const pack of packs)
    for (const id of pack.procedures.keys()) {
      const home = homes.get(id) ?? pack.id;
      if (home !== pack.id)
        throw new Error(`procedure ${id} stands in two packs, ${home} and ${pack.id}; load one of them`);
      homes.set(id, home);
    }

  const keepers = new Map<string, string>();
  for (const pack of packs)
    for (const { id } of pack.retention) {
      if ((keepers.get(id) ?? pack.id) !== pack.id) throw new Error(`retention class ${id} stands in two packs`);
      keepers.set(id, pack.id);
    }

  const packOf = (pin: string): RulePack => {
    const pack = pins.get(pin);
    if (!pack) throw new Error(`rule pack ${pin} is not loaded; keep the files of every version that cases pin`);
    return pack;
  };
  const ruleOf = (pin: string, ruleId: string): Rule => {
    const rule = packOf(pin).rules.get(ruleId);
    if (!rule) throw new Error(`rule ${ruleId} is not in ${pin}`);
    return rule;
  };
  const current = (packId: string, at: Date): RulePack | undefined => {
    const day = dayOf(at);
    return packs
      .filter((pack) => pack.id === packId && pack.validFrom <= day && (!pack.validTo || day <= pack.validTo))
      .sort((a, b) => b.validFrom.localeCompare(a.validFrom) || compareVersions(b.version, a.version))[0];
  };

  return {
    rule: ruleOf,
    value: (pin, ruleId) => ruleOf(pin, ruleId).value,
    number: (pin, ruleId) => {
      const { value } = ruleOf(pin, ruleId);
      if (typeof value !== 'number') throw new Error(`rule ${ruleId} of ${pin} is no number`);
      return value;
    },
    current,
    procedure: (procedureId, at) => {
      const pack = current(homes.get(procedureId) ?? '', at);
      const procedure = pack?.procedures.get(procedureId);
      return pack && procedure ? { pack, procedure } : undefined;
    },
    retention: (at) =>
      [...new Set(keepers.values())].flatMap((packId) => {
        const pack = current(packId, at);
        return (pack?.retention ?? []).map(({ id, title, minimum, maximum }) => {
          const least = minimum.map((one) => pack!.rules.get(one)!);
          const most = maximum ? pack!.rules.get(maximum)! : null;
          return { id, title, minimum: least, maximum: most, from: most && keptFrom(at, [...least, most]) };
        });
      }),
    pinned: (pin, procedureId) => {
      const procedure = packOf(pin).procedures.get(procedureId);
      if (!procedure) throw new Error(`procedure ${procedureId} is not in ${pin}`);
      return procedure;
    },
    packs,
    permissions: Object.assign(
      {},
      ...[...packs].sort((a, b) => compareVersions(a.version, b.version)).map((pack) => pack.permissions),
    ),
  };
};

/** Reads every *.json directly in a directory. */
export const loadRulePacks = async (directory: string): Promise<RuleBook> => {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).sort();
  const packs = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(directory, name), 'utf8');
      try {
        return parsePack(JSON.parse(text), name);
      } catch (error) {
        throw error instanceof SyntaxError ? new Error(`${name}: ${error.message}`) : error;
      }
    }),
  );
  return makeRuleBook(packs);
};

const units: Record<Rule['unit'], Text> = {
  workingDay: { zh: '个工作日', en: 'working days' },
  hour: { zh: '小时', en: 'hours' },
  calendarDay: { zh: '日', en: 'days' },
  calendarMonth: { zh: '个月', en: 'months' },
  calendarYear: { zh: '年', en: 'years' },
  character: { zh: '字', en: 'characters' },
  fen: { zh: '分', en: 'fen' },
  percent: { zh: '%', en: '%' },
  count: { zh: '', en: '' },
  time: { zh: '', en: '' },
  text: { zh: '', en: '' },
  boolean: { zh: '', en: '' },
  list: { zh: '', en: '' },
  pattern: { zh: '', en: '' },
};

/** Where a rule stands, in brackets. An unconfirmed one never names its instrument as the law. */
export const groundsOf = (rule: Rule): Text => {
  if (!rule.confirmed) return { zh: '（未经核实，不作为法定要求）', en: ' (unconfirmed, not to be read as law)' };
  const where = `${rule.source.instrument}${rule.source.article ? ` ${rule.source.article}` : ''}`;
  const standing = {
    law: { zh: '依据', en: 'by' },
    guide: { zh: '参照', en: 'following the guide' },
    operator: { zh: '本机构规定', en: 'set by the operator' },
  }[rule.force];
  return { zh: `（${standing.zh}：${where}）`, en: ` (${standing.en}: ${where})` };
};

/** A rule in a sentence with its standing. */
export const describe = (rule: Rule): Text => {
  const value = Array.isArray(rule.value) ? rule.value.join('、') : String(rule.value);
  const unit = units[rule.unit];
  const grounds = groundsOf(rule);
  return {
    zh: `${rule.title.zh}：${value}${unit.zh}${grounds.zh}`,
    en: `${`${rule.title.en}: ${value} ${unit.en}`.trim()}${grounds.en}`,
  };
};
