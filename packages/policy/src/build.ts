import type { Action, Mask, Quota, Terms } from './model.ts';
import { type OdrlPolicy, PROFILE_IRI } from './odrl.ts';
import { QUOTA_OPERANDS } from './operands.ts';
import { DEFAULT_TIME_ZONE, localTime } from './period.ts';
import { rowFilterText } from './rowfilter.ts';

/** Terms as a form gives them: everything but the actions may be left out. */
export type TermsInput = Partial<Omit<Terms, 'actions'>> & { actions: Action[] };

type Constraint = { leftOperand: string; operator: string; rightOperand: string };

/**
 * Write terms as the ODRL policy that is signed and carried by the Dataspace Protocol: every right operand a string,
 * no empty arrays, one permission per action with the same constraints. `parsePolicy` of the result gives the terms back.
 */
export function odrlFrom(
  terms: TermsInput,
  { id, type = 'Offer' }: { id?: string; type?: 'Offer' | 'Agreement' | 'Set' } = {},
): OdrlPolicy {
  const constraint = constraintsOf(terms);
  // ODRL: who does not know the profile must not process the policy, so it is named where, and only where, it is used.
  const own = [...terms.actions, ...(terms.prohibited ?? []), ...constraint.map(({ leftOperand }) => leftOperand)].some(
    (term) => term.startsWith('shugu:'),
  );
  const { assigner, assignee, target, prohibited = [], duties = [] } = terms;
  return {
    '@type': type,
    ...(id === undefined ? {} : { '@id': id }),
    ...(own ? { profile: PROFILE_IRI } : {}),
    ...(assigner === undefined ? {} : { assigner }),
    ...(assignee === undefined ? {} : { assignee }),
    ...(target === undefined ? {} : { target }),
    permission: terms.actions.map((action) => ({ action, ...(constraint.length > 0 ? { constraint } : {}) })),
    ...(prohibited.length > 0 ? { prohibition: prohibited.map((action) => ({ action })) } : {}),
    ...(duties.length > 0 ? { obligation: duties.map((action) => ({ action })) } : {}),
  };
}

function constraintsOf(terms: TermsInput): Constraint[] {
  const constraints: Constraint[] = [];
  const add = (leftOperand: string, operator: string, rightOperand: string) =>
    constraints.push({ leftOperand, operator, rightOperand });
  if (terms.purposes) add('purpose', 'isAnyOf', terms.purposes.join(','));
  if (terms.memberOf !== undefined) add('shugu:memberOf', 'eq', terms.memberOf);
  if (terms.notBefore !== undefined) add('dateTime', 'gteq', new Date(terms.notBefore).toISOString());
  if (terms.notAfter !== undefined) add('dateTime', 'lt', new Date(terms.notAfter).toISOString());
  if (terms.hoursOfDay) add('shugu:timeOfDay', 'eq', `${clock(terms.hoursOfDay.from)}-${clock(terms.hoursOfDay.to)}`);
  if (terms.timeZone && terms.timeZone !== DEFAULT_TIME_ZONE) add('shugu:timeZone', 'eq', terms.timeZone);
  for (const quota of terms.quotas ?? []) add(quotaOperand(quota), 'lteq', String(quota.limit));
  if (terms.rate) {
    add('shugu:ratePerSecond', 'lteq', String(terms.rate.perSecond));
    add('shugu:burst', 'lteq', String(terms.rate.burst));
  }
  if (terms.regions) add('spatial', 'isAnyOf', terms.regions.join(','));
  if (terms.columns) add('shugu:columns', 'isAnyOf', terms.columns.join(','));
  for (const [column, mask] of Object.entries(terms.masks ?? {}))
    add('shugu:mask', 'eq', `${column}=${maskText(mask)}`);
  if (terms.rowFilter && terms.rowFilter.length > 0) add('shugu:rowFilter', 'eq', rowFilterText(terms.rowFilter));
  const { altered = {}, syntheticRows = 0 } = terms.watermark ?? {};
  const changes = Object.entries(altered).map(([column, change]) => `${column}=${change}`);
  if (changes.length > 0) add('shugu:watermarkAlters', 'eq', changes.join(','));
  if (syntheticRows > 0) add('shugu:watermarkRows', 'lteq', String(syntheticRows));
  if (terms.authorisationRequired) add('shugu:authorisationReference', 'eq', 'required');
  return constraints;
}

function quotaOperand({ metric, period }: Quota): string {
  for (const [operand, quota] of QUOTA_OPERANDS) if (quota.metric === metric && quota.period === period) return operand;
  throw new RangeError(`no operand for ${metric} per ${period}`);
}

export function maskText(mask: Mask): string {
  return mask.kind === 'truncate' ? `truncate:${mask.length}` : mask.kind;
}

/** Minutes since midnight as HH:MM. */
export function clock(minuteOfDay: number): string {
  return `${String(Math.floor(minuteOfDay / 60)).padStart(2, '0')}:${String(minuteOfDay % 60).padStart(2, '0')}`;
}

/** An instant on the wall clock of a zone, to the minute: 2026-12-31 24:00 is written as the next day's 00:00. */
export function wallClock(at: number, zone: string): string {
  const { date, minuteOfDay } = localTime(at, zone);
  return `${date} ${clock(minuteOfDay)}`;
}
