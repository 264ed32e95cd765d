/** 数据需求与报价: a demand is answered by quotations, one of them is chosen and ordered with. Nothing is matched by price or time. */
import type { Json } from '@shugu/evidence';
import { LedgerError, parsePricePlan } from '@shugu/ledger';
import { marketMoreLimits, type createQuotation as quotationEndpoint } from '@shugu/wire/market-more';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { findEnquiry } from '../enquiry/store.ts';
import type { Listing, ListingPlan, MarketDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { findListing } from '../reads.ts';
import { freeOnly, mayBeOrdered } from '../rules.ts';
import { ruleNumber } from '../service/rulebook.ts';
import { type DemandMove, demandMoved, endOfDay, isOpen, type QuotationMove, quotationMoved } from './rules.ts';
import type { Demand, DemandFields, Quotation } from './store.ts';
import * as store from './store.ts';

type QuotationDraft = z.output<NonNullable<(typeof quotationEndpoint)['body']>>;

const tell = (tx: Tx, type: string, subject: string, participant: string, data: Record<string, unknown> = {}) =>
  emit(tx, { type, subject, participant, data });

const openUntilOf = (fields: DemandFields, now: Date): Date => {
  const until = endOfDay(fields.openUntil);
  if (until <= now)
    throw kernelProblems.invalid({ field: 'body.openUntil', detail: { zh: '该日期已过', en: 'this day has passed' } });
  return until;
};

export const createDemand = async (deps: MarketDeps, tx: Tx, principal: Principal, fields: DemandFields) => {
  await deps.members.requireActive(tx, principal.participant);
  if ((await store.countOpenDemands(tx, principal.participant)) >= marketMoreLimits.openDemandsMax)
    throw problems.tooMany({
      detail: {
        zh: `进行中的需求不超过 ${marketMoreLimits.openDemandsMax} 件`,
        en: `${marketMoreLimits.openDemandsMax} open demands at most`,
      },
    });
  const id = newId('dem', tx.now);
  await store.insertDemand(tx, { id, about: fields, openUntil: openUntilOf(fields, tx.now) });
  await audit(tx, { action: 'market.demand.create', subject: id });
  return (await store.findDemand(tx, id))!;
};

const ownDemand = async (tx: Tx, principal: Principal, id: string): Promise<Demand> => {
  const one = await store.findDemand(tx, id, true);
  if (!one || one.participant !== principal.participant) throw kernelProblems.unknown();
  return one;
};

const step = (one: Demand, move: DemandMove): Demand => {
  const state = demandMoved(one.state, move);
  if (!state) throw problems.wrongState({ detail: one.state });
  return { ...one, state };
};

export const changeDemand = async (tx: Tx, principal: Principal, id: string, fields: DemandFields) => {
  const one = await ownDemand(tx, principal, id);
  if (one.state !== 'draft') throw problems.wrongState({ detail: one.state });
  await store.changeDraft(tx, id, fields, openUntilOf(fields, tx.now));
  return (await store.findDemand(tx, id))!;
};

export const publishDemand = async (deps: MarketDeps, tx: Tx, principal: Principal, id: string) => {
  await deps.members.requireTrading(tx, principal.participant);
  const one = { ...step(await ownDemand(tx, principal, id), 'publish'), published_at: tx.now };
  openUntilOf(one.about, tx.now);
  await store.saveDemand(tx, one);
  await audit(tx, { action: 'market.demand.publish', subject: id });
  await tell(tx, 'market.demand.published', id, one.participant, { demand: id, industry: one.about.industry });
  return one;
};

const closeWith = async (tx: Tx, one: Demand, reason: string): Promise<Demand> => {
  const closed = { ...step(one, 'close'), reason };
  await store.saveDemand(tx, closed);
  for (const left of await store.openQuotationsOf(tx, one.id)) await store.setQuotationState(tx, left.id, 'declined');
  await audit(tx, { action: 'market.demand.close', subject: one.id, participant: one.participant, data: { reason } });
  await tell(tx, 'market.demand.closed', one.id, one.participant, { demand: one.id });
  return closed;
};

export const closeDemand = async (tx: Tx, principal: Principal, id: string, reason: string) =>
  closeWith(tx, await ownDemand(tx, principal, id), reason);

// What is quoted on: a demand that still takes quotations, or an enquiry that the supplier was asked.
const quotedBuyer = async (tx: Tx, principal: Principal, draft: QuotationDraft): Promise<string> => {
  if ((draft.demand === null) === (draft.enquiry === null))
    throw kernelProblems.invalid({
      field: 'body.demand',
      detail: { zh: '须为需求或询问之一', en: 'either a demand or an enquiry' },
    });
  if (draft.demand) {
    const demand = await store.findDemand(tx, draft.demand, true);
    if (!demand || !(isOpen(demand.state) || demand.participant === principal.participant))
      throw kernelProblems.unknown();
    if (demand.participant === principal.participant) throw problems.ownProduct();
    if (demand.open_until <= tx.now)
      throw problems.wrongState({ detail: { zh: '征集已截止', en: 'openUntil has passed' } });
    if (demand.quotations >= marketMoreLimits.quotationsPerDemandMax)
      throw problems.tooMany({
        detail: {
          zh: `每件需求不超过 ${marketMoreLimits.quotationsPerDemandMax} 份报价`,
          en: `${marketMoreLimits.quotationsPerDemandMax} quotations at most`,
        },
      });
    if (await store.hasQuoted(tx, demand.id, principal.participant)) throw problems.alreadyQuoted();
    const quoted = step(demand, 'quote');
    if (quoted.state !== demand.state) await store.saveDemand(tx, quoted);
    return demand.participant;
  }
  const enquiry = await findEnquiry(tx, draft.enquiry!);
  // Who asked about a listing is quoted to by its supplier; who asked about a demand quotes on the demand itself.
  if (!enquiry || enquiry.asked !== principal.participant || enquiry.about_kind !== 'listing')
    throw kernelProblems.unknown();
  if (draft.listing && draft.listing !== enquiry.about)
    throw kernelProblems.invalid({
      field: 'body.listing',
      detail: { zh: '询问针对的是另一上架', en: 'the enquiry is about another listing' },
    });
  return enquiry.participant;
};

const quotedListing = async (
  deps: MarketDeps,
  tx: Tx,
  { principal, buyer, id }: { principal: Principal; buyer: string; id: string },
): Promise<Listing> => {
  const listing = await findListing(tx, id);
  if (!listing || listing.participant !== principal.participant) throw kernelProblems.unknown();
  if (!mayBeOrdered(listing, tx.now)) throw problems.notForSale({ detail: listing.state });
  if (listing.space && !(await deps.spaces.standing(tx, buyer)).some((one) => one.id === listing.space))
    throw problems.notForSale({
      field: 'body.listing',
      detail: { zh: '询价方不是该数据空间的成员', en: 'the buyer is no member of its data space' },
    });
  return listing;
};

export const createQuotation = async (
  deps: MarketDeps,
  tx: Tx,
  principal: Principal,
  draft: QuotationDraft,
): Promise<Quotation> => {
  await deps.members.requireTrading(tx, principal.participant);
  checkPlan(draft);
  if (deps.lists.free && draft.plan.kind !== 'free') throw problems.gatesClosed({ errors: [freeOnly] });
  const buyer = await quotedBuyer(tx, principal, draft);
  const listing = draft.listing ? await quotedListing(deps, tx, { principal, buyer, id: draft.listing }) : undefined;
  const days = draft.validDays ?? ruleNumber(deps, 'quotationDays', tx.now);
  const validUntil = deps.cases.calendar.deadline(tx.now, days).due;
  const offer =
    listing &&
    (await deps.agreements.createOffer(tx, {
      productVersion: listing.version,
      policy: listing.policy,
      price: { plan: draft.plan, title: '报价', taxRate: draft.taxRate } as unknown as Json,
      deliveryModes: listing.delivery_modes,
      audience: { kind: 'participants', participants: [buyer] },
    }));
  const id = newId('quo', tx.now);
  await store.insertQuotation(tx, {
    id,
    participant: principal.participant,
    buyer,
    demand: draft.demand,
    enquiry: draft.enquiry,
    listing: listing?.id ?? null,
    offer: offer?.id ?? null,
    plan: draft.plan,
    tax_rate: draft.taxRate,
    settlement_ways: draft.settlementWays,
    note: draft.note,
    valid_until: validUntil,
  });
  await audit(tx, { action: 'market.quotation.create', subject: id });
  await tell(tx, 'market.quotation.offered', id, buyer, { quotation: id, demand: draft.demand, buyer });
  return (await store.findQuotation(tx, id))!;
};

const checkPlan = ({ plan }: QuotationDraft): void => {
  try {
    parsePricePlan(plan);
  } catch (error) {
    if (error instanceof LedgerError) throw kernelProblems.invalid({ field: 'body.plan', detail: error.message });
    throw error;
  }
  if (plan.kind === 'quotation' && plan.agreedPrice === undefined)
    throw kernelProblems.invalid({
      field: 'body.plan.agreedPrice',
      detail: { zh: '报价须有价格', en: 'a quotation names a price' },
    });
};

/** The row lock of the demand comes first everywhere, so that two acceptances cannot both win. */
const locked = async (tx: Tx, id: string): Promise<{ one: Quotation; demand: Demand | undefined }> => {
  const seen = await store.findQuotation(tx, id);
  if (!seen) throw kernelProblems.unknown();
  const demand = seen.demand ? await store.findDemand(tx, seen.demand, true) : undefined;
  return { one: (await store.findQuotation(tx, id, true))!, demand };
};

const moveQuotation = async (tx: Tx, one: Quotation, move: QuotationMove): Promise<Quotation> => {
  const state = quotationMoved(one.state, move);
  if (!state) throw problems.wrongState({ detail: one.state });
  await store.setQuotationState(tx, one.id, state);
  await audit(tx, { action: `market.quotation.${move}`, subject: one.id, participant: one.participant });
  await tell(tx, `market.quotation.${state}`, one.id, one.participant, { quotation: one.id, buyer: one.buyer });
  return { ...one, state };
};

export const acceptQuotation = async (tx: Tx, principal: Principal, id: string): Promise<Quotation> => {
  const { one, demand } = await locked(tx, id);
  if (one.buyer !== principal.participant) throw kernelProblems.unknown();
  if (one.valid_until <= tx.now) throw problems.wrongState({ detail: { zh: '报价已失效', en: 'lapsed' } });
  const accepted = await moveQuotation(tx, one, 'accept');
  if (demand) {
    await store.saveDemand(tx, { ...step(demand, 'choose'), chosen: id });
    for (const left of await store.openQuotationsOf(tx, demand.id)) await moveQuotation(tx, left, 'decline');
  }
  return accepted;
};

export const declineQuotation = async (tx: Tx, principal: Principal, id: string): Promise<Quotation> => {
  const { one } = await locked(tx, id);
  if (one.buyer !== principal.participant) throw kernelProblems.unknown();
  return moveQuotation(tx, one, 'decline');
};

export const withdrawQuotation = async (deps: MarketDeps, tx: Tx, principal: Principal, id: string) => {
  const { one } = await locked(tx, id);
  if (one.participant !== principal.participant) throw kernelProblems.unknown();
  if (one.offer) await deps.agreements.withdrawOffer(tx, one.offer);
  return moveQuotation(tx, one, 'withdraw');
};

/** What the buyer may order with: an accepted quotation on this listing, while it is valid. */
export const quotedPlan = async (
  tx: Tx,
  listing: Pick<Listing, 'id'>,
  offer: string,
  buyer: string,
): Promise<ListingPlan | undefined> => {
  const one = await store.quotationOfOffer(tx, offer, buyer);
  if (!one || one.listing !== listing.id || one.valid_until <= tx.now) return undefined;
  return {
    offer,
    title: '报价',
    plan: one.plan,
    settlementWays: one.settlement_ways,
    taxRate: one.tax_rate,
  };
};

/** Quotations and demands whose time has passed; number of them. */
export const lapseDue = async (tx: Tx): Promise<number> => {
  const quotations = await store.lapsedQuotations(tx, tx.now);
  for (const { id } of quotations) {
    const { one } = await locked(tx, id);
    if (one.state === 'offered') await moveQuotation(tx, one, 'lapse');
  }
  const demands = await store.lapsedDemands(tx, tx.now);
  for (const { id } of demands) {
    const one = (await store.findDemand(tx, id, true))!;
    if (one.state === 'published') await closeWith(tx, one, '征集期已过，无报价');
  }
  return quotations.length + demands.length;
};
