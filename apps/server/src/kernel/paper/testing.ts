/** For tests only. */
import { createPress, type Press, pressOptions } from './press.ts';

const press = createPress({ ...pressOptions, idleMs: 10_000 });

/** One press for all nodes of a process, one after the other: to start it takes longer than a test's papers. It ends by itself. */
export const sharedPress: Press = { print: press.print, end: () => undefined };
