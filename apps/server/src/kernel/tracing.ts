/** Traces of this node's requests, where the operator names a collector; docs/operate/traces.md. */
import { openTracing, type TracesSettings, type Tracing } from '@shugu/gateway';
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';

/** Null where none is named. */
export const tracesSettings = (config: Config): TracesSettings | null =>
  config.tracesUrl === ''
    ? null
    : {
        url: config.tracesUrl,
        share: config.tracesShare,
        authorization: config.tracesAuthorization,
        allowed: config.privateCollectors,
      };

export const nodeTracing = (config: Config, version: string, clock: Clock, log: Logger): Tracing | undefined => {
  const settings = tracesSettings(config);
  if (!settings) return undefined;
  const resource = { 'service.name': 'shugu', 'service.instance.id': config.node, 'service.version': version };
  try {
    return openTracing(settings, resource, {
      clock: () => clock.now().getTime(),
      timer: () => performance.now(),
      note: (event, more) => log.warn({ event, ...more }, 'traces'),
    });
  } catch (error) {
    throw new Error(`SHUGU_TRACES_URL, SHUGU_PRIVATE_COLLECTORS: ${(error as Error).message}`);
  }
};
