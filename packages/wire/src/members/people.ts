/** People, seats, API keys, audit. */
import { z } from 'zod';
import { bilingual, empty, id, name, ok, page, pageQuery, time } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import { invitation, limits, newPerson, organisationId, person, personId, seat } from './nouns.ts';

export const listPeople = endpoint({
  id: 'members.person.list',
  method: 'GET',
  path: '/api/people',
  summary: { zh: '本单位人员', en: 'People of my organisation' },
  permission: 'members.person.read',
  query: pageQuery,
  reply: page(person),
});

export const createPerson = endpoint({
  id: 'members.person.create',
  method: 'POST',
  path: '/api/people',
  summary: { zh: '新增人员并生成邀请码', en: 'Add a person; gives a one-time invitation code' },
  permission: 'members.person.create',
  status: 201,
  secretReply: true,
  body: z.object({ ...newPerson, seats: z.array(seat).max(10).default([]) }),
  reply: z.object({ person: personId, invitation }),
});

const onPerson = { method: 'POST', params: z.object({ id: personId }), body: empty } as const;
export const disablePerson = endpoint({
  ...onPerson,
  id: 'members.person.disable',
  path: '/api/people/:id/disable',
  summary: { zh: '停用账号', en: 'Disable an account; ends its sessions' },
  permission: 'members.person.create',
  reply: ok,
});
export const enablePerson = endpoint({
  ...onPerson,
  id: 'members.person.enable',
  path: '/api/people/:id/enable',
  summary: { zh: '启用账号', en: 'Enable an account again' },
  permission: 'members.person.create',
  reply: ok,
});
export const resetPerson = endpoint({
  ...onPerson,
  id: 'members.person.reset',
  path: '/api/people/:id/reset',
  summary: {
    zh: '重置密码：生成新的邀请码；机构账号的岗位须由安全管理员重新授予',
    en: 'Reset by a fresh invitation; an operator’s account also loses its seats until the security administrator grants them again',
  },
  permission: 'members.person.create',
  secretReply: true,
  reply: invitation,
});
/** Personal fields become unreadable for good; the record of what the person did stays. */
export const erasePerson = endpoint({
  ...onPerson,
  id: 'members.person.erase',
  path: '/api/people/:id/erase',
  summary: {
    zh: '删除已停用人员的个人信息（不可恢复）',
    en: 'Erase a disabled person’s personal data; cannot be undone',
  },
  permission: 'members.person.create',
  reply: ok,
});

export const grantSeat = endpoint({
  id: 'members.seat.grant',
  method: 'POST',
  path: '/api/people/:id/seats',
  summary: { zh: '授予岗位', en: 'Grant a seat' },
  permission: 'members.seat.grant',
  params: z.object({ id: personId }),
  body: z.object({ seat }),
  reply: ok,
});
export const revokeSeat = endpoint({
  id: 'members.seat.revoke',
  method: 'DELETE',
  path: '/api/people/:id/seats/:seat',
  summary: { zh: '收回岗位', en: 'Revoke a seat' },
  permission: 'members.seat.grant',
  params: z.object({ id: personId, seat }),
  reply: ok,
});

export const listPermissions = endpoint({
  id: 'members.permission.list',
  method: 'GET',
  path: '/api/permissions',
  summary: { zh: '权限表', en: 'Every permission, with the roles and seats that carry it' },
  permission: 'signedIn',
  reply: z.object({
    items: z.array(
      z.object({ permission: z.string(), title: bilingual, roles: z.array(z.string()), seats: z.array(z.string()) }),
    ),
  }),
});

const apiKey = z.object({
  id: id('key'),
  name: z.string(),
  prefix: z.string(),
  serviceAccount: id('svc'),
  permissions: z.array(z.string()),
  addresses: z.array(z.string()),
  createdAt: time,
  expiresAt: time,
  lastUsedAt: time.nullable(),
  rotatedFrom: id('key').nullable(),
  revokedAt: time.nullable(),
});
const freshKey = z.object({ key: z.string().describe('shown once'), apiKey });

export const listKeys = endpoint({
  id: 'members.key.list',
  method: 'GET',
  path: '/api/api-keys',
  summary: { zh: '本单位接口密钥', en: 'API keys of my organisation' },
  permission: 'members.key.read',
  query: pageQuery,
  reply: page(apiKey),
});
export const createKey = endpoint({
  id: 'members.key.create',
  method: 'POST',
  path: '/api/api-keys',
  summary: { zh: '新建接口密钥（只显示一次）', en: 'Make an API key; shown once' },
  permission: 'members.key.create',
  status: 201,
  secretReply: true,
  body: z.object({
    name,
    permissions: z.array(z.string().max(100)).min(1).max(limits.keyPermissionsMax),
    expiresInDays: z.number().int().min(1).max(limits.keyDaysMax),
    addresses: z
      .array(z.string().trim().max(50))
      .max(limits.keyAddressesMax)
      .default([])
      .describe('IP addresses or CIDR blocks; empty for any'),
  }),
  reply: freshKey,
});
export const rotateKey = endpoint({
  id: 'members.key.rotate',
  method: 'POST',
  path: '/api/api-keys/:id/rotate',
  summary: {
    zh: '轮换接口密钥，旧密钥在重叠期后失效',
    en: 'Rotate: a new key now, the old one ends after the overlap',
  },
  permission: 'members.key.create',
  status: 201,
  secretReply: true,
  params: z.object({ id: id('key') }),
  body: z.object({ overlapHours: z.number().int().min(0).max(limits.keyOverlapHoursMax).default(24) }),
  reply: freshKey,
});
export const revokeKey = endpoint({
  id: 'members.key.revoke',
  method: 'DELETE',
  path: '/api/api-keys/:id',
  summary: { zh: '吊销接口密钥，立即失效', en: 'Revoke at once' },
  permission: 'members.key.create',
  params: z.object({ id: id('key') }),
  reply: ok,
});

export const listAudit = endpoint({
  id: 'members.audit.list',
  method: 'GET',
  path: '/api/audit',
  summary: {
    zh: '审计日志：会员看本单位，运营方审计管理员看全部',
    en: 'Audit: one’s own organisation, or everything for the operator’s audit administrator',
  },
  permission: 'members.audit.read',
  readsLogged: true,
  query: pageQuery.extend({
    action: z.string().max(100).optional().describe('an action or its beginning'),
    subject: z.string().max(100).optional(),
    actor: z.string().max(100).optional(),
    participant: organisationId.optional(),
    from: time.optional(),
    to: time.optional(),
  }),
  reply: page(
    z.object({
      sequence: z.number().int(),
      at: time,
      participant: z.string(),
      actorKind: z.string(),
      actor: z.string(),
      actorName: z.string().nullable(),
      action: z.string(),
      subject: z.string(),
      data: z.record(z.string(), z.unknown()),
      request: z.string().nullable(),
      names: z.record(z.string(), z.string()).describe('of the identifiers in this entry that the reader may know'),
    }),
  ),
});
