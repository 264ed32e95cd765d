/** 上架: a listing is a case of `listing.review`; its gates are checked when it is handed in and again when it is approved. */
import type { Json } from '@shugu/evidence';
import { LedgerError, parsePricePlan, parseSplitRule } from '@shugu/ledger';
import { parsePolicy } from '@shugu/policy';
import { contractKinds } from '@shugu/wire/agreements';
import type { createListing } from '@shugu/wire/market';
import { z } from 'zod';
import type { ContractKind } from '../../agreements/index.ts';
import type { ProductVersion } from '../../catalogue/index.ts';
import { audit } from '../../kernel/audit.ts';
import { lastDayBefore } from '../../kernel/calendar/calendar.ts';
import type { CaseRecord, Hooks, Occasion } from '../../kernel/case/index.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { emit, type StoredEvent } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { spaceOfPolicy } from '../audience.ts';
import type { Listing, ListingPlan, MarketDeps, Report } from '../model.ts';
import { problems } from '../problems.ts';
import * as reads from '../reads.ts';
import { closedGates, type Gate, highest, isPersonal, lawfulGates, scopeGates, standsUntil } from '../rules.ts';
import { allowsCredit } from '../scenario.ts';
import * as store from '../store.ts';
import { papersFiled, titlePapers } from './basis.ts';
import { contractRules } from './rulebook.ts';

export const listingProcedure = 'listing.review';
type Draft = z.output<NonNullable<(typeof createListing)['body']>>;
type Subject = Pick<Listing, 'participant' | 'version' | 'space' | 'basis' | 'policy' | 'purposes'> & {
  plans: readonly Pick<ListingPlan, 'plan'>[];
};

/** The reports that a listing names, each with the classes of the body that made it. */
export const reportsOf = async (
  deps: Pick<MarketDeps, 'members'>,
  read: Reader,
  listing: Subject,
): Promise<(Report & { bodyClasses: string[] })[]> => {
  const found: (Report & { bodyClasses: string[] })[] = [];
  for (const id of listing.basis.reports) {
    const report = await reads.findReport(read, id);
    // Another supplier's report, or one on another version, is no report at all.
    if (!report || report.participant !== listing.participant || report.version !== listing.version) continue;
    const body = await deps.members.organisation(read, report.body);
    found.push({ ...report, bodyClasses: (body?.roles ?? []).map((role) => role.class) });
  }
  return found;
};

export const gatesOf = async (
  deps: MarketDeps,
  read: Reader,
  listing: Subject,
  version: ProductVersion,
  at: Date,
): Promise<{ gates: Gate[]; until: Date | null }> => {
  const rights = (await deps.catalogue.rightsOfVersion(read, version.id, at)).map((one) => ({
    resource: one.resource,
    until: one.right?.until ?? null,
  }));
  const reports = await reportsOf(deps, read, listing);
  const parsed = parsePolicy(listing.policy);
  const gates = closedGates({
    at,
    sensitivities: version.tables.flatMap((table) => table.columns.map((column) => column.sensitivity)),
    rights,
    reports,
    basis: listing.basis.kind,
    qualityPresent: version.tables.every((table) => table.resource === null || table.quality !== null),
    authorisationRequired: parsed.ok && parsed.policy.terms.authorisationRequired,
    creditPurpose: parsed.ok && allowsCredit(listing.policy, listing.purposes),
    supplierIsCreditAgency: await isCreditAgency(deps, read, listing.participant),
    supplierProvides: await providesIn(deps, read, listing),
  });
  const supplier = await deps.members.organisation(read, listing.participant);
  const ofNode = scopeGates(deps.lists, {
    industry: version.about.industry,
    creditCode: supplier?.creditCode ?? '',
    plans: listing.plans.map(({ plan }) => plan),
  });
  return { gates: [...gates, ...ofNode], until: standsUntil(rights, reports) };
};

/** A listing for members is a provider's; of one for everybody nothing is asked. */
export const providesIn = async (
  { spaces }: Pick<MarketDeps, 'spaces'>,
  read: Reader,
  { participant, space }: Pick<Listing, 'participant' | 'space'>,
): Promise<boolean> =>
  space === null || (await spaces.standing(read, participant)).some(({ id, provides }) => id === space && provides);

export const isCreditAgency = async (deps: MarketDeps, read: Reader, participant: string): Promise<boolean> => {
  const found = await deps.members.organisation(read, participant);
  return (found?.roles ?? []).some((role) => role.class === 'creditAgency' && role.status === 'active');
};

