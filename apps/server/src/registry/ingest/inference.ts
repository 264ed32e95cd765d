import { isRealDate } from '../identifiers.ts';
import type { Column, ColumnType } from './schema.ts';

/**
 * What type a column has, from all of its values and not from a sample. Careful where a guess would lose something: a text
 * with a leading zero, or eleven and more digits all of one length, is a code (phone, card, serial) and stays text.
 */
export interface ColumnObserver {
  /** `textual`: the source says that this is text (a JSON string, a text cell), so it cannot become a number. */
  observe(value: string, textual?: boolean): void;
  result(): Pick<Column, 'type' | 'storage' | 'zone'>;
}

const integerShape = /^-?(?:0|[1-9]\d*)$/;
const decimalShape = /^-?(?:0|[1-9]\d*)\.\d+$/;
const booleanShape = /^(?:true|false)$/i;
const dateShape = /^(\d{4})([-/])(\d{1,2})\2(\d{1,2})$/;
const timestampShape =
  /^(\d{4})([-/])(\d{1,2})\2(\d{1,2})[ T]([01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?$/;
const codeLengthMin = 11;
const decimalDigitsMax = 38;

export function columnObserver(): ColumnObserver {
  let seen = 0;
  let asNumber = true;
  let hasFraction = false;
  let digitsMax = 0;
  let scaleMax = 0;
  let oneLength = -1;
  let asBoolean = true;
  let asTime = true;
  let hasClock = false;
  let zoned = 0;
  let clocked = 0;

  return {
    observe(value, textual = false) {
      seen += 1;
      if (textual) {
        asNumber = false;
        asBoolean = false;
      }
      if (asNumber) {
        const whole = integerShape.test(value);
        if (whole || decimalShape.test(value)) {
          const negative = value.charCodeAt(0) === 45 ? 1 : 0;
          const point = whole ? value.length : value.indexOf('.');
          digitsMax = Math.max(digitsMax, point - negative);
          if (!whole) {
            hasFraction = true;
            scaleMax = Math.max(scaleMax, value.length - point - 1);
          }
          oneLength = oneLength === -1 || oneLength === value.length ? value.length : -2;
        } else asNumber = false;
      }
      if (asBoolean && !booleanShape.test(value)) asBoolean = false;
      if (asTime) {
        const time = timeOf(value);
        if (!time) asTime = false;
        else if (time.clock) {
          hasClock = true;
          clocked += 1;
          if (time.zone) zoned += 1;
        }
      }
    },
    result() {
      if (seen === 0) return { type: 'string', storage: 'VARCHAR' };
      if (asNumber && !hasFraction && oneLength >= codeLengthMin) return { type: 'string', storage: 'VARCHAR' };
      // 15 digits: all integers that JavaScript, Excel and JSON carry without loss.
      if (asNumber && !hasFraction && digitsMax <= 15) return { type: 'integer', storage: 'BIGINT' };
      if (asNumber && digitsMax + scaleMax <= decimalDigitsMax) {
        return { type: 'decimal', storage: `DECIMAL(${Math.max(digitsMax + scaleMax, 1)},${scaleMax})` };
      }
      if (asBoolean) return { type: 'boolean', storage: 'BOOLEAN' };
      if (asTime && !hasClock) return { type: 'date', storage: 'DATE' };
      // Some with an offset and some without cannot be put in one order: text.
      if (asTime && zoned === 0) return { type: 'timestamp', storage: 'TIMESTAMP', zone: 'none' };
      if (asTime && zoned === clocked && clocked === seen)
        return { type: 'timestamp', storage: 'TIMESTAMP', zone: 'utc' };
      return { type: 'string', storage: 'VARCHAR' };
    },
  };
}

function timeOf(value: string): { clock: boolean; zone: boolean } | null {
  const first = value.charCodeAt(0);
  if (first < 48 || first > 57 || value.length < 8 || value.length > 35) return null;
  const clock = value.length > 10;
  const match = (clock ? timestampShape : dateShape).exec(value);
  if (!match || !isRealDate(Number(match[1]), Number(match[3]), Number(match[4]))) return null;
  return { clock, zone: clock && match[6] !== undefined };
}

/** Whether a text can be read as the declared type without loss. */
export function fitsType(value: string, type: ColumnType): boolean {
  switch (type) {
    case 'string':
      return true;
    case 'integer':
      return integerShape.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value);
    case 'decimal':
      return (integerShape.test(value) || decimalShape.test(value)) && value.length <= decimalDigitsMax;
    case 'boolean':
      return booleanShape.test(value);
    case 'date':
      return timeOf(value)?.clock === false;
    case 'timestamp':
      return timeOf(value) !== null;
  }
}

/** DuckDB expression that turns the text column into its type; dates may have come with slashes. */
export function castSql(name: string, column: Pick<Column, 'type' | 'storage' | 'zone'>): string {
  if (column.type === 'string') return name;
  const empty = `nullif(${name}, '')`;
  const dashed = `replace(${empty}, '/', '-')`;
  if (column.type === 'timestamp' && column.zone === 'utc') return `CAST(${dashed} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'`;
  const isTime = column.type === 'date' || column.type === 'timestamp';
  return `CAST(${isTime ? dashed : empty} AS ${column.storage})`;
}

/** A JavaScript or JSON number text without exponent, digit for digit: 1.5e3 → 1500, 2E-7 → 0.0000002. */
export function plainNumber(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d*))?[eE]([+-]?\d{1,3})$/.exec(text);
  if (!match) return text;
  const [, sign, whole, fraction = '', exponent] = match as unknown as [
    string,
    string,
    string,
    string | undefined,
    string,
  ];
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const at = Math.max(point, 1);
  const left = padded.slice(0, at).replace(/^0+(?=\d)/, '');
  const right = padded.slice(at).replace(/0+$/, '');
  return sign + left + (right === '' ? '' : `.${right}`);
}
