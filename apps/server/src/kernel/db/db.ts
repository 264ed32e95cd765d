/**
 * PostgreSQL at the edge. A write is one transaction that carries its data, audit and outgoing events together; reads take
 * none. `sql` composes text and values, so no value ever becomes text of a statement.
 */
import type { Duplex } from 'node:stream';
import pg from 'pg';
import sqlTag, { empty, join, raw, type Sql } from 'sql-template-tag';

export { empty, join, raw, type Sql };
export const sql = sqlTag;

/** A moment as a value, or as a statement calls it. */
export type Moment = Date | Sql;

// numeric and int8 come as exact strings; int8 that we count with is cast in SQL or parsed where it is read.
pg.types.setTypeParser(pg.types.builtins.INT8, (value) => {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError(`int8 beyond the safe range: ${value}`);
  return number;
});
// A date is a calendar day without a zone: keep the text.
pg.types.setTypeParser(pg.types.builtins.DATE, (value) => value);

/** Who acts: a person, a service account, or the node itself. Written into every audit row. */
export interface Actor {
  kind: 'person' | 'service' | 'system' | 'anonymous';
  id: string;
  /** The organisation acted for. */
  participant: string;
  name?: string;
  requestId?: string;
}

/** Where a row belongs. Every owned table carries these three columns. */
export interface Tenancy {
  node: string;
  market: string;
}

export interface Reader {
  rows<T>(query: Sql): Promise<T[]>;
  first<T>(query: Sql): Promise<T | undefined>;
  /** Exactly one row, else a defect. */
  one<T>(query: Sql): Promise<T>;
}

/** Of what was sent and not waited for. */
export interface Sent {
  /** Number of rows, known when the transaction is over. */
  touched: number;
}

export interface Tx extends Reader {
  /** Number of rows touched. */
  exec(query: Sql): Promise<number>;
  /** As `exec`, for what the node only notes of itself: nothing becomes due by it, and nobody at rest stirs. */
  note(query: Sql): Promise<number>;
  /**
   * Sent behind what was sent before, and not waited for, so that nobody waits for answers that nobody reads: what comes next goes out at
   * once. Its failure is the transaction's, and is what the transaction throws. `fits` throws where so many rows
   * were touched as must not be: before the commit, which does not follow.
   */
  send(query: Sql, fits?: (touched: number) => void): Sent;
  /** The clock at the beginning of the transaction: one moment for all that it writes. */
  readonly now: Date;
  readonly actor: Actor;
  readonly tenancy: Tenancy;
  /** Runs after commit, never after rollback; for waking workers only, as it is lost in a crash. */
  afterCommit(run: () => void): void;
}

export interface Database extends Reader {
  tx<T>(actor: Actor, run: (tx: Tx) => Promise<T>): Promise<T>;
  pool: pg.Pool;
  /** When it was last found to be away, in monotonic ms: what nobody could be heard saying until then, nobody kept from saying. */
  awayAt(): number;
  /** When a transaction of this server last changed something, in monotonic ms; notes do not count. */
  wroteAt(): number;
  close(): Promise<void>;
}

/**
 * Each text is prepared once a session: parsing and planning cost more than most of our statements' work. Texts beyond the
 * limit, which only statements put together in very many ways could reach, are sent whole, as are those with many values.
 */
export const preparedLimits = { textsMax: 2000, valuesMax: 60 } as const;
const names = new Map<string, string>();
const mark = '/* planned by its values */ ';
/** Before a statement whose best plan depends on its values, as a search's on its words: it is planned each time. */
export const byValues = raw(mark);
const onceMark = '/* planned once */ ';
/**
 * Before a large statement, read outside a transaction, whose plan serves all values: PostgreSQL would plan it for its values five times
 * a session, and for ever where some values leave parts of it out.
 */
export const plannedOnce = raw(onceMark);
const nameOf = ({ text, values }: Sql): string | undefined => {
  if (text.startsWith(mark)) return undefined;
  const known = names.get(text);
  if (known || names.size >= preparedLimits.textsMax || values.length > preparedLimits.valuesMax) return known;
  const name = `shugu${names.size}`;
  names.set(text, name);
  return name;
};

