/**
 * Facts go out as events, written in the transaction of the change. Consumers (flows, search, notices) each keep a cursor and
 * handle one event in one transaction together with the cursor's move: every event takes effect exactly once per consumer.
 *
 * Order: a consumer handles one event at a time, by sequence. An event that fails steps aside (stalled.ts), and from then on
 * only its lane keeps the order: later events of the same lane wait behind it, those of other lanes go on.
 */
import { limits as alarmLimits, makeAlarm } from './alarm.ts';
import type { Actor, Database, Reader, Sent, Tx } from './db/db.ts';
import { sql } from './db/db.ts';
import { makeHorizon } from './horizon.ts';
import {
  anyStalledDue,
  dueConsumers,
  dueStalled,
  endStalled,
  failAgain,
  laneStalls,
  nextStalledAt,
  retryStalled,
  stall,
  takeStalled,
} from './stalled.ts';
import type { Tick } from './ticker.ts';

export interface EventDraft {
  /** `room.noun.happened`. */
  type: string;
  subject: string;
  participant?: string;
  data?: Record<string, unknown>;
  version?: number;
}

export interface StoredEvent {
  sequence: number;
  at: Date;
  market: string;
  participant: string;
  type: string;
  version: number;
  subject: string;
  // biome-ignore lint/suspicious/noExplicitAny: each type's shape is declared in its room's events.ts
  data: any;
}

export const emit = async (tx: Tx, event: EventDraft): Promise<void> => {
  tx.send(sql`insert into events (at, node, market, participant, type, version, subject, data)
    values (${tx.now}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${event.participant ?? tx.actor.participant}, ${event.type},
      ${event.version ?? 1}, ${event.subject}, ${JSON.stringify(event.data ?? {})})`);
  tx.afterCommit(() => {
    for (const wake of wakers) wake({ data: {}, ...event });
  });
};

type Told = Pick<StoredEvent, 'type' | 'subject' | 'data'>;

/** Without an event: whatever there is. */
const wakers = new Set<(event?: Told) => void>();
const wakeAll = () => {
  for (const wake of wakers) wake();
};

/** Asked by a person: the event is tried again at once. */
export const retryEvent = async (tx: Tx, id: string) => {
  const found = await retryStalled(tx, id);
  tx.afterCommit(wakeAll);
  return found;
};

export interface Consumer {
  /** Stable name: the cursor's key. */
  name: string;
  types: readonly string[];
  /** Whether an event of its types is anything to it, by what the event says alone: others are passed over. Without it all are. */
  concerns?(event: Told): boolean;
  /**
   * Subjects, of those that events name which concern it, that are anything to it: asked for many at once and outside of any transaction.
   * What they answer of a subject must have been settled before its first event. Without it all are.
   */
  among?(read: Reader, subjects: readonly string[]): Promise<ReadonlySet<string>>;
  /** Events of one lane never overtake each other. By default the event's subject; name another where handling writes to something wider. */
  lane?(event: StoredEvent): string;
  handle(tx: Tx, event: StoredEvent): Promise<void>;
}

export const limits = {
  eventsPerBatch: 100,
  /** Consumers that read at once: each holds a session of the database, and requests need some, too. */
  readingsAtOnce: 4,
} as const;
/** While events come: who tells of one wakes this server at once. */
const lookSeconds = 10;

const actorOfConsumer = (name: string): Actor => ({ kind: 'system', id: `system:${name}`, participant: '', name });
const laneOf = (consumer: Consumer, event: StoredEvent): string => consumer.lane?.(event) ?? event.subject;

const concerns = (consumer: Consumer, event: Told): boolean => consumer.concerns?.(event) ?? true;

/** Those of a batch that are anything to a consumer. */
const wantedOf = async (
  read: Reader,
  consumer: Consumer,
  batch: readonly StoredEvent[],
): Promise<ReadonlySet<StoredEvent>> => {
  const found = batch.filter((event) => concerns(consumer, event));
  if (!consumer.among || found.length === 0) return new Set(found);
  const subjects = await consumer.among(read, [...new Set(found.map(({ subject }) => subject))]);
  return new Set(found.filter(({ subject }) => subjects.has(subject)));
};

