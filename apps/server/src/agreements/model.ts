/** Offers, templates and contracts; and what this room asks of its neighbours. */
import type { Certified, Json, Signer, SuiteName } from '@shugu/evidence';
import type { Watermark } from '@shugu/policy';
import type { Text } from '@shugu/wire';
import type {
  audience,
  basisItem,
  contractKinds,
  contractStates,
  contractTerms,
  templateClause,
  templateDraft,
  termDifference,
} from '@shugu/wire/agreements';
import type { z } from 'zod';
import type { DeliveryMode } from '../catalogue/index.ts';
import type { Reader, Tx } from '../kernel/db/db.ts';
import type { Issue } from '../kernel/issue/index.ts';
import type { ObjectStore } from '../kernel/objects.ts';
import type { Problem } from '../kernel/problem.ts';

export type ContractKind = (typeof contractKinds)[number];
export type ContractState = (typeof contractStates)[number];
export type ContractTerms = z.output<typeof contractTerms>;
export type BasisItem = z.output<typeof basisItem>;
export type Audience = z.output<typeof audience>;
export type TemplateClause = z.output<typeof templateClause>;
export type TemplateDraft = z.output<typeof templateDraft>;
export type TermDifference = z.output<typeof termDifference>;
export type Side = 'supplier' | 'buyer';

export interface Party {
  participant: string;
  name: string;
  creditCode: string;
  /** Of a participant of another node: its id on the Dataspace Protocol. */
  dataspaceId?: string;
  /** Whose word name and credit code are, and since when; without, the name is the id. */
  attestedBy?: { issuer: string; name: string; at: string };
}

export interface Template {
  id: string;
  code: ContractKind;
  version: number;
  title: Text;
  source: Text;
  clauses: TemplateClause[];
  state: 'draft' | 'enabled' | 'retired';
  hash: string;
  draftedBy: string;
  createdAt: Date;
  enabledAt: Date | null;
}

export interface Offer {
  id: string;
  participant: string;
  productVersion: string;
  policyHash: string;
  policy: Record<string, Json>;
  price: Json;
  deliveryModes: DeliveryMode[];
  audience: Audience;
  /** For whose members the policy is, whoever of them the audience names. */
  space: string | null;
  hash: string;
  createdAt: Date;
  withdrawnAt: Date | null;
}

export interface Contract {
  id: string;
  /** Owner of the record: the supplier. */
  participant: string;
  kind: ContractKind;
  state: ContractState;
  number: string | null;
  supplier: Party;
  buyer: Party;
  product: string;
  productVersion: string;
  productName: string;
  offer: string | null;
  order: string | null;
  template: string;
  templateVersion: number;
  /** Version in force; 1 before the first signature. */
  currentVersion: number;
  policyHash: string | null;
  from: Date | null;
  until: Date | null;
  respondBy: Date;
  effectiveAt: Date | null;
  endedAt: Date | null;
  endReason: string | null;
  paper: string | null;
  createdAt: Date;
}

export type VersionState =
  | 'draft'
  | 'negotiating'
  | 'pendingSignature'
  | 'effective'
  | 'superseded'
  | 'refused'
  | 'lapsed';

/** One text of a contract: the first, or an amendment that replaces the one before it. */
export interface ContractVersion {
  contract: string;
  number: number;
  state: VersionState;
  reason: string;
  terms: ContractTerms;
  basis: BasisItem[];
  round: number;
  proposedBy: string | null;
  confirmedBy: string[];
  /** Canonical bytes as text, from the moment the terms are locked. */
  document: string | null;
  documentHash: string | null;
  policyHash: string | null;
  from: Date | null;
  until: Date | null;
  respondBy: Date;
  lockedAt: Date | null;
  effectiveAt: Date | null;
  createdAt: Date;
}

/** What of a negotiation binds its consumer: the agreement as it was sent, and the verification that answered it. */
export interface ProtocolSignature {
  /** Participant id of whom the identity seam found to have sent the verification. */
  sender: string;
  agreement: ProtocolMessage;
  verification: ProtocolMessage;
}

/** Kept as it went over the wire; `digest` in hexadecimal, SHA-256 over its canonical form. */
export interface ProtocolMessage {
  digest: string;
  body: Record<string, Json>;
}

export interface ContractSignature {
  participant: string;
  person: string;
  keyId: string;
  level: string;
  signature: string;
  /** Of a signature with a certificate: by whom, for whom, and the certificates (base64 of DER, the signer's first). */
  certified: {
    authorityId: string;
    /** Its title then. */
    authority: { zh: string; en: string };
    certificateHolder: string;
    serialHex: string;
    chain: string[];
  } | null;
  /** Of a party that signed by its messages of the Dataspace Protocol. */
  protocol: ProtocolSignature | null;
  at: Date;
}

export interface SignedPaper {
  digest: string;
  bytes: number;
  uploadedBy: string;
  confirmedBy: string[];
}

export interface Termination {
  id: string;
  contract: string;
  kind: 'agreed' | 'forced';
  state: 'proposed' | 'done' | 'declined';
  proposedBy: string;
  proposedPerson: string;
  reason: string;
  at: Date;
  decidedAt: Date | null;
}

/**
 * A licensed certification authority (ESL 16), whose certificate makes a "reliable electronic signature". An operator connects
 * them (authorities.ts). `verify` says who signed; throws `EvidenceError` where signature or certificates do not hold at `at`.
 */
export interface LicensedAuthority {
  id: string;
  title: Text;
  verify(input: {
    bytes: Uint8Array;
    signature: Uint8Array;
    certificates: readonly Uint8Array[];
    at: Date;
  }): Promise<Certified>;
}

/** Where an organisation stands: what is offered to members of a data space, and concluded with them, is known further down. */
export interface SpaceMembership {
  /** Of open data spaces, those in which it stands now. `provides`: it may offer to their members. */
  standing(read: Reader, participant: string): Promise<{ id: string; provides: boolean }[]>;
  names(read: Reader, ids: readonly string[]): Promise<Map<string, Text>>;
}

export interface AgreementNeighbours {
  /** Absent: nobody is a member of any data space. */
  spaces?: SpaceMembership;
  /** Platform key of an organisation for signatures (平台签名): no reliable electronic signature, and its level says so. */
  signerFor(tx: Tx, participant: string): Promise<Signer>;
  suite: SuiteName;
  issue: Pick<Issue, 'paper'>;
  objects: Pick<ObjectStore, 'put'>;
  organisations: {
    organisation(
      read: Reader,
      id: string,
    ): Promise<
      | {
          id: string;
          name: string;
          creditCode: string;
          dataspaceId?: string | null;
          attested?: { name: string; creditCode: string; issuer: string; issuerName: string; at: string } | null;
        }
      | undefined
    >;
  };
  /** The operator's organisation: it is neither supplier nor buyer. */
  operator(read: Reader): Promise<{ id: string; name: string }>;
  /** Plain words of a price plan, which is opaque here. */
  priceText(price: Json): Text;
  /** Whether the market can rate such a plan: parties negotiate prices, and what nobody can bill must not be signed. */
  checkPrice?(price: Json): Problem | undefined;
  /** Why the files of a version cannot be marked so, where they are delivered; empty: they can. Delivery knows the files. */
  unmarkable?(read: Reader, productVersion: string, watermark: Watermark): Promise<Text[]>;
  authorities?: readonly LicensedAuthority[];
  /**
   * What a product version stands on now beside the rights: reports, authorisations, proofs that the market knows. When
   * given, it renews the basis of an amendment, and something it no longer names stops a signature.
   */
  standing?(read: Reader, productVersion: string): Promise<BasisItem[]>;
}
