/**
 * What of a column may show. A lattice: open above all, hidden below all, and between them two that cannot be compared, to
 * join by and to be summed up. Where several rules meet, the stricter holds.
 */
export const disclosures = ['open', 'join', 'aggregate', 'hidden'] as const;
export type Disclosure = (typeof disclosures)[number];

/** Where a column stands in a query. A number that is compared with another owner's, on shares, stands where it may be summed up. */
export type Place = 'show' | 'join' | 'aggregate';

/** The least that satisfies both: joining by what may only be summed up is nothing. */
export const meet = (a: Disclosure, b: Disclosure): Disclosure => {
  if (a === b || b === 'open') return a;
  return a === 'open' ? b : 'hidden';
};

export const permits = (rule: Disclosure, place: Place): boolean => rule === 'open' || rule === place;

/** A rule of an owner for one of its columns; some recipients may be told less, or more. */
export interface ColumnRule {
  name: string;
  type: ColumnType;
  rule: Disclosure;
  except?: { party: string; rule: Disclosure }[];
}
export type ColumnType = 'string' | 'integer' | 'decimal' | 'boolean' | 'date' | 'timestamp';

/** All recipients get the same result, so what holds is the strictest of what each may be told. */
export const ruleFor = (
  { rule, except = [] }: Pick<ColumnRule, 'rule' | 'except'>,
  recipients: readonly string[],
): Disclosure =>
  recipients
    .map((party) => except.find((one) => one.party === party)?.rule ?? rule)
    .reduce(meet, recipients.length > 0 ? 'open' : 'hidden');
