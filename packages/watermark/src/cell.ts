/** Values as text, read so that a number or a time can be moved by an exact amount and written back in its own form. */

/** digits / 10^scale */
export interface Decimal {
  digits: bigint;
  scale: number;
}

const charactersMax = 64;
const exponentMax = 40;
const decimalForm = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;
const timeForm = /^(\d{4}-\d\d-\d\d)(?:([ T])(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

export const parseDecimal = (text: string): Decimal | null => {
  if (text.length > charactersMax) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = decimalForm.exec(text) ?? [];
  if (whole + fraction === '' || Math.abs(Number(exponent)) > exponentMax) return null;
  const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`);
  const scale = fraction.length - Number(exponent);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
};

/** With at least `scaleMin` places after the point. */
export const decimalText = ({ digits, scale }: Decimal, scaleMin = 0): string => {
  let [left, places] = [digits, scale];
  while (places > scaleMin && left % 10n === 0n) {
    left /= 10n;
    places -= 1;
  }
  const plain = (left < 0n ? -left : left).toString().padStart(places + 1, '0');
  const point = plain.length - places;
  return `${left < 0n ? '-' : ''}${plain.slice(0, point)}${places > 0 ? `.${plain.slice(point)}` : ''}`;
};

interface Cell extends Decimal {
  write(value: Decimal): string;
}

/** Not codes such as 0731: written back, they would lose their zeros. */
const readNumber = (text: string): Cell | null => {
  const value = /^[+-]?0\d|^\+/.test(text) ? null : parseDecimal(text);
  if (!value) return null;
  const places = /\.(\d*)/.exec(text)?.[1]?.length ?? 0;
  return { ...value, write: (moved) => decimalText(moved, places) };
};

/** Seconds since 1970; what names no zone counts as UTC, so that the same text is the same instant everywhere. */
const readTime = (text: string): Cell | null => {
  if (text.length > charactersMax) return null;
  const [, date, between = ' ', clock = '00:00:00', fraction = '', zone = ''] = timeForm.exec(text) ?? [];
  if (!date) return null;
  const offset = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  const shift = offset ? Number(`${offset[1]}1`) * (Number(offset[2]) * 3600 + Number(offset[3] ?? 0) * 60) : 0;
  const milliseconds = Date.parse(`${date}T${clock}Z`);
  if (Number.isNaN(milliseconds)) return null;
  const seconds = milliseconds / 1000 - shift;
  const power = 10n ** BigInt(fraction.length);
  const write = ({ digits, scale }: Decimal): string => {
    const unit = 10n ** BigInt(scale);
    const whole = floorDivide(digits, unit);
    const iso = new Date((Number(whole) + shift) * 1000).toISOString();
    const rest = (digits - whole * unit).toString().padStart(scale, '0').slice(0, fraction.length);
    return `${iso.slice(0, 10)}${between}${iso.slice(11, 11 + clock.length)}${fraction ? `.${rest}` : ''}${zone}`;
  };
  return { digits: BigInt(seconds) * power + BigInt(fraction || '0'), scale: fraction.length, write };
};

export const floorDivide = (value: bigint, by: bigint): bigint => {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
};

const atScale = ({ digits, scale }: Decimal, wanted: number): bigint => digits * 10n ** BigInt(wanted - scale);

/** A value that can carry a bit: which pair of neighbouring steps it lies in, and in which half of the pair. */
export interface Pair {
  /** The same in both halves: it survives the mark. */
  high: string;
  bit: 0 | 1;
  /** The value in the other half: exactly one step away, all finer digits as they were. */
  moved(): string;
  /** Of `moved`, at the scale of `within`. */
  movedWithin(least: Decimal | null, most: Decimal | null): boolean;
}

/** Null where the value is neither a number nor a time, or has no room for a step (a date without a clock). */
export const pairOf = (text: string, step: Decimal): Pair | null => {
  const cell = readNumber(text) ?? (text.length > 10 ? readTime(text) : null);
  if (!cell) return null;
  const scale = Math.max(cell.scale, step.scale);
  const [value, width] = [atScale(cell, scale), atScale(step, scale)];
  const steps = floorDivide(value, width);
  const bit = Number(((steps % 2n) + 2n) % 2n) as 0 | 1;
  const moved: Decimal = { digits: bit === 1 ? value - width : value + width, scale };
  return {
    high: floorDivide(steps, 2n).toString(),
    bit,
    moved: () => cell.write(moved),
    movedWithin: (least, most) => (!least || !less(moved, least)) && (!most || !less(most, moved)),
  };
};

export const less = (one: Decimal, other: Decimal): boolean => {
  const scale = Math.max(one.scale, other.scale);
  return atScale(one, scale) < atScale(other, scale);
};

/** A number, or a time as seconds; null for any other text. Used for least and most values of a column. */
export const amountOf = (text: string): Decimal | null => {
  const cell = readNumber(text) ?? readTime(text);
  return cell ? { digits: cell.digits, scale: cell.scale } : null;
};

/** One text for one value, however the file wrote it: 1.50 and 1.5, a time in two zones, TRUE and true, null and nothing. */
export const normalText = (value: string | null): string => {
  if (value === null) return '';
  const text = value.trim();
  const number = parseDecimal(text);
  if (number) return decimalText(number);
  const time = readTime(text);
  if (time) return `@${decimalText(time)}`;
  return /^(true|false)$/i.test(text) ? text.toLowerCase() : text.normalize('NFC');
};
