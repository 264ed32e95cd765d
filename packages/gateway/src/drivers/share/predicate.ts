/** A condition on rows as hints can state it; `any` stands for whatever is not understood and may have any outcome. */
export type Literal = string | number | boolean | null;
export type Comparison = 'equal' | 'lessThan' | 'lessThanOrEqual' | 'greaterThan' | 'greaterThanOrEqual';
export type Predicate =
  | { op: 'and' | 'or'; parts: Predicate[] }
  | { op: 'not'; part: Predicate }
  | { op: 'isNull'; column: string }
  | { op: Comparison; column: string; value: Literal }
  | { op: 'any' };

export const HINT_LIMITS = { textMax: 64 * 1024, depthMax: 64, partsMax: 1000 } as const;
