/** What the node publishes: each change of what stands on its market becomes one change more, in an order without gaps. */
import { nodeLimits } from '@shugu/wire/nodes';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { digestOf } from '../envelope.ts';
import type { Change, Content, EntryKind, NodesDeps } from '../model.ts';
import { hasEnded } from '../rules.ts';
import * as store from './store.ts';

const cut = (text: string, most: number) => text.normalize('NFC').slice(0, most).toWellFormed();

type Listed = NonNullable<Awaited<ReturnType<NodesDeps['market']['listed']>>>;

/** Where its supplier trades over the Dataspace Protocol, and the hub knows what that is. */
const connectorOf = async (deps: NodesDeps, read: Reader, uplink: store.Uplink, one: Listed) => {
  const found =
    uplink.roster_named !== null && deps.settings.trustNodes
      ? await deps.dataspace.connector(read, one.owner)
      : undefined;
  return found ? { connector: { ...found, dataset: one.product } } : {};
};

const listingContent = async (deps: NodesDeps, read: Reader, uplink: store.Uplink, one: Listed): Promise<Content> => ({
  version: one.version,
  title: cut(one.name, nodeLimits.titleCharactersMax),
  summary: cut(one.summary, nodeLimits.summaryCharactersMax),
  price: {
    zh: cut(one.price.zh, nodeLimits.priceCharactersMax),
    en: cut(one.price.en, nodeLimits.priceCharactersMax),
  },
  by: cut(one.supplier, 200),
  industry: one.industry,
  path: `/products/${one.product}`,
  ...(await connectorOf(deps, read, uplink, one)),
});

const yuan = (fen: string) => `${BigInt(fen) / 100n}.${String(BigInt(fen) % 100n).padStart(2, '0')}`;

/** As it is published; null where it is not open. */
export const demandContent = async (deps: NodesDeps, tx: Tx, subject: string): Promise<Content | null> => {
  const one = await deps.market.demand(tx, subject);
  if (!one || !['published', 'quoted'].includes(one.state)) return null;
  const { title, description, industry, budgetMax } = one.about;
  return {
    version: '1',
    title: cut(title, nodeLimits.titleCharactersMax),
    summary: cut(description, nodeLimits.summaryCharactersMax),
    price:
      budgetMax === null
        ? { zh: '预算面议', en: 'budget open' }
        : { zh: `预算不超过 ${yuan(budgetMax)} 元`, en: `budget up to ${yuan(budgetMax)} yuan` },
    by: '',
    industry,
    path: `/demands/${subject}`,
  };
};

const append = async (
  deps: NodesDeps,
  tx: Tx,
  one: store.Uplink,
  about: { kind: EntryKind; subject: string; content: Content | null },
): Promise<boolean> => {
  const digest = about.content === null ? null : digestOf(deps.settings.suite, about.content);
  const before = await store.publishedDigest(tx, one, about.subject);
  // Nothing new, or gone before anybody heard of it.
  if (digest === (before ?? null)) return false;
  await store.appendChange(tx, one, { ...about, digest } satisfies Change);
  return true;
};

/** One subject as it stands now; true where that is news. Harmless to repeat. */
export const publishSubject = async (
  deps: NodesDeps,
  tx: Tx,
  about: { kind: EntryKind; subject: string },
): Promise<boolean> => {
  const latest = await store.latestUplink(tx);
  if (!latest || hasEnded(latest.state)) return false;
  const one = await store.lockUplink(tx, latest.id);
  const listed = about.kind === 'listing' ? await deps.market.listed(tx, about.subject) : undefined;
  const content =
    about.kind === 'listing'
      ? listed
        ? await listingContent(deps, tx, one, listed)
        : null
      : await demandContent(deps, tx, about.subject);
  return append(deps, tx, one, { ...about, content });
};

const listingsPerTurn = 200;

/** Everything that stands on the market, and nothing else: at the beginning of a generation. */
export const publishAll = async (deps: NodesDeps, tx: Tx, uplink: string): Promise<void> => {
  const one = await store.lockUplink(tx, uplink);
  for (let after: { at: Date; listing: string } = { at: new Date(0), listing: '' }; ; ) {
    const listed = await deps.market.listedAfter(tx, after, listingsPerTurn);
    for (const found of listed)
      await append(deps, tx, one, {
        kind: 'listing',
        subject: found.product,
        content: await listingContent(deps, tx, one, found),
      });
    const last = listed.at(-1);
    if (!last) break;
    after = { at: last.listedAt, listing: last.listing };
  }
  for (let next: string | null | undefined; next !== null; ) {
    const page = await deps.market.openDemands(tx, { ...(next ? { after: next } : {}), limit: 100 });
    for (const { id } of page.items)
      await append(deps, tx, one, { kind: 'demand', subject: id, content: await demandContent(deps, tx, id) });
    next = page.next;
  }
};
