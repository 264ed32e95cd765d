/** Tables of the public log. Tiles are immutable: a path written once keeps its bytes. */
import type { Stamp } from '@shugu/evidence';
import type { TileStore } from '@shugu/tlog';
import { empty, type Reader, type Sql, sql, type Tx } from '../db/db.ts';

export interface Origin {
  origin: string;
  suite: 'intl' | 'sm';
  key: string;
  size: number;
  opened_at: Date;
  closed_at: Date | null;
  successor: string | null;
}

export interface PendingEntry {
  id: string;
  form: 'clear' | 'commitment';
  entry: Buffer;
}

export interface LoggedEntry {
  id: string;
  kind: string;
  form: 'clear' | 'commitment';
  entry: Buffer;
  title: { zh: string; en: string } | null;
  origin: string | null;
  position: number | null;
  created_at: Date;
  sequenced_at: Date | null;
}

export interface StoredCheckpoint {
  origin: string;
  size: number;
  root: Buffer;
  note: string;
  at: Date;
  witnessed: boolean;
}

export const openOrigin = (read: Reader, node: string): Promise<Origin | undefined> =>
  read.first<Origin>(
    sql`select origin, suite, key, size, opened_at, closed_at, successor from log_origins where node = ${node} and closed_at is null`,
  );

const waits = (what: 'clear' | 'all'): Sql =>
  sql`exists (select from log_entries where position is null ${what === 'clear' ? sql`and form = 'clear'` : empty})`;

/** Whether an entry waits for its place, or no checkpoint was ever signed. */
export const unsequenced = (node: string, what: 'clear' | 'all'): Sql => sql`(${waits(what)} or not exists (select
  from log_origins o join log_checkpoints c on c.origin = o.origin where o.node = ${node} and o.closed_at is null))`;

/** The open origin of a node, whether an entry waits for its place, and whether a checkpoint was ever signed: one look, no lock. */
export const standing = (
  read: Reader,
  node: string,
  what: 'clear' | 'all',
): Promise<(Origin & { pending: boolean; begun: boolean }) | undefined> =>
  read.first<Origin & { pending: boolean; begun: boolean }>(
    sql`select origin, suite, key, size, opened_at, closed_at, successor,
      ${waits(what)} as pending,
      exists (select from log_checkpoints c where c.origin = o.origin) as begun
      from log_origins o where node = ${node} and closed_at is null`,
  );

export const lockOrigin = (tx: Tx, origin: string): Promise<Origin> =>
  tx.one<Origin>(
    sql`select origin, suite, key, size, opened_at, closed_at, successor from log_origins where origin = ${origin} for update`,
  );

export const origins = (read: Reader): Promise<Origin[]> =>
  read.rows<Origin>(
    sql`select origin, suite, key, size, opened_at, closed_at, successor from log_origins order by opened_at`,
  );

export const insertOrigin = async (tx: Tx, origin: string, suite: string, key: string): Promise<void> => {
  await tx.exec(sql`insert into log_origins (origin, node, market, participant, suite, key, opened_at)
    values (${origin}, ${tx.tenancy.node}, ${tx.tenancy.market}, '', ${suite}, ${key}, ${tx.now}) on conflict do nothing`);
};

export const closeOrigin = async (tx: Tx, origin: string, successor: string): Promise<void> => {
  await tx.exec(sql`update log_origins set closed_at = ${tx.now}, successor = ${successor} where origin = ${origin}`);
};

export const insertEntry = async (
  tx: Tx,
  entry: {
    id: string;
    kind: string;
    form: 'clear' | 'commitment';
    bytes: Uint8Array;
    title?: unknown;
    participant?: string;
  },
): Promise<void> => {
  tx.send(sql`insert into log_entries (id, node, market, participant, kind, form, entry, title, created_at)
    values (${entry.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${entry.participant ?? tx.actor.participant}, ${entry.kind}, ${entry.form},
      ${Buffer.from(entry.bytes)}, ${entry.title ? JSON.stringify(entry.title) : null}, ${tx.now})`);
};

/** What is committed: an entry whose transaction ends later gets a later place, nobody waits for it. */
export const pendingEntries = (tx: Tx, what: 'clear' | 'all', limit: number): Promise<PendingEntry[]> =>
  tx.rows<PendingEntry>(sql`select id, form, entry from log_entries
    where position is null ${what === 'clear' ? sql`and form = 'clear'` : empty} order by created_at limit ${limit}`);

export const placeEntries = async (
  tx: Tx,
  origin: string,
  placed: { id: string; position: number }[],
): Promise<void> => {
  await tx.exec(sql`update log_entries set origin = ${origin}, position = place.position, sequenced_at = ${tx.now}
    from (select unnest(${placed.map((one) => one.id)}::text[]) as id, unnest(${placed.map((one) => one.position)}::bigint[]) as position) place
    where log_entries.id = place.id`);
};

