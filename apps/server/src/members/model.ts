/** The nouns of this room: organisations, their roles, people, their seats. */

import type * as wire from '@shugu/wire/members';
import type { z } from 'zod';

export type Role = z.infer<typeof wire.role>;
export type RoleClass = z.infer<typeof wire.roleClass>;
export type Seat = z.infer<typeof wire.seat>;
export type OrganisationKind = z.infer<typeof wire.organisationKind>;
export type OrganisationStatus = z.infer<typeof wire.organisationStatus>;
export type RoleStatus = 'applied' | 'active' | 'suspended' | 'ended';

export interface HeldRole {
  role: Role;
  class: RoleClass;
  /** Number of the licence that the class stands on (credit reporting, surveying …); '' where none is needed. */
  licence: string;
  status: RoleStatus;
  since: Date | null;
}

/** Verified by a credential: somebody else's word, never the organisation's own. */
export interface Attested {
  name: string;
  /** '' where the issuer says none. */
  creditCode: string;
  /** DID. */
  issuer: string;
  /** As it is known here; '' where it has no name. */
  issuerName: string;
  /** Id of the credential. */
  credential: string;
  at: string;
}

export interface Organisation {
  id: string;
  name: string;
  /** '' of a recognised participant of another node, whose `dataspaceId` says who it is. */
  creditCode: string;
  /** Its participant id on the Dataspace Protocol, by which it was recognised; null of everybody who was admitted here. */
  dataspaceId: string | null;
  /** What an issuer that is trusted here says of it; only of a recognised participant. */
  attested: Attested | null;
  /** Where it is registered, GB/T 2260: places 3–8 of its code (GB 32100). */
  division: string;
  kind: OrganisationKind;
  status: OrganisationStatus;
  roles: HeldRole[];
  since: Date | null;
  createdAt: Date;
  bankName: string;
  bankHolder: string;
  bankAccountMasked: string;
}

export interface Person {
  id: string;
  participant: string;
  login: string;
  displayName: string;
  status: 'invited' | 'active' | 'disabled';
  /** Names nobody any more, and is never enabled again. */
  erased: boolean;
  seats: Seat[];
  createdAt: Date;
}

/** Roles that nobody applies for: an institution of the market, entered by the operator. */
export const institutionRoles = ['operator', 'registrar', 'regulator'] as const satisfies readonly Role[];
export const supplierRoles = ['resourceProvider', 'productSupplier', 'dataMerchant'] as const satisfies readonly Role[];
export const memberRoles = [
  'resourceProvider',
  'technicalServiceProvider',
  'productSupplier',
  'demander',
  'dataMerchant',
  'serviceBody',
] as const satisfies readonly Role[];
export const allRoles = [...institutionRoles, ...memberRoles] as const;

export const administratorSeats = [
  'systemAdministrator',
  'securityAdministrator',
  'auditAdministrator',
] as const satisfies readonly Seat[];

const memberSeats: readonly Seat[] = ['administrator', 'trader', 'finance', 'steward', 'developer'];
/** Which seats an organisation of a role can fill. */
export const seatsOfRole: Record<Role, readonly Seat[]> = {
  operator: ['reviewer', 'approver', 'settlement', 'settlementApprover', 'service', ...administratorSeats],
  registrar: ['administrator', 'clerk', 'registrarReviewer'],
  regulator: ['administrator', 'officer'],
  resourceProvider: memberSeats,
  technicalServiceProvider: memberSeats,
  productSupplier: memberSeats,
  demander: memberSeats,
  dataMerchant: memberSeats,
  serviceBody: [...memberSeats, 'assessor'],
};

export const limits = {
  peoplePerOrganisationMax: 500,
  keysPerOrganisationMax: 50,
  passkeysPerPersonMax: 10,
  ruleDocumentsMax: 200,
  invitationHours: 72,
  passkeyCeremonyMinutes: 5,
  oidcCeremonyMinutes: 10,
  oidcWaitSeconds: 10,
  principalCacheMilliseconds: 5_000,
  principalCacheEntriesMax: 10_000,
  keyUseNotedSeconds: 60,
  addressTriesPerAccountTry: 10,
  admissionsPerHour: 60,
  passwordHashesWaitingMax: 64,
} as const;

const creditCodeAlphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const creditCodeWeights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/** Check character of the first 17 characters of a 统一社会信用代码 (GB 32100); null when one is outside its alphabet. */
export const creditCodeCheck = (body: string): string | null => {
  if (body.length !== 17) return null;
  let sum = 0;
  for (const [at, character] of [...body].entries()) {
    const value = creditCodeAlphabet.indexOf(character);
    if (value < 0) return null;
    sum += value * creditCodeWeights[at]!;
  }
  return creditCodeAlphabet[(31 - (sum % 31)) % 31]!;
};

/** Well formed by GB 32100: says nothing about whether the code was ever issued. */
export const isCreditCode = (text: string): boolean =>
  /^[0-9A-Z]{2}\d{6}[0-9A-Z]{10}$/.test(text) && creditCodeCheck(text.slice(0, 17)) === text[17];
