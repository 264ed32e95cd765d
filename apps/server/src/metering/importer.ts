/**
 * Brings records from segments into the roll-ups, each exactly once: records of a source are numbered without gaps, and the
 * watermark moves in the transaction that adds them. A segment that is not what its signed manifest says stops the import of
 * its source until a person has looked; nothing is skipped.
 */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commitmentEntry, committedManifest, entryBytes, type SuiteName, segmentKind } from '@shugu/evidence';
import { type Meter, readSegment, type SegmentManifest, type UseRecord, verifySegment } from '@shugu/gateway';
import { audit } from '../kernel/audit.ts';
import type { Database, Tx } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import { emit } from '../kernel/outbox.ts';
import type { PublicLog } from '../kernel/publiclog/publiclog.ts';
import { rollUpHours } from './hours.ts';
import type { VerifyManifest } from './keys.ts';
import { findGrant, timeZones } from './reads.ts';
import { grantOfLine, rollUp, useOf } from './rules.ts';
import * as store from './store.ts';

export interface ImporterDeps {
  database: Database;
  publicLog: Pick<PublicLog, 'publish'>;
  suite: SuiteName;
  verify: VerifyManifest;
  /** Folder that holds a folder of sealed segments for each source. */
  segmentsFolder: string;
  /** With what was imported, in its transaction; for sources whose uses are counted in slices. */
  onRecords?(tx: Tx, records: readonly UseRecord[]): Promise<void>;
}

/** Where records of one source come from. */
export type Recorded = Pick<Meter, 'source' | 'lastSequence' | 'openSegment' | 'openTail' | 'rotate'>;

const nameOf = (segment: number): string => String(segment).padStart(10, '0');

const addRecords = async (tx: Tx, records: readonly UseRecord[]): Promise<void> => {
  const zones = await timeZones(tx, [...new Set(records.map(({ grant }) => grantOfLine(grant)))]);
  const zoneOf = (grant: string) => zones.get(grant);
  await store.addDays(tx, rollUp(records, zoneOf));
  await store.addHours(tx, rollUpHours(records, zoneOf));
  for (const record of records.filter(({ use }) => use.startsWith('cor_'))) await recordedCorrection(tx, record);
};

const recordedCorrection = async (tx: Tx, record: UseRecord): Promise<void> => {
  if (!(await store.correctionRecorded(tx, record))) return;
  const grant = await findGrant(tx, grantOfLine(record.grant));
  await audit(tx, { action: 'metering.correction.record', subject: record.use, participant: grant?.supplier ?? '' });
  await emit(tx, {
    type: 'metering.correction.recorded',
    subject: record.use,
    participant: grant?.supplier ?? '',
    data: {
      correction: record.use,
      grant: grantOfLine(record.grant),
      contract: grant?.contract ?? null,
      use: useOf(record),
    },
  });
};

/** The records after the watermark. Throws when one is missing between. */
const after = (source: store.SourceRow, records: readonly UseRecord[]): UseRecord[] => {
  const fresh = records.filter(({ sequence }) => sequence > source.sequence);
  fresh.forEach((record, index) => {
    if (record.sequence !== source.sequence + 1 + index)
      throw new Error(
        `records ${source.sequence + 1 + index} to ${record.sequence - 1} of ${source.source} are missing`,
      );
  });
  return fresh;
};

const usesOf = (records: readonly UseRecord[]) => {
  const uses = new Map<string, number>();
  let [firstUse, lastUse] = ['￿', ''];
  for (const record of records) {
    const grant = grantOfLine(record.grant);
    uses.set(grant, (uses.get(grant) ?? 0) + 1);
    const use = useOf(record);
    if (use < firstUse) firstUse = use;
    if (use > lastUse) lastUse = use;
  }
  return { uses, firstUse, lastUse };
};

export interface Importer {
  /** Imports what is sealed, then what the tail holds; number of records that were new. */
  run(): Promise<number>;
  /** As `run`, after sealing what is open. */
  flush(): Promise<number>;
  /** Something was recorded or closed that no run has seen. */
  isBehind(): boolean;
}

