/** The door of the agreements. */
import type { Plan } from '@shugu/policy';
import type { Text } from '@shugu/wire';
import type { Reader, Sql, Tx } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import type { Route } from '../kernel/http/route.ts';
import type { Contract, ContractKind, ContractSignature, ContractTerms, Offer, ProtocolSignature } from './model.ts';
import {
  agreementsDue,
  contractByOrder,
  type EffectiveQuery,
  effectiveContracts,
  enabledTemplate,
  findContract,
  findOffer,
  findVersion,
  openOffers,
} from './reads.ts';
import { type AgreementsRouteDeps, makeRoutes } from './routes.ts';
import { sideOf } from './service/deps.ts';
import { type ContractDraft, draftContract } from './service/drafting.ts';
import { cancelUnsigned, completeContract, expireDue, rescind } from './service/ending.ts';
import { endMembership, endUngrounded, type LostMembership, type LostRight } from './service/ground.ts';
import {
  checkPaths,
  checkWithin,
  createOffer,
  explainPolicy,
  keepPolicy,
  type OfferDraft,
  offeredTo,
  type PolicyExplanation,
  planOfPolicy,
  spaceNames,
  withdrawOffer,
} from './service/policies.ts';
import { platformSignature, signByProtocol } from './service/signing.ts';
import { importTemplates } from './service/templates.ts';

export { checkAuthorities, readAuthorities } from './authorities.ts';
export type { AgreementEvents } from './events.ts';
export type * from './model.ts';
export { permissions } from './permissions.ts';
export type { EffectiveQuery } from './reads.ts';
export type { AgreementsRouteDeps as AgreementsDeps } from './routes.ts';
export { contractMoves } from './rules.ts';
export type { ContractDraft } from './service/drafting.ts';
export type { OfferDraft, PolicyExplanation } from './service/policies.ts';

export interface Agreements {
  routes: Route[];
  /** Parses, compiles and keeps a policy; its plan. Refuses what cannot be enforced as written. */
  keepPolicy(tx: Tx, participant: string, source: unknown): Promise<Plan>;
  explainPolicy(source: unknown, names?: Readonly<Record<string, string>>): PolicyExplanation;
  /** The same, with the data space in it by its name. */
  policyInWords(read: Reader, source: unknown): Promise<PolicyExplanation>;
  /** Throws unless every delivery mode can enforce the policy. */
  checkPaths: typeof checkPaths;
  /** Throws unless the policy asked for stays within the offered one. */
  checkWithin: typeof checkWithin;
  /** In the name of `tx.actor.participant`, who must be the version's supplier. */
  createOffer(tx: Tx, draft: OfferDraft): Promise<Offer>;
  withdrawOffer(tx: Tx, id: string): Promise<Offer>;
  offer(read: Reader, id: string): Promise<Offer | undefined>;
  offeredTo(read: Reader, offer: Offer, participant: string): Promise<boolean>;
  /** Offers not withdrawn, of any audience. */
  openOffers(read: Reader, productVersion: string): Promise<Offer[]>;
  draftContract(tx: Tx, draft: ContractDraft): Promise<Contract>;
  /** A party's or supervisor's view; `'system'` for flows. Undefined for strangers as for nothing. */
  contract(read: Reader, who: Principal | 'system', id: string): Promise<Contract | undefined>;
  /** The newest contract of an order. */
  contractOfOrder(read: Reader, order: string): Promise<Contract | undefined>;
  /** Terms in force, or under negotiation before that. */
  termsOf(read: Reader, contractId: string): Promise<ContractTerms | undefined>;
  /** What the gateway enforces; undefined unless the contract is in force. */
  planOf(read: Reader, contractId: string): Promise<Plan | undefined>;
  effectiveContracts(read: Reader, query: EffectiveQuery): Promise<{ items: Contract[]; next: string | null }>;
  /** The order fell through before both had signed. */
  cancelUnsigned(tx: Tx, contractId: string, reason: string): Promise<void>;
  /** Both sign a contract negotiated over the Dataspace Protocol, and it takes effect. @throws where it stands on nothing any more */
  signByProtocol(tx: Tx, contractId: string, protocol: ProtocolSignature): Promise<void>;
  /** The negotiation behind it ended before it was final. Harmless to repeat. */
  rescind(tx: Tx, contractId: string, reason: string): Promise<void>;
  /** Told by the flow of settlement when nothing is owed any more. */
  complete(tx: Tx, contractId: string): Promise<void>;
  /** A right to operate ended and no other of the supplier takes its place: contracts without proof of title end. Those that did. */
  endUngrounded(tx: Tx, lost: LostRight, reason: Text): Promise<Contract[]>;
  /** A membership of a data space ended: what was concluded under offers for its members goes on, or ends. Those that did. */
  endMembership(tx: Tx, lost: LostMembership, reason: Text): Promise<Contract[]>;
  /** A party's signature over another room's text, made as one under a contract is. */
  signText(
    tx: Tx,
    participant: string,
    bytes: Uint8Array,
  ): Promise<Pick<ContractSignature, 'keyId' | 'level' | 'signature'>>;
  /** Ends what time has ended, by `tx.now`; the number done. Call again while it is not zero. */
  expireDue(tx: Tx): Promise<number>;
  /** Whether there is something to expire, as SQL. */
  due(at: Sql): Sql;
  /** Drafts the shipped templates that are missing; another person enables them. */
  importTemplates(tx: Tx): Promise<unknown>;
  /** Whether contracts of a kind can be drawn up here now. */
  templateEnabled(tx: Tx, kind: ContractKind): Promise<boolean>;
}

export const makeAgreements = (deps: AgreementsRouteDeps): Agreements => ({
  routes: makeRoutes(deps),
  keepPolicy,
  explainPolicy,
  policyInWords: async (read, source) => explainPolicy(source, await spaceNames(deps, read, source)),
  checkPaths,
  checkWithin,
  createOffer: (tx, draft) => createOffer(deps, tx, draft),
  withdrawOffer,
  offer: findOffer,
  offeredTo: (read, offer, participant) => offeredTo(deps, read, offer, participant),
  openOffers,
  draftContract: (tx, draft) => draftContract(deps, tx, draft),
  contract: async (read, who, id) => {
    const contract = await findContract(read, id);
    if (!contract || who === 'system' || who.permissions.has('agreements.contract.supervise')) return contract;
    return sideOf(contract, who.participant) ? contract : undefined;
  },
  contractOfOrder: contractByOrder,
  termsOf: async (read, id) => {
    const contract = await findContract(read, id);
    return contract && (await findVersion(read, id, contract.currentVersion))?.terms;
  },
  planOf: async (read, id) => {
    const contract = await findContract(read, id);
    return contract?.state === 'effective' ? planOfPolicy(read, contract.policyHash!) : undefined;
  },
  effectiveContracts,
  cancelUnsigned,
  signByProtocol: (tx, id, protocol) => signByProtocol(deps, tx, id, protocol),
  rescind,
  complete: completeContract,
  endUngrounded,
  endMembership,
  signText: (tx, participant, bytes) => platformSignature(deps, tx, participant, bytes),
  expireDue,
  due: agreementsDue,
  importTemplates,
  templateEnabled: async (tx, kind) => (await enabledTemplate(tx, tx.tenancy.market, kind)) !== undefined,
});
