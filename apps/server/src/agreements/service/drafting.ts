/** From an accepted order to locked terms: draft, proposals in turn, both confirm, the text is fixed. */
import type { Json } from '@shugu/evidence';
import { parsePolicy } from '@shugu/policy';
import { agreementLimits } from '@shugu/wire/agreements';
import type { DeliveryMode, ProductVersion } from '../../catalogue/index.ts';
import { audit } from '../../kernel/audit.ts';
import { monthOf } from '../../kernel/calendar/calendar.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { nextNumber } from '../../kernel/numbers.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { agreedPolicy, lockDocument } from '../document.ts';
import type { BasisItem, Contract, ContractKind, ContractTerms, ContractVersion, Party } from '../model.ts';
import { agreementProblems as problems } from '../problems.ts';
import {
  enabledTemplate,
  findContract,
  findOffer,
  findTemplate,
  findVersion,
  lastVersionNumber,
  openVersion,
} from '../reads.ts';
import {
  beyondOrder,
  canonicalOf,
  differences,
  mayPropose,
  nextState,
  normalised,
  termWithin,
  uncoveredResource,
} from '../rules.ts';
import { insertContract, insertRound, insertVersion, saveContract, saveVersion } from '../store.ts';
import { type AgreementsDeps, asParty, orThrow, partiesOf, tell } from './deps.ts';
import {
  checkFiles,
  checkPaths,
  checkWatermark,
  checkWithin,
  concludes,
  keepPolicy,
  offeredTo,
  policyNames,
} from './policies.ts';

const dayMilliseconds = 86_400_000;

export interface ContractDraft {
  kind: ContractKind;
  productVersion: string;
  buyer: string;
  /** The offer taken up; policy and price come from it unless given, and a given policy must stay within it. */
  offer?: string;
  order?: string;
  terms: Pick<ContractTerms, 'settlementWay' | 'acceptanceDays' | 'dispute' | 'tax'> &
    Partial<Omit<ContractTerms, 'policy' | 'price'>> & {
      policy?: Record<string, Json>;
      price?: Json;
      deliveryModes?: DeliveryMode[];
    };
  /** What the market knows that the contract stands on: compliance report, title proof, authorisation. Rights are added here. */
  basis: BasisItem[];
  /** Both have agreed to exactly these terms (an order at the listed price, an accepted quotation): they lock at once. */
  agreed: boolean;
  respondDays?: number;
}

const partyOf = async (deps: AgreementsDeps, read: Reader, id: string): Promise<Party> => {
  const found = await deps.organisations.organisation(read, id);
  if (!found) throw kernelProblems.unknown();
  const { dataspaceId, attested } = found;
  const { name, creditCode } = attested ?? found;
  return normalised({
    ...{ participant: found.id, name, creditCode },
    ...(dataspaceId ? { dataspaceId } : {}),
    ...(attested
      ? { attestedBy: { issuer: attested.issuer, name: attested.issuerName || attested.issuer, at: attested.at } }
      : {}),
  });
};

const draftedTerms = async (
  deps: AgreementsDeps,
  tx: Tx,
  draft: ContractDraft,
  version: ProductVersion,
): Promise<ContractTerms> => {
  const offer = draft.offer ? await findOffer(tx, draft.offer) : undefined;
  if (draft.offer && offer?.productVersion !== version.id) throw kernelProblems.unknown();
  if (offer && !(await offeredTo(deps, tx, offer, draft.buyer))) throw problems.offerClosed();
  const policy = draft.terms.policy ?? offer?.policy;
  const price = draft.terms.price ?? offer?.price;
  if (policy === undefined || price === undefined)
    throw kernelProblems.invalid({
      field: 'terms',
      detail: { zh: '须给出策略与价格，或引用报价条件', en: 'policy and price are given, or come from an offer' },
    });
  if (offer && draft.terms.policy) checkWithin(policy, offer.policy);
  if (!(await concludes(deps, tx, policy, draft.buyer))) throw problems.offerClosed();
  return normalised({
    from: null,
    until: null,
    supplements: [],
    ...draft.terms,
    deliveryModes: draft.terms.deliveryModes ?? offer?.deliveryModes ?? version.about.deliveryModes,
    policy,
    price,
  });
};