/** Shares are positive and add up to one, nobody is named twice, and no holder of the right to operate is left out. */
const checkSplit = async (deps: MarketDeps, tx: Tx, draft: Draft, version: ProductVersion): Promise<void> => {
  const field = 'body.split';
  const operators = new Set<string>();
  for (const { resource } of version.tables)
    if (resource) for (const one of await deps.operators(tx, resource)) operators.add(one);
  if (draft.split.length === 0) {
    const others = [...operators].filter((one) => one !== version.participant);
    if (others.length)
      throw kernelProblems.invalid({
        field,
        detail: { zh: '须列明其他经营权人', en: 'other holders of the right to operate must be named' },
      });
    return;
  }
  // By the very rule that settles: what it would refuse after a signature is refused before the review.
  try {
    parseSplitRule({ legs: draft.split.map(({ party, share }) => ({ party, role: 'payee', share })) });
  } catch (error) {
    if (error instanceof LedgerError) throw kernelProblems.invalid({ field, detail: error.message });
    throw error;
  }
  const named = new Set(draft.split.map((leg) => leg.party));
  const missing = [...operators].filter((one) => !named.has(one));
  if (missing.length)
    throw kernelProblems.invalid({
      field,
      detail: {
        zh: `遗漏的经营权人：${missing.join('、')}`,
        en: `holders of the right to operate are left out: ${missing.join(', ')}`,
      },
    });
  for (const party of named) await deps.members.requireActive(tx, party);
};

const checkPlans = (draft: Draft): void => {
  for (const [place, one] of draft.plans.entries()) {
    try {
      parsePricePlan(one.plan);
    } catch (error) {
      if (error instanceof LedgerError)
        throw kernelProblems.invalid({ field: `body.plans.${place}.plan`, detail: error.message });
      throw error;
    }
  }
};

/** The supplier's choice, else the operator's for this kind of product; of templates that are enabled. */
const kindOfContract = async (
  deps: MarketDeps,
  tx: Tx,
  draft: Draft,
  version: ProductVersion,
): Promise<ContractKind> => {
  const field = 'body.contractKind';
  const parsed = z
    .enum(contractKinds)
    .safeParse(draft.contractKind ?? contractRules(deps, tx.now).kindOf(version.about.kind));
  if (!parsed.success || !(await deps.agreements.templateEnabled(tx, parsed.data)))
    throw kernelProblems.invalid({
      field,
      detail: { zh: '没有启用的该类合同范本', en: 'no enabled template of this kind' },
    });
  return parsed.data;
};

export const createListingOf = async (
  deps: MarketDeps,
  tx: Tx,
  principal: Principal,
  draft: Draft,
): Promise<Listing> => {
  await deps.members.requireTrading(tx, principal.participant);
  const version = await deps.catalogue.version(tx, draft.version);
  if (!version || version.participant !== principal.participant) throw kernelProblems.unknown();
  if (await reads.standingListing(tx, version.product)) throw problems.alreadyListed();
  checkPlans(draft);
  await checkSplit(deps, tx, draft, version);
  const contractKind = await kindOfContract(deps, tx, draft, version);
  const covers = await deps.catalogue.rightsOfVersion(tx, version.id, tx.now);
  const covered = covers.length > 0 && covers.every((one) => one.right);
  const basis: Listing['basis'] = {
    kind: covered ? 'certificate' : 'opinion',
    certificates: covers.flatMap((one) => (one.right ? [one.right.certificateCode] : [])),
    reports: draft.reports,
  };
  const space = spaceOfPolicy(draft.policy);
  const { gates, until } = await gatesOf(
    deps,
    tx,
    {
      participant: principal.participant,
      version: version.id,
      space,
      basis,
      policy: draft.policy as Record<string, Json>,
      purposes: draft.purposes,
      plans: draft.plans,
    },
    version,
    tx.now,
  );
  if (gates.length) throw problems.gatesClosed({ errors: gates });
  const plans: ListingPlan[] = [];
  for (const one of draft.plans) {
    const price = { plan: one.plan, title: one.title, taxRate: one.taxRate } as unknown as Json;
    const offer = await deps.agreements.createOffer(tx, {
      productVersion: version.id,
      policy: draft.policy as Record<string, Json>,
      price,
      deliveryModes: draft.deliveryModes,
      audience: space ? { kind: 'space', space } : { kind: 'everyone' },
    });
    plans.push({
      offer: offer.id,
      title: one.title,
      plan: one.plan,
      settlementWays: one.settlementWays,
      taxRate: one.taxRate,
    });
  }
  const { zh, en } = await deps.agreements.policyInWords(tx, draft.policy);
  const id = newId('lst', tx.now);
  await store.insertListing(tx, {
    id,
    participant: principal.participant,
    product: version.product,
    version: version.id,
    space,
    // On title proof the papers come first: handed in, the case takes the listing along.
    state: basis.kind === 'certificate' ? 'reviewing' : 'draft',
    plans,
    policy: draft.policy as Record<string, Json>,
    explanation: { zh, en },
    delivery_modes: draft.deliveryModes,
    acceptance_days: draft.acceptanceDays,
    trial: draft.trial,
    split: draft.split,
    basis,
    purposes: draft.purposes,
    contract_kind: contractKind,
    security_statement: draft.securityStatement,
    source_statement: draft.sourceStatement,
    stands_until: until,
  });
  await fileReview(deps, tx, principal, id, version, basis, draft);
  await audit(tx, {
    action: 'market.listing.apply',
    subject: id,
    data: { product: version.product, version: version.id },
  });
  return (await reads.findListing(tx, id))!;
};

