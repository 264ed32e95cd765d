/** Federation: an organisation as a connector of the Dataspace Protocol; its rules, and what it speaks with others. */
import { z } from 'zod';
import { anyId, decimal, id, json, page, pageQuery, text, time } from './common.ts';
import { endpoint } from './endpoint.ts';
import { termChanges, termLimits, termsTold, tiers } from './federation-terms.ts';

export const federationLimits = {
  rulesMax: 200,
  /** Between an event and what a rule does about it. */
  pauseMillisecondsMax: 3_600_000,
  /** Of ids, names and addresses of others. */
  charactersMax: 1000,
  /** Of a property of a data address: a token, mostly. */
  propertyCharactersMax: 10_000,
  /** Of an agreement, with its negotiation. */
  transfersShownMax: 50,
} as const;

const pid = z.string().regex(/^(neg|tra)_[0-9a-z]{26}$/);
const messageId = id('dsm');

export const processKinds = ['negotiation', 'transfer'] as const;
export const processSides = ['consumer', 'provider'] as const;
export const processStates = [
  'REQUESTED',
  'OFFERED',
  'ACCEPTED',
  'AGREED',
  'VERIFIED',
  'FINALIZED',
  'STARTED',
  'SUSPENDED',
  'COMPLETED',
  'TERMINATED',
] as const;
export const processActs = [
  'request',
  'offer',
  'accept',
  'agree',
  'verify',
  'finalize',
  'terminate',
  'start',
  'suspend',
  'complete',
] as const;

const foreign = z.string().min(1).max(federationLimits.charactersMax);
export const foreignAddress = z
  .url()
  .max(federationLimits.charactersMax)
  .optional()
  .describe('of its protocol endpoints; without one they are found by its DID');
const pattern = foreign.describe('exactly this, or what begins so where it ends in *');
/** A part of a rule as JSON: every list and text has its limit, the depth has the one of all requests. */
const part: z.ZodType = z.lazy(() =>
  z.union([
    foreign,
    z.number(),
    z.boolean(),
    z.null(),
    z.array(part).max(64),
    z.record(z.string().max(federationLimits.charactersMax), part),
  ]),
);
const rights = z
  .array(z.record(z.string().max(federationLimits.charactersMax), part))
  .min(1)
  .max(64);
export const dataAddress = z
  .object({
    '@type': z.literal('DataAddress'),
    endpointType: foreign,
    endpoint: foreign.optional(),
    endpointProperties: z
      .array(
        z.object({
          '@type': z.literal('EndpointProperty'),
          name: foreign,
          value: z.string().max(federationLimits.propertyCharactersMax),
        }),
      )
      .min(1)
      .max(64)
      .optional(),
  })
  .strict();
const terms = z
  .object({
    permission: rights,
    prohibition: rights,
    obligation: rights,
    profile: z.union([foreign, z.array(foreign).min(1).max(10)]),
  })
  .partial()
  .strict()
  .refine((one) => one.permission !== undefined || one.prohibition !== undefined, 'permission or prohibition');

/** Terms written out, or what of our own is changed. */
const once = (one: { terms?: unknown; changes?: unknown }): boolean =>
  one.terms === undefined || one.changes === undefined;
const onceSaid = 'terms or changes, not both';

