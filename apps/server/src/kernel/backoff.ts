/** Seconds until the next of so many failed tries: 2, 4, 8 … up to the limit. */
export const backoffSeconds = (attempts: number, secondsMax: number): number => Math.min(secondsMax, 2 ** attempts);
