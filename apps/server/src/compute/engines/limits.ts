/** Of one run in the clean room, whichever engine computes. */
export const roomLimits = { seconds: 60, bytesMax: 4 * 2 ** 20, queueSeconds: 30 } as const;
/** Of Spark, which takes some of it to start. */
export const sparkLimits = { seconds: 600, memoryMB: 1024 } as const;
