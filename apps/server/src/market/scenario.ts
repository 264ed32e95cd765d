/** 使用场景: what the buyer stated binds the use. The offered policy is narrowed to it before anybody signs. */
import { type OdrlPolicy, odrlFrom, type Policy, parsePolicy } from '@shugu/policy';
import { endOfDay, startOfDay } from '../kernel/calendar/calendar.ts';
import type { ScenarioStatement } from './model.ts';

/**
 * Use in lending is credit reporting, which needs a licensed agency (征信业务管理办法). Codes are free text, so that the word
 * decides, in either language: whoever calls it something else still states something else.
 */
export const isCredit = (purpose: string): boolean => /(?<!ac)credit|loan|lending|征信|信贷|贷款|授信/iu.test(purpose);

const termsOf = (policy: unknown): Policy['terms'] => {
  const parsed = parsePolicy(policy);
  if (!parsed.ok) throw new Error(`a policy that was offered cannot be read: ${parsed.problems[0]?.code}`);
  return parsed.policy.terms;
};

export interface Offered {
  /** Codes that the policy allows; null when it limits no purpose. */
  purposes: readonly string[] | null;
  /** Prefixes of GB/T 2260 codes; null when it limits no region. */
  regions: readonly string[] | null;
}
export const offeredUse = (policy: unknown): Offered => {
  const { purposes = null, regions = null } = termsOf(policy);
  return { purposes, regions };
};

/** When use by the policy ends, and at the latest at `most`. */
export const endOfUse = (policy: unknown, most: Date): Date =>
  new Date(Math.min(most.getTime(), termsOf(policy).notAfter ?? Number.POSITIVE_INFINITY));

/** Whoever uses it gives the reference of an authorisation with every call. */
export const statesAuthorisation = (policy: unknown): boolean => termsOf(policy).authorisationRequired === true;

/** What a listing lets be used for credit, by its declaration or by its policy; a policy without purposes allows every one. */
export const allowsCredit = (policy: unknown, declared: readonly string[]): boolean => {
  const { purposes } = offeredUse(policy);
  return purposes === null || [...purposes, ...declared].some(isCredit);
};

/** '430100' → '4301', as policies write regions; '' is the whole country. */
const prefixOf = (division: string): string => (/^10{5}$/.test(division) ? '' : division.replace(/(00)+$/, ''));

/** The smallest division that holds both; '' when only the country does. */
const jointRegion = (one: string, other: string): string => {
  const [a, b] = [prefixOf(one), prefixOf(other)];
  const shared = [6, 4, 2].find((digits) => a.length >= digits && a.slice(0, digits) === b.slice(0, digits));
  return shared ? a.slice(0, shared) : '';
};

export const liesWithin = (division: string, regions: readonly string[]): boolean =>
  regions.some((prefix) => prefixOf(division).startsWith(prefix));

/**
 * Regions of the contract: no wider than what holds the stated place and the buyer's own division, by which the gateway
 * knows where a call comes from.
 */
const regionsFor = (offered: readonly string[] | undefined, stated: string, division: string): string[] | undefined => {
  const joint = jointRegion(stated, division);
  if (joint === '') return offered ? [...offered] : undefined;
  if (!offered || offered.some((prefix) => joint.startsWith(prefix))) return [joint];
  return offered.filter((prefix) => prefix.startsWith(joint));
};

/** The policy that the contract is drawn up with: purposes, time and region of the statement, within those of the offer. */
export const narrowedPolicy = (policy: unknown, stated: ScenarioStatement, division: string): OdrlPolicy => {
  const terms = termsOf(policy);
  const { regions: offered, purposes, ...rest } = terms;
  const regions = regionsFor(offered, stated.region, division);
  return odrlFrom({
    ...rest,
    purposes: purposes ? stated.purposes.filter((one) => purposes.includes(one)) : stated.purposes,
    ...(regions ? { regions } : {}),
    notBefore: Math.max(terms.notBefore ?? Number.NEGATIVE_INFINITY, startOfDay(stated.from).getTime()),
    notAfter: Math.min(terms.notAfter ?? Number.POSITIVE_INFINITY, endOfDay(stated.until).getTime()),
  });
};

/**
 * What may be tried without a statement: everything but credit. Null when nothing is left, or when the policy names no
 * purposes to take it from.
 */
export const triedPolicy = (policy: unknown): OdrlPolicy | null => {
  const { purposes, ...terms } = termsOf(policy);
  const left = purposes?.filter((one) => !isCredit(one)) ?? [];
  return left.length > 0 ? odrlFrom({ ...terms, purposes: left }) : null;
};
