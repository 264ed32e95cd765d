/** Usage as events: read by a buyer from a position on, and pushed to its webhook in order until each batch is taken. */

import { audit } from '../../kernel/audit.ts';
import type { Database, Reader, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { problems } from '../problems.ts';
import { findGrant, watermarksOf } from '../reads.ts';
import { grantOfLine } from '../rules.ts';
import type { SegmentReader } from '../segments.ts';
import { type Position, readPosition, type UsageEvent, usageEvent, waitAfter } from './events.ts';
import * as store from './store.ts';

export const feedLimits = {
  eventsPerBatchMax: 100,
  segmentsPerBatchMax: 20,
  feedsPerOrganisationMax: 20,
  leaseSeconds: 30,
  /** Batches of one feed in one round. */
  batchesPerRunMax: 20,
} as const;

export const batchType = 'application/cloudevents-batch+json; charset=utf-8';

export interface FeedDeps {
  database: Database;
  contentOf: SegmentReader;
  node: string;
}

export interface Batch {
  events: UsageEvent[];
  /** After the last of them, or after what holds nothing for this buyer. */
  next: Position;
}

/** What the webhook's own server said; undefined while it is paused: nothing is asked of it. */
export type Push = (
  webhook: string,
  message: { id: string; contentType: string; body: string },
  signal: AbortSignal,
) => Promise<{ outcome: string; text: string } | undefined>;

/** Sealed records of a buyer's grants after a position: what is sealed never changes, so every reading gives the same order. */
export const batchAfter = async (
  deps: Pick<FeedDeps, 'contentOf' | 'node'>,
  read: Reader,
  whose: { buyer: string; grant: string | null },
  position: Position,
  count: number = feedLimits.eventsPerBatchMax,
): Promise<Batch> => {
  const grants = whose.grant ? new Set([whose.grant]) : await store.grantsOfBuyer(read, whose.buyer);
  const next: Position = { ...position };
  const events: UsageEvent[] = [];
  for (const source of await store.sourcesOf(read)) {
    const segments = await store.segmentsOfBuyer(
      read,
      { ...whose, source, after: next[source] ?? 0 },
      feedLimits.segmentsPerBatchMax,
    );
    for (const held of segments) {
      const { entries } = await deps.contentOf(held);
      for (const { record, sequence } of entries) {
        if (sequence <= (next[source] ?? 0)) continue;
        const own = grants.has(grantOfLine(record.grant));
        if (own && events.length >= count) return { events, next };
        next[source] = sequence;
        if (own) events.push(usageEvent(deps.node, record, { ...next }));
      }
    }
  }
  return { events, next };
};

/** Where a feed begins: now, at the first record, or at a position that an event named. */
export const beginAt = async (
  read: Reader,
  from: 'now' | 'start' | { position: string } | { at: Date },
): Promise<Position> => {
  if (from === 'now') return watermarksOf(read);
  if (from === 'start') return {};
  if ('at' in from) return store.positionAt(read, from.at);
  const position = readPosition(from.position);
  if (!position) throw problems.positionUnknown();
  return position;
};

export const createFeed = async (
  tx: Tx,
  draft: { webhook: string; grant: string | null; from: Parameters<typeof beginAt>[1] },
): Promise<store.Feed> => {
  const { participant } = tx.actor;
  if (draft.grant && (await findGrant(tx, draft.grant))?.buyer !== participant) throw kernelProblems.unknown();
  if ((await store.feedsOf(tx, participant)).length >= feedLimits.feedsPerOrganisationMax)
    throw problems.feedsTooMany();
  const id = newId('ufd', tx.now);
  const position = await beginAt(tx, draft.from);
  const { webhook, grant } = draft;
  if (!(await store.insertFeed(tx, { id, participant, webhook, grant, position }))) throw problems.feedExists();
  await audit(tx, { action: 'metering.feed.create', subject: id, data: { webhook, grant } });
  return (await store.findFeed(tx, id))!;
};

/** In its owner's hands; unknown to everybody else. */
export const ownFeed = async (tx: Tx, id: string): Promise<store.Feed> => {
  const feed = await store.findFeed(tx, id, true);
  if (feed?.participant !== tx.actor.participant) throw kernelProblems.unknown();
  return feed;
};

export const replayFeed = async (tx: Tx, id: string, from: Parameters<typeof beginAt>[1]): Promise<store.Feed> => {
  await ownFeed(tx, id);
  await store.moveFeed(tx, id, await beginAt(tx, from));
  await audit(tx, { action: 'metering.feed.replay', subject: id });
  return (await store.findFeed(tx, id))!;
};

export const removeFeed = async (tx: Tx, id: string): Promise<void> => {
  await ownFeed(tx, id);
  await store.removeFeed(tx, id);
  await audit(tx, { action: 'metering.feed.remove', subject: id });
};

const pausedWaitMs = 30_000;

const notTaken = async (tx: Tx, feed: store.Feed, answer: Awaited<ReturnType<Push>>): Promise<void> => {
  const after = (ms: number) => new Date(tx.now.getTime() + ms);
  if (answer?.outcome === 'dropped') await store.removeFeed(tx, feed.id);
  else if (!answer) await store.feedWaits(tx, feed, after(pausedWaitMs));
  else await store.feedFailed(tx, feed, answer.text, after(waitAfter(feed.failures + 1)));
};

const pushOne = async (deps: FeedDeps, push: Push, feed: store.Feed): Promise<number> => {
  const { database } = deps;
  const system = systemActor('metering');
  let count = 0;
  for (let at = feed; count < feedLimits.batchesPerRunMax; count++) {
    const batch = await batchAfter(deps, database, { buyer: at.participant, grant: at.grant }, at.position);
    if (batch.events.length === 0) {
      await database.tx(system, (tx) => store.feedTaken(tx, at, batch.next, null));
      return count;
    }
    // The same at every attempt, and another after a replay of other events.
    const id = `${at.id}.${batch.events[0]!.id}.${batch.events.length}`;
    const body = JSON.stringify(batch.events);
    const signal = AbortSignal.timeout(feedLimits.leaseSeconds * 1000);
    const answer = await push(at.webhook, { id, contentType: batchType, body }, signal);
    if (answer?.outcome !== 'delivered') {
      await database.tx(system, (tx) => notTaken(tx, at, answer));
      return count;
    }
    const moved = await database.tx(system, (tx) => store.feedTaken(tx, at, batch.next, answer.text));
    // Sent back meanwhile by a replay: the next round begins there.
    if (moved === 0) return count + 1;
    at = { ...at, position: batch.next, failures: 0 };
  }
  return count;
};

/** Every feed that is due, one after the other; the number of batches taken. */
export const pushDue = async (deps: FeedDeps, push: Push): Promise<number> => {
  let count = 0;
  for (let after = ''; ; ) {
    const feed = await deps.database.tx(systemActor('metering'), (tx) =>
      store.leaseFeed(tx, feedLimits.leaseSeconds, after),
    );
    if (!feed) return count;
    after = feed.id;
    count += await pushOne(deps, push, feed);
  }
};
