/** The exchange as issuer to credential services elsewhere: what it issues, within which limits. */
import { type CredentialObject, type Profile, profiles } from '@shugu/claims';
import { MEMBERSHIP } from '../claims/room.ts';

export interface Holder {
  participant: string;
  did: string;
  registered_at: Date;
  offer_attempts: number;
  offer_due_at: Date | null;
  offered_at: Date | null;
  fault: string | null;
}

export interface CredentialRequest {
  id: string;
  participant: string;
  holder: string;
  holder_pid: string;
  credentials: string[];
  state: 'RECEIVED' | 'ISSUED' | 'REJECTED';
  sealed_access: string | null;
  attempts: number;
  reason: string;
  created_at: Date;
}

export const issuingLimits = {
  /** Requests of a member that wait, and in a day. */
  waitingMax: 20,
  dayMax: 100,
  /** Deliveries and offers in one turn. */
  turnMax: 20,
  attemptsMax: 5,
  /** The first try is made so long after the answer, which the holder has to have read; each further one twice as long after the last. */
  courtesyMilliseconds: 100,
  againSeconds: 60,
  /** A credential that runs out is offered anew this often. */
  offerDays: 7,
  /** Requests and credentials that are shown. */
  shownMax: 20,
} as const;

const ids: Record<Profile, string> = { 'vc20-bssl/jwt': 'membership', 'vc11-sl2021/jwt': 'membership-vc11' };

/** Membership alone, in both data models: a holder asks for what its wallet can read. */
export const supported: readonly CredentialObject[] = profiles.map((profile) => ({
  id: ids[profile],
  type: 'CredentialObject',
  credentialType: MEMBERSHIP,
  bindingMethods: ['did:web'],
  profile,
}));
