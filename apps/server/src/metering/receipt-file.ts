/**
 * A period's receipts of one grant as one file that verifies without us (@shugu/evidence). What is not sealed or not in the
 * public log yet is left for a later file, and the file says so; so does one that is full.
 */
import {
  buildReceipts,
  orderedNote,
  parseEntry,
  type ReceiptSegment,
  receiptsLimits,
  type Signer,
} from '@shugu/evidence';
import { type Meter, type SegmentEntry, segmentPaths } from '@shugu/gateway';
import type { Reader } from '../kernel/db/db.ts';
import type { Keys } from '../kernel/keys.ts';
import type { Inclusion, PublicLog } from '../kernel/publiclog/publiclog.ts';
import { gatewayKeys } from './keys.ts';
import type { MeteredGrant } from './model.ts';
import { problems } from './problems.ts';
import { type HeldManifest, lastSealedSequence, segmentsOfPeriod } from './reads.ts';
import { addUsage, dayStart, grantOfLine, nextDay, noUsage, unitsOf } from './rules.ts';
import type { SegmentReader } from './segments.ts';

export const receiptFileLimits = {
  receiptsMax: receiptsLimits.receiptsMax,
  /** Of payloads and paths as they stand in the file; manifests and log proofs find room in the rest of what a file may have. */
  receiptBytesMax: 32 * 2 ** 20,
  segmentsPerRead: 200,
} as const;

export interface ReceiptFileDeps {
  meter: Meter;
  contentOf: SegmentReader;
  keys: Pick<Keys, 'known'>;
  publicLog: Pick<PublicLog, 'inclusion'>;
  signer: Signer;
  node: string;
  now(): Date;
}

/** Local days, both contained; `after` is the last record that an earlier part looked through. */
export interface ReceiptPeriod {
  from: string;
  until: string;
  after?: number;
}

export type ReceiptFile = (read: Reader, grant: MeteredGrant, period: ReceiptPeriod) => Promise<Uint8Array>;

interface Gathered {
  segments: ReceiptSegment[];
  checkpoints: { origin: string; suite: Inclusion['suite']; size: number; note: string }[];
  records: SegmentEntry['record'][];
  bytes: number;
  /** Set where gathering stopped early: the last record that was looked through. */
  stoppedAt?: number;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export const makeReceiptFile = (
  deps: ReceiptFileDeps,
  limits: Readonly<Record<keyof typeof receiptFileLimits, number>> = receiptFileLimits,
): ReceiptFile => {
  const { meter, contentOf, publicLog, keys, signer } = deps;

  /** Takes in a segment; false when gathering stops with it. */
  const take = async (read: Reader, held: HeldManifest, isWanted: (entry: SegmentEntry) => boolean, into: Gathered) => {
    const { entries } = await contentOf(held);
    const wanted = entries.filter(isWanted);
    if (wanted.length === 0) return true;
    const { manifest } = held;
    const inclusion = await publicLog.inclusion(read, held.logEntry);
    if (!inclusion) {
      into.stoppedAt = manifest.firstSequence - 1;
      return false;
    }
    const pathOf = segmentPaths(entries.map(({ payload }) => payload));
    const receipts: ReceiptSegment['receipts'] = [];
    for (const { sequence, payload, record } of wanted) {
      if (into.records.length >= limits.receiptsMax || into.bytes >= limits.receiptBytesMax) {
        into.stoppedAt = into.records.at(-1)!.sequence;
        break;
      }
      const path = pathOf(sequence - manifest.firstSequence).map(base64);
      receipts.push({ sequence, payload: base64(payload), path });
      into.records.push(record);
      into.bytes += (payload.length + path.length * 36) * 1.4;
    }
    if (receipts.length > 0) into.segments.push({ manifest, log: logOf(held, inclusion, into), receipts });
    return into.stoppedAt === undefined;
  };

  const gather = async (read: Reader, grant: string, after: number, from: number, until: number): Promise<Gathered> => {
    const isWanted = ({ record, sequence }: SegmentEntry) =>
      sequence > after && record.at >= from && record.at < until && grantOfLine(record.grant) === grant;
    const into: Gathered = { segments: [], checkpoints: [], records: [], bytes: 0 };
    let seen = after;
    for (;;) {
      const held = await segmentsOfPeriod(
        read,
        grant,
        meter.source,
        { after: seen, from, until },
        limits.segmentsPerRead,
      );
      for (const one of held) {
        if (!(await take(read, one, isWanted, into))) return into;
        seen = one.manifest.lastSequence;
      }
      if (held.length < limits.segmentsPerRead) break;
    }
    return into;
  };

  const build: ReceiptFile = async (read, grant, period) => {
    const [from, until] = [dayStart(period.from, grant.timeZone), dayStart(nextDay(period.until), grant.timeZone)];
    const after = period.after ?? 0;
    const sealed = await lastSealedSequence(read, meter.source);
    const found = await gather(read, grant.id, after, from, until);
    if (found.records.length === 0) throw problems.noReceipts();
    const waiting = (await meter.openTail(sealed)).some(
      ({ record }) => record.at >= from && record.at < until && grantOfLine(record.grant) === grant.id,
    );
    const known = await gatewayKeys(keys, read);
    const segmentKeys = found.segments.map(({ manifest }) => known.get(manifest.keyId)!.publicKey);
    return buildReceipts(
      {
        issued: deps.now().toISOString(),
        node: deps.node,
        grant: grant.id,
        period: { from: new Date(from).toISOString(), until: new Date(until).toISOString() },
        range: {
          source: meter.source,
          after,
          through: found.stoppedAt ?? Math.max(sealed, found.records.at(-1)!.sequence),
          complete: found.stoppedAt === undefined && !waiting,
        },
        total: { receipts: found.records.length, ...found.records.map(unitsOf).reduce(addUsage, noUsage()) },
        segments: found.segments,
        checkpoints: found.checkpoints,
      },
      segmentKeys,
      signer,
    );
  };

  // One at a time: each may hold tens of megabytes.
  let running: Promise<unknown> = Promise.resolve();
  return (read, grant, period) => {
    const run = () => build(read, grant, period);
    const next = running.then(run, run);
    running = next.catch(() => undefined);
    return next;
  };
};

/** Where the segment's commitment stands; a checkpoint that the file has already is named again, not repeated. */
const logOf = (held: HeldManifest, inclusion: Inclusion, into: Gathered): ReceiptSegment['log'] => {
  const { origin, suite } = inclusion;
  const { note, size } = orderedNote(inclusion.checkpoint);
  let checkpoint = into.checkpoints.findIndex((one) => one.note === note);
  if (checkpoint < 0) checkpoint = into.checkpoints.push({ origin, suite, size, note }) - 1;
  return {
    checkpoint,
    index: inclusion.position,
    entry: parseEntry(inclusion.entry),
    salt: held.salt,
    proof: inclusion.proof.map(base64),
  };
};
