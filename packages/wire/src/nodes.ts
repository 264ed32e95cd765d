/** 节点: a node registers with a hub, says that it lives, and publishes its catalogue upward. Both sides are the same program. */
import { z } from 'zod';
import { bilingual, digest, id, name, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';
import { listingScopes, nodeKinds, nodeSteps } from './node-kinds.ts';
import {
  applicationLimits,
  attachment,
  attachmentKinds,
  attachmentTypes,
  connectorTypes,
  technical,
} from './nodes-application.ts';

export const nodeLimits = {
  nameCharactersMax: 100,
  addressCharactersMax: 300,
  titleCharactersMax: 200,
  summaryCharactersMax: 2000,
  priceCharactersMax: 300,
  /** Changes in one message, and bytes of it. */
  batchEntriesMax: 50,
  /** Of one node at its hub. */
  entriesMax: 100_000,
  demandsMax: 500,
  /** Demands of others in one answer. */
  relayedMax: 50,
  payloadCharactersMax: 400_000,
  /** Nodes of the roster, and entries of others, in one answer. */
  rosterNodesMax: 200,
  browsedMax: 50,
  /** A node is offline after so many missed heartbeats. */
  missedBeatsMax: 3,
  /** Changes that have not arrived for longer than this raise an alarm. */
  lagSecondsMax: 60,
  nodesMax: 1000,
  /** Applications that one address may have taken in: the nodes of one company, or of one machine, stand behind one. */
  applicationsPerHourMax: 20,
} as const;

export { nodeKinds };
/** Of the registration, as its case stands; online, offline and alarm are told by heartbeats and never stored. */
export const nodeStates = [
  'reviewing',
  'certifying',
  'assessing',
  'activating',
  'active',
  'refused',
  'revoked',
] as const;
export const nodeStandings = [...nodeStates.filter((one) => one !== 'active'), 'online', 'offline', 'alarm'] as const;
export const entryKinds = ['listing', 'demand'] as const;

export const nodeId = id('nod');
const keyId = z.string().regex(/^(?:intl|sm):[0-9a-f]{64}$/);
const jwk = z
  .object({ kty: z.string().max(10), crv: z.string().max(20), x: z.string().max(60), y: z.string().max(60).optional() })
  .strict();
const count = z.number().int().nonnegative();
const address = z.string().min(1).max(nodeLimits.addressCharactersMax);
const httpAddress = address.regex(/^https?:\/\/[^\s/?#]+$/).describe('origin of an address, without a path');
export const did = z.string().regex(/^did:web:[^\s/?#]{1,480}$/);
const creditCode = z.string().regex(/^[0-9A-HJ-NP-RTUWXY]{18}$/);

/** What one side says to the other: canonical JSON as text, signed under its log's key as `shugu/node-message/1`. */
export const envelope = z
  .object({
    keyId,
    payload: z.string().min(2).max(nodeLimits.payloadCharactersMax),
    signature: z.string().min(1).max(300),
  })
  .strict();

export const application = z
  .object({
    kind: z.literal('application'),
    to: keyId.describe('the hub that it is meant for'),
    nonce: z.string().regex(/^[\w-]{16,64}$/),
    key: jwk,
    origin: z.string().min(3).max(200).describe('of the node’s public log'),
    name: z.string().trim().min(1).max(nodeLimits.nameCharactersMax),
    nodeKind: z.enum(nodeKinds),
    connectorType: z.literal(connectorTypes),
    operator: z.object({ name, creditCode }).strict(),
    url: httpAddress,
    // Left out where there is nothing: an older hub knows of neither.
    technical: technical.optional(),
    attachments: z.array(attachment).min(1).max(applicationLimits.attachmentsMax).optional(),
  })
  .strict();

export const change = z
  .object({
    kind: z.enum(entryKinds),
    subject: z
      .string()
      .regex(/^[a-z]{2,5}_[0-9a-z]{26}$/)
      .describe('stable identifier at its node'),
    /** null: it is gone. */
    content: z
      .object({
        version: z.string().max(60),
        title: z.string().min(1).max(nodeLimits.titleCharactersMax),
        summary: z.string().max(nodeLimits.summaryCharactersMax),
        price: z.object({
          zh: z.string().max(nodeLimits.priceCharactersMax),
          en: z.string().max(nodeLimits.priceCharactersMax),
        }),
        by: z.string().max(200).describe('supplier of a listing; empty of a demand'),
        industry: z.string().max(10),
        path: z
          .string()
          .regex(/^\/[\w/-]{1,100}$/)
          .describe('of its page at the node, below the node’s address'),
        connector: z
          .object({ participant: did, address: z.string().min(1).max(500), dataset: z.string().min(1).max(200) })
          .strict()
          .optional()
          .describe(
            'of a listing whose supplier trades over the Dataspace Protocol: whom to ask, where, for which data set',
          ),
      })
      .strict()
      .nullable(),
    digest: digest.nullable().describe('of the content, by the node’s suite'),
  })
  .strict();

/** `number` grows with every message that says how a node is, so that none is heard twice. */
const said = { to: keyId, number: z.number().int().positive() };
export const message = z.discriminatedUnion('kind', [
  z
    .object({
      kind: z.literal('heartbeat'),
      ...said,
      generation: count,
      last: count.describe('sequence of the latest change of what the node publishes'),
      url: httpAddress,
      demands: count.describe('changes of demands that it holds of the hub’s'),
    })
    .strict(),
  z
    .object({
      kind: z.literal('certification'),
      ...said,
      software: z.string().min(1).max(60),
      checkpoint: z.string().min(10).max(20_000).describe('signed checkpoint of the log that it names'),
    })
    .strict(),
  z.object({ kind: z.literal('activation'), ...said }).strict(),
  z
    .object({
      kind: z.literal('changes'),
      to: keyId,
      generation: z.number().int().positive().describe('what is published from the beginning anew counts one more'),
      first: z.number().int().positive().describe('sequence of the first; the others follow without a gap'),
      changes: z.array(change).min(1).max(nodeLimits.batchEntriesMax),
    })
    .strict(),
  // Without a number: nothing is written for it.
  z
    .object({
      kind: z.literal('enquiry'),
      to: keyId,
      origin: z.string().min(3).max(200).describe('of the log whose node it asks for'),
    })
    .strict(),
  z
    .object({
      kind: z.literal('roster'),
      to: keyId,
      after: z.string().max(40).describe('id of the last node that it was told; empty: from the beginning'),
    })
    .strict(),
  z
    .object({
      kind: z.literal('browse'),
      to: keyId,
      q: z.string().max(100),
      node: nodeId.nullable(),
      subject: z.string().max(40).nullable(),
      after: z.string().max(500),
    })
    .strict(),
]);

/** A node as its hub vouches for it. */
export const peer = z.object({
  id: nodeId,
  name: z.string(),
  kind: z.enum(nodeKinds),
  origin: z.string(),
  key: jwk,
  state: z.enum(nodeStates),
});

/** A node that takes part, by the hub's word: its address, of which its DID is made, and the key of its log. */
export const rosterNode = z.object({
  id: nodeId,
  name: z.string(),
  kind: z.enum(nodeKinds),
  url: z.string(),
  origin: z.string(),
  key: jwk,
});

export const entry = z.object({
  node: z.object({ id: nodeId, name: z.string(), kind: z.enum(nodeKinds), url: z.string() }),
  kind: z.enum(entryKinds),
  subject: z.string(),
  version: z.string(),
  digest,
  title: z.string(),
  summary: z.string(),
  price: bilingual,
  by: z.string(),
  industry: z.string(),
  url: z.string().describe('its page at its node: what it says stands there'),
  connector: z
    .object({ participant: z.string(), address: z.string(), dataset: z.string() })
    .nullable()
    .default(null)
    .describe('where it can be bought from another node over the Dataspace Protocol; null: at its node only'),
  at: time,
});

export const relayedDemand = z.object({
  sequence: z.number().int().positive(),
  node: z.object({ id: nodeId, name: z.string(), url: z.string() }),
  subject: z.string(),
  content: change.shape.content,
});

/** The hub’s word, signed: what it holds of this node and what becomes of it. */
export const answer = z.object({
  kind: z.literal('answer'),
  to: keyId,
  about: digest.describe('of the message that is answered'),
  node: nodeId,
  state: z.enum(nodeStates),
  reason: z.string(),
  number: count,
  generation: count,
  held: count,
  beatSeconds: z.number().int().positive(),
  credential: z.object({ number: z.string(), verifyCode: z.string() }).nullable(),
  relay: count.describe('sequence of the latest change of a demand that it tells all nodes'),
  anew: z
    .boolean()
    .default(false)
    .describe('the node held more before: it drops what it was told and is told all of it'),
  demands: z.array(relayedDemand).describe('what follows the sequence that the heartbeat named, in its order'),
  // An older hub says nothing of it.
  peer: peer.nullable().default(null).describe('the node whose log an enquiry named; null: none is registered with it'),
  roster: z
    .string()
    .max(80)
    .nullable()
    .default(null)
    .describe('version of the roster of nodes that take part; null: the hub keeps none'),
  nodes: z
    .array(rosterNode)
    .nullable()
    .default(null)
    .describe('in answer to `roster`: those that follow the named one, by id'),
  entries: page(entry).nullable().default(null).describe('in answer to `browse`'),
});

export const readSelf = endpoint({
  id: 'nodes.self.read',
  method: 'GET',
  path: '/api/nodes/self',
  summary: { zh: '本节点：密钥、日志与类型', en: 'This node: its key, its log, its kind' },
  permission: 'public',
  reply: z.object({
    name: z.string(),
    kind: z.enum(nodeKinds),
    key: jwk,
    keyId,
    origin: z.string(),
  }),
});

export const readKind = endpoint({
  id: 'nodes.kind.read',
  method: 'GET',
  path: '/api/nodes/kind',
  summary: {
    zh: '本节点是哪类节点：受理谁接入、可上架什么、接入了哪个枢纽',
    en: 'What kind of node this is: whom it takes, what may be listed, at which hub it takes part',
  },
  permission: 'public',
  reply: z.object({
    kind: z.enum(nodeKinds),
    nodeType: z.literal([0, 1, 2]),
    about: bilingual,
    takes: z.array(z.enum(nodeKinds)),
    lists: z.enum(listingScopes),
    industries: z.array(z.string()).describe('whose products may be listed; empty: of all'),
    supplier: z.string().nullable().describe('name of the one supplier that lists here'),
    hub: z.object({ name: z.string(), url: z.string() }).nullable(),
  }),
});
export const readSteps = endpoint({
  id: 'nodes.steps.read',
  method: 'GET',
  path: '/api/nodes/steps',
  summary: { zh: '本节点还要做什么', en: 'What this node still has to do' },
  permission: 'nodes.uplink.read',
  reply: z.object({ items: z.array(z.object({ step: z.enum(nodeSteps), done: z.boolean() })) }),
});

const heard = { repeatable: true, bodyBytesMax: 2_000_000 } as const;
export const register = endpoint({
  id: 'nodes.node.register',
  method: 'POST',
  path: '/api/nodes/registrations',
  summary: { zh: '节点申请注册（由节点密钥签名）', en: 'A node applies, signed with its key' },
  permission: 'public',
  body: envelope,
  reply: envelope,
  ...heard,
});
export const sendAttachment = endpoint({
  id: 'nodes.attachment.send',
  method: 'PUT',
  path: '/api/nodes/registrations/:node/attachments/:hash',
  summary: {
    zh: '节点送交申请附件的内容（只收其申请中签名列明的内容）',
    en: 'Content of an attachment of an application: only what the application, which is signed, names by its digest',
  },
  permission: 'public',
  params: z.object({
    node: nodeId,
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .describe('SHA-256, hexadecimal'),
  }),
  rawBody: true,
  reply: z.object({ ok: z.literal(true) }),
});
export const tell = endpoint({
  id: 'nodes.node.tell',
  method: 'POST',
  path: '/api/nodes/messages',
  summary: {
    zh: '已登记节点的消息：心跳、认证、激活、目录变更（由节点密钥签名）',
    en: 'What a registered node says: heartbeat, certification, activation, changes of its catalogue; signed with its key',
  },
  permission: 'public',
  body: envelope,
  reply: envelope,
  ...heard,
});

export const node = z.object({
  id: nodeId,
  name: z.string(),
  kind: z.enum(nodeKinds),
  connectorType: z.literal(connectorTypes),
  operator: z.object({ name: z.string(), creditCode: z.string() }),
  url: z.string(),
  origin: z.string(),
  keyId,
  standing: z.enum(nodeStandings),
  reason: z.string(),
  heartbeatAt: time.nullable(),
  listings: count,
  demands: count,
  lag: count.describe('changes that the node announced and the hub does not hold yet'),
  credential: z.object({ number: z.string(), verifyCode: z.string() }).nullable(),
  appliedAt: time,
  activatedAt: time.nullable(),
  endedAt: time.nullable(),
});

export const listNodes = endpoint({
  id: 'nodes.node.list',
  method: 'GET',
  path: '/api/nodes',
  summary: { zh: '已接入的节点', en: 'Nodes that take part, with their state' },
  permission: 'public',
  query: z.object({}).strict(),
  reply: z.object({
    hub: z.object({ name: z.string(), kind: z.enum(nodeKinds), isHub: z.boolean() }),
    items: z.array(node),
  }),
});
export const listApplications = endpoint({
  id: 'nodes.application.list',
  method: 'GET',
  path: '/api/nodes/applications',
  summary: { zh: '全部节点登记及其办件', en: 'Every registration of a node, with its case' },
  permission: 'nodes.node.read',
  query: pageQuery,
  reply: page(node.extend({ case: z.string() })),
});

export const listEntries = endpoint({
  id: 'nodes.entry.list',
  method: 'GET',
  path: '/api/nodes/entries',
  summary: {
    zh: '各节点公布的产品与需求：来自其节点，本枢纽未作审核',
    en: 'What nodes publish, listings and demands: from their nodes, not reviewed here',
  },
  permission: 'public',
  query: pageQuery.extend({
    q: z.string().trim().max(100).optional(),
    kind: z.enum(entryKinds).optional(),
    node: nodeId.optional(),
  }),
  reply: page(entry),
});

export const uplink = z.object({
  hub: z.object({ url: z.string(), name: z.string(), keyId }),
  node: nodeId.nullable(),
  name: z.string(),
  kind: z.enum(nodeKinds),
  state: z.enum(nodeStates),
  reason: z.string(),
  credential: z.object({ number: z.string(), verifyCode: z.string() }).nullable(),
  appliedAt: time,
  /** When the hub last answered, and what stood in the way since. */
  answeredAt: time.nullable(),
  failure: z.string(),
  nextAt: time,
  published: z.object({ last: count, held: count, listings: count, demands: count }),
});
export const attachmentId = id('nat');
export const heldAttachment = attachment.extend({
  id: attachmentId,
  createdAt: time,
  named: z.boolean().describe('by the latest application'),
  sentAt: time.nullable().describe('when the hub had taken it, with the latest application'),
  fault: z.string().describe('why the hub would not'),
});
export const readUplink = endpoint({
  id: 'nodes.uplink.read',
  method: 'GET',
  path: '/api/nodes/uplink',
  summary: { zh: '本节点在枢纽的登记与已公布的内容', en: 'This node at its hub, and what it has published' },
  permission: 'nodes.uplink.read',
  reply: z.object({
    proposed: z.string().describe('the hub that the settings name'),
    uplink: uplink.nullable(),
    attachments: z.array(heldAttachment).describe('which go with an application'),
  }),
});
export const join = endpoint({
  id: 'nodes.uplink.join',
  method: 'POST',
  path: '/api/nodes/uplink',
  summary: { zh: '向枢纽申请接入', en: 'Apply at a hub' },
  permission: 'nodes.uplink.write',
  body: z
    .object({
      hub: httpAddress.optional().describe('the one that the settings name, if left out'),
      name: z.string().trim().min(1).max(nodeLimits.nameCharactersMax).optional(),
      connectorType: z.literal(connectorTypes).default(0),
      technical: technical.optional(),
    })
    .strict(),
  reply: uplink,
});
export const holdAttachment = endpoint({
  id: 'nodes.attachment.hold',
  method: 'POST',
  path: '/api/nodes/uplink/attachments',
  summary: { zh: '上传接入申请的附件', en: 'An attachment that goes with the next application' },
  permission: 'nodes.uplink.write',
  query: z.object({
    kind: z.enum(attachmentKinds),
    name: attachment.shape.name,
    mediaType: z.enum(attachmentTypes),
  }),
  rawBody: true,
  reply: heldAttachment,
  status: 201,
});
export const dropAttachment = endpoint({
  id: 'nodes.attachment.drop',
  method: 'POST',
  path: '/api/nodes/uplink/attachments/:id/drop',
  summary: { zh: '移除未送出的附件', en: 'Leave an attachment out' },
  permission: 'nodes.uplink.write',
  params: z.object({ id: attachmentId }),
  body: z.object({}).strict(),
  reply: z.object({ ok: z.literal(true) }),
});

export const foreignDemand = z.object({
  node: z.object({ id: nodeId, name: z.string() }),
  subject: z.string(),
  title: z.string(),
  summary: z.string(),
  budget: bilingual,
  industry: z.string(),
  url: z.string().describe('its page at its node: it is answered there'),
  at: time,
});
export const listForeignDemands = endpoint({
  id: 'nodes.demand.list',
  method: 'GET',
  path: '/api/nodes/demands',
  summary: { zh: '其他节点的数据需求（由枢纽转告）', en: 'Demands of other nodes, as the hub told them' },
  permission: 'public',
  query: pageQuery,
  reply: page(foreignDemand),
});

/** What became of a certificate that another node issued; all but the first are reasons why it is not recognised. */
export const recognitionOutcomes = [
  'recognised',
  'notBundle',
  'notCertificate',
  'ownLog',
  'peerUnknown',
  'peerEnded',
  'proofFails',
  'expired',
] as const;
export const recognitionFileCharactersMax = 2_000_000;
export const recognition = z.object({
  id: id('rec'),
  at: time,
  outcome: z.enum(recognitionOutcomes),
  digest: digest.describe('of the file'),
  /** Of the certificate, and only where its proof holds. */
  number: z.string().nullable(),
  dataName: z.string().nullable(),
  lastDay: z.string().nullable().describe('the last day on which it is valid'),
  registrar: z.string().nullable(),
  /** The node whose log it stands in, as the hub vouches for it. */
  peer: peer.pick({ id: true, name: true, kind: true, origin: true }).nullable(),
  witnesses: z.array(z.string()).describe('witnesses known here that have cosigned the checkpoint'),
  checks: z.array(z.object({ id: z.string(), ok: z.boolean(), zh: z.string(), en: z.string() })),
});
export const recognise = endpoint({
  id: 'nodes.recognition.create',
  method: 'POST',
  path: '/api/nodes/recognitions',
  summary: {
    zh: '核验其他节点签发的登记凭证并记录是否互认',
    en: 'Check a certificate that another node issued, and record whether it is recognised',
  },
  permission: 'nodes.recognition.write',
  body: z
    .object({ file: z.string().min(1).max(recognitionFileCharactersMax).describe('the text of its bundle') })
    .strict(),
  bodyBytesMax: 2_500_000,
  reply: recognition,
  status: 201,
});
export const listRecognitions = endpoint({
  id: 'nodes.recognition.list',
  method: 'GET',
  path: '/api/nodes/recognitions',
  summary: { zh: '本单位的互认记录', en: 'What your organisation has had checked' },
  permission: 'nodes.recognition.read',
  query: pageQuery,
  reply: page(recognition),
});