const checkTerms = async (
  deps: AgreementsDeps,
  tx: Tx,
  terms: ContractTerms,
  version: ProductVersion,
): Promise<void> => {
  orThrow(canonicalOf(terms));
  const unbillable = deps.checkPrice?.(terms.price);
  if (unbillable) throw unbillable;
  checkWatermark(terms.policy, version);
  checkPaths(terms.policy, terms.deliveryModes, version.about.deliveryModes);
  await checkFiles(deps, tx, terms.policy, terms.deliveryModes, version.id);
};

/** What is given, with the rights that the registry shows now in place of any older ones. */
export const basisNow = async (
  deps: AgreementsDeps,
  read: Reader,
  productVersion: string,
  given: readonly BasisItem[],
  at: Date,
): Promise<BasisItem[]> => {
  const rights = await deps.catalogue.rightsOfVersion(read, productVersion, at);
  const found = rights.flatMap(({ resource, right }): BasisItem[] =>
    right
      ? [
          {
            kind: 'operatingRight',
            reference: right.certificateCode,
            subject: resource,
            until: right.until.toISOString(),
          },
        ]
      : [],
  );
  const basis = [...found, ...given.filter((item) => item.kind !== 'operatingRight')];
  const uncovered = uncoveredResource(
    rights.map((right) => right.resource),
    basis,
  );
  if (uncovered) throw problems.rightMissing({ detail: uncovered });
  return basis;
};

/**
 * Draws up a contract from the enabled template of its kind. For flows and the market: whoever calls has checked that the
 * buyer may. Refuses a term that outlasts what the contract stands on, naming which.
 */
export const draftContract = async (deps: AgreementsDeps, tx: Tx, draft: ContractDraft): Promise<Contract> => {
  const version = await deps.catalogue.version(tx, draft.productVersion);
  if (!version) throw kernelProblems.unknown();
  const template = await enabledTemplate(tx, tx.tenancy.market, draft.kind);
  if (!template) throw problems.templateMissing({ detail: draft.kind });
  if (draft.basis.length > agreementLimits.basisItemsMax)
    throw kernelProblems.invalid({ field: 'basis', detail: { zh: '条目过多', en: 'too many items' } });
  const [supplier, buyer] = [await partyOf(deps, tx, version.participant), await partyOf(deps, tx, draft.buyer)];
  if (supplier.participant === buyer.participant) throw problems.partiesSame();
  const operator = await deps.operator(tx);
  if ([supplier.participant, buyer.participant].includes(operator.id)) throw problems.operatorIsParty();
  const terms = await draftedTerms(deps, tx, draft, version);
  await checkTerms(deps, tx, terms, version);
  const basis = await basisNow(deps, tx, version.id, draft.basis, tx.now);
  orThrow(termWithin(basis, datesOf(terms), tx.now));
  const respondBy = new Date(
    tx.now.getTime() + (draft.respondDays ?? agreementLimits.respondDaysDefault) * dayMilliseconds,
  );
  const id = await insertContract(tx, {
    kind: draft.kind,
    supplier,
    buyer,
    product: version.product,
    productVersion: version.id,
    productName: version.about.name.normalize('NFC'),
    offer: draft.offer ?? null,
    order: draft.order ?? null,
    template,
    respondBy,
  });
  await insertVersion(tx, supplier.participant, {
    contract: id,
    number: 1,
    state: 'draft',
    reason: '',
    terms,
    basis,
    respondBy,
  });
  const contract = (await findContract(tx, id))!;
  await audit(tx, {
    action: 'agreements.contract.draft',
    subject: id,
    participant: supplier.participant,
    data: { order: draft.order ?? null, agreed: draft.agreed },
  });
  await tell(tx, 'agreements.contract.drafted', contract, {});
  if (draft.agreed)
    await lockTerms(deps, tx, contract, { ...(await findVersion(tx, id, 1))!, confirmedBy: partiesOf(contract) });
  return (await findContract(tx, id))!;
};