const eventColumns = sql`sequence, at, market, participant, type, version, subject, data`;

const nextEvents = (reader: Reader, consumer: Consumer, after: number, until: number): Promise<StoredEvent[]> =>
  reader.rows<StoredEvent>(sql`select ${eventColumns} from events
    where sequence > ${after} and sequence <= ${until} and type = any(${[...consumer.types]})
    order by sequence limit ${limits.eventsPerBatch}`);

/**
 * What came between two positions, read once for all consumers; `all`: where it is no more than a batch. Of more only the types are
 * said: most consumers need not look closer.
 */
const freshBetween = async (reader: Reader, after: number, until: number): Promise<Omit<Fresh, 'nothingFor'>> => {
  if (until <= after) return { after, types: none, all: [] };
  const between = sql`from events where sequence > ${after} and sequence <= ${until}`;
  const all = await reader.rows<StoredEvent>(
    sql`select ${eventColumns} ${between} order by sequence limit ${limits.eventsPerBatch + 1}`,
  );
  if (all.length <= limits.eventsPerBatch) return { after, types: new Set(all.map(({ type }) => type)), all };
  const types = await reader.rows<{ type: string }>(sql`select distinct type ${between}`);
  return { after, types: new Set(types.map(({ type }) => type)), all: undefined };
};

/**
 * For whom nothing is there as a server starts, and a cursor for each. Two statements for all of them: each asking for itself
 * takes two, and as many sessions as there may be.
 */
const nothingFor = async (
  database: Database,
  consumers: readonly Consumer[],
  until: number,
): Promise<ReadonlySet<string>> => {
  const names = consumers.map(({ name }) => name);
  const known = await database.rows<{ consumer: string; sequence: number }>(
    sql`select consumer, sequence from event_cursors where consumer = any(${names})`,
  );
  const cursors = new Map(known.map(({ consumer, sequence }) => [consumer, sequence]));
  const added = names.filter((name) => !cursors.has(name));
  if (added.length > 0)
    await database.tx(actorOfConsumer('outbox'), (tx) =>
      tx.exec(sql`insert into event_cursors (consumer) select unnest(${added}::text[]) on conflict do nothing`),
    );
  const positionOf = ({ name }: Consumer): number => cursors.get(name) ?? 0;
  const from = Math.min(until, ...consumers.map(positionOf));
  const newest = await database.rows<{ type: string; sequence: number }>(
    sql`select type, max(sequence) as sequence from events where sequence > ${from} and sequence <= ${until} group by type`,
  );
  const newestOf = new Map(newest.map(({ type, sequence }) => [type, sequence]));
  const isBehind = (one: Consumer): boolean => one.types.some((type) => (newestOf.get(type) ?? 0) > positionOf(one));
  return new Set(consumers.filter((one) => !isBehind(one)).map(({ name }) => name));
};

// Whoever holds the cursor is the only one to handle for this consumer, on however many servers.
const holdCursor = (tx: Tx, consumer: Consumer): Promise<{ sequence: number } | undefined> =>
  tx.first<{ sequence: number }>(sql`select sequence from event_cursors where consumer = ${consumer.name} for update`);

const moveCursor = (tx: Tx, consumer: Consumer, event: StoredEvent): Sent =>
  tx.send(sql`update event_cursors set sequence = ${event.sequence} where consumer = ${consumer.name}`);

export interface OutboxOptions {
  database: Database;
  consumers: Consumer[];
  /** The node's clock, by which stalled events become due. */
  now(): Date;
  /** `dead`: that was the last try, a person is needed. */
  onFailure(consumer: string, event: StoredEvent | undefined, error: unknown, dead: boolean): void;
}

