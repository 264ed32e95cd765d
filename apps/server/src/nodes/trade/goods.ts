/** Listings of all nodes, as the hub's signed word says them, and what a supplier elsewhere offers of one, as its connector says. */
import { publicKeyFromJwk } from '@shugu/evidence';
import { pricePlan } from '@shugu/wire/market';
import * as wire from '@shugu/wire/nodes';
import { z } from 'zod';
import type { Reader } from '../../kernel/db/db.ts';
import { kernelProblems, Problem } from '../../kernel/problem.ts';
import { estimateFen, isMetered, priceText } from '../../market/index.ts';
import { browsed } from '../hub/intake.ts';
import { takingPartCount } from '../hub/store.ts';
import type { ForeignFormat, Message, NodesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { takesNodes } from '../rules.ts';
import type { HubLine } from '../uplink/hub.ts';
import { latestUplink, type Uplink } from '../uplink/store.ts';
import { isMemberOf, type KnownPeer, knownPeers } from './peers.ts';

type Entry = z.output<typeof wire.entry>;
export type Browsing = Omit<Extract<Message, { kind: 'browse' }>, 'kind' | 'to'>;

/** Nodes that may be traded with: none where the operator trusts no nodes. */
export const believed = async (deps: NodesDeps, read: Reader): Promise<KnownPeer[]> =>
  deps.settings.trustNodes ? knownPeers(read) : [];

/** Of a place in a list: what follows is the hub's. */
const above = '^';

/** Of the nodes below it first, then of those that its hub names. @throws nodes.noPeers, nodes.hubAway */
export const browse = async (
  deps: NodesDeps,
  line: HubLine,
  wanted: Browsing,
): Promise<{ items: Entry[]; next: string | null }> => {
  const { database } = deps;
  const uplink = await latestUplink(database);
  const hub = uplink?.state === 'active' ? uplink : undefined;
  const { kind } = deps.settings;
  const takes = takesNodes(kind);
  // A market of one is none: a hub's own is, whoever has come to it yet.
  if (!hub && kind !== 'hub' && (await takingPartCount(database)) === 0) throw problems.noPeers();
  if (takes && !wanted.after.startsWith(above)) {
    const own = await browsed(database, wanted);
    const found = own.items.length > 0;
    if (!hub || own.next !== null || (found && wanted.subject !== null)) return own;
    if (found) return { ...own, next: above };
  }
  if (!hub) throw problems.noPeers();
  return atHub(deps, line, hub, { ...wanted, after: wanted.after.replace(above, '') }, takes ? above : '');
};

const atHub = async (deps: NodesDeps, line: HubLine, hub: Uplink, wanted: Browsing, mark: string) => {
  const { signer } = await deps.identity(deps.database);
  const words = { kind: 'browse', to: publicKeyFromJwk(hub.hub_key).keyId, ...wanted } satisfies Message;
  const said = await line
    .say(wire.tell, { url: hub.hub_url, key: hub.hub_key }, signer, words)
    .catch((error: Error) => {
      throw error instanceof Problem ? error : problems.hubAway({ detail: error.message.slice(0, 300) });
    });
  const { items, next } = said.entries ?? { items: [], next: null };
  // Its own stand on its own market.
  return { items: items.filter(({ node }) => node.id !== hub.registration), next: next === null ? null : mark + next };
};

const offered = z.object({ '@id': z.string().max(200), '@type': z.string().optional() }).loose();
const priced = z.object({ offer: z.string(), title: z.string(), plan: pricePlan, taxRate: z.string() }).loose();

export interface OfferAbroad extends z.output<typeof priced> {
  /** Rules and duties, as the supplier says them. */
  terms: Record<string, unknown>;
}

const parts = ['permission', 'prohibition', 'obligation', 'profile'] as const;

/** Of a data set those offers that can be read here: with a price beside them. */
const offersIn = (dataset: Record<string, unknown>): OfferAbroad[] => {
  const prices = [dataset['shugu:price'] ?? []].flat().flatMap((one) => {
    const read = priced.safeParse(one);
    return read.success ? [read.data] : [];
  });
  return [dataset.hasPolicy ?? []].flat().flatMap((one) => {
    const read = offered.safeParse(one);
    const price = read.success && prices.find(({ offer }) => offer === read.data['@id']);
    if (!read.success || !price) return [];
    const policy = read.data as Record<string, unknown>;
    const terms = Object.fromEntries(
      parts.flatMap((part) => (policy[part] === undefined ? [] : [[part, policy[part]]])),
    );
    return [{ ...price, terms }];
  });
};

export interface Goods {
  entry: Entry;
  peer: KnownPeer;
  connector: NonNullable<Entry['connector']>;
  offers: OfferAbroad[];
  formats: ForeignFormat[];
}

/**
 * @throws kernel.unknown, nodes.notSoldAbroad where the supplier has no open connector, nodes.peerUnknown where its node is not believed
 * here or names somebody else's connector; and what federation says of the line to it
 */
export const goodsOf = async (
  deps: NodesDeps,
  line: HubLine,
  { participant, node, subject }: { participant: string; node: string; subject: string },
): Promise<Goods> => {
  const { items } = await browse(deps, line, { q: '', node, subject, after: '' });
  const [entry] = items;
  if (!entry) throw kernelProblems.unknown();
  const { connector } = entry;
  if (!connector) throw problems.notSoldAbroad();
  const peer = (await believed(deps, deps.database)).find(({ id }) => id === node);
  const own = peer && isMemberOf(peer, connector.participant) && connector.address.startsWith(`${peer.url}/`);
  if (!peer || !own) throw problems.peerUnknown({ detail: entry.node.name });
  const { participant: counterparty, address, dataset } = connector;
  const told = await deps.dataspace.dataset(deps.database, participant, { counterparty, address, dataset });
  const formats = told ? await deps.dataspace.formats(deps.database, participant, told) : [];
  return { entry, peer, connector, offers: told ? offersIn(told) : [], formats };
};

export const offerView = ({ offer, title, plan, taxRate }: OfferAbroad) => ({
  offer,
  title,
  plan,
  taxRate,
  price: priceText(plan),
  metered: isMetered(plan),
});

/** What is frozen for so much of an offer; undefined where it has no price that can be reckoned. Fen. */
export const costOf = ({ plan }: Pick<OfferAbroad, 'plan'>, quantity: number): bigint | undefined => {
  if (plan.kind === 'quotation' && plan.agreedPrice === undefined) return undefined;
  return estimateFen(plan, quantity);
};
