/** Control planes of other makes that an organisation lets use the gateway as their data plane: Data Plane Signaling 1.0-RC3. */
import { z } from 'zod';
import { id, time } from './common.ts';
import { deliveryLimits } from './delivery.ts';
import { endpoint } from './endpoint.ts';
import { dataPlaneAccess, planeId } from './federation-planes.ts';

export const controlPlaneDraft = z
  .object({
    id: planeId.describe('the same again replaces what it may have, and ends at once what it may not any more'),
    contracts: z
      .array(id('con'))
      .max(200)
      .describe('contracts of the organisation as buyer, under which its data flows run; no others'),
    callback: z
      .object({
        endpoint: z.url().max(1000).describe('base of its signaling endpoints'),
        authorization: dataPlaneAccess.describe('what we show it'),
      })
      .strict()
      .optional()
      .describe('where it hears what happens later; it may say so itself'),
  })
  .strict();

export const controlPlaneView = z.object({
  id: planeId,
  contracts: z.array(id('con')),
  endpoint: z.string().nullable().describe('where it hears what happens later; null: it asks for itself'),
  running: z.number().int().describe('data flows of it that are not over'),
  registeredAt: time,
  renewedAt: time.nullable().describe('when its token was last renewed'),
  beforeUntil: time.nullable().describe('until when the token before holds, too; null: it holds no more'),
});

const address = z.string().describe('base of the gateway’s signaling endpoints as a data plane');
const letIn = z.object({
  controlPlane: controlPlaneView,
  dataPlane: z.object({
    address,
    token: z.string().nullable().describe('what it shows there as a bearer; told once, null where it has one'),
  }),
});
const list = z.object({ address, controlPlanes: z.array(controlPlaneView) });

export const listControlPlanes = endpoint({
  id: 'federation.controlPlane.list',
  method: 'GET',
  path: '/api/connector/control-planes',
  summary: {
    zh: '本单位准许使用网关的控制面',
    en: 'Control planes that the organisation lets use the gateway',
  },
  permission: 'federation.read',
  reply: list,
});
export const registerControlPlane = endpoint({
  id: 'federation.controlPlane.register',
  method: 'POST',
  path: '/api/connector/control-planes',
  summary: {
    zh: '准许控制面在所列合同内以网关为其数据面',
    en: 'Let a control plane use the gateway as its data plane, under the contracts named',
  },
  permission: 'federation.plane.write',
  body: controlPlaneDraft,
  reply: letIn,
});
export const renewControlPlane = endpoint({
  id: 'federation.controlPlane.renew',
  method: 'POST',
  path: '/api/connector/control-planes/:id/renew',
  summary: {
    zh: '更换控制面的令牌，旧令牌在所定时间内继续有效',
    en: 'Renew the token of a control plane; the old one goes on for as long as stated',
  },
  permission: 'federation.plane.write',
  params: z.object({ id: planeId }),
  body: z.object({ minutes: z.number().int().min(0).max(deliveryLimits.rotationMinutesMax).default(0) }).strict(),
  reply: letIn,
  secretReply: true,
});
export const removeControlPlane = endpoint({
  id: 'federation.controlPlane.remove',
  method: 'POST',
  path: '/api/connector/control-planes/:id/remove',
  summary: {
    zh: '撤销控制面的使用许可，立即终止其数据流',
    en: 'Turn a control plane out; its data flows end at once',
  },
  permission: 'federation.plane.write',
  params: z.object({ id: planeId }),
  body: z.object({}).strict(),
  reply: list,
});
