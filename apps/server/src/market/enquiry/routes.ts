/** 询问: a thread of messages between two organisations about a listing or a demand. Both are named; nobody else sees it. */
import * as wire from '@shugu/wire/market-more';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { mayView } from '../audience.ts';
import { isOpen } from '../demand/rules.ts';
import { findDemand } from '../demand/store.ts';
import type { MarketDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { findListing } from '../reads.ts';
import type { Enquiry, Message } from './store.ts';
import * as store from './store.ts';

const named = (names: Map<string, string>, id: string) => ({ id, name: names.get(id) ?? id });

/** Whose listing or demand it is; only what strangers see can be asked about. */
const askedOf = async (
  deps: MarketDeps,
  read: Reader,
  principal: Principal,
  about: { kind: 'listing' | 'demand'; id: string },
): Promise<string> => {
  if (about.kind === 'listing') {
    const listing = await findListing(read, about.id);
    if (!listing || !['listed', 'suspended', 'delisted'].includes(listing.state)) throw kernelProblems.unknown();
    if (!(await mayView(deps, read, principal, listing))) throw kernelProblems.unknown();
    return listing.participant;
  }
  const demand = await findDemand(read, about.id);
  if (!demand || !isOpen(demand.state)) throw kernelProblems.unknown();
  return demand.participant;
};

const say = async (tx: Tx, principal: Principal, one: Enquiry, text: string): Promise<Message> => {
  if (!one.open) throw problems.wrongState({ detail: { zh: '已结束', en: 'closed' } });
  if (one.messages >= wire.marketMoreLimits.messagesPerEnquiryMax)
    throw problems.tooMany({
      detail: {
        zh: `每次询问不超过 ${wire.marketMoreLimits.messagesPerEnquiryMax} 条消息`,
        en: `${wire.marketMoreLimits.messagesPerEnquiryMax} messages at most`,
      },
    });
  const made = { id: newId('msg', tx.now), participant: principal.participant, person: principal.id, body: text };
  await store.insertMessage(tx, one.id, made);
  const to = one.participant === principal.participant ? one.asked : one.participant;
  await emit(tx, {
    type: 'market.enquiry.said',
    subject: one.id,
    participant: to,
    data: { enquiry: one.id, message: made.id, to },
  });
  return { ...made, created_at: tx.now };
};

export const enquiryRoutes = (deps: MarketDeps): Route[] => {
  const enquiriesOut = async (read: Reader, all: readonly Enquiry[]) => {
    const names = await deps.members.displayNames(
      read,
      all.flatMap((one) => [one.participant, one.asked]),
    );
    return all.map((one) => ({
      id: one.id,
      asker: named(names, one.participant),
      asked: named(names, one.asked),
      about: { kind: one.about_kind, id: one.about },
      title: one.title,
      open: one.open,
      messages: one.messages,
      lastAt: one.last_at.toISOString(),
      createdAt: one.created_at.toISOString(),
    }));
  };
  const enquiryOut = async (read: Reader, one: Enquiry) => (await enquiriesOut(read, [one]))[0]!;
  const messagesOut = async (read: Reader, all: readonly Message[]) => {
    const names = await deps.members.displayNames(
      read,
      all.flatMap((one) => [one.participant, one.person]),
    );
    return all.map((one) => ({
      id: one.id,
      from: named(names, one.participant),
      person: names.get(one.person) ?? '',
      text: one.body,
      at: one.created_at.toISOString(),
    }));
  };
  const own = async (read: Reader, principal: Principal, id: string, lock = false): Promise<Enquiry> => {
    const one = await store.findEnquiry(read, id, lock);
    if (!one || ![one.participant, one.asked].includes(principal.participant)) throw kernelProblems.unknown();
    return one;
  };

  return [
    on(wire.createEnquiry, async ({ tx, principal, body }) => {
      await deps.members.requireActive(tx, principal.participant);
      const asked = await askedOf(deps, tx, principal, body.about);
      if (asked === principal.participant) throw problems.ownProduct();
      const id = newId('enq', tx.now);
      await store.insertEnquiry(tx, {
        id,
        participant: principal.participant,
        asked,
        about_kind: body.about.kind,
        about: body.about.id,
        title: body.title,
      });
      await audit(tx, { action: 'market.enquiry.create', subject: id });
      await say(tx, principal, (await store.findEnquiry(tx, id, true))!, body.text);
      return enquiryOut(tx, (await store.findEnquiry(tx, id))!);
    }),
    on(wire.listEnquiries, async ({ read, principal, query }) => {
      const found = await store.listEnquiries(read, principal.participant, query);
      return { items: await enquiriesOut(read, found.items), next: found.next };
    }),
    on(wire.readEnquiry, async ({ read, principal, params }) =>
      enquiryOut(read, await own(read, principal, params.id)),
    ),
    on(wire.listMessages, async ({ read, principal, params, query }) => {
      const one = await own(read, principal, params.id);
      const found = await store.listMessages(read, one.id, query);
      return { items: await messagesOut(read, found.items), next: found.next };
    }),
    on(wire.sendMessage, async ({ tx, principal, params, body }) => {
      const one = await own(tx, principal, params.id, true);
      return (await messagesOut(tx, [await say(tx, principal, one, body.text)]))[0]!;
    }),
    on(wire.closeEnquiry, async ({ tx, principal, params }) => {
      const one = await own(tx, principal, params.id, true);
      if (!one.open) throw problems.wrongState({ detail: { zh: '已结束', en: 'closed' } });
      await store.endEnquiry(tx, one.id);
      await audit(tx, { action: 'market.enquiry.close', subject: one.id });
      return enquiryOut(tx, { ...one, open: false });
    }),
  ];
};