const datesOf = (terms: Pick<ContractTerms, 'from' | 'until'>) => ({
  from: terms.from ? new Date(terms.from) : null,
  until: terms.until ? new Date(terms.until) : null,
});

const numberOf = async (tx: Tx, contract: Contract): Promise<string> => {
  if (contract.number) return contract.number;
  // Chinese civil month, as every paper's number has it.
  const month = monthOf(tx.now);
  return `HT-${month}-${String(await nextNumber(tx, `contract/${month}`)).padStart(4, '0')}`;
};

const lockTerms = async (deps: AgreementsDeps, tx: Tx, contract: Contract, version: ContractVersion): Promise<void> => {
  const productVersion = (await deps.catalogue.version(tx, contract.productVersion))!;
  const template = (await findTemplate(tx, contract.template))!;
  const before = version.number > 1 ? await findVersion(tx, contract.id, contract.currentVersion) : undefined;
  const basis = await basisNow(deps, tx, contract.productVersion, version.basis, tx.now);
  const term = orThrow(termWithin(basis, datesOf(version.terms), tx.now));
  const { supplier, buyer } = contract;
  const bound = {
    contract: contract.id,
    supplier: supplier.participant,
    buyer: buyer.participant,
    productVersion: productVersion.id,
    term,
  };
  const policy = orThrow(agreedPolicy(version.terms.policy, bound));
  const plan = await keepPolicy(tx, contract.participant, policy);
  const number = await numberOf(tx, contract);
  const locked = orThrow(
    lockDocument(
      {
        contract,
        number,
        version: version.number,
        supersedes: before?.documentHash ?? null,
        reason: version.reason,
        template,
        terms: version.terms,
        term,
        basis,
        policy,
        versionNumber: productVersion.number,
        contentDigests: productVersion.tables.flatMap((table) => table.objects.normal ?? table.objects.original ?? []),
        contractDigest: productVersion.contractDigest,
        names: await policyNames(deps, tx, productVersion.id, policy),
        operatorName: (await deps.operator(tx)).name,
        priceText: deps.priceText(version.terms.price),
        node: tx.tenancy.node,
      },
      deps.suite,
    ),
  );
  await saveVersion(tx, {
    ...version,
    state: 'pendingSignature',
    basis,
    document: locked.text,
    documentHash: locked.hash,
    policyHash: plan.policyHash,
    from: term.from,
    until: term.until,
    lockedAt: tx.now,
  });
  const state = version.number === 1 ? orThrow(nextState(contract.state, 'lock', 'system')) : contract.state;
  await saveContract(tx, { ...contract, state, number });
  await audit(tx, {
    action: 'agreements.contract.lock',
    subject: contract.id,
    participant: contract.participant,
    data: { version: version.number, documentHash: locked.hash },
  });
  await tell(
    tx,
    'agreements.contract.locked',
    { ...contract, number },
    { version: version.number, documentHash: locked.hash },
  );
};

