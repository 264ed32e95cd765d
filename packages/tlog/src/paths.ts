import { requireCount, TlogError } from './problem.ts';

/** C2SP tlog-tiles: a tile is a subtree of height 8. */
export const tileWidthMax = 256;
export const tileLevelMax = 63;

/** `width` is 1..256; 256 is a full tile, and has no suffix in its path. */
export type TilePath = { readonly level: number | 'entries'; readonly index: number; readonly width: number };

/** `tile/<L>/<N>[.p/<W>]`, with N in groups of three digits, all but the last marked by an x: 1234067 is x001/x234/067. */
export function tilePath(level: number | 'entries', index: number, width: number = tileWidthMax): string {
  requireCount(index, 'tile index');
  if (level !== 'entries' && !(Number.isInteger(level) && level >= 0 && level <= tileLevelMax)) {
    throw new TlogError('tlog.range', `tile level must be 0..${tileLevelMax}, got ${level}`);
  }
  if (!(Number.isInteger(width) && width >= 1 && width <= tileWidthMax)) {
    throw new TlogError('tlog.range', `tile width must be 1..${tileWidthMax}, got ${width}`);
  }
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g)!;
  const last = groups.pop()!;
  const name = [...groups.map((group) => `x${group}`), last].join('/');
  return `tile/${level}/${name}${width === tileWidthMax ? '' : `.p/${width}`}`;
}

export function entriesPath(index: number, width: number = tileWidthMax): string {
  return tilePath('entries', index, width);
}

const pathShape = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/;

/** The inverse of `tilePath`: accepts exactly the paths that it makes. Throws `tlog.path-malformed`. */
export function parseTilePath(path: string): TilePath {
  const found = path.length <= 64 ? pathShape.exec(path) : null;
  if (found) {
    const level = found[1] === 'entries' ? 'entries' : Number(found[1]);
    const index = Number(found[2]!.replace(/[x/]/g, ''));
    const width = found[3] === undefined ? tileWidthMax : Number(found[3]);
    const inRange = (level === 'entries' || level <= tileLevelMax) && Number.isSafeInteger(index);
    if (inRange && width >= 1 && width <= tileWidthMax && tilePath(level, index, width) === path) {
      return { level, index, width };
    }
  }
  throw new TlogError('tlog.path-malformed', 'not a tile path of C2SP tlog-tiles');
}
