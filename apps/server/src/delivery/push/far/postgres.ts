/**
 * A schema of a PostgreSQL database of the buyer. Rows go into a table of the run by COPY, each piece committed together with a
 * row that says how many there are, so that none comes twice whatever breaks; when all are there and the checksum is the same at
 * both ends, that table takes the place of the one before in one transaction, or its rows are added there.
 */
import { createReadStream } from 'node:fs';
import type { ShareField } from '@shugu/gateway';
import type pg from 'pg';
import { sqlName } from '../../../kernel/child/duck.ts';
import { copyIn } from '../../far/copy.ts';
import { openSession, troubleOf, wordsOf } from '../../far/session.ts';
import { postgresCsv, postgresSession, postgresSums, postgresType, type RowDigest } from '../columns.ts';
import { fault, PushFault } from '../fault.ts';
import type { PostgresSettings } from '../model.ts';
import { textHash } from '../rowhash.ts';
import type { Sums } from '../rows.ts';

/** As CSV, with what it adds to the checksum of what was sent. */
export interface Piece extends Sums {
  path: string;
  bytes: number;
}
export interface BroughtTable {
  name: string;
  fields: readonly ShareField[];
  version: number;
  /** Rows are added to those of earlier versions; else they replace them. */
  adds: boolean;
  /** Of which cut of the data they are: what another gave is not gone on with. */
  cut: string;
}

export interface Begun extends Sums {
  bytes: number;
  /** It has taken its place already. */
  placed: boolean;
  /** Where rows are added: the version whose rows were added last; null when all rows are to come. */
  since: number | null;
}

export interface RowTaker {
  /** Of which its checksums are sums. */
  digest: RowDigest;
  /** @throws PushFault, as all of these */
  check(): Promise<void>;
  /** Makes the table of the run if need be, and says what was sent into it so far. */
  begin(table: BroughtTable): Promise<Begun>;
  /** One piece more, or nothing at all, if the table holds exactly `before` rows. */
  add(table: BroughtTable, before: number, piece: Piece): Promise<void>;
  sums(table: BroughtTable, placed: boolean): Promise<Sums>;
  /** The table of the run takes the place of the one before, or its rows are added there. */
  place(table: BroughtTable): Promise<void>;
  /** How anybody asks there again for what was sent. */
  how(table: BroughtTable): string;
  /** Throws away what the run has brought of a table. */
  drop(table: BroughtTable): Promise<void>;
  close(): Promise<void>;
}

/** Of the tables of a run, in the same schema. */
const bookkeeping = 'shugu_push_progress';
/** Of a table to which rows are added: with which version each came. */
const versionColumn = 'shugu_version';
/** PostgreSQL cuts longer names in silence. */
const nameBytesMax = 63;
const copyBytes = 2 ** 18;

const told = (error: unknown): PushFault => {
  if (error instanceof PushFault) return error;
  const { code = '' } = error as { code?: string };
  const about = wordsOf(error);
  if (/^42(703|804|P10)$|^23502$/.test(code)) return fault('tableDiffers', { about, cause: error });
  if (code === '2BP01') return fault('tableInUse', { about, cause: error });
  if (/^22/.test(code)) return fault('rowsRefused', { about, cause: error });
  const trouble = troubleOf(error);
  return fault(trouble, trouble === 'addressRefused' ? { cause: error } : { about, cause: error });
};
const tellingOf = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    throw told(error);
  }
};

export interface PostgresRun {
  run: string;
  push: string;
  allowedAddresses: readonly string[];
  signal: AbortSignal;
  /** Rows are added in one transaction, and noted as added in another. */
  testOnlySabotage?: 'noteAfter' | undefined;
}

export const openPostgres = (settings: PostgresSettings, password: string, given: PostgresRun): Promise<RowTaker> =>
  tellingOf(async () => {
    const { client, close } = await openSession(settings, password, { ...given, name: 'shugu push' });
    try {
      await client.query(
        `${postgresSession}; set lock_timeout = '20s'; set statement_timeout = 0; set client_encoding = 'UTF8'`,
      );
      await client.query(`select set_config('search_path', $1, false)`, [sqlName(settings.schema)]);
      return takerOn(client, settings.schema, given, close, await digestOf(client));
    } catch (error) {
      await close();
      throw error;
    }
  });

/** By its own answer: a server that keeps text otherwise than in UTF-8, or numbers in big endian, hashes otherwise. */
const digestOf = async (client: pg.Client): Promise<RowDigest> => {
  const text = '数谷 exchange, row by row';
  const { rows } = await client.query<{ hash: string }>('select hashtextextended($1, 0)::text as hash', [text]);
  return BigInt(rows[0]!.hash) === textHash(text) ? 'hash64' : 'sha256';
};

