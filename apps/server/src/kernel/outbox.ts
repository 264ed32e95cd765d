/**
 * Facts go out as events, written in the transaction of the change. Consumers (flows, search, notices) each keep a cursor and
 * handle one event in one transaction together with the cursor's move: every event takes effect exactly once per consumer.
 */
import type { Actor, Database, Reader, Tx } from './db/db.ts';
import { sql } from './db/db.ts';

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
  await tx.exec(sql`insert into events (at, node, market, participant, type, version, subject, data)
    values (${tx.now}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${event.participant ?? tx.actor.participant}, ${event.type},
      ${event.version ?? 1}, ${event.subject}, ${JSON.stringify(event.data ?? {})})`);
  tx.afterCommit(wakeAll);
};

const wakers = new Set<() => void>();
const wakeAll = () => {
  for (const wake of wakers) wake();
};

export interface Consumer {
  /** Stable name: the cursor's key. */
  name: string;
  types: readonly string[];
  handle(tx: Tx, event: StoredEvent): Promise<void>;
}

export const limits = { eventsPerBatch: 100, failuresMax: 10, pollMilliseconds: 1000 } as const;

const actorOfConsumer = (name: string): Actor => ({ kind: 'system', id: `system:${name}`, participant: '', name });

// Rows of transactions still running could appear behind a cursor that has passed them; the horizon keeps us behind all of them.
const nextEvents = (reader: Reader, consumer: Consumer, after: number): Promise<StoredEvent[]> =>
  reader.rows<StoredEvent>(sql`select sequence, at, market, participant, type, version, subject, data from events
    where sequence > ${after} and type = any(${[...consumer.types]}) and transaction < pg_snapshot_xmin(pg_current_snapshot())
    order by sequence limit ${limits.eventsPerBatch}`);

export interface OutboxOptions {
  database: Database;
  consumers: Consumer[];
  onFailure(consumer: string, event: StoredEvent, error: unknown): void;
}

export interface Outbox {
  start(): void;
  /** Handles what is there; number of events handled. */
  drain(): Promise<number>;
  stop(): Promise<void>;
}

export const makeOutbox = ({ database, consumers, onFailure }: OutboxOptions): Outbox => {
  const handleOne = async (consumer: Consumer, event: StoredEvent): Promise<boolean> =>
    database.tx(actorOfConsumer(consumer.name), async (tx) => {
      const cursor = await tx.first<{ sequence: number }>(
        sql`select sequence from event_cursors where consumer = ${consumer.name} for update`,
      );
      if (!cursor || cursor.sequence >= event.sequence) return false;
      await consumer.handle(tx, event);
      await tx.exec(
        sql`update event_cursors set sequence = ${event.sequence}, failures = 0, failure = null where consumer = ${consumer.name}`,
      );
      return true;
    });

  // A poisoned event blocks only its consumer, keeps its reason visible, and is passed over after `failuresMax` tries.
  const failed = async (consumer: Consumer, event: StoredEvent, error: unknown): Promise<void> => {
    onFailure(consumer.name, event, error);
    await database.tx(actorOfConsumer(consumer.name), async (tx) => {
      await tx.exec(sql`update event_cursors set failures = failures + 1, failure = ${`${event.sequence}: ${String(error).slice(0, 2000)}`},
        sequence = case when failures + 1 >= ${limits.failuresMax} then ${event.sequence} else sequence end where consumer = ${consumer.name}`);
    });
  };

  const drainOne = async (consumer: Consumer): Promise<number> => {
    await database.tx(actorOfConsumer(consumer.name), async (tx) => {
      await tx.exec(sql`insert into event_cursors (consumer) values (${consumer.name}) on conflict do nothing`);
    });
    let handled = 0;
    for (;;) {
      const cursor = await database.one<{ sequence: number }>(
        sql`select sequence from event_cursors where consumer = ${consumer.name}`,
      );
      const batch = await nextEvents(database, consumer, cursor.sequence);
      if (batch.length === 0) return handled;
      for (const event of batch) {
        try {
          if (await handleOne(consumer, event)) handled++;
        } catch (error) {
          await failed(consumer, event, error);
          return handled;
        }
      }
    }
  };

  let running = false;
  let pending: Promise<number> = Promise.resolve(0);
  let again = false;
  let timer: NodeJS.Timeout | undefined;

  const drain = async (): Promise<number> => {
    const counts = await Promise.all(consumers.map(drainOne));
    return counts.reduce((sum, count) => sum + count, 0);
  };

  // One drain at a time; a wake during a drain asks for one more.
  let draining = false;
  const wake = () => {
    if (!running) return;
    if (draining) {
      again = true;
      return;
    }
    draining = true;
    pending = drain()
      .catch((error) => {
        onFailure(
          'outbox',
          { sequence: 0, at: new Date(0), market: '', participant: '', type: '', version: 0, subject: '', data: {} },
          error,
        );
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

  return {
    start: () => {
      running = true;
      wakers.add(wake);
      timer = setInterval(wake, limits.pollMilliseconds);
      wake();
    },
    drain,
    stop: async () => {
      running = false;
      wakers.delete(wake);
      clearInterval(timer);
      await pending;
    },
  };
};
