/** Organisations: institutions, admission, directory, standing, bank account. */
import { z } from 'zod';
import { empty, id, name, page, pageQuery, text, time } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import {
  invitation,
  limits,
  memberRole,
  newPerson,
  organisation,
  organisationFacts,
  organisationId,
  organisationStatus,
  ownOrganisation,
  password,
  personId,
  phone,
  profile,
  role,
  roleClass,
} from './nouns.ts';

export const createInstitution = endpoint({
  id: 'members.institution.create',
  method: 'POST',
  path: '/api/organisations/institutions',
  summary: { zh: '登记登记机构或主管部门', en: 'Enter the registrar or a regulator' },
  permission: 'members.institution.create',
  status: 201,
  secretReply: true,
  body: z.object({
    ...organisationFacts,
    role: z.enum(['registrar', 'regulator']),
    administrator: z.object(newPerson),
  }),
  reply: z.object({ organisation: organisationId, administrator: personId, invitation }),
});

export const apply = endpoint({
  id: 'members.admission.create',
  method: 'POST',
  path: '/api/admissions',
  summary: { zh: '申请入场', en: 'Apply for membership' },
  permission: 'public',
  status: 201,
  // The credit code admits one application at a time; a recorded key would keep a fast digest of the password.
  repeatable: true,
  bodyBytesMax: 3_145_728,
  body: z.object({
    ...organisationFacts,
    roles: z
      .array(
        z.object({ role: memberRole, class: roleClass.default(''), licence: z.string().trim().max(100).default('') }),
      )
      .min(1)
      .max(limits.rolesPerApplicationMax),
    administrator: z.object({ ...newPerson, phone, password }),
    authorisationLetter: z.object({
      fileName: z.string().trim().min(1).max(200),
      mediaType: z.enum(['application/pdf', 'image/png', 'image/jpeg']),
      content: z.base64().min(4).max(2_796_204).describe('the signed letter, at most 2 MiB'),
    }),
    acceptedVersions: z.array(id('rdv')).max(100).describe('every mandatory rule document in force'),
  }),
  reply: z.object({ organisation: organisationId, administrator: personId, case: id('cas') }),
});

export const listAdmissions = endpoint({
  id: 'members.admission.list',
  method: 'GET',
  path: '/api/admissions',
  summary: { zh: '会员与入场申请', en: 'Members and applicants, for the operator and the regulator' },
  permission: 'members.organisation.read',
  query: pageQuery.extend({ status: organisationStatus.optional(), role: role.optional() }),
  reply: page(organisation),
});

export const readAdmission = endpoint({
  id: 'members.admission.read',
  method: 'GET',
  path: '/api/admissions/:id',
  summary: { zh: '会员主体信息（供审核核验）', en: 'A member’s particulars, for those who verify them' },
  permission: 'members.organisation.read',
  readsLogged: true,
  params: z.object({ id: organisationId }),
  reply: organisation.extend({
    legalRepresentative: z.string().nullable(),
    case: id('cas').nullable(),
    administrators: z.array(
      z.object({ displayName: z.string(), phone: z.string().nullable(), email: z.string().nullable() }),
    ),
  }),
});

export const listDirectory = endpoint({
  id: 'members.directory.list',
  method: 'GET',
  path: '/api/organisations',
  summary: { zh: '数商与第三方服务机构名录', en: 'Directory of data merchants and service bodies' },
  permission: 'public',
  query: pageQuery.extend({
    role: role.extract(['dataMerchant', 'serviceBody']).optional(),
    class: roleClass.optional(),
    search: z.string().trim().max(60).optional(),
  }),
  reply: page(profile),
});

export const readProfile = endpoint({
  id: 'members.profile.read',
  method: 'GET',
  path: '/api/organisations/:id',
  summary: { zh: '机构公开信息', en: 'An organisation’s public profile' },
  permission: 'public',
  params: z.object({ id: organisationId }),
  reply: profile,
});

export const readOwnOrganisation = endpoint({
  id: 'members.organisation.own',
  method: 'GET',
  path: '/api/me/organisation',
  summary: { zh: '本单位信息', en: 'My organisation' },
  permission: 'signedIn',
  reply: ownOrganisation,
});

export const updateBankAccount = endpoint({
  id: 'members.bank.update',
  method: 'PUT',
  path: '/api/me/organisation/bank-account',
  summary: { zh: '登记本单位出入金银行账户', en: 'Enter the organisation’s own bank account for payouts' },
  permission: 'members.bank.update',
  body: z.object({
    bankName: name,
    holder: name,
    account: z
      .string()
      .trim()
      .regex(/^[0-9]{8,30}$/),
  }),
  reply: ownOrganisation,
});

export const applyForRoles = endpoint({
  id: 'members.role.apply',
  method: 'POST',
  path: '/api/me/organisation/roles',
  summary: { zh: '申请增加会员类别', en: 'Apply for further roles' },
  permission: 'members.role.apply',
  status: 201,
  body: z.object({ role: memberRole, class: roleClass.default(''), licence: z.string().trim().max(100).default('') }),
  reply: z.object({ case: id('cas') }),
});

export const suspendOrganisation = endpoint({
  id: 'members.organisation.suspend',
  method: 'POST',
  path: '/api/organisations/:id/suspend',
  summary: {
    zh: '暂停会员资格（提出；另一人复核后生效）',
    en: 'Propose to suspend a member; takes effect when a second person confirms',
  },
  permission: 'members.organisation.suspend',
  params: z.object({ id: organisationId }),
  body: z.object({ reason: text.min(1).max(1000) }),
  reply: z.object({ proposal: id('osp') }),
});
export const restoreOrganisation = endpoint({
  id: 'members.organisation.restore',
  method: 'POST',
  path: '/api/organisations/:id/restore',
  summary: {
    zh: '恢复会员资格（提出；另一人复核后生效）',
    en: 'Propose to restore a member; takes effect when a second person confirms',
  },
  permission: 'members.organisation.suspend',
  params: z.object({ id: organisationId }),
  body: z.object({ reason: text.min(1).max(1000) }),
  reply: z.object({ proposal: id('osp') }),
});
export const confirmStanding = endpoint({
  id: 'members.organisation.confirm',
  method: 'POST',
  path: '/api/organisations/standing/:id/confirm',
  summary: { zh: '复核暂停或恢复', en: 'Confirm a proposed suspension or restoration' },
  permission: 'members.organisation.confirm',
  params: z.object({ id: id('osp') }),
  body: empty,
  reply: z.object({ organisation: organisationId, status: organisationStatus }),
});
export const listStandingProposals = endpoint({
  id: 'members.organisation.proposals',
  method: 'GET',
  path: '/api/organisations/standing',
  summary: { zh: '暂停与恢复的提议', en: 'Proposed and confirmed suspensions and restorations' },
  permission: 'members.organisation.read',
  query: pageQuery,
  reply: page(
    z.object({
      id: id('osp'),
      organisation: organisationId,
      organisationName: z.string(),
      status: z.enum(['suspended', 'active']),
      reason: z.string(),
      proposedBy: z.string(),
      proposedAt: time,
      confirmedBy: z.string().nullable(),
      confirmedAt: time.nullable(),
    }),
  ),
});
