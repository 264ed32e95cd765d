/** Search stands beside the market: it is fed by the market's own events and can be made anew at any time. */
import type { Database, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { enqueue, type JobHandler } from '../../kernel/jobs.ts';
import type { RoomParts } from '../../kernel/parts.ts';
import type { MarketDeps } from '../model.ts';
import { documentOf } from './document.ts';
import { hasStale, listedFacts, listedFactsAfter } from './reads.ts';
import { searchRoutes } from './routes.ts';
import { batchIndexing, dropDocuments, dropOrphans, putDocuments } from './store.ts';

export const rebuildJob = 'market.search.rebuild';
const documentsPerBatch = 500;

/** Brings one product's document to what stands on the market now; harmless to repeat. */
export const refreshDocument = async (tx: Tx, product: string): Promise<void> => {
  const facts = await listedFacts(tx, product);
  if (facts) await putDocuments(tx, [documentOf(facts)]);
  else await dropDocuments(tx, [product]);
};

/** Makes every document anew, batch by batch, while search goes on; number of documents. */
export const rebuildSearch = async (
  database: Database,
  progress: (done: number) => Promise<void> = async () => undefined,
): Promise<number> => {
  const actor = systemActor('search');
  let after = { at: new Date(0), listing: '' };
  let done = 0;
  await batchIndexing(database, true);
  try {
    for (;;) {
      const last = await database.tx(actor, async (tx) => {
        const facts = await listedFactsAfter(tx, after, documentsPerBatch);
        await putDocuments(tx, facts.map(documentOf));
        done += facts.length;
        return facts.at(-1)?.listing;
      });
      if (last === undefined) break;
      after = { at: last.listed_at!, listing: last.id };
      await progress(done);
    }
    await database.tx(actor, dropOrphans);
  } finally {
    await batchIndexing(database, false);
  }
  return done;
};

const rebuild: JobHandler = async (_job, { database, progress }) => ({
  documents: await rebuildSearch(database, (done) => progress(0.5, `${done}`)),
});

export const makeSearch = (deps: MarketDeps & { database: Database }): RoomParts => {
  // Another vocabulary comes only with another program, so one look after the start is enough.
  let looked = false;
  return {
    routes: searchRoutes(deps),
    jobs: { [rebuildJob]: rebuild },
    consumers: [
      {
        name: 'market.search',
        types: [
          'market.listing.listed',
          'market.listing.resumed',
          'market.listing.suspended',
          'market.listing.delisted',
        ],
        handle: (tx, event) => refreshDocument(tx, event.data.product),
      },
    ],
    ticks: [
      {
        name: 'market.search',
        everySeconds: 3600,
        run: async () => {
          if (looked) return 0;
          looked = true;
          if (!(await hasStale(deps.database))) return 0;
          await deps.database.tx(systemActor('search'), (tx) =>
            enqueue(tx, {
              kind: rebuildJob,
              title: { zh: '重建搜索索引', en: 'Make the search index anew' },
              data: {},
              uniqueKey: 'all',
            }),
          );
          return 1;
        },
      },
    ],
  };
};
