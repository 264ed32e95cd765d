/** Data planes outside that an organisation registers at its connector: Data Plane Signaling 1.0-RC3, “Registration”. */
import { z } from 'zod';
import { time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const planeId = z.string().regex(/^[\w.:-]{1,100}$/, 'letters, digits, _ . : -');
const address = z.url().max(1000);
const secret = z.string().min(1).max(4096);
const word = z.string().min(1).max(300);

export const dataPlaneAccess = z.discriminatedUnion('type', [
  z.object({ type: z.literal('bearer'), token: secret }).strict(),
  z
    .object({
      type: z.literal('oauth2_client_credentials'),
      tokenEndpoint: address,
      clientId: z.string().min(1).max(1000),
      clientSecret: secret,
    })
    .strict(),
]);
export type DataPlaneAccess = z.infer<typeof dataPlaneAccess>;

export const dataPlaneDraft = z
  .object({
    id: planeId.describe('the same again replaces what was registered'),
    endpoint: address.describe('base of its signaling endpoints'),
    profiles: z.array(word).min(1).max(50).describe('types of transfers that are handed to it, as HttpData-PULL'),
    labels: z.array(word).max(50).default([]),
    authorization: dataPlaneAccess.describe('what we show it'),
  })
  .strict();

const admission = z.object({
  by: z.string().nullable().describe('the administrator; null: not kept of early ones'),
  at: time,
});

export const dataPlaneView = z.object({
  id: planeId,
  endpoint: z.string(),
  profiles: z.array(z.string()),
  labels: z.array(z.string()),
  authorization: z.enum(['bearer', 'oauth2_client_credentials']),
  running: z.number().int().describe('transfers of it that are not over'),
  registeredAt: time,
  awaySince: time.nullable().describe('since when it does not answer: its types are not offered meanwhile'),
  admitted: admission.nullable().describe('as one that may register itself; null: registered by a person'),
});

export const dataPlaneAdmission = z
  .object({
    id: planeId.describe('the name under which it registers itself; the same again makes another token'),
    profiles: z.array(word).min(1).max(50).describe('types of transfers that it may take'),
  })
  .strict();
const planesReply = z.object({
  planes: z.array(dataPlaneView),
  admitted: z
    .array(admission.extend({ id: planeId, profiles: z.array(z.string()) }))
    .describe('may register themselves, and have not yet'),
});

export const admitDataPlane = endpoint({
  id: 'federation.plane.admit',
  method: 'POST',
  path: '/api/connector/planes/admit',
  summary: { zh: '准许数据面自行登记', en: 'Let a data plane register itself' },
  permission: 'federation.plane.write',
  body: dataPlaneAdmission,
  reply: z.object({
    address: z.string().describe('base of the control plane’s signaling endpoints'),
    token: z.string().describe('what it shows there as a bearer, to register and afterwards; told once'),
  }),
});
export const listDataPlanes = endpoint({
  id: 'federation.plane.list',
  method: 'GET',
  path: '/api/connector/planes',
  summary: { zh: '本单位登记的数据面', en: 'Data planes that the organisation has registered' },
  permission: 'federation.read',
  reply: planesReply,
});
export const registerDataPlane = endpoint({
  id: 'federation.plane.register',
  method: 'POST',
  path: '/api/connector/planes',
  summary: {
    zh: '登记数据面，由其承担所列类型的传输',
    en: 'Register a data plane, to which its types of transfers are handed',
  },
  permission: 'federation.plane.write',
  body: dataPlaneDraft,
  reply: z.object({
    plane: dataPlaneView,
    callback: z.object({
      address: z.string().describe('base of the control plane’s signaling endpoints'),
      token: z.string().nullable().describe('what it shows there as a bearer; told once, null where it has one'),
    }),
  }),
});
export const removeDataPlane = endpoint({
  id: 'federation.plane.remove',
  method: 'POST',
  path: '/api/connector/planes/:id/remove',
  summary: { zh: '注销数据面', en: 'Remove a data plane' },
  permission: 'federation.plane.write',
  params: z.object({ id: planeId }),
  body: z.object({}).strict(),
  reply: planesReply,
});
