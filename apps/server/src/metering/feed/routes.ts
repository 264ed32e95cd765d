import * as wire from '@shugu/wire/metering';
import { on, type Route } from '../../kernel/http/route.ts';
import { ownWebhook } from '../../kernel/notify/index.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { findGrant } from '../reads.ts';
import { positionText } from './events.ts';
import { batchAfter, beginAt, createFeed, type FeedDeps, removeFeed, replayFeed } from './feed.ts';
import { type Feed, feedsOf } from './store.ts';

const viewOf = (one: Feed) => ({
  id: one.id,
  webhook: one.webhook,
  grant: one.grant,
  position: positionText(one.position),
  failures: one.failures,
  lastAnswer: one.lastAnswer,
  deliveredAt: one.deliveredAt?.toISOString() ?? null,
  createdAt: one.createdAt.toISOString(),
});

type From = { position: string } | { at: string } | 'now' | 'start';
const fromOf = (from: From) => (typeof from === 'object' && 'at' in from ? { at: new Date(from.at) } : from);

/** `running`: once the meter is open. */
export const feedRoutes = (running: () => Pick<FeedDeps, 'contentOf' | 'node'>): Route[] => [
  on(wire.readUsageEvents, async ({ read, principal, query }) => {
    const { grant, after, limit } = query;
    if (grant && (await findGrant(read, grant))?.buyer !== principal.participant) throw kernelProblems.unknown();
    const whose = { buyer: principal.participant, grant: grant ?? null };
    const position = await beginAt(read, after === undefined ? 'start' : { position: after });
    const { events } = await batchAfter(running(), read, whose, position, limit);
    return { body: Buffer.from(JSON.stringify(events)), fileName: 'usage-events.json' };
  }),
  on(wire.listFeeds, async ({ read, principal }) => ({
    items: (await feedsOf(read, principal.participant)).map(viewOf),
  })),
  on(wire.createFeed, async ({ tx, principal, body }) => {
    if (!(await ownWebhook(tx, principal.participant, body.webhook))) throw kernelProblems.unknown();
    return viewOf(await createFeed(tx, { ...body, from: fromOf(body.from) }));
  }),
  on(wire.replayFeed, async ({ tx, params, body }) => viewOf(await replayFeed(tx, params.id, fromOf(body.from)))),
  on(wire.removeFeed, async ({ tx, params }) => {
    await removeFeed(tx, params.id);
    return { ok: true as const };
  }),
];
