import { setFlagsFromString } from 'node:v8';

/**
 * Garbage is collected by the one thread that makes it. A gateway lives on little memory and few cores: V8's helpers cost it a tenth of
 * its CPU, more where others want the cores too, and win no time (`npm run bench -- gateway`).
 */
export const collectAlone = (): void => setFlagsFromString('--single-threaded-gc');
