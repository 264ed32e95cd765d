/** Reading JSON of others: what is asked for is checked, what nobody asked for is passed over, as the protocol extends by it. */
export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** JSON-LD writes a list of one as the one. Null stands for absent, as several serialisers write it. */
export const listOf = (value: unknown): unknown[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];

export const textsOf = (value: unknown): string[] => listOf(value).filter(isText);

/** Id of something that may be given as the id or as an object that has it. */
export const idOf = (value: unknown): string | undefined =>
  isText(value) ? value : isObject(value) && isText(value.id) ? value.id : undefined;
