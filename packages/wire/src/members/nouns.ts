/** Shapes of organisations, people and what both hold. */
import { z } from 'zod';
import { id, name, time } from '../common.ts';

export const limits = {
  loginCharactersMax: 60,
  passwordCharactersMin: 10,
  passwordCharactersMax: 200,
  rolesPerApplicationMax: 6,
  keyPermissionsMax: 100,
  keyAddressesMax: 20,
  keyDaysMax: 366,
  keyOverlapHoursMax: 168,
  ruleTextCharactersMax: 100_000,
  letterBytesMax: 2_097_152,
} as const;

export const organisationId = id('org');
export const personId = id('per');
export const role = z.enum([
  'operator',
  'registrar',
  'regulator',
  'resourceProvider',
  'technicalServiceProvider',
  'productSupplier',
  'demander',
  'dataMerchant',
  'serviceBody',
]);
export const memberRole = role.exclude(['operator', 'registrar', 'regulator']);
export const roleClass = z.enum([
  '',
  'lawFirm',
  'appraiser',
  'accountant',
  'tester',
  'trainer',
  'creditAgency',
  'surveyor',
  'other',
]);
export const seat = z.enum([
  'administrator',
  'trader',
  'finance',
  'steward',
  'developer',
  'assessor',
  'reviewer',
  'approver',
  'settlement',
  'settlementApprover',
  'service',
  'systemAdministrator',
  'securityAdministrator',
  'auditAdministrator',
  'clerk',
  'registrarReviewer',
  'officer',
]);
export const organisationKind = z.enum([
  'enterprise',
  'publicInstitution',
  'government',
  'lawFirm',
  'socialOrganisation',
  'other',
]);
export const organisationStatus = z.enum(['applying', 'active', 'suspended', 'left']);
export const creditCode = z
  .string()
  .trim()
  .toUpperCase()
  .length(18)
  .describe('统一社会信用代码 (GB 32100), checksum included');
export const login = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._@-]{2,59}$/);
export const password = z.string().min(limits.passwordCharactersMin).max(limits.passwordCharactersMax);
export const plainText = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u;
// Rare characters are legal in names, so only controls, bidi overrides and line breaks are refused.
export const personName = z.string().trim().min(1).max(60).regex(plainText);
export const phone = z
  .string()
  .trim()
  .regex(/^\+?[0-9][0-9 -]{5,19}$/);
export const email = z.email().max(254);

export const nodeRole = z.object({
  role,
  class: roleClass,
  status: z.enum(['applied', 'active', 'suspended', 'ended']),
  licence: z.string(),
  since: time.nullable(),
});
export const newPerson = { login, displayName: personName, phone: phone.optional(), email: email.optional() };
export const organisationFacts = {
  name: name.regex(plainText),
  creditCode,
  kind: organisationKind,
  legalRepresentative: personName,
};

export const attested = z
  .object({
    name: z.string(),
    creditCode: z.string().describe('empty where the issuer says none'),
    issuer: z.string().describe('DID of whoever says so'),
    issuerName: z.string().describe('as it is known here; empty where it has no name'),
    credential: z.string(),
    at: time,
  })
  .describe('what a trusted issuer says of a recognised participant, by a credential that was verified');

export const organisation = z.object({
  id: organisationId,
  name: z.string(),
  creditCode: z.string().describe('empty of a recognised participant of another node'),
  dataspaceId: z.string().nullable().describe('participant id on the Dataspace Protocol by which it was recognised'),
  attested: attested.nullable(),
  kind: organisationKind,
  status: organisationStatus,
  roles: z.array(nodeRole),
  since: time.nullable(),
  createdAt: time,
});
export const ownOrganisation = organisation.extend({
  legalRepresentative: z.string().nullable().describe('null after erasure'),
  bankName: z.string(),
  bankAccount: z.string().describe('masked; the last four digits'),
  bankAccountHolder: z.string(),
  rulesAccepted: z.boolean(),
});
/** What anyone may see: no staff, no representative, no bank. */
export const profile = z.object({
  id: organisationId,
  name: z.string(),
  creditCode: z.string(),
  kind: organisationKind,
  roles: z.array(z.object({ role, class: roleClass, licence: z.string(), since: time.nullable() })),
  since: time.nullable(),
});

export const person = z.object({
  id: personId,
  login: z.string(),
  displayName: z.string(),
  phone: z.string().nullable(),
  email: z.string().nullable(),
  status: z.enum(['invited', 'active', 'disabled', 'erased']),
  seats: z.array(seat),
  createdAt: time,
});
export const me = z.object({
  kind: z.enum(['person', 'service']),
  id: z.string(),
  name: z.string(),
  login: z.string().nullable(),
  organisation: z.object({
    id: organisationId,
    name: z.string(),
    status: organisationStatus,
    roles: z.array(z.object({ role, class: roleClass })),
  }),
  seats: z.array(seat),
  permissions: z.array(z.string()),
  rulesAccepted: z.boolean(),
});
export const invitation = z.object({ code: z.string(), expiresAt: time });
export const sessionReply = z.object({ token: z.string(), expiresAt: time, me });