const fileReview = async (
  deps: MarketDeps,
  tx: Tx,
  principal: Principal,
  id: string,
  version: ProductVersion,
  basis: Listing['basis'],
  draft: Draft,
): Promise<void> => {
  const top = highest(version.tables.flatMap((table) => table.columns.map((column) => column.sensitivity)));
  const forCredit = allowsCredit(draft.policy, draft.purposes);
  const operator = await deps.members.operatorOf(tx);
  const reports = await Promise.all(basis.reports.map((one) => reads.findReport(tx, one)));
  const { case: filed } = await deps.cases.file(tx, principal, {
    procedure: listingProcedure,
    handler: operator.id,
    subject: id,
    title: `产品上架：${version.about.name}`,
    data: {
      productName: version.about.name,
      productVersion: String(version.number),
      title: basis.kind === 'certificate' ? 'certificate' : 'proof',
      certificate: basis.certificates.join('、').slice(0, 30),
      complianceReport: reports
        .map((one) => one?.number ?? '')
        .join('、')
        .slice(0, 80),
      classification: top === 'important' || top === 'core' ? top : 'general',
      personalData: version.tables.some((table) => table.columns.some((column) => isPersonal(column.sensitivity))),
      creditPurpose: forCredit,
      ...(draft.personalBasis ? { consent: draft.personalBasis } : {}),
      // A credit purpose passed its gate only because the supplier is such an agency itself.
      ...(forCredit ? { creditAgency: await deps.members.displayName(tx, principal.participant) } : {}),
      security: draft.securityStatement.slice(0, 2000),
    },
  });
  await store.setListingCase(tx, id, filed.id);
  if (basis.kind === 'certificate') await deps.cases.move(tx, principal, filed.id, 'submit');
};

const titleMissing = ({ basis }: Pick<Listing, 'basis'>, filed: CaseRecord): Gate | undefined =>
  basis.kind === 'opinion' && titlePapers.some((kind) => papersFiled(filed, kind).length === 0)
    ? {
        field: 'papers',
        code: 'titlePapersMissing',
        message:
          '未登记产权的，须附权属证明与法律意见书 / without a certificate, proof of title and a legal opinion are filed',
      }
    : undefined;

