/** Gateways of their own process: their registry for the operator, and the control link that they keep. */
import { z } from 'zod';
import { id, name, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const gatewayLimits = {
  gatewaysMax: 100,
  slicesPerTurnMax: 20_000,
  linesMax: 200_000,
  turnBytesMax: 8 * 2 ** 20,
  recordsBytesMax: 16 * 2 ** 20,
  segmentBytesMax: 64 * 2 ** 20,
} as const;

export const gatewayId = id('gwy');
export const gatewayStates = ['never', 'connected', 'away', 'revoked'] as const;

const amounts = z.object({ calls: z.number().int(), rows: z.number().int(), bytes: z.number().int() });
export const gatewayView = z.object({
  id: gatewayId,
  name: z.string(),
  source: z.string().describe('of its records'),
  prefix: z.string().describe('first characters of its key'),
  state: z.enum(gatewayStates),
  softwareVersion: z.string().nullable(),
  connectedAt: time.nullable().describe('since when, or when it was last'),
  /** Changes that were pushed and not acknowledged yet; null when it is not connected. */
  unacknowledged: z.number().int().nullable(),
  slices: z.object({ count: z.number().int(), amount: amounts, used: amounts }),
  records: z.object({ sequence: z.number().int(), segment: z.number().int() }),
  createdAt: time,
  rotatedAt: time.nullable(),
  revokedAt: time.nullable(),
});
const withKey = z.object({ gateway: gatewayView, key: z.string().describe('shown once') });
const params = z.object({ id: gatewayId });

export const listGateways = endpoint({
  id: 'delivery.gateway.list',
  method: 'GET',
  path: '/api/gateways',
  summary: { zh: '独立网关', en: 'Gateways of their own process' },
  permission: 'delivery.gateway.read',
  query: pageQuery,
  reply: page(gatewayView),
});
export const createGateway = endpoint({
  id: 'delivery.gateway.create',
  method: 'POST',
  path: '/api/gateways',
  summary: { zh: '登记独立网关并签发密钥', en: 'Register a gateway and issue its key' },
  permission: 'delivery.gateway.write',
  status: 201,
  body: z.object({ name }).strict(),
  reply: withKey,
  secretReply: true,
});
export const rotateGateway = endpoint({
  id: 'delivery.gateway.rotate',
  method: 'POST',
  path: '/api/gateways/:id/rotate',
  summary: { zh: '更换网关密钥，原密钥立即失效', en: 'Issue another key; the one before ends at once' },
  permission: 'delivery.gateway.write',
  params,
  reply: withKey,
  secretReply: true,
});
export const revokeGateway = endpoint({
  id: 'delivery.gateway.revoke',
  method: 'POST',
  path: '/api/gateways/:id/revoke',
  summary: {
    zh: '停用网关：立即停止服务，未用份额收回',
    en: 'End a gateway: it stops at once, and what its imported records do not use of its slices is free',
  },
  permission: 'delivery.gateway.write',
  params,
  reply: gatewayView,
});

const permission = 'delivery.gateway.link';
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const units = z.object({ calls: count, rows: count, bytes: count }).strict();
const session = z.string().min(8).max(80);
const life = z.string().min(8).max(80);
const sliceId = z.string().regex(/^qsl_[0-9a-z]{26}$/);
const heldGrant = z.string().regex(/^grt_[0-9a-z]{26}$/);

export const startLink = endpoint({
  id: 'delivery.link.start',
  method: 'PUT',
  path: '/api/gateway-link/start',
  summary: { zh: '网关建立控制连接', en: 'A gateway begins a session; an earlier one of it ends' },
  permission,
  body: z.object({ life, version: z.string().min(1).max(40) }).strict(),
  reply: z.object({
    session,
    gateway: gatewayId,
    source: z.string(),
    suite: z.enum(['intl', 'sm']),
    secret: z.string().describe('base64: keys of receipts, addresses and masks come from it'),
    graceMs: z.number().int(),
    beatMs: z.number().int(),
    time: z.number().int(),
    storesFolder: z.string(),
    allowedUpstreams: z.array(z.string()),
    traces: z
      .object({ url: z.string(), share: z.number(), authorization: z.string(), allowed: z.array(z.string()) })
      .nullable()
      .describe('collector of spans; null where the operator wants none'),
  }),
});
export const streamLink = endpoint({
  id: 'delivery.link.stream',
  method: 'PUT',
  path: '/api/gateway-link/stream',
  summary: {
    zh: '推送授权与撤回（NDJSON，含心跳）',
    en: 'Push of grants and withdrawals as NDJSON with a heartbeat: first what differs from what is held',
  },
  permission,
  bodyBytesMax: gatewayLimits.turnBytesMax,
  body: z
    .object({
      session,
      held: z
        .array(z.object({ id: z.string().max(60), version: z.number().int() }).strict())
        .max(gatewayLimits.linesMax),
    })
    .strict(),
  reply: z.any(),
  replyKind: 'bytes',
  mediaType: 'application/x-ndjson',
});
export const syncLink = endpoint({
  id: 'delivery.link.sync',
  method: 'PUT',
  path: '/api/gateway-link/sync',
  summary: {
    zh: '网关陈述所持份额并申领',
    en: 'A gateway says which slices it keeps and what it wishes, and gets slices',
  },
  permission,
  bodyBytesMax: gatewayLimits.turnBytesMax,
  body: z
    .object({
      session,
      turn: count,
      life,
      lifeFrom: count,
      key: z
        .object({
          kty: z.enum(['OKP', 'EC']),
          crv: z.enum(['Ed25519', 'SM2']),
          x: z.string().max(50),
          y: z.string().max(50).optional(),
        })
        .strict()
        .optional()
        .describe('public key (JWK) of its segments'),
      acknowledged: count,
      slices: z
        .array(z.object({ id: sliceId, amount: units, final: count.optional() }).strict())
        .max(gatewayLimits.slicesPerTurnMax),
      wishes: z
        .array(z.object({ grant: heldGrant, need: units, ahead: units }).strict())
        .max(gatewayLimits.slicesPerTurnMax),
      recalled: z.array(heldGrant).max(gatewayLimits.slicesPerTurnMax),
      flushed: count.optional(),
    })
    .strict(),
  reply: z.object({
    slices: z.array(
      z.object({
        id: sliceId,
        grant: heldGrant,
        amount: units,
        start: z.number().int(),
        end: z.number().int().nullable(),
        expires: z.number().int(),
      }),
    ),
    exhausted: z.array(heldGrant),
    left: z.record(z.string(), z.record(z.string(), z.number())),
    pushed: z.number().int().nullable(),
    time: z.number().int(),
  }),
});
const shipped = z.object({ sequence: z.number().int(), segment: z.number().int() });
export const shippedLink = endpoint({
  id: 'delivery.link.shipped',
  method: 'GET',
  path: '/api/gateway-link/records',
  summary: { zh: '已收到的用量记录', en: 'How far this gateway’s records are held' },
  permission,
  reply: shipped,
});
export const recordsLink = endpoint({
  id: 'delivery.link.records',
  method: 'PUT',
  path: '/api/gateway-link/records',
  summary: { zh: '上传未封存的用量记录', en: 'Records that are not sealed yet, as a segment file' },
  permission,
  rawBody: true,
  reply: shipped,
});
export const segmentsLink = endpoint({
  id: 'delivery.link.segments',
  method: 'PUT',
  path: '/api/gateway-link/segments',
  summary: {
    zh: '上传已封存的记录段',
    en: 'A sealed segment; its manifest stands in the header X-Segment-Manifest (base64url of JSON)',
  },
  permission,
  rawBody: true,
  reply: shipped,
});
export const contentLink = endpoint({
  id: 'delivery.link.content',
  method: 'GET',
  path: '/api/gateway-link/contents',
  summary: {
    zh: '网关取用授权所需的文件（附摘要）',
    en: 'A file that a grant in force reads, with its digest, for a gateway that does not see the exchange’s disk',
  },
  permission,
  query: z.object({ path: z.string().min(1).max(2000) }),
  reply: z.any(),
  replyKind: 'bytes',
  mediaType: 'application/octet-stream',
  readsLogged: true,
});
export const secretLink = endpoint({
  id: 'delivery.link.secret',
  method: 'GET',
  path: '/api/gateway-link/secrets/:endpoint',
  summary: { zh: '供方接口的请求头密钥', en: 'Headers that a supplier’s upstream needs' },
  permission,
  params: z.object({ endpoint: id('end') }),
  reply: z.object({ headers: z.record(z.string(), z.string()) }),
  readsLogged: true,
});
