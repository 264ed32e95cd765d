/**
 * Places in long catalogues. An offset is counted from the beginning, which costs the more the further on it leads: so every
 * thousandth id is remembered, as long as the catalogue does not change, and what is left to count is short.
 */
import type { Reader } from '../kernel/db/db.ts';
import { catalogueChanges, everyNthDataset } from './reads.ts';

export const limits = { datasetsBetween: 1000, cataloguesMax: 200 } as const;

/** So many data sets on from the first whose id is not before `from`. */
export interface Place {
  from: string;
  offset: number;
}

export type FindPlace = (participant: string, offset: number) => Promise<Place>;

export const makePlaces = (read: Reader): FindPlace => {
  const kept = new Map<string, { changes: number; ids?: string[] }>();
  return async (participant, offset) => {
    const step = limits.datasetsBetween;
    if (offset < step) return { from: '', offset };
    const changes = await catalogueChanges(read, participant);
    const known = kept.get(participant);
    if (known?.changes !== changes) {
      // One that changes all the time is counted each time.
      if (kept.size >= limits.cataloguesMax) kept.delete(kept.keys().next().value!);
      kept.set(participant, { changes });
      return { from: '', offset };
    }
    known.ids ??= await everyNthDataset(read, participant, step);
    const marks = Math.min(Math.floor(offset / step), known.ids.length - 1);
    return marks < 1 ? { from: '', offset } : { from: known.ids[marks]!, offset: offset - marks * step };
  };
};
