import type { IdentifierKind } from './scan/kinds.ts';
import type { ColumnScan } from './scan/scan.ts';

/** GB/T 43697-2024: 核心 / 重要 / 一般. */
export type DataLevel = 'core' | 'important' | 'general';
/** Within general data, 1 (least) to 4. */
export type GeneralLevel = 1 | 2 | 3 | 4;

const levelOrder: DataLevel[] = ['general', 'important', 'core'];

export type ImpactObject = 'nationalSecurity' | 'economy' | 'order' | 'publicInterest' | 'organisation' | 'individual';
export type HarmDegree = 'general' | 'serious' | 'verySerious';
export type SharingClass = 'unconditional' | 'conditional' | 'notShared';

/** What the holder declares about the data set, or about one field. */
export interface DeclaredAttributes {
  impacts?: { object: ImpactObject; degree: HarmDegree }[];
  /** Only for public data. */
  sharing?: SharingClass;
  /** Natural persons the data set is about. */
  personCount?: number;
  /** Declared by the holder; the scan may add to it, never take away. */
  personal?: boolean;
  sensitive?: boolean;
  /** How the data was treated; an effect is proposed only when a rule grants one. */
  treatment?: 'none' | 'masked' | 'aggregated' | 'anonymised';
  /** In a catalogue of important or core data that an authority has published or notified (数安条例 37). */
  catalogued?: 'important' | 'core';
}

/** One rule of the table. All given conditions must hold; it then asks for at least this level. */
export interface ClassificationRule {
  id: string;
  when: {
    impact?: { object: ImpactObject; degree: HarmDegree };
    sharing?: SharingClass;
    personal?: boolean;
    sensitive?: boolean;
    kinds?: IdentifierKind[];
    personCountOver?: number;
    catalogued?: 'important' | 'core';
  };
  atLeast: { level?: DataLevel; generalLevel?: GeneralLevel };
  zh: string;
  en: string;
  source: string;
  /** True where the text of the standard was not at hand: shown to the reviewer, never silently relied on. */
  unconfirmed: boolean;
}

export interface Reason {
  rule: string;
  zh: string;
  en: string;
  source: string;
  unconfirmed: boolean;
  /** Field that gave rise to it; absent for the data set as a whole. */
  field?: string;
}

export interface Grade {
  level: DataLevel;
  generalLevel: GeneralLevel;
  personal: boolean;
  sensitive: boolean;
  reasons: Reason[];
}

export interface ClassificationProposal extends Grade {
  /** A proposal stands until a person confirms it. */
  status: 'proposed';
  fields: (Grade & { field: string })[];
  /** True when any reason that decides the level is unconfirmed. */
  unconfirmed: boolean;
}

export interface ClassificationInput {
  scans: ColumnScan[];
  dataset: DeclaredAttributes;
  /** By field name. */
  fields?: Record<string, DeclaredAttributes>;
}

/**
 * Proposes class and level: each field by the rules that apply to it, the level the highest of all of them (就高从严), and
 * the data set never below its highest field. Pure; the rules come in as data.
 */
export function proposeClassification(input: ClassificationInput, rules: ClassificationRule[]): ClassificationProposal {
  const scanned = new Map(input.scans.map((scan) => [scan.column, scan]));
  const names = [...new Set([...scanned.keys(), ...Object.keys(input.fields ?? {})])];
  const fields = names.map((field) => {
    const scan = scanned.get(field);
    const declared = input.fields?.[field] ?? {};
    const facts: Facts = {
      ...declared,
      personal: declared.personal === true || scan?.personal === true,
      sensitive: declared.sensitive === true || scan?.sensitive === true,
      kinds: new Set(scan?.findings.map((finding) => finding.kind)),
    };
    return { field, ...grade(facts, rules, field) };
  });
  const whole: Facts = {
    ...input.dataset,
    personal: input.dataset.personal === true || fields.some((each) => each.personal),
    sensitive: input.dataset.sensitive === true || fields.some((each) => each.sensitive),
    kinds: new Set(input.scans.flatMap((scan) => scan.findings.map((finding) => finding.kind))),
  };
  const own = grade(whole, rules);
  const highest = fields.reduce<Grade>((top, each) => (compareGrades(each, top) > 0 ? each : top), own);
  const reasons = [...own.reasons, ...fields.flatMap((each) => each.reasons)];
  const deciding = reasons.filter((reason) => reaches(rules.find((rule) => rule.id === reason.rule)!, highest));
  return {
    status: 'proposed',
    level: highest.level,
    generalLevel: highest.generalLevel,
    personal: whole.personal === true,
    sensitive: whole.sensitive === true,
    reasons,
    fields,
    // One confirmed reason suffices to stand on.
    unconfirmed: deciding.length > 0 && deciding.every((reason) => reason.unconfirmed),
  };
}

type Facts = DeclaredAttributes & { kinds: Set<IdentifierKind> };

function grade(facts: Facts, rules: ClassificationRule[], field?: string): Grade {
  const reasons: Reason[] = [];
  const result: Grade = {
    level: 'general',
    generalLevel: 1,
    personal: facts.personal === true,
    sensitive: facts.sensitive === true,
    reasons,
  };
  for (const rule of rules) {
    if (!applies(rule, facts)) continue;
    const { level = 'general', generalLevel = 1 } = rule.atLeast;
    if (levelOrder.indexOf(level) > levelOrder.indexOf(result.level)) result.level = level;
    if (generalLevel > result.generalLevel) result.generalLevel = generalLevel;
    const { id, zh, en, source, unconfirmed } = rule;
    reasons.push({ rule: id, zh, en, source, unconfirmed, ...(field === undefined ? {} : { field }) });
  }
  return result;
}

function applies({ when }: ClassificationRule, facts: Facts): boolean {
  const { impact } = when;
  if (impact && !facts.impacts?.some((each) => each.object === impact.object && each.degree === impact.degree))
    return false;
  if (when.sharing !== undefined && facts.sharing !== when.sharing) return false;
  if (when.personal !== undefined && (facts.personal === true) !== when.personal) return false;
  if (when.sensitive !== undefined && (facts.sensitive === true) !== when.sensitive) return false;
  if (when.kinds && !when.kinds.some((kind) => facts.kinds.has(kind))) return false;
  if (when.personCountOver !== undefined && !((facts.personCount ?? 0) > when.personCountOver)) return false;
  if (when.catalogued !== undefined && facts.catalogued !== when.catalogued) return false;
  return true;
}

/** Positive when `a` is the higher: level first, then the level within general data. */
export function compareGrades(
  a: Pick<Grade, 'level' | 'generalLevel'>,
  b: Pick<Grade, 'level' | 'generalLevel'>,
): number {
  return levelOrder.indexOf(a.level) - levelOrder.indexOf(b.level) || a.generalLevel - b.generalLevel;
}

function reaches(rule: ClassificationRule, top: Grade): boolean {
  const { level = 'general', generalLevel = 1 } = rule.atLeast;
  return level === top.level && (level !== 'general' || generalLevel === top.generalLevel);
}
