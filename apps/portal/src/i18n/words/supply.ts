export const supply = {} as const;
