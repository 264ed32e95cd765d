import { canonicalJson, type Json } from './canonical.ts';
import {
  ACTIONS,
  type Action,
  DUTIES,
  type Duty,
  isComputationOnly,
  type Policy,
  type PolicyProblem,
  type Terms,
} from './model.ts';
import {
  type OdrlConstraint,
  type OdrlPolicy,
  type OdrlRuleConstraint,
  odrlPolicySchema,
  PROFILE_IRI,
  RULE_KEYS,
  shortTerm,
} from './odrl.ts';
import { operandReader } from './operands.ts';
import { DEFAULT_TIME_ZONE } from './period.ts';
import { problem } from './problems.ts';

export type ParseResult = { ok: true; policy: Policy } | { ok: false; problems: PolicyProblem[] };

/**
 * Read a signed ODRL policy. Malformed JSON shapes and malformed values are problems here; well-formed things that we do
 * not know are kept in `policy.notUnderstood`, so that they can be shown, and are refused by `compile`.
 */
export function parsePolicy(json: unknown): ParseResult {
  const shape = odrlPolicySchema.safeParse(json);
  if (!shape.success) {
    const problems = shape.error.issues
      .slice(0, 20)
      .map((issue) => problem('policyMalformed', `/${issue.path.join('/')}`, { detail: issue.message }));
    return { ok: false, problems };
  }
  const reading: Reading = { terms: emptyTerms(shape.data), problems: [], notUnderstood: [], seen: new Set() };
  readPolicy(shape.data, reading);
  checkWhole(reading);
  if (reading.problems.length > 0) return { ok: false, problems: reading.problems };
  const policy = { source: json as OdrlPolicy, terms: reading.terms, notUnderstood: reading.notUnderstood };
  return { ok: true, policy };
}

/** What reading gathers; `seen` finds a limit that is given twice, where "the stricter" would be a guess. */
export type Reading = { terms: Terms; problems: PolicyProblem[]; notUnderstood: PolicyProblem[]; seen: Set<string> };

function emptyTerms(source: OdrlPolicy): Terms {
  const { assigner, assignee, target } = source;
  return {
    ...(assigner === undefined ? {} : { assigner }),
    ...(assignee === undefined ? {} : { assignee }),
    ...(target === undefined ? {} : { target }),
    actions: [],
    prohibited: [],
    duties: [],
    timeZone: DEFAULT_TIME_ZONE,
    quotas: [],
    masks: {},
    rowFilter: [],
    authorisationRequired: false,
  };
}

function readPolicy(source: OdrlPolicy, reading: Reading): void {
  strangeKeys(source, RULE_KEYS.policy, '', reading);
  const foreign = [source.profile ?? []].flat().filter((profile) => profile !== PROFILE_IRI);
  if (foreign.length > 0)
    reading.notUnderstood.push(problem('profileUnknown', '/profile', { detail: foreign.join(', ') }));
  readPermissions(source, reading);
  (source.prohibition ?? []).forEach((rule, index) => {
    const path = `/prohibition/${index}`;
    strangeKeys(rule, RULE_KEYS.prohibition, path, reading);
    const action = knownAction(rule.action, `${path}/action`, reading);
    // A prohibition under conditions would need "allowed otherwise", which a flat plan cannot say.
    if (rule.constraint) reading.notUnderstood.push(problem('conditionNotSupported', `${path}/constraint`));
    else if (action && !reading.terms.prohibited.includes(action)) reading.terms.prohibited.push(action);
  });
  readDuties(source.obligation ?? [], '/obligation', reading);
}

function readPermissions(source: OdrlPolicy, reading: Reading): void {
  const [first] = source.permission;
  const same = canonicalJson((first?.constraint ?? []) as Json);
  source.permission.forEach((rule, index) => {
    const path = `/permission/${index}`;
    strangeKeys(rule, RULE_KEYS.permission, path, reading);
    const action = knownAction(rule.action, `${path}/action`, reading);
    if (action && !reading.terms.actions.includes(action)) reading.terms.actions.push(action);
    // Quota belongs to the contract line: two sets of limits are two lines, each with counters of its own.
    if (index === 0) readConstraints(rule.constraint ?? [], `${path}/constraint`, reading);
    else if (canonicalJson((rule.constraint ?? []) as Json) !== same) {
      reading.problems.push(problem('permissionsDiffer', `${path}/constraint`));
    }
    readDuties(rule.duty ?? [], `${path}/duty`, reading);
  });
}

