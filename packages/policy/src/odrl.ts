import { z } from 'zod';

/**
 * The shape of a policy as the Dataspace Protocol 2025-1 carries it. Right operands are strings (or lists of strings):
 * numbers and booleans fail the protocol's schema, so they fail here too.
 */

/** Namespace of our ODRL profile: the verbs and limits of a Chinese data contract (用法·用量·用时·用次). */
export const PROFILE_IRI = 'urn:shugu:policy:1:';
const ODRL_IRI = 'http://www.w3.org/ns/odrl/2/';

export const POLICY_LIMITS = {
  permissionsMax: 16,
  constraintsMax: 64,
  listItemsMax: 500,
  textLengthMax: 4096,
} as const;

const text = z.string().min(1).max(POLICY_LIMITS.textLengthMax);
const rightOperand = z.union([
  text,
  z.array(text).min(1).max(POLICY_LIMITS.listItemsMax),
  z.looseObject({ '@value': text }).transform((value) => value['@value']),
]);
const atomicConstraint = z.looseObject({ leftOperand: text, operator: text, rightOperand });
const logicalConstraint = z.union([
  z.strictObject({ and: z.array(atomicConstraint).min(1).max(POLICY_LIMITS.constraintsMax) }),
  z.strictObject({ andSequence: z.array(z.unknown()).min(1) }),
  z.strictObject({ or: z.array(z.unknown()).min(1) }),
  z.strictObject({ xone: z.array(z.unknown()).min(1) }),
]);
const constraints = z
  .array(z.union([atomicConstraint, logicalConstraint]))
  .min(1)
  .max(POLICY_LIMITS.constraintsMax);
const duty = z.looseObject({ action: text, constraint: constraints.optional() });
const permission = z.looseObject({
  action: text,
  constraint: constraints.optional(),
  duty: z.array(duty).min(1).max(POLICY_LIMITS.permissionsMax).optional(),
});
const prohibition = z.looseObject({ action: text, constraint: constraints.optional() });

export const odrlPolicySchema = z.looseObject({
  '@context': z.unknown().optional(),
  '@type': z.string().optional(),
  '@id': text.optional(),
  profile: z.union([text, z.array(text).min(1)]).optional(),
  assigner: text.optional(),
  assignee: text.optional(),
  target: text.optional(),
  timestamp: text.optional(),
  permission: z.array(permission).min(1).max(POLICY_LIMITS.permissionsMax),
  prohibition: z.array(prohibition).min(1).max(POLICY_LIMITS.permissionsMax).optional(),
  obligation: z.array(duty).min(1).max(POLICY_LIMITS.permissionsMax).optional(),
});

export type OdrlPolicy = z.infer<typeof odrlPolicySchema>;
export type OdrlConstraint = z.infer<typeof atomicConstraint>;
export type OdrlDuty = z.infer<typeof duty>;
export type OdrlRuleConstraint = z.infer<typeof constraints>[number];

/** Keys that a rule of each kind may carry; anything else would change meaning unseen, so `compile` refuses it. */
export const RULE_KEYS = {
  policy: [
    '@context',
    '@type',
    '@id',
    'profile',
    'assigner',
    'assignee',
    'target',
    'timestamp',
    'permission',
    'prohibition',
    'obligation',
  ],
  permission: ['@type', 'action', 'constraint', 'duty'],
  prohibition: ['@type', 'action', 'constraint'],
  duty: ['@type', 'action', 'constraint'],
  constraint: ['@type', 'leftOperand', 'operator', 'rightOperand'],
} as const;

/** One spelling for a term: ODRL terms bare, profile terms with the prefix `shugu:`; IRIs and `odrl:` are accepted. */
export function shortTerm(term: string): string {
  if (term.startsWith(PROFILE_IRI)) return `shugu:${term.slice(PROFILE_IRI.length)}`;
  if (term.startsWith(ODRL_IRI)) return term.slice(ODRL_IRI.length);
  return term.startsWith('odrl:') ? term.slice(5) : term;
}

/** A list right operand: an array of strings, or one string with commas. */
export function listOf(value: string | readonly string[]): string[] {
  const items = typeof value === 'string' ? value.split(',') : [...value];
  return [...new Set(items.map((item) => item.trim()).filter((item) => item !== ''))];
}
