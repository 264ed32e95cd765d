import { residentIdFacts } from '../identifiers.ts';
import { hintOf, type NameHint } from './hints.ts';
import { type IdentifierKind, kindFacts, type ValueRule, valueRules } from './kinds.ts';
import { mask } from './mask.ts';
import { looksLikeAddress, looksLikeName, surnameOf } from './names.ts';

export interface SampleColumn {
  name: string;
  /** Sampled values as text; null and '' are passed over. */
  values: (string | null)[];
}

export interface Finding {
  kind: IdentifierKind;
  /** Values of this kind among all sampled values that are not empty, and both counts. */
  ratio: number;
  hits: number;
  of: number;
  /** 0–1: how sure this is, from name, checksum and ratio together. */
  confidence: number;
  /** The identifier stands inside longer text. */
  embedded: boolean;
  hinted: boolean;
  /** Up to three, masked. Raw values never leave this function. */
  examples: string[];
  sensitive: boolean;
  personal: boolean;
  reason: { zh: string; en: string };
}

export interface ColumnScan {
  column: string;
  /** The surest first; empty when the column holds no identifier. */
  findings: Finding[];
  /** Resembles a kind, but was not accepted: for a person to decide. */
  doubts: { kind: IdentifierKind; ratio: number; zh: string; en: string }[];
  personal: boolean;
  sensitive: boolean;
}

export interface ScanOptions {
  /** Day on which ages are counted, ISO date. */
  asOf: string;
  valuesPerColumnMax: number;
}

export const scanLimits = { valuesPerColumnMax: 10_000 };

interface Tally {
  shaped: number;
  proven: string[];
  provenCount: number;
}

/**
 * Looks for identifiers of persons in a sampled column: its name, shape, checksum, then the ratio of hits in the
 * column. A shape that passes its checksum no more often than chance (order numbers, serials) is not a hit.
 */
export function scanColumn(column: SampleColumn, options: ScanOptions): ColumnScan {
  const hint = hintOf(column.name);
  const values: string[] = [];
  for (const value of column.values) {
    const text = value?.trim();
    if (text) values.push(text);
    if (values.length >= options.valuesPerColumnMax) break;
  }
  const scan: ColumnScan = { column: column.name, findings: [], doubts: [], personal: false, sensitive: false };
  if (values.length > 0) {
    const tallies = tally(values);
    for (const rule of valueRules) judge(rule, tallies.get(rule.kind)!, values, hint, scan);
    judgeNames(values, hint, scan);
    judgeAddresses(values, hint, scan);
    judgeEmbedded(values, scan);
  }
  judgeByNameAlone(values, hint, scan);
  judgeMinors(values, options.asOf, scan);
  scan.findings.sort((a, b) => b.confidence - a.confidence || b.ratio - a.ratio);
  scan.personal = scan.findings.some((finding) => finding.personal);
  scan.sensitive = scan.findings.some((finding) => finding.sensitive);
  return scan;
}

function tally(values: string[]): Map<IdentifierKind, Tally> {
  const tallies = new Map<IdentifierKind, Tally>(
    valueRules.map((rule) => [rule.kind, { shaped: 0, proven: [], provenCount: 0 }]),
  );
  for (const value of values) {
    if (value.length > 64) continue;
    for (const rule of valueRules) {
      if (!rule.shape(value)) continue;
      const counts = tallies.get(rule.kind)!;
      counts.shaped += 1;
      if (!rule.proof(value)) continue;
      counts.provenCount += 1;
      if (counts.proven.length < 3) counts.proven.push(value);
      // A proven value belongs to the first rule only: 18 digits are not both an ID and a card.
      break;
    }
  }
  return tallies;
}

function judge(rule: ValueRule, counts: Tally, values: string[], hint: NameHint, scan: ColumnScan): void {
  if (counts.shaped === 0) return;
  const verdict =
    rule.shape === rule.proof
      ? verdictOfShape(rule, counts, values, hint)
      : verdictOfChecksum(rule, counts, values, hint);
  if (verdict === 'hit') accept(scan, rule, counts, values.length, hint.kinds.has(rule.kind));
  else if (verdict !== 'none') scan.doubts.push({ kind: rule.kind, ratio: counts.shaped / values.length, ...verdict });
}