const inTransaction = async <T>(client: pg.Client, run: () => Promise<T>): Promise<T> => {
  await client.query('begin');
  try {
    const result = await run();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
};

interface Entry {
  rows: string;
  bytes: string;
  checksum: string;
  placed: boolean;
  since: number | null;
  cut: string | null;
}

const namesOf = ({ fields }: BroughtTable): string => fields.map(({ name }) => sqlName(name)).join(', ');
const ofVersion = ({ adds, version }: BroughtTable): string => (adds ? ` where ${versionColumn} = ${version}` : '');
/** A later run has added what this one would bring. */
export const isUpToDate = ({ version }: Pick<BroughtTable, 'version'>, since: number | null): boolean =>
  since !== null && since >= version;

const takerOn = (
  client: pg.Client,
  schemaName: string,
  { run, push, testOnlySabotage }: PostgresRun,
  close: () => Promise<void>,
  digest: RowDigest,
): RowTaker => {
  const schema = sqlName(schemaName);
  const books = `${schema}.${bookkeeping}`;
  const own = ({ name }: BroughtTable) => `${schema}.${sqlName(name)}`;
  const stagingName = (at: number) => `shugu_${run}_${at}`;
  const staging = new Map<string, string>();
  const stagingOf = ({ name }: BroughtTable): string => `${schema}.${sqlName(staging.get(name)!)}`;

  const ensureBooks = async (): Promise<void> => {
    await client.query(`create table if not exists ${books} (run text, table_name text, push text not null, staging text not null,
      rows bigint not null, bytes bigint not null default 0, checksum numeric not null default 0, placed boolean not null default false, at timestamptz not null default now(),
      version int, since int, cut text, primary key (run, table_name))`);
    // Made before rows could be added. Altered only then: it would wait for every run that has a row locked.
    const { rowCount } = await client.query(
      `select 1 from pg_attribute where attrelid = to_regclass($1) and attname = 'cut'`,
      [books],
    );
    if (rowCount === 0)
      await client.query(`alter table ${books} add column if not exists version int, add column if not exists since int,
        add column if not exists cut text`);
  };
  const entry = async ({ name }: BroughtTable, lock = false) =>
    (
      await client.query<Entry>(
        `select rows::text as rows, bytes::text as bytes, checksum::text as checksum, placed, since, cut from ${books}
          where run = $1 and table_name = $2 ${lock ? 'for update' : ''}`,
        [run, name],
      )
    ).rows[0];

  /** Whether the push brought one before. Never over a table that somebody else made. */
  const isThere = async (table: BroughtTable): Promise<boolean> => {
    const { name } = table;
    const { rows } = await client.query<{ there: boolean; ours: boolean }>(
      `select to_regclass($1) is not null as there,
        exists (select 1 from ${books} where table_name = $2 and push = $3 and placed) as ours`,
      [own(table), name, push],
    );
    const { there, ours } = rows[0]!;
    if (there && !ours) throw fault('tableTaken', { about: name });
    return there;
  };

  /** Of the table to which rows are added, the version whose rows came last; null where all of them are to come. */
  const addedLast = async (table: BroughtTable, there: boolean): Promise<number | null> => {
    if (!table.adds || !there) return null;
    const { rows } = await client.query<{ version: number; cut: string }>(
      `select version, cut from ${books} where table_name = $1 and push = $2 and placed`,
      [table.name, push],
    );
    if (rows[0]!.cut !== table.cut) throw fault('tableDiffers', { about: table.name });
    return rows[0]!.version;
  };

  const make = async (table: BroughtTable, since: number | null): Promise<void> => {
    const columns = table.fields.map(({ name, type }) => `${sqlName(name)} ${postgresType(type)}`);
    if (table.adds) columns.push(`${versionColumn} int default ${table.version}`);
    await inTransaction(client, async () => {
      // What is swapped in whole needs no vacuum on the way.
      await client.query(`create table ${stagingOf(table)} (${columns.join(', ')}) with (autovacuum_enabled = false)`);
      await client.query(
        `insert into ${books} (run, table_name, push, staging, rows, version, since, cut) values ($1, $2, $3, $4, 0, $5, $6, $7)`,
        [run, table.name, push, staging.get(table.name), table.version, since, table.cut],
      );
    });
  };

  const drop = (table: BroughtTable): Promise<void> =>
    inTransaction(client, async () => {
      await client.query(`drop table if exists ${stagingOf(table)}`);
      await client.query(`delete from ${books} where run = $1 and table_name = $2 and not placed`, [run, table.name]);
    });

  const addRows = async (table: BroughtTable, rows: number): Promise<void> => {
    const columns = `${namesOf(table)}, ${versionColumn}`;
    const added = await client.query(
      `insert into ${own(table)} (${columns}) select ${columns} from ${stagingOf(table)}`,
    );
    if (added.rowCount !== rows) throw fault('readBackDiffers', { about: table.name });
    if (testOnlySabotage === 'noteAfter') await client.query('commit; begin');
    await client.query(`drop table ${stagingOf(table)}`);
  };
  const takePlace = async (table: BroughtTable, there: boolean): Promise<void> => {
    if (there) await client.query(`drop table ${own(table)}`);
    await client.query(`alter table ${stagingOf(table)} rename to ${sqlName(table.name)}`);
    await client.query(`alter table ${own(table)} reset (autovacuum_enabled)`);
    if (table.adds) await client.query(`alter table ${own(table)} alter column ${versionColumn} drop default`);
  };

  return {
    digest,
    check: () =>
      tellingOf(() =>
        inTransaction(client, async () => {
          await client.query(`create table ${schema}.shugu_check (id int)`);
          await client.query(`drop table ${schema}.shugu_check`);
        }),
      ),
    begin: (table) =>
      tellingOf(async () => {
        const long = [table.name, ...table.fields.map(({ name }) => name)].find(
          (name) => Buffer.byteLength(name) > nameBytesMax,
        );
        if (long) throw fault('nameTooLong', { about: long });
        if (table.adds && table.fields.some(({ name }) => name === versionColumn)) throw fault('nameReserved');
        staging.set(table.name, stagingName(staging.size));
        await ensureBooks();
        let found = await entry(table);
        // Asked again when it takes its place: only then does it matter.
        const there = await isThere(table);
        const since = found?.placed ? found.since : await addedLast(table, there);
        if (found && !found.placed) {
          if (found.cut !== null && found.cut !== table.cut) throw fault('termsChanged');
          if (found.since !== since) {
            // Another run has added rows meanwhile, or the table is gone: what this one brought no longer follows on.
            await drop(table);
            found = undefined;
          }
        }
        if (!found && !isUpToDate(table, since)) await make(table, since);
        const { rows = 0, bytes = 0, checksum = '0', placed = false } = found ?? {};
        return { rows: Number(rows), bytes: Number(bytes), checksum, placed, since };
      }),
    add: (table, before, { path, rows, bytes, checksum }) =>
      tellingOf(() =>
        inTransaction(client, async () => {
          const found = await entry(table, true);
          if (Number(found?.rows) !== before) throw fault('interrupted');
          const pieces = createReadStream(path, { highWaterMark: copyBytes });
          const copied = await copyIn(
            client,
            `copy ${stagingOf(table)} (${namesOf(table)}) from stdin (${postgresCsv})`,
            pieces,
          );
          if (copied !== rows) throw fault('readBackDiffers', { about: table.name });
          await client.query(
            `update ${books} set rows = rows + $3, bytes = bytes + $4, checksum = checksum + $5, at = now()
              where run = $1 and table_name = $2`,
            [run, table.name, rows, bytes, checksum],
          );
        }),
      ),
    sums: (table, placed) =>
      tellingOf(async () => {
        const { rows } = await client.query<{ rows: string; checksum: string }>(
          postgresSums(table.fields, placed ? own(table) + ofVersion(table) : stagingOf(table), digest),
        );
        return { rows: Number(rows[0]!.rows), checksum: rows[0]!.checksum };
      }),
    place: (table) =>
      tellingOf(() =>
        inTransaction(client, async () => {
          const { name } = table;
          const { rows, since } = (await entry(table, true))!;
          const there = await isThere(table);
          if ((await addedLast(table, there)) !== since) throw fault('interrupted');
          if (since === null) await takePlace(table, there);
          else await addRows(table, Number(rows));
          await client.query(`delete from ${books} where table_name = $1 and push = $2 and run <> $3 and placed`, [
            name,
            push,
            run,
          ]);
          await client.query(`update ${books} set placed = true, at = now() where run = $1 and table_name = $2`, [
            run,
            name,
          ]);
        }),
      ),
    how: (table) => `${postgresSession}; ${postgresSums(table.fields, sqlName(table.name) + ofVersion(table), digest)}`,
    drop: (table) => tellingOf(() => drop(table)),
    close,
  };
};
