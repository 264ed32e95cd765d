/** A record of use as a CloudEvent (cloudevents.io 1.0), and positions among them. Pure. */
import type { UseRecord } from '@shugu/gateway';
import { grantOfLine, tellingOf } from '../rules.ts';

/** Per source of records, the last sequence that was taken. */
export type Position = Record<string, number>;

export interface UsageEvent {
  specversion: '1.0';
  id: string;
  source: string;
  type: string;
  subject: string;
  time: string;
  datacontenttype: 'application/json';
  /** Ask with it for what comes after this event. */
  position: string;
  data: Record<string, unknown>;
}

const sourcePattern = /^[A-Za-z0-9_-]{1,100}$/;

export const positionText = (position: Position): string =>
  Buffer.from(JSON.stringify(Object.entries(position).sort(([a], [b]) => (a < b ? -1 : 1)))).toString('base64url');

/** Undefined when the text is not one of ours. */
export const readPosition = (text: string): Position | undefined => {
  try {
    const entries = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown;
    if (!Array.isArray(entries)) return undefined;
    const whole = entries.every(
      (one) => Array.isArray(one) && sourcePattern.test(String(one[0])) && Number.isSafeInteger(one[1]) && one[1] >= 0,
    );
    return whole ? Object.fromEntries(entries as [string, number][]) : undefined;
  } catch {
    return undefined;
  }
};

const kindOf = ({ status, corrects }: UseRecord): string => {
  if (corrects !== undefined) return 'corrected';
  return status === 'failed' ? 'failed' : 'recorded';
};

/** Events of one source come in the order of their sequence; `position` also names how far the other sources were. */
export const usageEvent = (node: string, record: UseRecord, position: Position): UsageEvent => ({
  specversion: '1.0',
  id: record.use,
  source: `urn:shugu:${node}:meter:${record.source}`,
  type: `shugu.usage.${kindOf(record)}.v1`,
  subject: grantOfLine(record.grant),
  time: new Date(record.at).toISOString(),
  datacontenttype: 'application/json',
  position: positionText(position),
  data: {
    grant: grantOfLine(record.grant),
    contract: record.contract || null,
    product: record.product,
    ...tellingOf(record),
    meter: record.source,
  },
});

const secondMs = 1000;
const waitMaxMs = 3_600_000;

/** Longer from failure to failure: five seconds, ten, … up to an hour. */
export const waitAfter = (failures: number): number =>
  Math.min(waitMaxMs, 5 * secondMs * 2 ** Math.max(0, failures - 1));
