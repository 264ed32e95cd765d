/**
 * A period's receipts of one grant as one file that verifies without us (@shugu/evidence). What is not sealed or not in the
 * public log yet is left for a later file, and the file says so; so does one that is full.
 */
import {
  buildReceipts,
  orderedNote,
  parseEntry,
  type ReceiptSegment,
  type ReceiptsRange,
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
import { type HeldManifest, lastSealedSequence, segmentsOfPeriod, sourcesOfGrant, watermarksOf } from './reads.ts';
import type { RemoteSources } from './remote.ts';
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
  remote: Pick<RemoteSources, 'unsealed'>;
  contentOf: SegmentReader;
  keys: Pick<Keys, 'known'>;
  publicLog: Pick<PublicLog, 'inclusion'>;
  signer: Signer;
  node: string;
  now(): Date;
}

/** Local days, both contained; `after`: the last records that an earlier part looked through, as `source:sequence,…`. */
export interface ReceiptPeriod {
  from: string;
  until: string;
  after?: string;
}

export type ReceiptFile = (read: Reader, grant: MeteredGrant, period: ReceiptPeriod) => Promise<Uint8Array>;

interface Gathered {
  segments: ReceiptSegment[];
  checkpoints: { origin: string; suite: Inclusion['suite']; size: number; note: string }[];
  records: SegmentEntry['record'][];
  bytes: number;
}

/** What is wanted of one source: uses admitted in [from, until) after a record. */
interface Wanted {
  grant: string;
  source: string;
  after: number;
  from: number;
  until: number;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export const makeReceiptFile = (
  deps: ReceiptFileDeps,
  limits: Readonly<Record<keyof typeof receiptFileLimits, number>> = receiptFileLimits,
): ReceiptFile => {
  const { meter, remote, contentOf, publicLog, keys, signer } = deps;

  /** Takes in a segment; where gathering stops with it, the last record that was looked through. */
  const take = async (
    read: Reader,
    held: HeldManifest,
    isWanted: (entry: SegmentEntry) => boolean,
    into: Gathered,
  ): Promise<number | undefined> => {
    const { entries } = await contentOf(held);
    const wanted = entries.filter(isWanted);
    if (wanted.length === 0) return undefined;
    const { manifest } = held;
    const inclusion = await publicLog.inclusion(read, held.logEntry);
    if (!inclusion) return manifest.firstSequence - 1;
    let stoppedAt: number | undefined;
    const pathOf = segmentPaths(entries.map(({ payload }) => payload));
    const receipts: ReceiptSegment['receipts'] = [];
    for (const { sequence, payload, record } of wanted) {
      if (into.records.length >= limits.receiptsMax || into.bytes >= limits.receiptBytesMax) {
        stoppedAt = receipts.at(-1)?.sequence ?? manifest.firstSequence - 1;
        break;
      }
      const path = pathOf(sequence - manifest.firstSequence).map(base64);
      receipts.push({ sequence, payload: base64(payload), path });
      into.records.push(record);
      into.bytes += (payload.length + path.length * 36) * 1.4;
    }
    if (receipts.length > 0) into.segments.push({ manifest, log: logOf(held, inclusion, into), receipts });
    return stoppedAt;
  };

  /** Takes in what is wanted of a source; where it stopped early, the last record that was looked through. */
  const gather = async (read: Reader, wanted: Wanted, into: Gathered): Promise<number | undefined> => {
    const { grant, source, from, until } = wanted;
    const isWanted = ({ record, sequence }: SegmentEntry) =>
      sequence > wanted.after && record.at >= from && record.at < until && grantOfLine(record.grant) === grant;
    let after = wanted.after;
    for (;;) {
      const held = await segmentsOfPeriod(read, grant, source, { after, from, until }, limits.segmentsPerRead);
      for (const one of held) {
        const stoppedAt = await take(read, one, isWanted, into);
        if (stoppedAt !== undefined) return Math.max(stoppedAt, wanted.after);
        after = one.manifest.lastSequence;
      }
      if (held.length < limits.segmentsPerRead) return undefined;
    }
  };

  /** Whether uses of a source are known that are not sealed yet. */
  const waits = async (read: Reader, { grant, source, from, until }: Wanted, sealed: number): Promise<boolean> => {
    const known =
      source === meter.source
        ? (await meter.openTail(sealed)).map(({ record }) => record)
        : await remote.unsealed(read, source);
    // What is not known may be such a use.
    return known?.some((one) => one.at >= from && one.at < until && grantOfLine(one.grant) === grant) ?? true;
  };

  const build: ReceiptFile = async (read, grant, period) => {
    const [from, until] = [dayStart(period.from, grant.timeZone), dayStart(nextDay(period.until), grant.timeZone)];
    const before = heldRecords(period.after);
    const found: Gathered = { segments: [], checkpoints: [], records: [], bytes: 0 };
    const range: ReceiptsRange = { sources: [], complete: true };
    const sources = new Set([meter.source, ...(await sourcesOfGrant(read, grant.id))]);
    // In the order of their names, as verifiers want them.
    for (const source of [...new Set([...sources, ...Object.keys(await watermarksOf(read))])].sort()) {
      const wanted: Wanted = { grant: grant.id, source, after: before.get(source) ?? 0, from, until };
      const sealed = await lastSealedSequence(read, source);
      if (await waits(read, wanted, sealed)) range.complete = false;
      if (!sources.has(source)) continue;
      const stoppedAt = await gather(read, wanted, found);
      range.sources.push({ source, after: wanted.after, through: stoppedAt ?? Math.max(sealed, wanted.after) });
      if (stoppedAt !== undefined) range.complete = false;
    }
    if (found.records.length === 0) throw problems.noReceipts();
    const known = await gatewayKeys(keys, read);
    const segmentKeys = found.segments.map(({ manifest }) => known.get(manifest.keyId)!.publicKey);
    return buildReceipts(
      {
        issued: deps.now().toISOString(),
        node: deps.node,
        grant: grant.id,
        period: { from: new Date(from).toISOString(), until: new Date(until).toISOString() },
        range,
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

const heldRecords = (after = ''): Map<string, number> =>
  new Map(
    after.split(',').map((one) => {
      const [source = '', sequence] = one.split(':');
      return [source, Number(sequence ?? 0)];
    }),
  );

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