export const makeImporter = (deps: ImporterDeps, meter: Recorded): Importer => {
  const actor = systemActor('metering');
  const folder = join(deps.segmentsFolder, meter.source);

  const publish = async (tx: Tx, manifest: SegmentManifest) => {
    const { entry, salt } = commitmentEntry({
      suite: deps.suite,
      kind: segmentKind,
      record: committedManifest(manifest),
    });
    const logEntry = await deps.publicLog.publish(tx, {
      kind: segmentKind,
      form: 'commitment',
      bytes: entryBytes(entry),
    });
    return { salt: Buffer.from(salt).toString('base64'), logEntry };
  };

  const take = async (tx: Tx, source: store.SourceRow, records: readonly UseRecord[]): Promise<void> => {
    await addRecords(tx, records);
    await store.saveSource(tx, source);
    await deps.onRecords?.(tx, records);
  };

  // Where an import found nothing more: only this server writes and imports its source.
  let done: store.SourceRow | undefined;

  /** The next segment after those imported; null when there is none yet. */
  const importSegment = async (): Promise<number | null> =>
    deps.database.tx(actor, async (tx) => {
      const source = await store.lockSource(tx, meter.source);
      const name = nameOf(source.segment + 1);
      const text = await readFile(join(folder, `${name}.json`), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      if (text === null) return null;
      const manifest = JSON.parse(text) as SegmentManifest;
      const bytes = await readFile(join(folder, `${name}.seg`));
      const faults = await verifySegment(bytes, manifest, await deps.verify(tx));
      if (manifest.previousDigest !== source.digest) faults.push('chainBroken');
      if (manifest.source !== meter.source || manifest.segment !== source.segment + 1) faults.push('segmentForeign');
      if (faults.length > 0) throw new Error(`segment ${meter.source}/${name} does not hold: ${faults.join(', ')}`);
      const records = (readSegment(bytes)?.entries ?? []).map(({ record }) => record);
      const fresh = after(source, records);
      const { uses, firstUse, lastUse } = usesOf(records);
      await store.insertManifest(tx, { manifest, firstUse, lastUse, ...(await publish(tx, manifest)) });
      await store.insertSegmentGrants(tx, manifest, uses);
      const sequence = Math.max(source.sequence, manifest.lastSequence);
      await take(tx, { ...source, sequence, segment: manifest.segment, digest: manifest.digest }, fresh);
      await emit(tx, {
        type: 'metering.segment.imported',
        subject: `${manifest.source}/${manifest.segment}`,
        participant: '',
        data: {
          source: manifest.source,
          segment: manifest.segment,
          firstSequence: manifest.firstSequence,
          lastSequence: manifest.lastSequence,
        },
      });
      return fresh.length;
    });

  const importTail = async (): Promise<number> =>
    deps.database.tx(actor, async (tx) => {
      const source = await store.lockSource(tx, meter.source);
      if (source.sequence >= meter.lastSequence) {
        done = source;
        return 0;
      }
      const tail = (await meter.openTail(source.sequence)).map(({ record }) => record);
      // Sealed between the two steps: the next run finds it whole.
      if (tail[0]?.sequence !== source.sequence + 1) return 0;
      const fresh = after(source, tail);
      await take(tx, { ...source, sequence: fresh.at(-1)!.sequence }, fresh);
      return fresh.length;
    });

  /** Nothing has been used and nothing sealed since: the database need not be asked. */
  const isDone = async (): Promise<boolean> =>
    done !== undefined &&
    done.sequence === meter.lastSequence &&
    (await access(join(folder, `${nameOf(done.segment + 1)}.json`)).then(
      () => false,
      () => true,
    ));

  const runOnce = async (): Promise<number> => {
    if (await isDone()) return 0;
    let total = 0;
    for (let count = await importSegment(); count !== null; count = await importSegment()) total += count;
    return total + (await importTail());
  };

  // One at a time; those who ask while one waits share it.
  let running: Promise<number> = Promise.resolve(0);
  let waiting: Promise<number> | null = null;
  const run = (): Promise<number> => {
    if (waiting) return waiting;
    const start = async () => {
      waiting = null;
      return runOnce();
    };
    waiting = running.then(start, start);
    running = waiting;
    return waiting;
  };

  return {
    run,
    isBehind: () => done?.sequence !== meter.lastSequence || done.segment + 1 < meter.openSegment,
    flush: async () => {
      await meter.rotate();
      return run();
    },
  };
};