export interface Outbox {
  start(): void;
  /** Handles what is there; number of events handled. */
  drain(): Promise<number>;
  /** There are events that are not handled to the end: new ones, such as wait for a running transaction, or one in work. */
  behind(): Promise<boolean>;
  /** For the ticker: finds what nobody told of. */
  tick: Tick;
  stop(): Promise<void>;
}

/** One consumer's reading: what stalls and is due first, then what is new. */
const makeReading = (consumer: Consumer, { database, now, onFailure }: OutboxOptions) => {
  const write = <T>(run: (tx: Tx) => Promise<T>): Promise<T> => database.tx(actorOfConsumer(consumer.name), run);

  const handleNew = (event: StoredEvent): Promise<boolean> =>
    write(async (tx) => {
      const lane = laneOf(consumer, event);
      const [cursor, behind] = await Promise.all([holdCursor(tx, consumer), laneStalls(tx, consumer.name, lane)]);
      if (!cursor || cursor.sequence >= event.sequence) return false;
      if (behind) await stall(tx, consumer.name, lane, event);
      else await consumer.handle(tx, event);
      moveCursor(tx, consumer, event);
      return !behind;
    });

  // The cursor moves only together with the row that remembers the event.
  const stepAside = async (event: StoredEvent, error: unknown): Promise<void> => {
    onFailure(consumer.name, event, error, false);
    await write(async (tx) => {
      const cursor = await holdCursor(tx, consumer);
      if (!cursor || cursor.sequence >= event.sequence) return;
      await stall(tx, consumer.name, laneOf(consumer, event), event, error);
      moveCursor(tx, consumer, event);
    });
  };

  const handleStalled = async (id: string): Promise<boolean> => {
    let event: StoredEvent | undefined;
    try {
      return await write(async (tx) => {
        await holdCursor(tx, consumer);
        event = await takeStalled(tx, id);
        if (!event) return false;
        await consumer.handle(tx, event);
        await endStalled(tx, id);
        return true;
      });
    } catch (error) {
      const dead = await write((tx) => failAgain(tx, id, error));
      onFailure(consumer.name, event, error, dead);
      return false;
    }
  };

  const drainStalled = async (): Promise<number> => {
    let handled = 0;
    for (;;) {
      const before = handled;
      for (const id of await dueStalled(database, consumer.name, now())) if (await handleStalled(id)) handled++;
      // What was handled makes room for the next of its lane.
      if (handled === before) return handled;
    }
  };

  // The first drain makes a cursor for each consumer.
  const cursorOf = async (): Promise<number> =>
    (await database.first<{ sequence: number }>(
      sql`select sequence from event_cursors where consumer = ${consumer.name}`,
    ))!.sequence;
  // Up to where nothing is left for this consumer; as nothing appears below the horizon later, that holds for good.
  let read = -1;

  /** Past events that were nothing to it, so that what is behind it is not read again at each start, and may go in its time. */
  const passOver = (event: StoredEvent): Promise<void> =>
    write(async (tx) => {
      const cursor = await holdCursor(tx, consumer);
      if (cursor && cursor.sequence < event.sequence) moveCursor(tx, consumer, event);
    });

  const drainNew = async (until: number, { after, types, all, nothingFor }: Fresh): Promise<number> => {
    if (until <= read) return 0;
    if (nothingFor.has(consumer.name) || (read >= after && !consumer.types.some((type) => types.has(type)))) {
      read = until;
      return 0;
    }
    let handled = 0;
    const handleWanted = async (events: readonly StoredEvent[]): Promise<ReadonlySet<StoredEvent>> => {
      const wanted = await wantedOf(database, consumer, events);
      for (const event of wanted) {
        try {
          if (await handleNew(event)) handled++;
        } catch (error) {
          await stepAside(event, error);
        }
      }
      return wanted;
    };
    // What lies before it was read to its end.
    if (read >= after && all) {
      await handleWanted(all.filter(({ type }) => consumer.types.includes(type)));
      read = Math.max(read, until);
      return handled;
    }
    for (let position = await cursorOf(); ; ) {
      const batch = await nextEvents(database, consumer, position, until);
      const wanted = await handleWanted(batch);
      position = batch.at(-1)?.sequence ?? position;
      const last = batch.at(-1);
      if (last && batch.length === limits.eventsPerBatch && !wanted.has(last)) await passOver(last);
      if (batch.length < limits.eventsPerBatch) {
        read = Math.max(read, until);
        return handled;
      }
    }
  };

  return async (until: number, due: ReadonlySet<string>, fresh: Fresh): Promise<number> =>
    (due.has(consumer.name) ? await drainStalled() : 0) + (await drainNew(until, fresh));
};

