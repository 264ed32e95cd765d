/**
 * Records of gateways of their own process. Whatever arrives, sealed segments or frames that are not sealed yet, whole, cut,
 * twice or late: the importer takes what follows the watermark, and the answer says how far that is.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  readSegment,
  type SegmentEntry,
  type SegmentManifest,
  type ShipAnswer,
  type UseRecord,
  verifySegment,
} from '@shugu/gateway';
import { DEFAULT_TIME_ZONE } from '@shugu/policy';
import type { Database, Reader, Tx } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import { type Importer, type ImporterDeps, makeImporter } from './importer.ts';
import { problems } from './problems.ts';
import { lastSealedSequence, timeZones, watermarksOf } from './reads.ts';
import { grantOfLine } from './rules.ts';
import { type CounterChange, settleSlices, useSlices } from './slices.ts';
import { lockSource } from './store.ts';

export interface RemoteDeps extends Omit<ImporterDeps, 'onRecords'> {
  database: Database;
  /** After the commit: what the counters of grants must add. */
  onChanges(changes: readonly CounterChange[]): void;
}

/** What is remembered of records that are taken in and stand in no sealed segment yet. */
export type Unsealed = Pick<UseRecord, 'sequence' | 'at' | 'grant'>;

export interface RemoteSources {
  held(source: string): Promise<ShipAnswer>;
  /** A segment file without its seal, as far as it is whole. */
  takeRecords(source: string, bytes: Uint8Array): Promise<ShipAnswer>;
  /** A sealed segment. Throws `metering.segmentRefused` when it does not hold, or another one is kept under its number. */
  takeSegment(source: string, manifest: SegmentManifest, bytes: Uint8Array): Promise<ShipAnswer>;
  /** Records that are taken in and stand in no sealed segment; undefined where a restart has forgotten what they are. */
  unsealed(read: Reader, source: string): Promise<Unsealed[] | undefined>;
}

interface Source {
  importer: Importer;
  tail: SegmentEntry[];
  unsealed: Unsealed[];
}

const nameOf = (segment: number): string => String(segment).padStart(10, '0');

/** Whole or not there: a name appears once its content is on disk. */
const keep = async (path: string, content: Uint8Array | string): Promise<void> => {
  await writeFile(`${path}.tmp`, content, { flush: true, mode: 0o600 });
  await rename(`${path}.tmp`, path);
};

export const makeRemoteSources = (deps: RemoteDeps): RemoteSources => {
  const sources = new Map<string, Source>();
  const actor = systemActor('metering');

  const onRecords =
    (source: string): ImporterDeps['onRecords'] =>
    async (tx, records) => {
      const zones = await timeZones(tx, [...new Set(records.map(({ grant }) => grantOfLine(grant)))]);
      const zoneOf = ({ grant }: { grant: string }) => zones.get(grantOfLine(grant)) ?? DEFAULT_TIME_ZONE;
      const changes = [
        ...(await useSlices(tx, source, records, zoneOf, grantOfLine)),
        ...(await settleSlices(tx, source)),
      ];
      if (changes.length > 0) tx.afterCommit(() => deps.onChanges(changes));
    };

  const sourceOf = (name: string): Source => {
    const known = sources.get(name);
    if (known) return known;
    const made: Source = { tail: [], unsealed: [], importer: undefined as never };
    made.importer = makeImporter(
      { ...deps, onRecords: onRecords(name) },
      {
        source: name,
        get lastSequence() {
          return made.tail.at(-1)?.sequence ?? 0;
        },
        // Its segments are sent when they are sealed, and imported as they come.
        openSegment: 0,
        openTail: async (sequence) => made.tail.filter((entry) => entry.sequence > sequence),
        rotate: async () => null,
      },
    );
    sources.set(name, made);
    return made;
  };

  const held = async (source: string): Promise<ShipAnswer> => {
    const { sequence, segment } = await deps.database.tx(actor, (tx: Tx) => lockSource(tx, source));
    return { sequence, segment };
  };

  // One upload of a source at a time: the tail is one.
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = <T>(source: string, run: () => Promise<T>): Promise<T> => {
    const next = (turns.get(source) ?? Promise.resolve()).then(run, run);
    turns.set(
      source,
      next.catch(() => undefined),
    );
    return next;
  };

  const importAll = async (source: string): Promise<ShipAnswer> => {
    await sourceOf(source).importer.run();
    return held(source);
  };

  return {
    held,
    takeRecords: (source, bytes) =>
      inTurn(source, async () => {
        const content = readSegment(bytes);
        if (!content || content.header.source !== source) throw problems.segmentRefused({ detail: 'header' });
        if (content.entries.some(({ record, sequence }) => record.source !== source || record.sequence !== sequence))
          throw problems.segmentRefused({ detail: 'recordForeign' });
        const one = sourceOf(source);
        one.tail = content.entries;
        const first = content.entries[0]?.sequence ?? Number.MAX_SAFE_INTEGER;
        const told = content.entries.map(({ sequence, record: { at, grant } }) => ({ sequence, at, grant }));
        one.unsealed = [...one.unsealed.filter(({ sequence }) => sequence < first), ...told];
        try {
          return await importAll(source);
        } finally {
          one.tail = [];
        }
      }),
    takeSegment: (source, manifest, bytes) =>
      inTurn(source, async () => {
        const faults = await verifySegment(bytes, manifest, await deps.verify(deps.database));
        if (manifest.source !== source) faults.push('segmentForeign');
        if (faults.length > 0) throw problems.segmentRefused({ detail: faults.join(', ') });
        const folder = join(deps.segmentsFolder, source);
        await mkdir(folder, { recursive: true });
        const path = join(folder, nameOf(manifest.segment));
        const before = await readFile(`${path}.json`, 'utf8').catch(() => null);
        if (before !== null && (JSON.parse(before) as SegmentManifest).digest !== manifest.digest)
          throw problems.segmentRefused({ detail: 'segmentDiffers' });
        if (before === null) {
          await keep(`${path}.seg`, bytes);
          await keep(`${path}.json`, JSON.stringify(manifest));
        }
        const one = sourceOf(source);
        one.unsealed = one.unsealed.filter(({ sequence }) => sequence > manifest.lastSequence);
        return importAll(source);
      }),
    unsealed: async (read, source) => {
      const sealed = await lastSealedSequence(read, source);
      const known = (await watermarksOf(read))[source] ?? 0;
      const told = sourceOf(source).unsealed.filter(({ sequence }) => sequence > sealed && sequence <= known);
      return told.length === known - sealed ? told : undefined;
    },
  };
};
