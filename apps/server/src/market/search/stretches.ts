/**
 * The market in stretches: a search looks through the newest (or cheapest) documents first and ends where enough is found, so
 * that words which many documents hold cost no more than words which few do. The index holds each document's block of places
 * and band of prices beside its words (migration 0024).
 */
import { type Reader, sql } from '../../kernel/db/db.ts';

/**
 * Blocks of places or bands of prices as keys of the index, or all places before one; `band`: of that band only. Exact ranges
 * are not asked for where keys do: the planner would read them from another index as well, in ten times the time.
 */
export type Stretch = ({ keys: number[] } | { before: number }) & { band?: number };

const blockBits = 12;
/** How many blocks of 4,096 places each stretch holds; the first ends within its block. */
const blocksPerStretch = [1, 1, 1, 2, 3, 5, 8, 16, 32] as const;

const blocksPerStretchOfFree = [1, 4, 16, 32] as const;

const upTo = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, at) => first + at);

/** The block of `last` and those before it. */
export const stretchesOfPlaces = (last: number, sizes: readonly number[] = blocksPerStretch): Stretch[] => {
  const stretches: Stretch[] = [];
  let block = Math.floor(last / 2 ** blockBits);
  for (const count of sizes) {
    if (block < 0) return stretches;
    const first = Math.max(0, block - count + 1);
    stretches.push({ keys: upTo(first, block) });
    block = first - 1;
  }
  if (block >= 0) stretches.push({ before: (block + 1) * 2 ** blockBits });
  return stretches;
};

/** Lower bounds of the bands 1, 2, …; band 0 is what is free, the last holds what has no price. */
const bands = [...upTo(-6, 6).flatMap((power) => [`1e${power}`, `2e${power}`, `5e${power}`]), '1e7', '1e8', '1e9'].map(
  Number,
);

const bandOf = (price: string): number => bands.filter((bound) => bound <= Number(price)).length;

/** Parts of all prices (of those that many documents share, none) before the end of each stretch, about. */
const partsOfPrices = [0.1, 0.3, 0.6] as const;

/** Bands at which the stretches end, by the statistics of what stands on the market; none while that is little. */
export const bandEnds = async (read: Reader): Promise<number[]> => {
  const found = await read.first<{
    prices: string[] | null;
  }>(sql`select histogram_bounds::text::text[] as prices from pg_stats
    where schemaname = current_schema() and tablename = 'search_documents' and attname = 'price_order'`);
  const prices = found?.prices ?? [];
  const ends = partsOfPrices.flatMap((part) => prices[Math.floor(prices.length * part)] ?? []).map(bandOf);
  return [...new Set(ends)];
};

const keyOf = (band: number): number => -1 - band;

/**
 * The band of the price `from` and those above it; stretches end after the bands `ends`. What is free, often much, has one
 * price: the newest come first, so it is looked through by places up to `last`.
 */
export const stretchesOfPrices = (from: string, ends: readonly number[], last: number): Stretch[] => {
  const stretches: Stretch[] = [];
  let band = bandOf(from);
  if (band === 0) {
    stretches.push(...stretchesOfPlaces(last, blocksPerStretchOfFree).map((one) => ({ ...one, band: keyOf(0) })));
    band = 1;
  }
  for (const end of [...ends, bands.length]) {
    if (end < band) continue;
    stretches.push({ keys: upTo(band, end).map(keyOf) });
    band = end + 1;
  }
  return stretches;
};
