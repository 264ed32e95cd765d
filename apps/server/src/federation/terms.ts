/** Terms of offers and agreements: what they ask for, and whether two say the same. */
import { canonicalBytes } from '@shugu/evidence';
import { PROFILE_IRI } from '@shugu/policy';
import type { Text } from '@shugu/wire';
import type { AgreementBody, OfferBody, Terms } from './model.ts';

const parts = ['permission', 'prohibition', 'obligation'] as const;

/** With the profile, without which nobody may read them. */
export const termsOf = (policy: Terms): Terms => ({
  ...(policy.profile === undefined ? {} : { profile: policy.profile }),
  ...Object.fromEntries(parts.flatMap((part) => (policy[part]?.length ? [[part, policy[part]]] : []))),
});

const odrlPrefix = /^(odrl:|https?:\/\/www\.w3\.org\/ns\/odrl\/2\/)/;
const ownPrefix = 'shugu:';

/** ODRL's own words, which others write with its prefix or its namespace; ours, which go over the wire with theirs. */
export const word = (value: string): string =>
  value.startsWith(PROFILE_IRI) ? `${ownPrefix}${value.slice(PROFILE_IRI.length)}` : value.replace(odrlPrefix, '');

/** Of all verbs and operands the protocol's JSON-LD context (dspace.jsonld, odrl.jsonld) defines this one. */
const defined = 'use';
const wired = (value: string): string => {
  const short = word(value);
  if (short.startsWith(ownPrefix)) return `${PROFILE_IRI}${short.slice(ownPrefix.length)}`;
  return short === defined || short.includes(':') ? short : `odrl:${short}`;
};
const expand = (value: unknown, of = ''): unknown => {
  if (Array.isArray(value)) return value.map((one) => expand(one, of));
  if (typeof value === 'string') return of === 'action' || of === 'leftOperand' ? wired(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, expand(one, word(key))]));
};
/**
 * As whoever expands JSON-LD reads the same in them: a bare word that the context does not define would be a relative address, and a prefix
 * that it does not define a scheme. So ODRL's carry its prefix and ours are IRIs in the namespace of their profile.
 */
export const onWire = (policy: Terms): Terms => expand(termsOf(policy)) as Terms;
const worded: readonly string[] = ['action', 'leftOperand', 'operator'];

/** Empty lists, `@type` and the parties say nothing about what is permitted. */
const plain = (value: unknown, of = ''): unknown => {
  if (Array.isArray(value)) return value.map((one) => plain(one, of));
  if (typeof value === 'string' && worded.includes(of)) return word(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'number' ? String(value) : value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => key !== '@type' && !(Array.isArray(one) && one.length === 0))
      .map(([key, one]) => [word(key), plain(one, word(key))]),
  );
};
const bytesOf = (policy: Terms): Buffer => {
  const { profile = [], ...rules } = termsOf(policy);
  return Buffer.from(canonicalBytes(plain({ ...rules, profile: [profile].flat() })));
};

export const sameTerms = (one: Terms, other: Terms): boolean => bytesOf(one).equals(bytesOf(other));

interface Operands {
  leftOperand: string;
  rightOperand: unknown;
}
/** Every constraint, however deep. */
const constraintsOf = (value: unknown): Operands[] => {
  if (Array.isArray(value)) return value.flatMap(constraintsOf);
  if (typeof value !== 'object' || value === null) return [];
  const here = 'leftOperand' in value && typeof value.leftOperand === 'string' ? [value as Operands] : [];
  return [...here, ...Object.values(value).flatMap(constraintsOf)];
};
const operandsOf = (policy: Terms, name: string): string[] =>
  constraintsOf(termsOf(policy))
    // Whatever the prefix or namespace.
    .filter((one) => one.leftOperand.split(/[:/#]/).at(-1) === name)
    .flatMap(({ rightOperand: right }) => (Array.isArray(right) ? right : [right]))
    .map(String);

/** Some purpose is named, and none but these. */
export const asksPurposes = (policy: Terms, purposes: readonly string[]): boolean => {
  const asked = operandsOf(policy, 'purpose').flatMap((one) => one.split(',').map((word) => word.trim()));
  return asked.length > 0 && asked.every((one) => purposes.includes(one));
};

/** An exact decimal of at most eight places as a number of its last place. */
export const exactly = (text: string): bigint => {
  const [whole = '', places = ''] = text.split('.');
  return BigInt(whole + places.padEnd(8, '0'));
};

/** What the consumer pays (ODRL `payAmount`); null where nothing or more than one thing is said. */
export const paysAmount = (policy: Terms): bigint | null => {
  const [amount, ...others] = operandsOf(policy, 'payAmount');
  return amount === undefined || others.length > 0 || !/^\d{1,12}(\.\d{1,8})?$/.test(amount) ? null : exactly(amount);
};

/** Why an agreement is not what was negotiated; undefined when it is. */
export const agreementFault = (
  agreement: AgreementBody,
  agreed: { offer: OfferBody; provider: string; consumer: string },
): Text | undefined => {
  if (agreement.target !== agreed.offer.target)
    return { zh: '协议涉及另一个数据集', en: 'the agreement is about another data set' };
  if (agreement.assigner !== agreed.provider) return { zh: '授权方不是提供方', en: 'the assigner is not the provider' };
  if (agreement.assignee !== agreed.consumer)
    return { zh: '被授权方不是使用方', en: 'the assignee is not the consumer' };
  return sameTerms(agreement, agreed.offer)
    ? undefined
    : { zh: '协议与要约内容不一致', en: 'the agreement says something else than the offer' };
};
