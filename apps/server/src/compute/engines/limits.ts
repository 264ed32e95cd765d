/** Of one run in the clean room, whichever engine computes. */
export const roomLimits = { seconds: 60, bytesMax: 4 * 2 ** 20, queueSeconds: 30 } as const;
/** Of Spark, which takes some of it to start. */
export const sparkLimits = { seconds: 600, memoryMB: 1024 } as const;
/** Of Trino: of one use, and of the statements that bring the data there. Its own bound of a statement's text is a million characters. */
export const trinoLimits = {
  seconds: 240,
  dropSeconds: 30,
  rowsMax: 1_000_000,
  bytesMax: 256 * 2 ** 20,
  statementCharacters: 800_000,
} as const;
