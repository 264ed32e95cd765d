/** A market opened up to one listing with its delivery set up, without a sale: for tests and load runs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Exchange } from '@shugu/server';
import { readCast } from '../scenario/cast.ts';
import { makeStage, type Stage } from '../scenario/stage.ts';
import { makeWalk } from '../steps.ts';
import { makeFolder } from './folder.ts';
import { configureDelivery, type EndpointDraft } from './settle.ts';
import { list, openMarket, register, type Variation } from './walk.ts';

export interface PreparedListing {
  stage: Stage;
  listing: string;
  /** The first of its price plans, and all of them. */
  offer: string;
  offers: string[];
  version: string;
}

export interface Sold extends Variation {
  endpoints?: EndpointDraft[];
}

export const demoListing = async (exchange: Exchange, other: Sold = {}): Promise<PreparedListing> => {
  const papers = await mkdtemp(join(tmpdir(), 'shugu-papers-'));
  try {
    const stage = makeStage(exchange.url, await readCast());
    const trade = {
      stage,
      walk: makeWalk('en'),
      folder: makeFolder(papers),
      setupToken: exchange.kernel.setupToken,
      suite: exchange.kernel.config.suite,
    };
    await openMarket(trade);
    const { resource } = await register(trade);
    const { listing, product } = await list(trade, resource.id, other);
    await configureDelivery(stage, product.product, product.version, other.endpoints);
    const offers = listing.plans.map(({ offer }) => offer);
    return { stage, listing: listing.id, offer: offers[0]!, offers, version: product.version };
  } finally {
    await rm(papers, { recursive: true, force: true });
  }
};
