/** Members whose credential service is elsewhere, towards the exchange as issuer: Decentralized Claims Protocol 1.0.1, chapter 6. */
import { z } from 'zod';
import { time } from './common.ts';
import { endpoint } from './endpoint.ts';
import { credentialStates } from './federation.ts';

export const holderLimits = { tokenCharactersMax: 8192 } as const;
export const credentialRequestStates = ['RECEIVED', 'ISSUED', 'REJECTED'] as const;

const holder = z.object({
  did: z.string(),
  registeredAt: time,
  offeredAt: time.nullable().describe('when its credential service took our offer'),
  fault: z.string().nullable().describe('why it did not'),
  credentials: z
    .array(
      z.object({
        id: z.string(),
        holder: z.string().describe('the DID to which it was issued'),
        credential: z.string().describe('id in our metadata as issuer'),
        state: z.enum(credentialStates),
        validUntil: time,
      }),
    )
    .describe('what was issued to it, the newest first'),
  requests: z
    .array(
      z.object({
        id: z.string(),
        holder: z.string(),
        credentials: z.array(z.string()),
        state: z.enum(credentialRequestStates),
        reason: z.string().describe('why it was rejected or could not be delivered'),
        createdAt: time,
      }),
    )
    .describe('what it asked for, the newest first'),
});

export const holderView = z.object({
  issuer: z.object({
    did: z.string().describe('of this node: the audience of its tokens'),
    address: z.string().describe('base of the issuer’s endpoints'),
  }),
  holder: holder.nullable(),
});

export const getHolder = endpoint({
  id: 'federation.holder.get',
  method: 'GET',
  path: '/api/dataspace/holder',
  summary: {
    zh: '本单位在别处的凭证服务，及向其签发的会员凭证',
    en: 'The organisation’s credential service elsewhere, and what was issued to it',
  },
  permission: 'federation.read',
  reply: holderView,
});
export const registerHolder = endpoint({
  id: 'federation.holder.register',
  method: 'PUT',
  path: '/api/dataspace/holder',
  summary: {
    zh: '登记本单位在别处的 DID，由其凭证服务申请会员凭证',
    en: 'Register a DID of elsewhere, whose credential service may ask for the membership credential',
  },
  permission: 'federation.claims.manage',
  body: z
    .object({
      token: z
        .string()
        .min(1)
        .max(holderLimits.tokenCharactersMax)
        .describe('self-issued ID token of that DID for this node, not used before'),
    })
    .strict(),
  reply: holderView,
});
export const removeHolder = endpoint({
  id: 'federation.holder.remove',
  method: 'DELETE',
  path: '/api/dataspace/holder',
  summary: { zh: '注销在别处的 DID，撤销向其签发的凭证', en: 'Remove it, and revoke what was issued to it' },
  permission: 'federation.claims.manage',
  reply: holderView,
});
