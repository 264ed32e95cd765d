/** Finds records in segments by grant or id, and proves them. The database only says in which segments to look. */
import { committedManifest, segmentKind } from '@shugu/evidence';
import { type Meter, receiptProof, type SegmentEntry, type UseRecord } from '@shugu/gateway';
import type { Reader } from '../kernel/db/db.ts';
import type { Keys } from '../kernel/keys.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import type { PublicLog } from '../kernel/publiclog/publiclog.ts';
import { publicKeyOf } from './keys.ts';
import { type HeldManifest, lastSealedSequence, segmentsOfGrant, segmentsOfUse } from './reads.ts';
import { grantOfLine, useOf } from './rules.ts';
import type { SegmentReader } from './segments.ts';

export interface FoundRecord {
  record: UseRecord;
  /** Null while the record stands in the open tail. */
  held: HeldManifest | null;
}

export interface ReceiptDeps {
  meter: Meter;
  contentOf: SegmentReader;
  keys: Pick<Keys, 'known'>;
  publicLog: Pick<PublicLog, 'inclusion'>;
}

export interface Receipts {
  /** Uses of a grant, newest first. */
  page(
    read: Reader,
    grant: string,
    query: PageQuery,
  ): Promise<{ items: (FoundRecord & { sequence: number })[]; next: string | null }>;
  /** The record of a use, and the corrections of it, oldest first; undefined when it was never recorded. */
  find(read: Reader, use: string): Promise<{ found: FoundRecord; corrections: UseRecord[] } | undefined>;
  /** Path, manifest, key and log entry; parts are null as long as they do not exist. */
  proof(read: Reader, found: FoundRecord): ReturnType<typeof proofOf>;
}

export const makeReceipts = (deps: ReceiptDeps): Receipts => {
  const { contentOf } = deps;
  const page: Receipts['page'] = async (read, grant, query) => {
    const before = Number(decodeCursor(query.after, 1)?.[0] ?? Number.MAX_SAFE_INTEGER);
    const wanted = pageSize(query) + 1;
    const isOf = ({ record, sequence }: SegmentEntry) => sequence < before && grantOfLine(record.grant) === grant;
    // Each of these holds one use at least, so they are enough for the page.
    const held = await segmentsOfGrant(read, grant, deps.meter.source, before, wanted);
    const tail = await openTail(read);
    const items = tail
      .filter(isOf)
      .reverse()
      .map(({ record, sequence }) => ({ record, sequence, held: null as HeldManifest | null }));
    for (const one of held) {
      if (items.length >= wanted) break;
      const { entries } = await contentOf(one);
      items.push(
        ...entries
          .filter(isOf)
          .reverse()
          .map(({ record, sequence }) => ({ record, sequence, held: one })),
      );
    }
    const shown = items.slice(0, wanted);
    return pageOf(
      shown,
      query,
      ({ sequence }) => [sequence],
      (item) => item,
    );
  };

  const openTail = async (read: Reader): Promise<SegmentEntry[]> =>
    deps.meter.openTail(await lastSealedSequence(read, deps.meter.source));

  const find: Receipts['find'] = async (read, use) => {
    const records: FoundRecord[] = [];
    for (const held of await segmentsOfUse(read, use)) {
      const { entries } = await contentOf(held);
      records.push(...entries.filter(({ record }) => useOf(record) === use).map(({ record }) => ({ record, held })));
    }
    for (const { record } of await openTail(read)) if (useOf(record) === use) records.push({ record, held: null });
    const found = records.find(({ record }) => record.use === use);
    if (!found) return undefined;
    return { found, corrections: records.filter((one) => one !== found).map(({ record }) => record) };
  };

  return {
    page,
    find,
    proof: async (read, found) =>
      proofOf(deps, read, found, found.held === null ? null : (await contentOf(found.held)).bytes),
  };
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const proofOf = async (deps: ReceiptDeps, read: Reader, { record, held }: FoundRecord, bytes: Buffer | null) => {
  if (held === null || bytes === null) return { proof: null, key: null, log: null };
  const { manifest, salt, logEntry } = held;
  const inclusion = await deps.publicLog.inclusion(read, logEntry);
  return {
    proof: receiptProof(bytes, manifest, record.sequence),
    key: await publicKeyOf(deps.keys, read, manifest.keyId),
    log: inclusion
      ? {
          kind: segmentKind,
          record: committedManifest(manifest),
          salt,
          entry: base64(inclusion.entry),
          origin: inclusion.origin,
          position: inclusion.position,
          size: inclusion.size,
          path: inclusion.proof.map(base64),
          checkpoint: inclusion.checkpoint,
        }
      : null,
  };
};
