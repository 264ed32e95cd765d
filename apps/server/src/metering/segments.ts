/** Reads sealed segments. The few read last are kept: pages and proofs ask for the same ones again. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSegment, type SegmentEntry } from '@shugu/gateway';
import type { HeldManifest } from './reads.ts';

export const segmentLimits = { segmentsHeld: 4 } as const;

export interface SegmentContent {
  bytes: Buffer;
  entries: SegmentEntry[];
}

export type SegmentReader = (held: HeldManifest) => Promise<SegmentContent>;

export const makeSegmentReader = (segmentsFolder: string): SegmentReader => {
  const contents = new Map<string, SegmentContent>();
  return async ({ manifest }) => {
    const name = `${manifest.source}/${String(manifest.segment).padStart(10, '0')}.seg`;
    const before = contents.get(name);
    if (before) return before;
    const bytes = await readFile(join(segmentsFolder, name));
    const content = { bytes, entries: readSegment(bytes)?.entries ?? [] };
    if (contents.size >= segmentLimits.segmentsHeld) contents.delete(contents.keys().next().value!);
    contents.set(name, content);
    return content;
  };
};
