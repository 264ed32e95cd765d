/**
 * What a query on shares may open under a contract: the rules that joint.ts holds a clean room to, on a plan. Each column stands only where its
 * owner permits, and a group with too few entities stays closed, which the parties decide on shares, each by the plan that all have signed.
 *
 * An entity is a key. Keys come once at each owner, or nothing is computed, so a row is one entity of both and no join makes more of it.
 * Rows without a value that is summed up are left out: else a sum of many rows could be the value of one.
 */
import { type Condition, isThere, type Plan } from '../shares/plan.ts';
import { type ColumnRule, type Place, permits, ruleFor } from './disclosure.ts';
import { type JointFinding, jointFinding, refuse } from './findings.ts';
import { computationLimits } from './terms.ts';

/** What an owner permits of a column; its type is what the query takes it for. */
export type HeldColumn = Omit<ColumnRule, 'type'>;

/** What a contract on shares says of what may open, in the order of its owners. */
export interface Opens {
  dataSets: readonly { table: string; columns: readonly HeldColumn[] }[];
  recipients: readonly string[];
  release: { entitiesMin: number };
}

const roles = ['first', 'second'] as const;

/** The plan with what the contract adds to it, or why it would show too much. What comes out goes in unchanged. */
export const openingPlan = (plan: Plan, agreed: Opens): Plan | JointFinding => {
  try {
    return look(plan, agreed);
  } catch (error) {
    const found = jointFinding(error);
    if (found) return found;
    throw error;
  }
};

const look = (plan: Plan, { dataSets, recipients, release }: Opens): Plan => {
  const { align, groups, outputs, compared, atLeast = 0 } = plan;
  if (align === 'place') throw refuse('byPlace');
  const require = (owner: (typeof roles)[number], name: string, ...places: Place[]): void => {
    const { table, columns } = dataSets[roles.indexOf(owner)]!;
    // In the letters of the file, as the owner's program looks for it. A column that no rule names is hidden.
    const column = columns.find((one) => one.name === name);
    if (!column) throw refuse('hidden', `${table}.${name}`);
    // One entity could be picked out, or left out, by it.
    if (name === align[owner] && !places.includes('join')) throw refuse('keyShown', `${table}.${name}`);
    const rule = ruleFor(column, recipients);
    if (!places.some((place) => permits(rule, place))) throw refuse(places[0]!, `${table}.${name}`);
  };
  for (const role of roles) {
    require(role, align[role], 'join');
    // Whether a value is there is no more than what a sum tells that leaves out rows without one.
    for (const one of plan.filters[role]) {
      const asked = askedIfThere(one);
      if (asked === undefined) for (const name of namesIn(one)) require(role, name, 'show');
      else require(role, asked, 'show', 'aggregate');
    }
  }
  for (const name of groups?.columns ?? []) require(groups!.owner, name, 'show');
  for (const { left, right } of compared)
    for (const { owner, name } of [left, right]) require(owner, name, 'aggregate');
  const filters = { first: [...plan.filters.first], second: [...plan.filters.second] };
  for (const one of outputs) {
    if (one.of === 'group' || one.of === 'rows') continue;
    const { owner, name } = one.column;
    require(owner, name, 'aggregate');
    if (!filters[owner].some((each) => askedIfThere(each) === name)) filters[owner].push(isThere(name));
  }
  const { entitiesMin } = release;
  for (const [asked, least] of [
    [entitiesMin, computationLimits.entitiesLeast],
    [atLeast || entitiesMin, entitiesMin],
  ] as const)
    if (asked < least) throw refuse('tooFew', `${asked} < ${least}`);
  return { ...plan, filters, atLeast: Math.max(atLeast, entitiesMin) };
};

/** The column, where that is all that is asked. */
const askedIfThere = (one: Condition): string | undefined =>
  one.kind === 'not' && one.of.kind === 'null' ? one.of.column : undefined;

const namesIn = (one: Condition): string[] =>
  one.kind === 'compare' || one.kind === 'null' ? [one.column] : [one.of].flat().flatMap(namesIn);