const none: ReadonlySet<string> = new Set();

/** Types of all events after a position that some drain has reached, up to where this one goes. */
interface Fresh {
  after: number;
  types: ReadonlySet<string>;
  /** The events themselves, where they are few. */
  all: readonly StoredEvent[] | undefined;
  /** As the server starts: names of consumers to which none of the events up to there is anything. */
  nothingFor: ReadonlySet<string>;
}

export const makeOutbox = (options: OutboxOptions): Outbox => {
  const readings = options.consumers.map((consumer) => makeReading(consumer, options));
  let running = false;
  let pending: Promise<number> = Promise.resolve(0);
  let again = false;
  const horizon = makeHorizon(options.database);
  // Up to where a drain has gone to its end, whoever asked for it.
  let drained = 0;
  let begun = false;

  const drainOnce = async (): Promise<number> => {
    const until = await horizon.reached();
    const due = await dueConsumers(options.database, options.now());
    const after = drained;
    const fresh = begun
      ? { ...(await freshBetween(options.database, after, until)), nothingFor: none }
      : {
          after,
          types: none,
          all: undefined,
          nothingFor: await nothingFor(options.database, options.consumers, until),
        };
    let handled = 0;
    const left = readings.values();
    const readOn = async () => {
      for (const read of left) {
        const count = await read(until, due, fresh);
        handled += count;
      }
    };
    await Promise.all(Array.from({ length: limits.readingsAtOnce }, readOn));
    begun = true;
    drained = until;
    return handled;
  };
  // Two at once would hand over the same events, and wait for each other's cursors.
  let last: Promise<unknown> = Promise.resolve();
  const drain = (): Promise<number> => {
    const next = last.then(drainOnce);
    last = next.catch(() => undefined);
    return next;
  };

  // A wake during a drain asks for one more.
  let draining = false;
  const isHeard = (event: Told): boolean =>
    options.consumers.some((one) => one.types.includes(event.type) && concerns(one, event));
  const wake = (event?: Told) => {
    if (!running || (event && !isHeard(event))) return;
    if (draining) {
      again = true;
      return;
    }
    draining = true;
    pending = drain()
      .then(async (count) => {
        if (again) return count;
        const at = horizon.waiting() ? options.now() : await nextStalledAt(options.database);
        alarm.set(at && Math.max(at.getTime() - options.now().getTime(), alarmLimits.againMilliseconds));
        return count;
      })
      .catch((error) => {
        options.onFailure('outbox', undefined, error, false);
        alarm.set(alarmLimits.againMilliseconds);
        return 0;
      })
      .finally(() => {
        draining = false;
        if (again) {
          again = false;
          wake();
        }
      });
  };

  const alarm = makeAlarm(() => wake());

  return {
    start: () => {
      running = true;
      wakers.add(wake);
      wake();
    },
    drain,
    behind: async () => (await horizon.last()) > drained,
    tick: {
      name: 'outbox',
      everySeconds: lookSeconds,
      due: (at) => sql`(exists (select from events where sequence > ${drained}) or ${anyStalledDue(at)})`,
      run: async () => {
        wake();
        return 0;
      },
    },
    stop: async () => {
      running = false;
      wakers.delete(wake);
      alarm.stop();
      await pending;
    },
  };
};