function readDuties(duties: readonly { action: string; constraint?: unknown }[], path: string, reading: Reading): void {
  duties.forEach((duty, index) => {
    strangeKeys(duty, RULE_KEYS.duty, `${path}/${index}`, reading);
    const name = shortTerm(duty.action);
    if (!(DUTIES as readonly string[]).includes(name)) {
      reading.notUnderstood.push(problem('dutyUnknown', `${path}/${index}/action`, { detail: name }));
    } else if (duty.constraint) {
      reading.notUnderstood.push(problem('conditionNotSupported', `${path}/${index}/constraint`));
    } else if (!reading.terms.duties.includes(name as Duty)) reading.terms.duties.push(name as Duty);
  });
}

function readConstraints(constraints: readonly OdrlRuleConstraint[], path: string, reading: Reading): void {
  constraints.forEach((constraint, index) => {
    const here = `${path}/${index}`;
    if ('leftOperand' in constraint) readAtomic(constraint as OdrlConstraint, here, reading);
    else if ('and' in constraint) readConstraints(constraint.and, `${here}/and`, reading);
    else
      reading.notUnderstood.push(problem('conditionNotSupported', here, { detail: Object.keys(constraint)[0] ?? '' }));
  });
}

function readAtomic(constraint: OdrlConstraint, path: string, reading: Reading): void {
  strangeKeys(constraint, RULE_KEYS.constraint, path, reading);
  const name = shortTerm(constraint.leftOperand);
  const operator = shortTerm(constraint.operator);
  const reader = operandReader(name, operator);
  if (!reader) {
    const code = operandReader(name, null) ? 'operatorUnknown' : 'constraintUnknown';
    reading.notUnderstood.push(problem(code, path, { detail: `${name} ${operator}` }));
    return;
  }
  if (reader.once !== undefined) {
    if (reading.seen.has(reader.once)) {
      reading.problems.push(problem('constraintTwice', path, { detail: name }));
      return;
    }
    reading.seen.add(reader.once);
  }
  const wrong = reader.read(constraint.rightOperand, reading.terms);
  if (wrong !== null)
    reading.problems.push(problem(wrong, `${path}/rightOperand`, { detail: String(constraint.rightOperand) }));
}

function knownAction(given: string, path: string, reading: Reading): Action | null {
  const name = shortTerm(given);
  if ((ACTIONS as readonly string[]).includes(name)) return name as Action;
  reading.notUnderstood.push(problem('actionUnknown', path, { detail: name }));
  return null;
}

function strangeKeys(object: object, known: readonly string[], path: string, reading: Reading): void {
  for (const key of Object.keys(object)) {
    if (!known.includes(key)) reading.notUnderstood.push(problem('memberUnknown', `${path}/${key}`, { detail: key }));
  }
}

/** Contradictions that no single constraint shows. */
function checkWhole({ terms, problems }: Reading): void {
  const { notBefore, notAfter } = terms;
  if (notBefore !== undefined && notAfter !== undefined && notBefore >= notAfter)
    problems.push(problem('timeEmpty', '/permission'));
  if (isComputationOnly(terms)) {
    const open = terms.actions.filter((action) => !['shugu:computeOnly', 'aggregate', 'derive'].includes(action));
    if (open.length > 0) problems.push(problem('computeOnlyContradicted', '/permission', { detail: open.join(', ') }));
  }
  const both = terms.actions.filter((action) => terms.prohibited.includes(action));
  if (both.length > 0) problems.push(problem('permittedAndProhibited', '/prohibition', { detail: both.join(', ') }));
  const { columns } = terms;
  const foreign = columns ? Object.keys(terms.masks).filter((column) => !columns.includes(column)) : [];
  if (foreign.length > 0) problems.push(problem('maskOutsideColumns', '/permission', { detail: foreign.join(', ') }));
  const unmarkable = Object.keys(terms.watermark?.altered ?? {}).filter(
    (column) => Object.hasOwn(terms.masks, column) || (columns && !columns.includes(column)),
  );
  if (unmarkable.length > 0)
    problems.push(problem('watermarkOutsideColumns', '/permission', { detail: unmarkable.join(', ') }));
  if (terms.rate && terms.rate.burst === 0) terms.rate.burst = Math.max(1, Math.ceil(terms.rate.perSecond));
  if (terms.rate && terms.rate.perSecond === 0) problems.push(problem('burstWithoutRate', '/permission'));
}