const list = async (deps: MarketDeps, tx: Tx, { case: one }: Occasion) => {
  const listing = (await reads.findListing(tx, one.subject!, true))!;
  const version = (await deps.catalogue.version(tx, listing.version))!;
  const { gates, until } = await gatesOf(deps, tx, listing, version, tx.now);
  const missing = titleMissing(listing, one);
  if (missing) throw problems.gatesClosed({ errors: [missing] });
  const unlawful = gates.filter((gate) => lawfulGates.includes(gate.code));
  if (unlawful.length) throw problems.gatesClosed({ errors: unlawful });
  const [operator, supplier] = [
    await deps.members.operatorOf(tx),
    await deps.members.displayName(tx, listing.participant),
  ];
  const paper = await deps.issue.paper(tx, {
    kind: 'listingVoucher',
    title: { zh: '数据产品上架凭证', en: 'Listing voucher' },
    series: 'SJ',
    document: {
      listing: listing.id,
      product: listing.product,
      productName: version.about.name,
      productVersion: version.number,
      supplier,
      basis: listing.basis.kind,
      certificates: listing.basis.certificates,
      standsUntil: until?.toISOString() ?? '',
    },
    ...(listing.space
      ? {}
      : {
          publish: ['listing', 'product', 'productName', 'productVersion', 'supplier', 'certificates', 'standsUntil'],
        }),
    parties: [listing.participant, operator.id],
    signers: [{ participant: operator.id, role: 'operator' }],
    // What is for members of a data space is nobody else's to read in the log.
    disclosure: listing.space ? 'commitment' : 'clear',
    retentionClass: 'trade',
    look: {
      layout: 'certificate',
      issuer: operator.name,
      seal: { text: operator.name, mark: '平台签名' },
      opening: '经审核，下列数据产品准予上架，特发此证。',
      rows: [
        ['产品名称', version.about.name],
        ['产品编号', listing.product],
        ['版本', String(version.number)],
        ['供方', supplier],
        [
          '权属依据',
          listing.basis.kind === 'certificate'
            ? `登记凭证 ${listing.basis.certificates.join('、')}`
            : '权属证明与法律意见',
        ],
        ...(listing.space ? [['供应范围', `数据空间 ${listing.space} 的成员`] as [string, string]] : []),
        ['有效期至', until ? lastDayBefore(until) : '长期'],
      ],
    },
  });
  await store.setListed(tx, listing.id, paper.id, paper.number, until);
  await emit(tx, {
    type: 'market.listing.listed',
    subject: listing.id,
    participant: listing.participant,
    data: { listing: listing.id, product: listing.product, version: listing.version },
  });
  return { paper: paper.id, number: paper.number };
};

export const listingHooks = (deps: MarketDeps): Hooks => ({
  guards: {
    listingGates: async (read, { case: one }) => {
      const listing = one.subject ? await reads.findListing(read, one.subject) : undefined;
      const version = listing && (await deps.catalogue.version(read, listing.version));
      if (!listing || !version || listing.participant !== one.participant)
        return { zh: '请从产品页面申请上架', en: 'Apply for the listing from the product' };
      const missing = titleMissing(listing, one);
      const gates = [...(await gatesOf(deps, read, listing, version, deps.now())).gates, ...(missing ? [missing] : [])];
      return gates.length
        ? { zh: gates.map((gate) => gate.message).join('；'), en: gates.map((gate) => gate.message).join('; ') }
        : true;
    },
  },
  effects: { list: (tx, occasion) => list(deps, tx, occasion) },
});

/** An application handed in is under review; a review that ended without approval closes the listing with its reason. */
export const followReview = async (tx: Tx, event: StoredEvent): Promise<void> => {
  const { procedure, from, to, ended } = event.data;
  if (procedure !== listingProcedure || from === to || to === 'approved') return;
  const listing = await reads.listingOfCase(tx, event.subject);
  if (!listing) return;
  if (!ended) await store.setListingState(tx, listing.id, ['draft'], 'reviewing', null);
  else await store.setListingState(tx, listing.id, ['reviewing', 'draft'], 'refused', String(to));
};

const change = async (
  tx: Tx,
  listing: Listing,
  from: Listing['state'][],
  to: Listing['state'],
  type: string,
  reason: string,
  more: { ground?: boolean } = {},
): Promise<Listing> => {
  if (!(await store.setListingState(tx, listing.id, from, to, to === 'listed' ? null : reason)))
    throw problems.wrongState({ detail: listing.state });
  await audit(tx, { action: type, subject: listing.id, participant: listing.participant, data: { reason } });
  await emit(tx, {
    type,
    subject: listing.id,
    participant: listing.participant,
    data: { listing: listing.id, product: listing.product, version: listing.version, reason, ...more },
  });
  return (await reads.findListing(tx, listing.id))!;
};

/** `ground`: what it stands on is gone, so nothing of it goes on. */
export const suspendListingOf = (tx: Tx, listing: Listing, reason: string, ground = false) =>
  change(tx, listing, ['listed'], 'suspended', 'market.listing.suspended', reason, { ground });

export const resumeListingOf = async (deps: MarketDeps, tx: Tx, listing: Listing, reason: string): Promise<Listing> => {
  const version = (await deps.catalogue.version(tx, listing.version))!;
  const { gates, until } = await gatesOf(deps, tx, listing, version, tx.now);
  if (gates.length) throw problems.gatesClosed({ errors: gates });
  // What it stands on may be another certificate than before.
  await store.setGround(tx, listing.id, listing.basis, until);
  return change(tx, listing, ['suspended'], 'listed', 'market.listing.resumed', reason);
};

export const delistListingOf = (tx: Tx, listing: Listing, reason: string) =>
  change(tx, listing, ['listed', 'suspended'], 'delisted', 'market.listing.delisted', reason);