type Verdict = 'hit' | 'none' | { zh: string; en: string };

function verdictOfChecksum(rule: ValueRule, counts: Tally, values: string[], hint: NameHint): Verdict {
  const passRate = counts.provenCount / counts.shaped;
  const hinted = hint.kinds.has(rule.kind);
  // Vehicles for other markets have no check digit: with the name, the shape will do.
  if (rule.kind === 'vin' && hinted && counts.shaped / values.length >= 0.5) return 'hit';
  // Named so: even a column of typing errors is personal. Not named so: it must clearly beat chance.
  const wanted = hinted ? Math.max(3 * rule.chance, 0.2) : hint.against ? 0.95 : 0.7;
  if (passRate < wanted) {
    if (passRate <= 3 * rule.chance || counts.provenCount <= 2) return 'none';
    return { zh: '少量数值通过校验位，可能是巧合', en: 'Some values pass the check digit, perhaps by chance' };
  }
  // Luhn with a prefix passes by chance in one of ten; a handful of values proves nothing without a name.
  if (!hinted && rule.chance >= 0.05 && (counts.provenCount < 6 || hint.against)) {
    return { zh: '通过校验位，但列名不支持', en: 'Check digits pass, but the name of the column says otherwise' };
  }
  return 'hit';
}

function verdictOfShape(rule: ValueRule, counts: Tally, values: string[], hint: NameHint): Verdict {
  const ratio = counts.provenCount / values.length;
  if (hint.kinds.has(rule.kind)) return ratio >= 0.02 ? 'hit' : 'none';
  switch (rule.kind) {
    case 'mobile':
      if (hint.against) {
        return ratio > 0.5
          ? { zh: '形似手机号，但列名是编号类', en: 'Shaped like mobile numbers, but the column is named as a serial' }
          : 'none';
      }
      // Of random 11 digits 7 % have the shape of a mobile number.
      if (ratio < 0.25) return 'none';
      return isSerial(values)
        ? { zh: '形似手机号，但数值连续递增', en: 'Shaped like mobile numbers, but running on as a serial does' }
        : 'hit';
    case 'ipv4':
      return ratio >= 0.1 && !isVersionLike(values) ? 'hit' : 'none';
    case 'passport':
      return ratio >= 0.5 &&
        !hint.against &&
        !isSerial(values.filter(rule.shape).map((value) => value.replace(/^\D+/, '')))
        ? 'hit'
        : 'none';
    case 'position':
      return ratio >= 0.5 ? 'hit' : 'none';
    default:
      return ratio >= 0.1 ? 'hit' : 'none';
  }
}

function accept(scan: ColumnScan, rule: ValueRule, counts: Tally, of: number, hinted: boolean): void {
  const checksum = rule.shape !== rule.proof;
  const hits = counts.shaped;
  const confidence = Math.min(0.99, 0.45 + (hinted ? 0.3 : 0) + (checksum ? 0.2 : 0.05) + 0.25 * (hits / of));
  const zh = `${hinted ? '列名、' : ''}格式${checksum ? '、校验位' : ''}相符，占 ${percent(hits, of)}`;
  const en = `${hinted ? 'name, ' : ''}shape${checksum ? ', check digit' : ''} agree in ${percent(hits, of)}`;
  add(scan, rule.kind, {
    hits,
    of,
    confidence,
    hinted,
    embedded: false,
    examples: counts.proven.map((value) => mask(value, rule.kind)),
    reason: { zh, en },
  });
}

type FindingFacts = Pick<Finding, 'hits' | 'of' | 'confidence' | 'hinted' | 'embedded' | 'examples' | 'reason'>;

