/** Stops a node's transactions at their commit: all that they wrote stands, and whoever began them waits for the word that it does. */
import type pg from 'pg';

/** A message's transaction: which of the three, and whose message. */
export interface Halt {
  number: number;
  at: 'written' | 'taken' | 'acknowledged';
  kind: 'negotiation' | 'transfer';
  act: string;
  /** Of either side; null: the first message of a process that is not there yet. */
  pid: string | null;
}

export interface Halts {
  /** In the place of those before. */
  arm(halts: readonly Halt[]): Promise<void>;
  /** Numbers of those that stand still. */
  halted(): Promise<number[]>;
  /** Lets all go on. `dead`: whoever waited for them is; what they wrote stands only where it is `kept`. */
  release(how: { dead: boolean; kept: boolean }): Promise<void>;
  close(): void;
}

const lockClass = 31_000_031;

const made = `
  create table crash_halts (number int, at text, kind text, act text, pid text);
  create function crash_halt() returns trigger language plpgsql as $$
  declare
    moment text := case
      when tg_op = 'INSERT' and new.direction = 'out' then 'written'
      when tg_op = 'INSERT' then 'taken'
      when new.direction = 'out' and new.state = 'sent' and old.state = 'waiting' then 'acknowledged' end;
    halt int;
  begin
    select number into halt from crash_halts h where h.at = moment and h.act = new.act
      and starts_with(new.process, case h.kind when 'negotiation' then 'neg_' else 'tra_' end)
      and (h.pid in (new.process, new.body ->> 'consumerPid', new.body ->> 'providerPid')
        or (h.pid is null and new.body ? 'callbackAddress'));
    if halt is not null then perform pg_advisory_xact_lock_shared(${lockClass}, halt); end if;
    return null;
  end $$;
  create constraint trigger crash_halt after insert or update on federation_messages
    deferrable initially deferred for each row execute function crash_halt()`;

const waiting = `select objid::int as number, pid from pg_locks where locktype = 'advisory' and classid = ${lockClass} and not granted
  and database = (select oid from pg_database where datname = current_database())`;

export const openHalts = async (pool: pg.Pool): Promise<Halts> => {
  await pool.query(made);
  // What it holds is what they wait for.
  const keeper = await pool.connect();
  const look = async () => (await keeper.query<{ number: number; pid: number }>(waiting)).rows;
  const left = async (pids: readonly number[]): Promise<number> =>
    (await keeper.query('select 1 from pg_stat_activity where pid = any($1)', [pids])).rowCount!;
  return {
    arm: async (halts) => {
      await keeper.query('select pg_advisory_unlock_all()');
      for (const { number } of halts) await keeper.query('select pg_advisory_lock($1, $2)', [lockClass, number]);
      await keeper.query('delete from crash_halts');
      await keeper.query(
        `insert into crash_halts select * from jsonb_to_recordset($1) as h (number int, at text, kind text, act text, pid text)`,
        [JSON.stringify(halts)],
      );
    },
    halted: async () => [...new Set((await look()).map(({ number }) => number))],
    release: async ({ dead, kept }) => {
      await keeper.query('delete from crash_halts');
      const pids = (await look()).map(({ pid }) => pid);
      if (dead && !kept) await keeper.query('select pg_terminate_backend(pid) from unnest($1::int[]) pid', [pids]);
      await keeper.query('select pg_advisory_unlock_all()');
      // Nobody is born into what somebody dead is still writing.
      while (dead && (await left(pids)) > 0) await new Promise((done) => setTimeout(done, 10));
    },
    close: () => keeper.release(),
  };
};
