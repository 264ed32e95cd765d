import { decodeBase64 } from '@shugu/tlog';
import { EvidenceError, type EvidenceProblemCode } from './problem.ts';

/**
 * Readers for strict formats: each takes a value, checks it whole and names the place of a fault. Members that nobody asked
 * for are refused, since a member that no check reads would be one that anybody may change.
 */
export type Shape = ReturnType<typeof shape>;

export function shape(code: EvidenceProblemCode) {
  const fail = (at: string, message: string): never => {
    throw new EvidenceError(code, message, at);
  };
  return {
    fail,
    object(value: unknown, at: string, required: readonly string[], optional: readonly string[] = []) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(at, 'must be an object');
      const missing = required.find((name) => !Object.hasOwn(value, name));
      if (missing) return fail(at, `lacks the member ${missing}`);
      const extra = Object.keys(value).find((name) => !required.includes(name) && !optional.includes(name));
      if (extra) return fail(at, `has the unknown member ${extra}`);
      return value as Record<string, unknown>;
    },
    list(value: unknown, at: string, countMax: number): unknown[] {
      if (!Array.isArray(value)) return fail(at, 'must be a list');
      return value.length <= countMax ? value : fail(at, `has more than ${countMax} items`);
    },
    text(value: unknown, at: string, pattern: RegExp = plainText): string {
      return typeof value === 'string' && value.length <= 1024 && pattern.test(value)
        ? value
        : fail(at, 'has the wrong form');
    },
    count(value: unknown, at: string): number {
      return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : fail(at, 'must be a count');
    },
    bytes(value: unknown, at: string, length?: number): Uint8Array {
      try {
        const bytes = decodeBase64(typeof value === 'string' ? value : '!');
        if (bytes.length > 0 && (length === undefined || bytes.length === length)) return bytes;
      } catch {
        // Told below, with the place.
      }
      return fail(at, `must be canonical base64${length ? ` of ${length} bytes` : ''}`);
    },
    time(value: unknown, at: string): string {
      return isRfc3339(value) ? value : fail(at, 'must be an RFC 3339 time with zone, as 2026-01-31T08:00:00Z');
    },
  };
}

/** One line, not empty, without control characters, line separators, or the marks that turn the direction of what is shown. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
export const plainText = /^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+$/;

/** Kinds, roles and the like. */
export const wordShape = /^[a-z][A-Za-z0-9]*(?:[.-][A-Za-z0-9]+)*$/;

const timeShape =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

function isRfc3339(value: unknown): value is string {
  const found = typeof value === 'string' ? timeShape.exec(value) : null;
  if (!found) return false;
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
