/**
 * Where a file that a line names stands on this machine; the same path wherever the exchange's disk is at hand. Throws `preparing`
 * while the file is on its way here.
 */
export type Locate = (path: string) => string;
export const inPlace: Locate = (path) => path;
