/** 节点间交易: entries of all nodes, purchases at another node, what nodes say to each other of them, mutual statements. */
import { z } from 'zod';
import { bilingual, decimal, empty, fen, id, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';
import { dataAddress, federationLimits } from './federation.ts';
import { elsewhereLimits, foreignFormat, formatWays } from './federation-elsewhere.ts';
import { pricePlan } from './market.ts';
import { did, entry, envelope, nodeId } from './nodes.ts';

export const tradeLimits = {
  /** Lines of one mutual statement. */
  linesMax: 500,
  reasonCharactersMax: 500,
  quantityMax: 1_000_000_000,
} as const;

export const purchaseId = id('npu');
export const mutualStatementId = id('mst');
const peerKeyId = z.string().regex(/^(?:intl|sm):[0-9a-f]{64}$/);
const negotiationId = z.string().regex(/^neg_[0-9a-z]{26}$/);
const positive = fen.refine((one) => !one.startsWith('-'), 'not negative');
const quantity = z.number().int().positive().max(tradeLimits.quantityMax);
const format = z.string().min(1).max(federationLimits.charactersMax);
const subject = z.string().regex(/^[a-z]{2,5}_[0-9a-z]{26}$/);

/**
 * Of a purchase at another node: its money is being frozen at this node's bank, the other node is being told so, the contract is being
 * negotiated, it is bought; withdrawing: the other node is asked whether anything came of it. Ends: settled by mutual statements, or
 * come to nothing, when what was frozen goes back.
 */
export const purchaseStates = [
  'holding',
  'guaranteeing',
  'negotiating',
  'withdrawing',
  'bought',
  'settled',
  'failed',
] as const;

export const offerAbroad = z.object({
  offer: z.string(),
  title: z.string(),
  plan: pricePlan,
  taxRate: decimal,
  price: bilingual,
  metered: z.boolean().describe('how much is ordered is for the buyer to say'),
});

export const purchase = z.object({
  id: purchaseId,
  node: z.object({ id: nodeId, name: z.string() }),
  subject: z.string(),
  title: z.string(),
  supplier: z.string().describe('name of the supplier, as its node says'),
  participant: z.string().describe('its DID'),
  address: z.string().describe('of its protocol endpoints'),
  offer: z.string(),
  planTitle: z.string(),
  price: bilingual,
  quantity: z.number().int(),
  estimate: fen.describe('what is frozen for it'),
  owed: fen.describe('asked for by mutual statements so far'),
  state: z.enum(purchaseStates),
  reason: z.string(),
  negotiation: z.string(),
  agreement: z.string().nullable(),
  format: z.string().nullable().describe('type of transfer that the buyer chose when it bought; null: none yet'),
  createdAt: time,
  changedAt: time,
});

export const browseGoods = endpoint({
  id: 'nodes.goods.list',
  method: 'GET',
  path: '/api/nodes/goods',
  summary: { zh: '各节点的产品（由枢纽签名转告）', en: 'Listings of all nodes, as the hub says them' },
  permission: 'nodes.goods.read',
  query: pageQuery.pick({ after: true }).extend({ q: z.string().trim().max(100).optional(), node: nodeId.optional() }),
  reply: page(entry),
});
export const readGoods = endpoint({
  id: 'nodes.goods.read',
  method: 'GET',
  path: '/api/nodes/goods/:node/:subject',
  summary: {
    zh: '其他节点一项产品的在售要约（经数据空间协议向供方查询）',
    en: 'What another node’s supplier offers of a product, asked of its connector',
  },
  permission: 'nodes.purchase.write',
  params: z.object({ node: nodeId, subject }),
  reply: z.object({
    entry,
    offers: z.array(offerAbroad),
    formats: z
      .array(foreignFormat)
      .max(elsewhereLimits.formatsMax)
      .describe('types of transfers in which it is had now'),
  }),
});
export const buyAbroad = endpoint({
  id: 'nodes.purchase.create',
  method: 'POST',
  path: '/api/nodes/purchases',
  summary: { zh: '购买其他节点的产品', en: 'Buy a product of another node' },
  permission: 'nodes.purchase.write',
  status: 201,
  body: z
    .object({
      node: nodeId,
      subject,
      offer: z.string().min(1).max(200),
      quantity: quantity.default(1).describe('of metered plans, in their unit; 1 of all others'),
      format: format.optional().describe('type of transfer, of those that are offered; it may be chosen later'),
    })
    .strict(),
  reply: purchase,
});
export const fetchPurchase = endpoint({
  id: 'nodes.purchase.fetch',
  method: 'POST',
  path: '/api/nodes/purchases/:id/transfers',
  summary: {
    zh: '按所选传输类型请求所购数据',
    en: 'Ask for the data of what was bought, in a type of transfer that is offered',
  },
  permission: 'nodes.purchase.write',
  status: 201,
  params: z.object({ id: purchaseId }),
  body: z
    .object({
      format: format.optional().describe('the one that was chosen when it was bought, unless one is named'),
      dataAddress: dataAddress.optional().describe('where to bring the data, of a type that is pushed; of no other'),
    })
    .strict(),
  reply: z.object({ transfer: id('tra'), format: z.string(), way: z.enum(formatWays) }),
});
export const listPurchases = endpoint({
  id: 'nodes.purchase.list',
  method: 'GET',
  path: '/api/nodes/purchases',
  summary: { zh: '本单位在其他节点的购买', en: 'What the organisation bought, or is buying, at other nodes' },
  permission: 'nodes.purchase.read',
  query: pageQuery,
  reply: page(purchase),
});
export const cancelPurchase = endpoint({
  id: 'nodes.purchase.cancel',
  method: 'POST',
  path: '/api/nodes/purchases/:id/cancel',
  summary: { zh: '成交前取消购买', en: 'Cancel it before it is bought' },
  permission: 'nodes.purchase.write',
  params: z.object({ id: purchaseId }),
  body: empty,
  reply: purchase,
});

/** One settlement statement of a contract, as the seller's node says it. */
export const statementLine = z
  .object({
    purchase: purchaseId,
    statement: z.string().min(1).max(60).describe('number of the seller’s own statement'),
    from: time,
    until: time,
    quantity: z
      .string()
      .regex(/^(0|[1-9]\d{0,17})$/)
      .describe('in the unit that the plan measures'),
    fen: positive,
    final: z.boolean().describe('nothing more will be billed of the purchase'),
  })
  .strict();

/** What nodes say to each other, each signed under the key of its log. */
export const peerMessage = z.discriminatedUnion('kind', [
  z
    .object({
      kind: z.literal('guarantee'),
      to: peerKeyId,
      purchase: purchaseId,
      negotiation: negotiationId.describe('consumer pid of the negotiation that it stands behind'),
      buyer: did,
      supplier: did,
      dataset: z.string().min(1).max(200),
      offer: z.string().min(1).max(200),
      quantity,
      fen: positive.describe('frozen at the sender’s custodian bank for this purchase'),
      at: time,
    })
    .strict(),
  z
    .object({
      kind: z.literal('withdrawal'),
      to: peerKeyId,
      purchase: purchaseId.describe('whose guarantee is asked back; a contract in force keeps it'),
      at: time,
    })
    .strict(),
  z
    .object({
      kind: z.literal('statement'),
      to: peerKeyId,
      number: z.string().min(1).max(60),
      until: time.describe('everything that was billed before is in it, or in an earlier one'),
      lines: z.array(statementLine).max(tradeLimits.linesMax).describe('empty only of a correction'),
      total: positive,
      account: z.string().max(100).describe('number of the account at the sender’s bank into which it is to be paid'),
      corrects: z
        .object({ number: z.string().min(1).max(60), reason: z.string().min(1).max(tradeLimits.reasonCharactersMax) })
        .strict()
        .optional()
        .describe('the statement that differed, in whose place this one stands'),
    })
    .strict(),
]);

/** Whether a guarantee still binds: being looked at, nothing came of it, or a contract is in force. */
export const withdrawals = ['asked', 'void', 'bought'] as const;

export const differenceKinds = ['unknownPurchase', 'amountDiffers', 'aboveHeld', 'statedBefore', 'ended'] as const;
export const statementDifference = z.object({
  statement: z.string(),
  purchase: z.string(),
  why: z.enum(differenceKinds),
  theirs: fen,
  ours: fen.nullable().describe('what the debtor’s node reckons; null where it knows no such purchase'),
});

/** About exactly one message: taken, and of a statement what differs; none: it is signed by both. */
export const peerAnswer = z.object({
  kind: z.literal('peerAnswer'),
  to: peerKeyId,
  about: z.string(),
  differences: z.array(statementDifference).max(tradeLimits.linesMax),
  withdrawal: z
    .object({ state: z.enum(withdrawals), agreement: z.string().max(200).nullable() })
    .optional()
    .describe('of a withdrawal: what became of the guarantee'),
});

export const tellPeer = endpoint({
  id: 'nodes.peer.tell',
  method: 'POST',
  path: '/api/nodes/peers/messages',
  summary: {
    zh: '其他节点的消息：资金担保及其撤回、互结对账单（由其节点密钥签名）',
    en: 'What another node says: money frozen for a purchase, or asked back, a mutual statement; signed with its key',
  },
  permission: 'public',
  body: envelope,
  reply: envelope,
  repeatable: true,
  bodyBytesMax: 2_000_000,
});

export const mutualSides = ['creditor', 'debtor'] as const;
export const mutualStates = ['sending', 'agreed', 'differing', 'corrected'] as const;
export const mutualStatement = z.object({
  id: mutualStatementId,
  number: z.string(),
  node: z.object({ key: z.string(), name: z.string() }),
  side: z.enum(mutualSides).describe('of this node: to whom it is owed, or who owes it'),
  state: z.enum(mutualStates),
  until: time,
  total: fen,
  reckoned: fen.describe('what the debtor’s node reckons instead; the total where nothing differs'),
  lines: z.array(
    statementLine.extend({
      difference: statementDifference.nullable(),
      leftOut: z.boolean().describe('by the correction nothing is asked for it'),
    }),
  ),
  firstDifference: statementLine.nullable().describe('the first period of use that the two nodes see differently'),
  corrects: z.string().nullable().describe('number of the statement that it stands in place of'),
  correctedBy: z.string().nullable().describe('number of the one that stands in its place'),
  reason: z.string().describe('of the correction'),
  account: z.string(),
  signedBy: z.array(z.string()).describe('ids of the keys under which it stands'),
  failure: z.string().describe('why it could not be sent so far'),
  createdAt: time,
  answeredAt: time.nullable(),
});
export const listMutualStatements = endpoint({
  id: 'nodes.statement.list',
  method: 'GET',
  path: '/api/nodes/statements',
  summary: { zh: '与其他节点的互结对账单', en: 'Mutual statements with other nodes' },
  permission: 'nodes.statement.read',
  query: pageQuery,
  reply: page(mutualStatement),
});
export const drawUpStatements = endpoint({
  id: 'nodes.statement.create',
  method: 'POST',
  path: '/api/nodes/statements',
  summary: {
    zh: '出具互结对账单：截至目前其他节点会员所欠',
    en: 'Draw up mutual statements: what members of other nodes owe by now',
  },
  permission: 'nodes.statement.write',
  status: 201,
  body: empty,
  reply: z.object({ items: z.array(mutualStatement) }),
});

const side = z.object({ used: fen.describe('guaranteed, and in no statement that both have signed') });
export const exposure = z.object({
  node: z.object({ id: nodeId, name: z.string() }),
  owing: side.describe('what this node guarantees to that one'),
  owed: side.describe('what that node guarantees to this one'),
});
export const listExposures = endpoint({
  id: 'nodes.exposure.list',
  method: 'GET',
  path: '/api/nodes/exposures',
  summary: {
    zh: '与各节点之间的担保余额及上限',
    en: 'What nodes guarantee to each other, and how much at most',
  },
  permission: 'nodes.statement.read',
  reply: z.object({
    limit: fen.describe('for each node and each direction'),
    items: z.array(exposure).describe('nodes that take part'),
  }),
});

export const correctStatement = endpoint({
  id: 'nodes.statement.correct',
  method: 'POST',
  path: '/api/nodes/statements/:id/corrections',
  summary: {
    zh: '更正有差异的互结对账单：重新计算，或不再主张其中的行',
    en: 'Correct a mutual statement that differs: reckon it anew, or ask nothing for some of its lines',
  },
  permission: 'nodes.statement.correct',
  status: 201,
  params: z.object({ id: mutualStatementId }),
  body: z
    .object({
      reason: z.string().trim().min(1).max(tradeLimits.reasonCharactersMax),
      leaveOut: z
        .array(z.string().min(1).max(60))
        .max(tradeLimits.linesMax)
        .default([])
        .describe('numbers of bills for which nothing is asked any more'),
    })
    .strict(),
  reply: mutualStatement,
});
