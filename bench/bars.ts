/** A figure, and what it is held against. */
export const atMost = (value: number, bar: number | undefined) =>
  bar === undefined ? { value } : { value, atMost: bar, holds: value <= bar };

export const atLeast = (value: number, bar: number) => ({ value, atLeast: bar, holds: value >= bar });