/** A counter-proposal, or the first word of an amendment to a contract in force. The proposer's own confirmation is in it. */
export const proposeTerms = async (
  deps: AgreementsDeps,
  tx: Tx,
  id: string,
  change: Partial<ContractTerms>,
  note: string,
): Promise<void> => {
  const { contract, side } = await asParty(tx, id);
  const me = tx.actor.participant;
  const version = await versionToChange(deps, tx, contract, side, note);
  const refused = mayPropose(version, me, agreementLimits.roundsMax);
  if (refused) throw refused;
  const terms = normalised({ ...version.terms, ...change });
  const changes = differences(version.terms, terms);
  if (changes.length === 0) throw problems.nothingChanged();
  const beyond = beyondOrder(contract.order, changes);
  if (beyond) throw problems.orderBound({ field: `body.terms.${beyond}` });
  await checkTerms(deps, tx, terms, (await deps.catalogue.version(tx, contract.productVersion))!);
  if (contract.order && version.number > 1) checkStated(terms, (await findVersion(tx, id, 1))!.terms);
  orThrow(termWithin(await basisNow(deps, tx, contract.productVersion, version.basis, tx.now), datesOf(terms), tx.now));
  const round = version.round + 1;
  const next: ContractVersion = { ...version, state: 'negotiating', terms, round, proposedBy: me, confirmedBy: [me] };
  await saveVersion(tx, next);
  await insertRound(tx, next, me, note, changes);
  if (next.number === 1) await saveContract(tx, { ...contract, state: 'negotiating' });
  await audit(tx, {
    action: 'agreements.contract.propose',
    subject: id,
    data: { version: next.number, round, fields: changes.map((one) => one.field) },
  });
  await tell(tx, 'agreements.contract.proposed', contract, { version: next.number, round, by: me });
};

/** An order was reviewed for the use stated with it: an amendment stays within that, in purposes and in time. */
const checkStated = (terms: ContractTerms, first: ContractTerms): void => {
  checkWithin(terms.policy, first.policy);
  const stated = parsePolicy(first.policy);
  const until = stated.ok ? stated.policy.terms.notAfter : undefined;
  if (until !== undefined && terms.until && new Date(terms.until).getTime() > until)
    throw problems.outlasts({ field: 'body.terms.until', detail: new Date(until).toISOString() });
};

const versionToChange = async (
  deps: AgreementsDeps,
  tx: Tx,
  contract: Contract,
  side: 'supplier' | 'buyer',
  reason: string,
): Promise<ContractVersion> => {
  const open = await openVersion(tx, contract.id);
  if (open) return open;
  orThrow(nextState(contract.state, 'amend', side));
  if (!reason)
    throw kernelProblems.invalid({
      field: 'body.note',
      detail: { zh: '变更须说明理由', en: 'an amendment states its reason' },
    });
  const current = (await findVersion(tx, contract.id, contract.currentVersion))!;
  const number = (await lastVersionNumber(tx, contract.id)) + 1;
  const respondBy = new Date(tx.now.getTime() + agreementLimits.respondDaysDefault * dayMilliseconds);
  const basis = (await deps.standing?.(tx, contract.productVersion)) ?? current.basis;
  // The term runs on as it was unless the amendment says otherwise.
  const terms = { ...current.terms, from: contract.from!.toISOString(), until: contract.until!.toISOString() };
  await insertVersion(tx, contract.participant, {
    contract: contract.id,
    number,
    state: 'negotiating',
    reason,
    terms,
    basis,
    respondBy,
  });
  return (await findVersion(tx, contract.id, number))!;
};

/** Confirms the round that was read. When both parties have, the text is fixed and waits for signatures. */
export const confirmTerms = async (deps: AgreementsDeps, tx: Tx, id: string, round: number): Promise<void> => {
  const { contract } = await asParty(tx, id);
  const version = await openVersion(tx, id);
  if (!version || version.state === 'pendingSignature')
    throw problems.wrongState({ detail: version?.state ?? contract.state });
  if (version.round !== round) throw problems.staleRound();
  const me = tx.actor.participant;
  if (version.confirmedBy.includes(me)) throw problems.notYourTurn();
  const confirmed: ContractVersion = { ...version, state: 'negotiating', confirmedBy: [...version.confirmedBy, me] };
  await audit(tx, { action: 'agreements.contract.confirm', subject: id, data: { version: version.number, round } });
  if (partiesOf(contract).every((party) => confirmed.confirmedBy.includes(party)))
    return lockTerms(deps, tx, contract, confirmed);
  await saveVersion(tx, confirmed);
  if (version.number === 1) await saveContract(tx, { ...contract, state: 'negotiating' });
};