const runOn = (target: pg.Pool | pg.PoolClient, query: Sql, name = nameOf(query)) =>
  target.query({ ...(name ? { name } : {}), text: query.text, values: query.values as unknown[] });

/**
 * What is asked in one go (before anybody waits for something outside) goes out in one piece: writing costs more than most statements.
 * Of the socket only, whose order stays as it is.
 */
const togetherOn = (client: pg.PoolClient): (() => void) => {
  const { stream } = (client as unknown as { connection: { stream: Duplex } }).connection;
  let held = false;
  return () => {
    if (held) return;
    held = true;
    stream.cork();
    process.nextTick(() => {
      held = false;
      stream.uncork();
    });
  };
};

/** A table was changed under a prepared statement: another server migrated. The text itself is still good. */
const isStale = (error: unknown): boolean => (error as { code?: string }).code === '0A000';
/** An earlier statement of the transaction failed. */
const isAborted = (error: unknown): boolean => (error as { code?: string }).code === '25P02';
const readPlannedOnce = async (pool: pg.Pool, query: Sql) => {
  const client = await pool.connect();
  const [, answer, reset] = await Promise.allSettled([
    client.query('set plan_cache_mode = force_generic_plan'),
    runOn(client, query),
    client.query('reset plan_cache_mode'),
  ]);
  client.release(reset.status === 'rejected' ? (reset.reason as Error) : undefined);
  if (answer.status === 'rejected') throw answer.reason;
  return answer.value;
};
const readOn = async (pool: pg.Pool, query: Sql) => {
  try {
    return await (query.text.startsWith(onceMark) ? readPlannedOnce(pool, query) : runOn(pool, query));
  } catch (error) {
    if (!isStale(error)) throw error;
    return runOn(pool, query, '');
  }
};

const readerOf = (run: (query: Sql) => Promise<pg.QueryResult>): Reader => ({
  rows: async <T>(query: Sql) => (await run(query)).rows as T[],
  first: async <T>(query: Sql) => (await run(query)).rows[0] as T | undefined,
  one: async <T>(query: Sql) => {
    const { rows } = await run(query);
    if (rows.length !== 1) throw new Error(`expected one row, got ${rows.length}: ${query.text.slice(0, 200)}`);
    return rows[0] as T;
  },
});

/** Hunan (ISO 3166-2): the demo’s region. */
export const regionDefault = 'CN-43';

export interface DatabaseOptions {
  connection: pg.PoolConfig;
  tenancy: Tenancy;
  /** Where this server stores data: every row that it writes says so. Tools and tests are where the demo is. */
  region?: string;
  now: () => Date;
  onError?: (error: Error) => void;
  clientsMax?: number;
}

// Serialisation failures and deadlocks are the database asking for another try; three are enough for our short transactions.
const retryCodes = new Set(['40001', '40P01']);
const triesMax = 4;

/** Stay open at rest, where so many look around at once now and then: a session that is opened anew has all its statements to plan again. */
const sessionsKept = 3;