/** Every condition that is given must hold. */
export const reactionRule = z
  .object({
    kind: z.enum(processKinds),
    on: z.enum(processActs).describe('what happened'),
    by: z.enum(['self', 'other']).default('other').describe('who did it'),
    side: z.enum(processSides).optional().describe('our own'),
    subject: pattern.optional().describe('data set of a negotiation, agreement of a transfer'),
    offer: pattern.optional().describe('id of the offer on the table, or of the one that it is about'),
    counterparty: pattern.optional(),
    purposes: z.array(foreign).min(1).max(50).optional().describe('no purpose but these is asked for'),
    amountFrom: decimal
      .optional()
      .describe(
        'at least so much is paid, at every tier: what the offer says (payAmount), else the listed price; yuan, for what the plan charges for',
      ),
    amountUpTo: decimal.optional().describe('and at most so much'),
    unchanged: z.boolean().optional().describe('the offer says what we offered or asked for ourselves last'),
    timesMax: z.number().int().min(1).max(100).optional().describe('of this reaction within one process'),
    reaction: z.enum([...processActs, 'hold', 'nothing']),
    terms: terms.optional().describe('of a counter-offer or counter-request; our own first ones otherwise'),
    changes: termChanges.optional().describe('the same as changes of what we said last; not beside terms'),
    reason: text.max(500).optional().describe('told when terminating'),
    pauseMilliseconds: z.number().int().min(0).max(federationLimits.pauseMillisecondsMax).default(0),
  })
  .strict()
  .refine(once, onceSaid);
export type ReactionRule = z.infer<typeof reactionRule>;

export const connectorView = z.object({
  name: z.string().describe('participant id by the node’s own tokens'),
  did: z.string().describe('participant id for whoever goes by DIDs'),
  root: z.string().describe('where the version document stands'),
  address: z.string().describe('of the protocol'),
  openedAt: time,
  closedAt: time.nullable(),
  rules: z.array(reactionRule),
});

export const messageView = z.object({
  id: messageId,
  direction: z.enum(['in', 'out']),
  act: z.enum(processActs),
  state: z.enum(['taken', 'waiting', 'sent', 'dropped']),
  attempts: z.number().int(),
  fault: z.string().nullable(),
  reason: z.string().nullable().describe('that the message gives'),
  before: z.enum(processStates).nullable().describe('state that it met'),
  after: z.enum(processStates).nullable().describe('state that it led to; null where it moved nothing'),
  createdAt: time,
  doneAt: time.nullable(),
});
export const processView = z.object({
  id: pid,
  kind: z.enum(processKinds),
  side: z.enum(processSides),
  counterparty: z.string(),
  address: z.string().describe('of its protocol endpoints'),
  theirPid: z.string().nullable(),
  state: z.enum(processStates).nullable().describe('null until the counter-party has acknowledged the first message'),
  subject: z.string(),
  offer: json,
  agreement: json,
  format: z.string().nullable(),
  dataAddress: json,
  held: z
    .object({ act: z.enum(processActs), by: z.enum(['self', 'other']), fault: z.string().optional() })
    .nullable()
    .describe('the event that waits for a person'),
  clearance: z
    .enum(processActs)
    .nullable()
    .describe('the act that is said once the trade behind it allows it: its review is passed, its access open'),
  acts: z.array(z.enum(processActs)).describe('what can be done now'),
  order: z.string().nullable().describe('of this market, which stands behind it at the provider’s'),
  createdAt: time,
  changedAt: time,
});
/** With what it is about, however the process itself names that. */
export const processAbout = processView.extend({
  proposed: termsTold.nullable().describe('what the offer on the table says, of a negotiation'),
  ours: termsTold.nullable().describe('what we offered or asked for last'),
  dataset: z.string().nullable(),
  title: z
    .string()
    .nullable()
    .describe('of the data set: of ours while it stands in the catalogue, else as its provider’s catalogue told it'),
});
const processStanding = processView.pick({ id: true, state: true, createdAt: true, changedAt: true });

