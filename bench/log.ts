/**
 * The public log with its database: entries a second from committed to sequenced under a signed checkpoint, and the time of
 * one inclusion proof from a log of that size.
 *
 *   npm run bench -- log --json
 *
 * Peers in the same run: the naive log that recomputes its whole tree at each batch, and the tree alone, without a database,
 * which is the most that this way of batching could give.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearEntry, entryBytes, generateKey, publicJwk, softwareSigner, suite } from '@shugu/evidence';
import { appendEntries, leafHash, nodeHash, sha256 } from '@shugu/tlog';
import { type Database, openDatabase, sql } from '../apps/server/src/kernel/db/db.ts';
import { migrate, readMigrations } from '../apps/server/src/kernel/db/migrate.ts';
import { systemActor } from '../apps/server/src/kernel/http/principal.ts';
import { newId } from '../apps/server/src/kernel/ids.ts';
import { makeLog } from '../apps/server/src/kernel/log.ts';
import { startPostgres } from '../apps/server/src/kernel/postgres/index.ts';
import { makePublicLog, type PublicLog } from '../apps/server/src/kernel/publiclog/publiclog.ts';
import { insertOrigin } from '../apps/server/src/kernel/publiclog/store.ts';
import { percentile } from './http.ts';

const entriesMade = 100_000;
const proofsTimed = 500;
const limit = { entriesPerSecondAbout: 50_000, proofMillisecondsAbout: 1 };
const actor = systemActor('bench');
const quiet = { info: () => {}, warn: () => {}, error: () => {} };
const origin = 'bench.example/log';

const entryOf = (place: number): Uint8Array =>
  entryBytes(clearEntry('bench', { place, bundle: `sha256:${String(place).padStart(64, '0')}` }));

const openLog = async (database: Database): Promise<PublicLog> => {
  const key = generateKey('intl');
  const signer = softwareSigner(key, { level: 'platform' });
  await database.tx(actor, async (tx) => {
    await tx.exec(sql`insert into keys (id, node, market, participant, purpose, suite, level, public_key, sealed_private, created_at)
      values (${signer.keyId}, 'bench', 'main', '', 'log', 'intl', 'platform', ${JSON.stringify(publicJwk(key.publicKey))}, null, ${tx.now})`);
    await insertOrigin(tx, origin, 'intl', signer.keyId);
  });
  const originKey = { suite: 'intl', hash: suite('intl').hash, signer } as const;
  return makePublicLog({
    database,
    node: 'bench',
    now: () => new Date(),
    originKey: async () => originKey,
    log: makeLog('silent'),
    rhythmSeconds: { clear: 2, commitment: 60 },
  });
};

/** Committed entries as rooms leave them, by one statement: how they come is not what is measured. */
const fill = async (database: Database): Promise<string[]> => {
  const now = new Date();
  const ids = Array.from({ length: entriesMade }, () => newId('lge', now));
  await database.tx(actor, (tx) =>
    tx.exec(sql`insert into log_entries (id, node, market, participant, kind, form, entry, created_at)
      select id, 'bench', 'main', '', 'bench', 'clear', entry, ${now}
      from unnest(${ids}::text[], ${ids.map((_, place) => Buffer.from(entryOf(place)))}::bytea[]) as given (id, entry)`),
  );
  return ids;
};

const timeProofs = async (log: PublicLog, database: Database, ids: string[]): Promise<number[]> => {
  const times: number[] = [];
  for (let n = 0; n < proofsTimed; n++) {
    const id = ids[(n * 7919 * 13) % ids.length]!;
    const begun = performance.now();
    await log.inclusion(database, id);
    times.push(performance.now() - begun);
  }
  return times;
};

const naiveBatch = 1000;

/** RFC 6962's definition taken as a program: every batch hashes every leaf again. */
const naiveRate = (): number => {
  const root = (from: number, until: number, leaves: Uint8Array[]): Uint8Array => {
    if (until - from === 1) return leafHash(sha256, leaves[from]!);
    let half = 1;
    while (half * 2 < until - from) half *= 2;
    return nodeHash(sha256, root(from, from + half, leaves), root(from + half, until, leaves));
  };
  const begun = performance.now();
  const leaves: Uint8Array[] = [];
  while (performance.now() - begun < 3000 && leaves.length < entriesMade) {
    for (let n = 0; n < naiveBatch; n++) leaves.push(entryOf(leaves.length));
    root(0, leaves.length, leaves);
  }
  return leaves.length / ((performance.now() - begun) / 1000);
};

const treeRate = async (): Promise<number> => {
  const entries = Array.from({ length: 20_000 }, (_, place) => entryOf(place));
  const begun = performance.now();
  await appendEntries({ hash: sha256, store: { read: async () => undefined }, oldSize: 0, entries });
  return entries.length / ((performance.now() - begun) / 1000);
};

export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-bench-'));
  const server = await startPostgres({ dataDirectory: join(folder, 'postgres'), log: quiet, durability: 'full' });
  const database = openDatabase({
    connection: server.connection,
    tenancy: { node: 'bench', market: 'main' },
    now: () => new Date(),
  });
  try {
    await migrate(database, await readMigrations(join(import.meta.dirname, '../apps/server/src'), ['kernel']));
    const log = await openLog(database);
    const ids = await fill(database);
    await database.pool.query('analyze log_entries');
    const begun = performance.now();
    const sequenced = await log.sequence();
    const perSecond = sequenced / ((performance.now() - begun) / 1000);
    const proofs = await timeProofs(log, database, ids);
    const [naive, tree] = [naiveRate(), await treeRate()];
    const round = (value: number) => Math.round(value * 100) / 100;
    return {
      bench: 'log',
      limit,
      entries: sequenced,
      entriesPerSecond: {
        withDatabase: Math.round(perSecond),
        treeAlone: Math.round(tree),
        naiveWholeTree: Math.round(naive),
      },
      proofMilliseconds: { p50: round(percentile(proofs, 0.5)), p95: round(percentile(proofs, 0.95)) },
      ratios: {
        toLimit: round(perSecond / limit.entriesPerSecondAbout),
        toNaive: round(perSecond / naive),
        toTreeAlone: round(perSecond / tree),
        proofToLimit: round(percentile(proofs, 0.5) / limit.proofMillisecondsAbout),
      },
    };
  } finally {
    await database.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
};