export const openDatabase = (options: DatabaseOptions): Database => {
  const pool = new pg.Pool({
    max: options.clientsMax ?? 16,
    min: sessionsKept,
    ...options.connection,
    // Statements go out without waiting for the answers before them: a transaction's first goes with its `begin`, and `send` can be.
    pipeline: true,
    // Awaited before the session is handed out: the default of every `stored_region` reads it.
    onConnect: async (client) => {
      await client.query(`select set_config('shugu.region', $1, false)`, [options.region ?? regionDefault]);
    },
  });
  // Without a listener a server restart would end the process. `end` does not wait for the sessions' farewell.
  pool.on('error', (error) => {
    if (!pool.ending) options.onError?.(error);
  });
  // The pool listens only while a client is idle: a listener for life also covers the moments of handing over.
  pool.on('connect', (client) => void client.on('error', () => undefined));

  let wroteAt = performance.now();
  const attempt = async <T>(actor: Actor, run: (tx: Tx) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    const after: (() => void)[] = [];
    let broken: Error | undefined;
    let failed: Error | undefined;
    // A checked-out client tells of a dead server by an event; unheard it would end the process.
    const onBroken = (error: Error) => {
      broken = error;
    };
    client.on('error', onBroken);
    try {
      let wrote = false;
      // What was sent and not waited for; answers come in the order of what was asked, so all are there when the commit's is.
      const unheard = <T>(sent: Promise<T>): Promise<T> => {
        sent.catch((error: Error) => {
          failed ??= error;
        });
        return sent;
      };
      const together = togetherOn(client);
      const ask = (query: Sql) => {
        together();
        return runOn(client, query);
      };
      together();
      void unheard(client.query('begin'));
      const reader = readerOf(ask);
      const note = async (query: Sql) => (await ask(query)).rowCount ?? 0;
      const fitting: Promise<unknown>[] = [];
      const tx: Tx = {
        ...reader,
        note,
        exec: async (query) => {
          const touched = await note(query);
          if (touched) wrote = true;
          return touched;
        },
        send: (query, fits) => {
          wrote = true;
          const told: Sent = { touched: 0 };
          const heard = unheard(ask(query)).then(({ rowCount }) => {
            told.touched = rowCount ?? 0;
            fits?.(told.touched);
          });
          unheard(heard);
          if (fits) fitting.push(heard);
          return told;
        },
        now: options.now(),
        actor,
        tenancy: options.tenancy,
        afterCommit: (callback) => void after.push(callback),
      };
      const result = await run(tx);
      if (fitting.length > 0) await Promise.all(fitting);
      // Before the answer, which may be lost though all is kept.
      if (wrote) wroteAt = performance.now();
      together();
      await client.query('commit');
      // The database has answered the commit of a transaction that failed with a rollback.
      if (failed) throw failed;
      if (wrote) wroteAt = performance.now();
      for (const callback of after) callback();
      return result;
    } catch (thrown) {
      await client.query('rollback').catch((failure: Error) => {
        broken = failure;
      });
      // Whoever waited heard only that the transaction had failed before.
      const error = failed && isAborted(thrown) ? failed : thrown;
      if (isStale(error)) broken = error as Error;
      throw error;
    } finally {
      client.off('error', onBroken);
      client.release(broken);
    }
  };

  let awayAt = Number.NEGATIVE_INFINITY;
  const noting = <T>(run: Promise<T>): Promise<T> =>
    run.catch((error) => {
      if (isOutage(error)) awayAt = performance.now();
      throw error;
    });

  const tx: Database['tx'] = async (actor, run) => {
    for (let tries = 1; ; tries++) {
      try {
        return await noting(attempt(actor, run));
      } catch (error) {
        const again = isStale(error) || retryCodes.has((error as { code?: string }).code ?? '');
        if (tries >= triesMax || !again) throw error;
      }
    }
  };

  return {
    ...readerOf((query) => noting(readOn(pool, query))),
    tx,
    pool,
    awayAt: () => awayAt,
    wroteAt: () => wroteAt,
    close: () => pool.end(),
  };
};

/** The constraint that a refused statement names, so that one place can say what the refusal means. */
export const violatedConstraint = (error: unknown): string | undefined => {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code?.startsWith('23') ? constraint : undefined;
};

// Class 08: connection exceptions; 57P0x: the server ends or starts; the rest are the socket's own.
const outageCodes = /^(08...|57P0[123]|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE)$/;

/** The database is away for a moment: the caller may try again, nothing was decided. */
export const isOutage = (error: unknown): boolean => {
  const { code, message, syscall } = error as { code?: string; message?: string; syscall?: string };
  if (code === 'ENOENT') return syscall === 'connect';
  return (
    outageCodes.test(code ?? '') ||
    /Connection terminated|Client has encountered a connection error/.test(message ?? '')
  );
};
