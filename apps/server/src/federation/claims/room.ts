/** What every part of claims works with. */

import type { CredentialServiceDeps, Fetch, PlainHttp, Profile, Resolver, TokenSigner } from '@shugu/claims';
import type { Logger } from 'pino';
import type { Database, Reader } from '../../kernel/db/db.ts';
import type { DidKeys, DidKeysDeps } from './did-keys.ts';
import type { Dids } from './dids.ts';

/** Whom the exchange speaks for in a MembershipCredential. */
export interface Member {
  name: string;
  creditCode: string;
  roles: string[];
}

/** An issuer whose word about its members counts, and why. */
export interface TrustedIssuer {
  did: string;
  name: string;
  why: 'own' | 'setting' | 'hub' | 'node';
}

export interface ClaimsDeps extends DidKeysDeps {
  database: Database;
  now(): Date;
  log: Logger;
  publicUrl(): string;
  dids: Dids;
  /** Undefined for everybody who is not an active member of this node. */
  member(read: Reader, participant: string): Promise<Member | undefined>;
  /** Of the settings. */
  trustedIssuers: readonly string[];
  /** Nodes that are registered here, or the hub at which this one is; where they are reached. */
  peers(read: Reader): Promise<{ name: string; url: string; why: 'hub' | 'node' }[]>;
}

export interface ClaimsRoom extends ClaimsDeps {
  didKeys: DidKeys;
  resolver: Resolver;
  fetch: Fetch;
  plainHttp: PlainHttp;
  /** There is something to hand over to an issuer. */
  wake(): void;
  /** Or, as issuer, to a holder. */
  wakeIssuing(): void;
}

export interface Signing {
  signer: TokenSigner;
  /** As the node knows it. */
  key: { id: string; createdAt: Date };
  ownKey: CredentialServiceDeps['ownKey'];
}

export const claimsLimits = {
  bodyBytesMax: 262_144,
  /** A credential of ours is good for so long, and made anew when less than that is left. */
  membershipDays: 90,
  renewalDays: 30,
  /** Before a new kind of key signs: twice as long as documents are kept, here and, as far as is known, elsewhere. */
  announceSeconds: 600,
  /** A status list is signed for so long. */
  statusListSeconds: 900,
  /** Credentials of a participant that are shown. */
  credentialsMax: 50,
  /** Requests and offers that wait, of a participant. */
  issuancesMax: 20,
  /** Credentials made in one turn. */
  issuedPerTurn: 100,
  /** How long what a counter-party has shown is believed; its status is looked at with each message. */
  keepSeconds: 300,
  /** Tries to hand a request to an issuer. */
  attemptsMax: 5,
} as const;

export const MEMBERSHIP = 'MembershipCredential';

/** Below the root of a participant's addresses. */
export const WALLET_PATH = '/claims';
/** Below the node's own address. */
export const ISSUER_PATH = '/claims/issuer';
/** Below the node's own address: the same places, in the form of either data model. */
export const STATUS_PATHS: Record<Profile, string> = {
  'vc20-bssl/jwt': '/claims/status',
  'vc11-sl2021/jwt': '/claims/status-2021',
};
