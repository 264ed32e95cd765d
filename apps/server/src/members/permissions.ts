/** Who may do what in this room. Reviewing admissions is declared with its procedure, in the rule pack. */
import type { PermissionTable } from '../kernel/http/principal.ts';
import { allRoles, institutionRoles, memberRoles } from './model.ts';

const accountKeepers = ['administrator', 'systemAdministrator'];

export const permissions: PermissionTable = {
  'members.institution.create': {
    title: { zh: '登记登记机构与主管部门', en: 'Enter registrar and regulators' },
    roles: ['operator'],
    seats: ['systemAdministrator'],
  },
  'members.organisation.read': {
    title: { zh: '查看全部会员与申请', en: 'See all members and applicants' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'service', 'settlement', 'settlementApprover', 'systemAdministrator', 'officer'],
  },
  'members.organisation.suspend': {
    title: { zh: '提出暂停或恢复会员', en: 'Propose to suspend or restore a member' },
    roles: ['operator'],
    seats: ['reviewer'],
  },
  'members.organisation.confirm': {
    title: { zh: '复核暂停或恢复会员', en: 'Confirm a suspension or restoration' },
    roles: ['operator'],
    seats: ['approver'],
  },
  'members.role.apply': {
    title: { zh: '申请增加会员类别', en: 'Apply for further roles' },
    roles: memberRoles,
    seats: ['administrator'],
  },
  'members.bank.update': {
    title: { zh: '维护本单位银行账户', en: 'Keep the organisation’s bank account' },
    roles: [...memberRoles, 'operator', 'registrar'],
    seats: ['finance', 'settlementApprover', 'administrator'],
  },
  'members.person.read': {
    title: { zh: '查看本单位人员', en: 'See the organisation’s people' },
    roles: allRoles,
    seats: [...accountKeepers, 'securityAdministrator', 'auditAdministrator'],
  },
  'members.person.create': {
    title: { zh: '新增、停用、重置人员账号', en: 'Add, disable and reset accounts' },
    roles: allRoles,
    seats: accountKeepers,
  },
  'members.seat.grant': {
    title: { zh: '授予与收回岗位', en: 'Grant and revoke seats' },
    roles: allRoles,
    seats: ['administrator', 'securityAdministrator'],
  },
  'members.key.read': {
    title: { zh: '查看接口密钥', en: 'See API keys' },
    roles: allRoles,
    seats: ['administrator', 'developer', 'systemAdministrator', 'securityAdministrator'],
  },
  'members.key.create': {
    title: { zh: '新建、轮换、吊销接口密钥', en: 'Make, rotate and revoke API keys' },
    roles: allRoles,
    seats: ['administrator', 'developer', 'systemAdministrator'],
  },
  'members.audit.read': {
    title: { zh: '查看审计日志', en: 'Read the audit' },
    roles: allRoles,
    seats: ['administrator', 'auditAdministrator'],
  },
  'members.rulebook.draft': {
    title: { zh: '起草交易规则', en: 'Draft rules' },
    roles: ['operator'],
    seats: ['reviewer', 'service'],
  },
  'members.rulebook.publish': {
    title: { zh: '发布交易规则', en: 'Publish rules' },
    roles: ['operator'],
    seats: ['approver'],
  },
  'members.rulebook.accept': {
    title: { zh: '代表本单位接受交易规则', en: 'Accept rules for the organisation' },
    roles: [...memberRoles, ...institutionRoles],
    seats: ['administrator'],
  },
};

/**
 * What a key may never carry: power over accounts, seats and keys would let it make more of itself, and acceptance of rules
 * is a person's declaration.
 */
export const neverByKey: ReadonlySet<string> = new Set(
  Object.keys(permissions).filter(
    (permission) => !['members.organisation.read', 'members.audit.read'].includes(permission),
  ),
);
