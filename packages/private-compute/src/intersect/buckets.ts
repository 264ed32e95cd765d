import { ComputeError } from '../problem.ts';
import type { Run } from './runs.ts';
import { tagWords } from './tags.ts';

/** Of about `bucketKeys` at most, so that memory stays flat. A power of two, since a bucket is a range of tags. */
export const bucketsFor = (keys: number, bucketKeys: number): number => {
  let buckets = 1;
  while (keys > buckets * bucketKeys) buckets *= 2;
  return buckets;
};

/**
 * Room that a bucket is given, and filled up to, so that how many keys fall into each tells nothing: tags spread as if by chance, and by
 * Bernstein's inequality none of the buckets holds more but with a chance of 2^-40.
 */
export const roomOf = (keys: number, buckets: number): number => {
  if (buckets === 1) return keys;
  const odds = 40 * Math.LN2 + Math.log(buckets);
  const mean = keys / buckets;
  return Math.min(keys, Math.ceil(mean + odds / 3 + Math.sqrt(odds * (odds / 9 + 2 * mean))));
};

/** Distinct tags of each bucket, one after the other, from the parts of a sorted table: as many parts for each. */
export const intoBuckets = (parts: readonly Run[], buckets: number, room: number): Uint32Array[] => {
  const each = parts.length / buckets;
  return Array.from({ length: buckets }, (_, bucket) => {
    const own = parts.slice(bucket * each, (bucket + 1) * each).map(({ tags }) => tags);
    const tags = new Uint32Array(own.reduce((sum, one) => sum + one.length, 0));
    if (tags.length > room * tagWords) throw new ComputeError('compute.unplaced', 'a bucket overflows');
    let at = 0;
    for (const one of own) {
      tags.set(one, at);
      at += one.length;
    }
    return tags;
  });
};