const did = z
  .string()
  .regex(/^did:web:[^\s/?#]+$/)
  .max(federationLimits.charactersMax);
const didKey = z.object({ id: z.string(), createdAt: time });

export const credentialStates = ['valid', 'expired', 'replaced', 'revoked'] as const;
export const issuanceStates = ['OFFERED', 'REQUESTED', 'ISSUED', 'REJECTED'] as const;
export const identityView = z.object({
  did: z.string(),
  document: z.string().describe('where the DID document stands'),
  key: didKey,
  credentials: z
    .array(
      z.object({
        id: z.string(),
        issuer: z.string(),
        own: z.boolean().describe('issued by this exchange'),
        types: z.array(z.string()),
        state: z.enum(credentialStates).describe('revocations by other issuers are theirs to tell'),
        validFrom: time,
        validUntil: time,
        reason: z.string(),
      }),
    )
    .describe('the newest first'),
  issuances: z
    .array(
      z.object({
        id: z.string(),
        issuer: z.string(),
        credentials: z.array(z.string()),
        state: z.enum(issuanceStates),
        reason: z.string(),
        createdAt: time,
      }),
    )
    .describe('what was offered by issuers and asked of them, the newest first'),
});
export const trustedIssuers = z.object({
  did: z.string().describe('of this node as issuer'),
  document: z.string(),
  key: didKey,
  issuers: z.array(
    z.object({
      did: z.string(),
      name: z.string(),
      why: z.enum(['own', 'setting', 'hub', 'node']).describe('what it is trusted by'),
    }),
  ),
});

const params = z.object({ id: pid });
const nothing = z.object({}).strict();

export const getConnector = endpoint({
  id: 'federation.connector.get',
  method: 'GET',
  path: '/api/connector',
  summary: { zh: '本单位的数据空间连接器', en: 'The organisation’s connector; null before it is opened' },
  permission: 'federation.read',
  reply: z.object({ connector: connectorView.nullable() }),
});
export const openConnector = endpoint({
  id: 'federation.connector.open',
  method: 'POST',
  path: '/api/connector/open',
  summary: { zh: '开通本单位的数据空间连接器', en: 'Open the organisation’s connector to other participants' },
  permission: 'federation.write',
  body: nothing,
  reply: connectorView,
});
export const closeConnector = endpoint({
  id: 'federation.connector.close',
  method: 'POST',
  path: '/api/connector/close',
  summary: { zh: '关闭本单位的数据空间连接器', en: 'Close it: nobody reaches it and nothing more is sent' },
  permission: 'federation.write',
  body: nothing,
  reply: connectorView,
});
export const getIdentity = endpoint({
  id: 'federation.identity.get',
  method: 'GET',
  path: '/api/connector/identity',
  summary: { zh: '本单位的 DID 与所持凭证', en: 'The organisation’s DID and credentials; null without a connector' },
  permission: 'federation.read',
  reply: z.object({ identity: identityView.nullable() }),
});
export const rotateDidKey = endpoint({
  id: 'federation.identity.rotate',
  method: 'POST',
  path: '/api/connector/identity/rotate',
  summary: { zh: '更换本单位 DID 的密钥', en: 'Rotate the key of the organisation’s DID' },
  permission: 'federation.claims.manage',
  body: nothing,
  reply: identityView,
});
export const requestCredential = endpoint({
  id: 'federation.credential.request',
  method: 'POST',
  path: '/api/connector/credentials',
  summary: { zh: '向签发方申请凭证', en: 'Ask an issuer for a credential' },
  permission: 'federation.claims.manage',
  body: z.object({ issuer: did, credential: foreign.describe('id in the issuer’s metadata') }).strict(),
  reply: identityView,
});
export const listTrustedIssuers = endpoint({
  id: 'federation.issuer.list',
  method: 'GET',
  path: '/api/dataspace/issuers',
  summary: { zh: '受信任的会员凭证签发方', en: 'Whose credentials of membership are trusted' },
  permission: 'federation.issuer.read',
  reply: trustedIssuers,
});
export const rotateIssuerKey = endpoint({
  id: 'federation.issuer.rotate',
  method: 'POST',
  path: '/api/dataspace/issuers/rotate',
  summary: { zh: '更换本节点签发凭证的密钥', en: 'Rotate the key by which the node issues credentials' },
  permission: 'federation.issuer.write',
  body: nothing,
  reply: trustedIssuers,
});
export const setRules = endpoint({
  id: 'federation.rules.set',
  method: 'PUT',
  path: '/api/connector/rules',
  summary: { zh: '设置协商与传输规则', en: 'Set the rules by which negotiations and transfers are answered' },
  permission: 'federation.write',
  body: z.object({ rules: z.array(reactionRule).max(federationLimits.rulesMax) }).strict(),
  reply: connectorView,
});
export const tryRules = endpoint({
  id: 'federation.rules.try',
  method: 'POST',
  path: '/api/connector/rules/try',
  summary: {
    zh: '以最近的协商试运行规则，不产生任何影响',
    en: 'Try rules on what the last negotiations said to us; nothing happens',
  },
  permission: 'federation.read',
  body: z.object({ rules: z.array(reactionRule).max(federationLimits.rulesMax) }).strict(),
  reply: z.object({
    items: z
      .array(
        z.object({
          process: pid,
          title: z.string().nullable(),
          counterparty: z.string(),
          side: z.enum(processSides),
          act: z.enum(processActs).describe('that the other side said'),
          at: time,
          price: decimal.nullable().describe('that they asked for; null: there is more than one, or nobody said'),
          tiers: tiers.nullable().describe('the prices, where there is more than one'),
          answer: z
            .object({ price: decimal.nullable(), tiers: tiers.nullable() })
            .nullable()
            .describe('prices that the rule would counter with; null: it says none'),
          rule: z.number().int().min(0).nullable().describe('place of the rule that fits; null: none'),
          reaction: z.enum([...processActs, 'hold', 'nothing']),
          said: z.enum(processActs).nullable().describe('what we said then; null: nothing'),
        }),
      )
      .describe(`of the last ${termLimits.triedMax} negotiations, the newest first`),
  }),
});
export const listProcesses = endpoint({
  id: 'federation.process.list',
  method: 'GET',
  path: '/api/dataspace/processes',
  summary: { zh: '与其他连接器的协商和传输', en: 'Negotiations and transfers with other connectors' },
  permission: 'federation.read',
  query: pageQuery.extend({
    kind: z.enum(processKinds).optional(),
    side: z.enum(processSides).optional().describe('our own'),
    state: z.enum(processStates).optional(),
    order: anyId.optional().describe('behind which order of this market'),
    held: z.enum(['true']).optional().describe('only what waits for a person'),
  }),
  reply: page(processAbout),
});
export const getProcess = endpoint({
  id: 'federation.process.get',
  method: 'GET',
  path: '/api/dataspace/processes/:id',
  summary: { zh: '协商或传输及其往来消息', en: 'A negotiation or transfer with its messages' },
  permission: 'federation.read',
  params,
  reply: z.object({
    process: processAbout,
    messages: z.array(messageView),
    renewal: z
      .object({ expiresAt: time, fault: z.string().nullable() })
      .nullable()
      .describe(
        'of the access token of a transfer that is ours: until when the present one is good; it is renewed here',
      ),
    negotiation: processStanding.nullable().describe('from which the agreement of a transfer came'),
    transfers: z
      .array(processStanding)
      .max(federationLimits.transfersShownMax)
      .describe('by the agreement of a negotiation, the newest first'),
  }),
});
export const getMessage = endpoint({
  id: 'federation.message.get',
  method: 'GET',
  path: '/api/dataspace/processes/:id/messages/:message',
  summary: { zh: '一条消息的原文（不含数据地址的密钥）', en: 'A message as it was said, without keys to data' },
  permission: 'federation.read',
  params: params.extend({ message: messageId }),
  reply: z.object({ id: messageId, body: json, keyless: z.boolean().describe('the key to the data was left out') }),
});
export const actOnProcess = endpoint({
  id: 'federation.process.act',
  method: 'POST',
  path: '/api/dataspace/processes/:id/act',
  summary: { zh: '对协商或传输作出回应', en: 'Answer in a negotiation or transfer' },
  permission: 'federation.write',
  params,
  body: z
    .object({
      act: z.enum(processActs),
      terms: terms.optional().describe('of a counter-offer or counter-request'),
      changes: termChanges.optional().describe('the same as changes of what we said last; not beside terms'),
      reason: text.max(500).optional(),
      dataAddress: dataAddress.optional().describe('where the data can be fetched, when starting'),
    })
    .strict()
    .refine(once, onceSaid),
  reply: processView,
});
export const abandonProcess = endpoint({
  id: 'federation.process.abandon',
  method: 'POST',
  path: '/api/dataspace/processes/:id/abandon',
  summary: {
    zh: '放弃对方从未收下首条消息的协商或传输',
    en: 'Give up what never began: the other side has not taken the first message',
  },
  permission: 'federation.write',
  params,
  body: nothing,
  reply: processView,
});
export const requestContract = endpoint({
  id: 'federation.negotiation.request',
  method: 'POST',
  path: '/api/dataspace/negotiations',
  summary: { zh: '向其他连接器请求合同', en: 'Ask another participant for a contract' },
  permission: 'federation.write',
  status: 201,
  body: z
    .object({
      counterparty: foreign.describe('its participant id'),
      address: foreignAddress,
      dataset: foreign,
      offer: foreign.describe('id of the offer'),
      terms,
      changes: termChanges.optional().describe('of those terms'),
      title: z.string().trim().min(1).max(200).optional().describe('of the data set, as its provider’s catalogue says'),
      price: decimal.optional().describe('of the offer, as its provider’s catalogue says'),
      tiers: tiers.optional().describe('the same, of a tiered plan'),
    })
    .strict(),
  reply: processView,
});
export const offerContract = endpoint({
  id: 'federation.negotiation.offer',
  method: 'POST',
  path: '/api/dataspace/offers',
  summary: { zh: '向其他连接器主动提出报价', en: 'Offer a data set of ours to another participant' },
  permission: 'federation.write',
  status: 201,
  body: z
    .object({
      counterparty: foreign,
      address: foreignAddress,
      dataset: foreign,
      offer: foreign.optional().describe('which of the catalogue; the first one otherwise'),
      terms: terms.optional().describe('those of the catalogue otherwise'),
      changes: termChanges.optional().describe('of those of the catalogue; not beside terms'),
    })
    .strict()
    .refine(once, onceSaid),
  reply: processView,
});
export const requestTransfer = endpoint({
  id: 'federation.transfer.request',
  method: 'POST',
  path: '/api/dataspace/transfers',
  summary: { zh: '依据协议请求传输', en: 'Ask for the data of an agreement' },
  permission: 'federation.write',
  status: 201,
  body: z
    .object({
      agreement: foreign,
      address: foreignAddress,
      format: foreign,
      dataAddress: dataAddress.optional().describe('where to bring the data, when it is pushed'),
    })
    .strict(),
  reply: processView,
});

export const foreignPurchase = z.object({
  kind: z.literal('foreign').describe('of a provider at another connector, beside the orders of this market'),
  agreement: z.string(),
  negotiation: pid.nullable(),
  provider: z.string().describe('its participant id'),
  address: z.string().nullable().describe('of its protocol endpoints'),
  dataset: z.string(),
  title: z.string().nullable().describe('of the data set, as its provider’s catalogue said'),
  finalizedAt: time,
  transfer: z
    .object({
      id: pid,
      state: z.enum(processStates).nullable(),
      format: z.string().nullable(),
      endpoint: z
        .string()
        .nullable()
        .describe('where the data is read; the key to it is in the transfer’s data address'),
    })
    .nullable()
    .describe('the newest one'),
});
export const listForeignPurchases = endpoint({
  id: 'federation.purchase.list',
  method: 'GET',
  path: '/api/dataspace/purchases',
  summary: { zh: '经数据空间协议购入的数据', en: 'What the organisation bought over the Dataspace Protocol' },
  permission: 'federation.read',
  query: pageQuery,
  reply: page(foreignPurchase),
});