function add(scan: ColumnScan, kind: IdentifierKind, facts: FindingFacts): void {
  const { personal, sensitive } = kindFacts[kind];
  scan.findings.push({ kind, ratio: facts.of === 0 ? 0 : facts.hits / facts.of, personal, sensitive, ...facts });
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)}%`;
}

/** Most steps from row to row are equal or small and upward: numbers given out one after another. */
function isSerial(values: string[]): boolean {
  let steps = 0;
  let small = 0;
  for (let at = 1; at < values.length; at += 1) {
    const step = Number(values[at]) - Number(values[at - 1]);
    if (Number.isNaN(step)) continue;
    steps += 1;
    if (step >= 0 && step < 100_000) small += 1;
  }
  return steps >= 3 && small / steps > 0.8;
}

/** 1.0.2.1 is a version: all its numbers are small. Addresses of machines in use hardly ever are. */
function isVersionLike(values: string[]): boolean {
  const low = values.filter((value) => value.split('.').every((part) => Number(part) < 32)).length;
  return low / values.length > 0.5;
}

function judgeNames(values: string[], hint: NameHint, scan: ColumnScan): void {
  const names = values.filter(looksLikeName);
  const ratio = names.length / values.length;
  const hinted = hint.kinds.has('personName');
  if (names.length === 0 || (!hinted && (hint.againstName || hint.against))) return;
  const distinct = new Set(names).size;
  const surnames = new Set(names.map(surnameOf)).size;
  // Words that begin with a surname (高速, 黄色, 石油) come from short lists; names of people vary.
  const varied = values.length < 20 || (distinct / names.length > 0.3 && surnames >= Math.min(8, names.length / 4));
  if (hinted ? ratio < 0.2 : ratio < 0.8 || !varied || values.length < 5) return;
  const examples = names.slice(0, 3).map((name) => mask(name, 'personName'));
  const reason = {
    zh: `${hinted ? '列名与' : ''}姓氏词典相符，占 ${percent(names.length, values.length)}`,
    en: `${hinted ? 'name of the column and ' : ''}surname dictionary agree in ${percent(names.length, values.length)}`,
  };
  add(scan, 'personName', {
    hits: names.length,
    of: values.length,
    confidence: Math.min(0.98, (hinted ? 0.7 : 0.45) + 0.28 * ratio),
    hinted,
    embedded: false,
    examples,
    reason,
  });
}

function judgeAddresses(values: string[], hint: NameHint, scan: ColumnScan): void {
  const addresses = values.filter(looksLikeAddress);
  const hinted = hint.kinds.has('address');
  const ratio = addresses.length / values.length;
  if (ratio < (hinted ? 0.1 : 0.5)) return;
  const examples = addresses.slice(0, 3).map((address) => mask(address, 'address'));
  const reason = {
    zh: `含多级地址，占 ${percent(addresses.length, values.length)}`,
    en: `addresses of several levels in ${percent(addresses.length, values.length)}`,
  };
  add(scan, 'address', {
    hits: addresses.length,
    of: values.length,
    confidence: Math.min(0.95, (hinted ? 0.65 : 0.5) + 0.3 * ratio),
    hinted,
    embedded: false,
    examples,
    reason,
  });
}

/** 订单号 13812345678 is no phone: the words just before the digits say so. */
const serialBefore = /(?:单号|编号|流水号?|订单|批次|运单|票号|no\.?|id)\s*[:：为是]?\s*$/i;

/** Identifiers within free text: each match is proven by itself, since a text has no column to lean on. */
export function embeddedIn(value: string): { kind: IdentifierKind; text: string }[] {
  const found: { kind: IdentifierKind; text: string }[] = [];
  for (const rule of valueRules) {
    if (!rule.within) continue;
    for (const match of value.matchAll(rule.within)) {
      if (!rule.proof(match[0]) || serialBefore.test(value.slice(Math.max(0, match.index - 12), match.index))) continue;
      if (!found.some((each) => each.text.includes(match[0]))) found.push({ kind: rule.kind, text: match[0] });
    }
  }
  return found;
}

function judgeEmbedded(values: string[], scan: ColumnScan): void {
  const found = new Map<IdentifierKind, { hits: number; examples: string[] }>();
  for (const value of values) {
    // A bare identifier is the columns' business above.
    if (value.length < 14 || !/[^\d.\s-]/.test(value) || !/\d{5}|@/.test(value)) continue;
    const kinds = new Set<IdentifierKind>();
    for (const { kind, text } of embeddedIn(value)) {
      if (text.length === value.length || kinds.has(kind)) continue;
      kinds.add(kind);
      const entry = found.get(kind) ?? { hits: 0, examples: [] };
      entry.hits += 1;
      if (entry.examples.length < 3) entry.examples.push(mask(text, kind));
      found.set(kind, entry);
    }
  }
  for (const [kind, { hits, examples }] of found) {
    if (scan.findings.some((finding) => finding.kind === kind)) continue;
    const reason = { zh: `长文本中含有，共 ${hits} 条`, en: `inside longer text, in ${hits} values` };
    add(scan, kind, {
      hits,
      of: values.length,
      confidence: Math.min(0.95, 0.6 + 0.1 * hits),
      hinted: false,
      embedded: true,
      examples,
      reason,
    });
  }
}

/** Kinds without any shape of their own; here the name of the column is all there is, and the confidence says so. */
const namedOnly: IdentifierKind[] = [
  'health',
  'biometric',
  'belief',
  'account',
  'socialInsurance',
  'birthDate',
  'minor',
  'position',
];

function judgeByNameAlone(values: string[], hint: NameHint, scan: ColumnScan): void {
  for (const kind of namedOnly) {
    if (!hint.kinds.has(kind) || scan.findings.some((finding) => finding.kind === kind)) continue;
    if (kind === 'birthDate' && values.length > 0 && !values.some((value) => /^(19|20)\d{2}/.test(value))) continue;
    const reason = { zh: '仅凭列名判断，请人工确认', en: 'judged by the name of the column alone; please confirm' };
    add(scan, kind, {
      hits: values.length,
      of: values.length,
      confidence: 0.6,
      hinted: true,
      embedded: false,
      examples: [],
      reason,
    });
  }
}

/** Under fourteen on the given day, by ID number or date of birth: sensitive whatever else stands there (PIPL 28, 31). */
function judgeMinors(values: string[], asOf: string, scan: ColumnScan): void {
  const has = (kind: IdentifierKind) => scan.findings.some((finding) => finding.kind === kind);
  if (has('minor') || !(has('residentId') || has('birthDate'))) return;
  const bornAfter = `${Number(asOf.slice(0, 4)) - 14}${asOf.slice(4)}`;
  let hits = 0;
  for (const value of values) {
    const born = residentIdFacts(value)?.birthDate ?? (has('birthDate') ? isoDay(value) : null);
    if (born && born > bornAfter && born <= asOf) hits += 1;
  }
  if (hits === 0) return;
  const reason = { zh: `${hits} 条的出生日期不满十四周岁`, en: `${hits} dates of birth are under fourteen years ago` };
  add(scan, 'minor', {
    hits,
    of: values.length,
    confidence: has('residentId') ? 0.95 : 0.8,
    hinted: false,
    embedded: false,
    examples: [],
    reason,
  });
}

function isoDay(value: string): string | null {
  const match = /^((?:19|20)\d{2})[-/.年]?(\d{2})[-/.月]?(\d{2})/.exec(value);
  return match ? `${match[1]}-${match[2]}-${match[3]}` : null;
}

/**
 * Whether one value is to be treated as the kind, in a column that was found to hold it. The shape is enough there: an ID
 * number with a typing error is still somebody's.
 */
export function holdsKind(value: string, finding: Pick<Finding, 'kind' | 'embedded'>): boolean {
  const text = value.trim();
  if (finding.embedded) return embeddedIn(text).some((found) => found.kind === finding.kind);
  if (finding.kind === 'personName') return looksLikeName(text);
  if (finding.kind === 'address') return looksLikeAddress(text);
  const rule = valueRules.find((each) => each.kind === finding.kind);
  return rule ? rule.shape(text) : true;
}
