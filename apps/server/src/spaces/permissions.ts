import type { PermissionTable } from '../kernel/http/principal.ts';
import { memberRoles } from '../members/index.ts';

const members = [...memberRoles];

export const permissions: PermissionTable = {
  'spaces.space.found': {
    title: { zh: '发起数据空间', en: 'Found data spaces' },
    roles: members,
    seats: ['administrator', 'trader'],
  },
  'spaces.rules.publish': {
    title: { zh: '发布本单位空间的规则', en: 'Publish rules of the organisation’s spaces' },
    roles: members,
    seats: ['administrator', 'trader'],
  },
  'spaces.member.join': {
    title: { zh: '申请加入空间、签署规则与退出', en: 'Apply to spaces, sign their rules and leave' },
    roles: members,
    seats: ['administrator', 'trader'],
  },
  'spaces.member.decide': {
    title: { zh: '邀请与审定本单位空间的成员', en: 'Invite members and decide on them in the organisation’s spaces' },
    roles: members,
    seats: ['administrator', 'trader'],
  },
  'spaces.member.read': {
    title: { zh: '查看所在空间的成员', en: 'See members of one’s spaces' },
    roles: [...members, 'operator', 'regulator'],
    seats: ['administrator', 'trader', 'steward', 'finance', 'developer', 'reviewer', 'approver', 'service', 'officer'],
  },
  'spaces.space.supervise': {
    title: { zh: '查看全部数据空间及其成员、目录', en: 'See every data space with its members and catalogue' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'service', 'officer'],
  },
  'spaces.entry.write': {
    title: { zh: '在空间目录列入与撤出产品', en: 'Put products into catalogues of spaces and take them out' },
    roles: members,
    seats: ['administrator', 'trader', 'steward'],
  },
};