export const writeTiles = async (tx: Tx, origin: string, tiles: ReadonlyMap<string, Uint8Array>): Promise<void> => {
  await tx.exec(sql`insert into log_tiles (origin, path, bytes)
    select ${origin}, * from unnest(${[...tiles.keys()]}::text[], ${[...tiles.values()].map((bytes) => Buffer.from(bytes))}::bytea[])
    on conflict do nothing`);
};

export const writeCheckpoint = async (
  tx: Tx,
  origin: string,
  checkpoint: { size: number; root: Uint8Array; note: string },
): Promise<void> => {
  await tx.exec(sql`insert into log_checkpoints (origin, size, root, note, at)
    values (${origin}, ${checkpoint.size}, ${Buffer.from(checkpoint.root)}, ${checkpoint.note}, ${tx.now})`);
  await tx.exec(sql`update log_origins set size = ${checkpoint.size} where origin = ${origin}`);
};

export const latestCheckpoint = (
  read: Reader,
  origin: string,
  { witnessed = false } = {},
): Promise<StoredCheckpoint | undefined> =>
  read.first<StoredCheckpoint>(
    sql`select origin, size, root, note, at, witnessed from log_checkpoints where origin = ${origin}
      ${witnessed ? sql`and witnessed` : empty} order by size desc limit 1`,
  );

export const checkpointAt = (read: Reader, origin: string, size: number): Promise<StoredCheckpoint | undefined> =>
  read.first<StoredCheckpoint>(
    sql`select origin, size, root, note, at, witnessed from log_checkpoints where origin = ${origin} and size = ${size}`,
  );

export const replaceNote = async (tx: Tx, origin: string, size: number, note: string): Promise<void> => {
  await tx.exec(
    sql`update log_checkpoints set note = ${note}, witnessed = true where origin = ${origin} and size = ${size}`,
  );
};

export interface StoredStamp {
  size: number;
  token: Buffer;
  authority: string;
  stamped_at: Date;
  taken_at: Date;
}

export const insertStamp = async (
  tx: Tx,
  { origin, size, token, stamp }: { origin: string; size: number; token: Uint8Array; stamp: Stamp },
): Promise<void> => {
  await tx.exec(sql`insert into log_stamps (origin, size, node, market, participant, token, authority, stamped_at, taken_at)
    values (${origin}, ${size}, ${tx.tenancy.node}, ${tx.tenancy.market}, '', ${Buffer.from(token)}, ${stamp.authority}, ${stamp.time}, ${tx.now})
    on conflict do nothing`);
};

/** Newest first; `below` a size. */
export const stampsOf = (read: Reader, origin: string, limit: number, below?: number): Promise<StoredStamp[]> =>
  read.rows<StoredStamp>(sql`select size, token, authority, stamped_at, taken_at from log_stamps where origin = ${origin}
    ${below === undefined ? empty : sql`and size < ${below}`} order by size desc limit ${limit}`);

export const latestStamp = async (read: Reader, origin: string): Promise<StoredStamp | undefined> =>
  (await stampsOf(read, origin, 1))[0];

export const stampAt = (
  read: Reader,
  origin: string,
  size: number,
): Promise<{ token: Buffer; note: string } | undefined> =>
  read.first(
    sql`select token, note from log_stamps join log_checkpoints using (origin, size) where origin = ${origin} and size = ${size}`,
  );

/** The first stamped checkpoint that holds the entry: the earliest that an outsider bears witness to. */
export const stampedCheckpoint = (
  read: Reader,
  origin: string,
  position: number,
  { witnessed }: { witnessed: boolean },
): Promise<(StoredCheckpoint & { token: Buffer }) | undefined> =>
  read.first(sql`select origin, size, root, note, at, witnessed, token from log_checkpoints join log_stamps using (origin, size)
    where origin = ${origin} and size > ${position} ${witnessed ? sql`and witnessed` : empty} order by size limit 1`);

/** When the first checkpoint was signed that no stamp covers yet. */
export const unstampedSince = async (read: Reader, origin: string): Promise<Date | undefined> =>
  (
    await read.one<{ since: Date | null }>(sql`select min(at) as since from log_checkpoints where origin = ${origin}
      and size > (select coalesce(max(size), 0) from log_stamps where origin = ${origin})`)
  ).since ?? undefined;

export const entryById = (read: Reader, id: string): Promise<LoggedEntry | undefined> =>
  read.first<LoggedEntry>(
    sql`select id, kind, form, entry, title, origin, position, created_at, sequenced_at from log_entries where id = ${id}`,
  );

export const tilesOf = (read: Reader, origin: string): TileStore => ({
  read: async (path) =>
    (await read.first<{ bytes: Buffer }>(sql`select bytes from log_tiles where origin = ${origin} and path = ${path}`))
      ?.bytes,
});
