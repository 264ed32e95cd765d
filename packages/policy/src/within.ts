import type { HoursOfDay, Mask, Policy, PolicyProblem, Terms } from './model.ts';
import { isComputationOnly } from './model.ts';
import { problem } from './problems.ts';
import { type RowCondition, rowFilterText } from './rowfilter.ts';

/**
 * Whether an order's policy stays within the listing's offer: problems for each limit that it drops or widens, empty when
 * it is within. Strict and syntactic: a request must repeat each of the offer's limits at least as tightly, even where
 * two others together would imply it, so that the answer needs no reasoning to check.
 */
export function isWithin(requested: Policy, offered: Policy): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const wider = (limit: string, zh: string, en: string) =>
    problems.push(problem('exceedsOffer', `/${limit}`, { detail: zh, en }));
  const [want, offer] = [requested.terms, offered.terms];
  problems.push(...requested.notUnderstood, ...offered.notUnderstood);
  if (offer.assignee !== undefined && offer.assignee !== want.assignee) wider('assignee', '需方不同', 'another buyer');
  if (offer.target !== undefined && want.target !== undefined && offer.target !== want.target)
    wider('target', '标的不同', 'another target');
  if (!subset(want.actions, offer.actions)) wider('actions', '用法', 'actions');
  if (!subset(offer.prohibited, want.prohibited)) wider('prohibited', '遗漏了禁止的用法', 'a prohibition is dropped');
  if (!subset(offer.duties, want.duties)) wider('duties', '遗漏了义务', 'a duty is dropped');
  if (isComputationOnly(offer) && !isComputationOnly(want)) wider('actions', '仅供计算', 'computation only');
  if (offer.purposes && !(want.purposes && subset(want.purposes, offer.purposes)))
    wider('purposes', '使用目的', 'purposes');
  if (offer.memberOf !== undefined && offer.memberOf !== want.memberOf)
    wider('memberOf', '空间成员资格', 'membership of the data space');
  if (offer.authorisationRequired && !want.authorisationRequired)
    wider('authorisation', '逐次授权凭证号', 'authorisation per call');
  compareTime(want, offer, wider);
  compareAmounts(want, offer, wider);
  compareScope(want, offer, wider);
  return problems;
}

type Wider = (limit: string, zh: string, en: string) => void;

function compareTime(want: Terms, offer: Terms, wider: Wider): void {
  if (offer.notBefore !== undefined && (want.notBefore ?? Number.NEGATIVE_INFINITY) < offer.notBefore)
    wider('notBefore', '开始时间', 'the beginning');
  if (offer.notAfter !== undefined && (want.notAfter ?? Number.POSITIVE_INFINITY) > offer.notAfter)
    wider('notAfter', '结束时间', 'the end');
  if (offer.hoursOfDay && !(want.hoursOfDay && hoursWithin(want.hoursOfDay, offer.hoursOfDay)))
    wider('hoursOfDay', '使用时段', 'hours of the day');
  // The same number of calls "per day" means other calls under another midnight.
  const calendar = offer.hoursOfDay !== undefined || offer.quotas.some(({ period }) => period !== 'total');
  if (calendar && want.timeZone !== offer.timeZone) wider('timeZone', '时区', 'the time zone');
}

function compareAmounts(want: Terms, offer: Terms, wider: Wider): void {
  for (const { metric, period, limit } of offer.quotas) {
    const asked = want.quotas.find((quota) => quota.metric === metric && quota.period === period);
    if (!asked || asked.limit > limit)
      wider(`quotas/${metric}:${period}`, `用量（${metric}:${period}）`, `the quota ${metric}:${period}`);
  }
  const { rate } = offer;
  if (rate && (!want.rate || want.rate.perSecond > rate.perSecond || want.rate.burst > rate.burst))
    wider('rate', '速率', 'the rate');
}

function compareScope(want: Terms, offer: Terms, wider: Wider): void {
  const { regions, columns } = offer;
  if (regions && !want.regions?.every((code) => regions.some((prefix) => code.startsWith(prefix))))
    wider('regions', '地区', 'regions');
  if (columns && !(want.columns && subset(want.columns, columns))) wider('columns', '字段', 'columns');
  for (const [column, mask] of Object.entries(offer.masks)) {
    const leftOut = want.columns !== undefined && !want.columns.includes(column);
    const asked = Object.hasOwn(want.masks, column) ? want.masks[column] : undefined;
    if (!leftOut && !(asked && maskAtLeast(asked, mask)))
      wider(`masks/${column}`, `字段脱敏 ${column}`, `the mask of ${column}`);
  }
  compareWatermark(want, offer, wider);
  for (const condition of offer.rowFilter) {
    if (!want.rowFilter.some((other) => impliesCondition(other, condition))) {
      wider('rowFilter', `行过滤 ${rowFilterText([condition])}`, `the row filter ${rowFilterText([condition])}`);
    }
  }
}

/** A mark protects the supplier and touches the data that the buyer gets, so neither side's term may be changed in passing. */
function compareWatermark(want: Terms, offer: Terms, wider: Wider): void {
  const isWanted = ([column]: [string, string]) => want.columns === undefined || want.columns.includes(column);
  const textOf = ({ watermark }: Terms) =>
    JSON.stringify([
      watermark?.syntheticRows ?? 0,
      Object.entries(watermark?.altered ?? {})
        .filter(isWanted)
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    ]);
  if (textOf(want) !== textOf(offer)) wider('watermark', '水印', 'the watermark');
}

function subset<Item>(small: readonly Item[], large: readonly Item[]): boolean {
  return small.every((item) => large.includes(item));
}

/** Compared minute by minute: 1,440 steps are cheaper than a mistake about windows that run over midnight. */
function hoursWithin(inner: HoursOfDay, outer: HoursOfDay): boolean {
  const inside = ({ from, to }: HoursOfDay, minute: number) =>
    from < to ? minute >= from && minute < to : minute >= from || minute < to;
  for (let minute = 0; minute < 1440; minute++) if (inside(inner, minute) && !inside(outer, minute)) return false;
  return true;
}

function maskAtLeast(asked: Mask, offered: Mask): boolean {
  if (asked.kind === 'hide') return true;
  if (asked.kind === 'truncate' && offered.kind === 'truncate') return asked.length <= offered.length;
  return asked.kind === offered.kind;
}

function impliesCondition(stronger: RowCondition, weaker: RowCondition): boolean {
  if (stronger.column !== weaker.column || typeof stronger.value !== typeof weaker.value) return false;
  const [a, b] = [stronger.value, weaker.value];
  if (stronger.operator === weaker.operator) {
    if (a === b) return true;
    if (weaker.operator === '>' || weaker.operator === '>=') return a > b;
    return (weaker.operator === '<' || weaker.operator === '<=') && a < b;
  }
  if (stronger.operator !== '=')
    return stronger.operator === weaker.operator[0] && weaker.operator.length === 2 && a === b;
  const holds: Record<string, boolean> = { '!=': a !== b, '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b };
  return holds[weaker.operator] ?? false;
}
