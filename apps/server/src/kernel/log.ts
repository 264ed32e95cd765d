/** Structured log. Secrets never reach it: headers and bodies are not logged, and known secret keys are cut as a last resort. */
import pino, { type Logger } from 'pino';

export const makeLog = (level: string): Logger =>
  pino(
    {
      level,
      redact: {
        paths: ['*.password', '*.token', '*.secret', '*.authorization', '*.cookie', '*.privateKey'],
        censor: '[cut]',
      },
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ dest: 2, sync: false }),
  );
