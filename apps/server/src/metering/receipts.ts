/** Finds records in segments by grant or id, and proves them. The database only says in which segments to look. */
import { committedManifest, segmentKind } from '@shugu/evidence';
import { type Meter, receiptProof, type SegmentEntry, type UseRecord } from '@shugu/gateway';
import type { Reader } from '../kernel/db/db.ts';
import type { Keys } from '../kernel/keys.ts';
import { notACursor, type PageQuery, pageSize } from '../kernel/pages.ts';
import type { PublicLog } from '../kernel/publiclog/publiclog.ts';
import { type Position, positionText, readPosition } from './feed/events.ts';
import { publicKeyOf } from './keys.ts';
import { type HeldManifest, lastSealedSequence, segmentsOfGrant, segmentsOfUse, sourcesOfGrant } from './reads.ts';
import { grantOfLine, useOf } from './rules.ts';
import type { SegmentReader } from './segments.ts';

export interface FoundRecord {
  record: UseRecord;
  /** Null while the record stands in the open tail. */
  held: HeldManifest | null;
}

type Listed = FoundRecord & { sequence: number };

export interface ReceiptDeps {
  meter: Meter;
  contentOf: SegmentReader;
  keys: Pick<Keys, 'known'>;
  publicLog: Pick<PublicLog, 'inclusion'>;
}

export interface Receipts {
  /** Uses of a grant at all gateways, newest first. */
  page(read: Reader, grant: string, query: PageQuery): Promise<{ items: Listed[]; next: string | null }>;
  /** The record of a use, and the corrections of it, oldest first; undefined when it was never recorded. */
  find(read: Reader, use: string): Promise<{ found: FoundRecord; corrections: UseRecord[] } | undefined>;
  /** Path, manifest, key and log entry; parts are null as long as they do not exist. */
  proof(read: Reader, found: FoundRecord): ReturnType<typeof proofOf>;
}

export const makeReceipts = (deps: ReceiptDeps): Receipts => {
  const { contentOf } = deps;
  const ofSource = async (read: Reader, grant: string, source: string, before: number, wanted: number) => {
    const isOf = ({ record, sequence }: SegmentEntry) => sequence < before && grantOfLine(record.grant) === grant;
    const items: Listed[] = [];
    const add = (entries: SegmentEntry[], held: HeldManifest | null) => {
      const own = entries.filter(isOf).reverse();
      items.push(...own.map(({ record, sequence }) => ({ record, sequence, held })));
    };
    // Of gateways of their own process, what is sealed: its records are shipped whole a little later.
    if (source === deps.meter.source) add(await openTail(read), null);
    // Each of these holds one use at least, so they are enough for the page.
    for (const held of await segmentsOfGrant(read, grant, source, before, wanted)) {
      if (items.length >= wanted) break;
      add((await contentOf(held)).entries, held);
    }
    return items;
  };

  const page: Receipts['page'] = async (read, grant, query) => {
    const size = pageSize(query);
    const before = positionOf(query.after);
    const sources = new Set([deps.meter.source, ...(await sourcesOfGrant(read, grant))]);
    const lists: Listed[][] = [];
    for (const source of sources)
      lists.push(await ofSource(read, grant, source, before[source] ?? Number.MAX_SAFE_INTEGER, size + 1));
    const items = newestOf(lists, size + 1);
    const shown = items.slice(0, size);
    const next = { ...before, ...Object.fromEntries(shown.map(({ record, sequence }) => [record.source, sequence])) };
    return { items: shown, next: items.length > size ? positionText(next) : null };
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

/** By source, the last sequence shown. */
const positionOf = (cursor: string | undefined): Position => {
  const position = cursor === undefined ? {} : readPosition(cursor);
  if (position) return position;
  throw notACursor();
};

/** Of lists that are each newest first, the newest of all: within a source by sequence, among sources by when they began. */
const newestOf = (lists: readonly (readonly Listed[])[], count: number): Listed[] => {
  const places = lists.map(() => 0);
  const newest: Listed[] = [];
  while (newest.length < count) {
    const heads = lists.map((list, at) => list[places[at]!]?.record.at ?? Number.NEGATIVE_INFINITY);
    const at = heads.indexOf(Math.max(...heads));
    const head = lists[at]?.[places[at]!];
    if (!head) break;
    newest.push(head);
    places[at]! += 1;
  }
  return newest;
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
