/** From the contract in force to the trade voucher: confirmation, delivery, acceptance or objection, settlement's end. */
import type { Json } from '@shugu/evidence';
import { formatYuan } from '@shugu/ledger';
import { audit } from '../../kernel/audit.ts';
import { civilTime, lastDayBefore } from '../../kernel/calendar/calendar.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { PaperLook } from '../../kernel/issue/index.ts';
import { emit } from '../../kernel/outbox.ts';
import type { MarketEvents } from '../events.ts';
import type { DeliveredItem, MarketDeps, Order } from '../model.ts';
import { problems } from '../problems.ts';
import * as reads from '../reads.ts';
import * as store from '../store.ts';
import { step } from './orders.ts';
import { acceptanceRules } from './rulebook.ts';

interface OrderPaper {
  kind: string;
  series: string;
  title: { zh: string; en: string };
  document?: Record<string, Json>;
  rows?: [string, string][];
  opening: string;
  signers: readonly { participant: string; role: string }[];
  layout?: PaperLook['layout'];
}

const itemNames: Record<DeliveredItem['kind'], string> = {
  file: '文件',
  api: '查询接口',
  proxy: '转发接口',
  query: '查询模板',
  share: '数据表共享',
  compute: '计算',
};

const yuan = (fen: number): string => `${formatYuan(BigInt(fen))} 元`;

const issueFor = async (deps: MarketDeps, tx: Tx, order: Order, draft: OrderPaper): Promise<Order> => {
  const operator = await deps.members.operatorOf(tx);
  const names = await deps.members.displayNames(tx, [order.participant, order.supplier]);
  const [buyer, supplier] = [names.get(order.participant) ?? '', names.get(order.supplier) ?? ''];
  const version = (await deps.catalogue.version(tx, order.version))!;
  const paper = await deps.issue.paper(tx, {
    kind: draft.kind,
    series: draft.series,
    title: draft.title,
    document: {
      order: order.number,
      contract: order.contract ?? '',
      product: order.product,
      productName: version.about.name,
      productVersion: version.number,
      supplier,
      buyer,
      plan: order.plan as unknown as Json,
      quantity: order.quantity,
      settlementWay: order.settlement_way,
      ...draft.document,
    },
    parties: [order.participant, order.supplier],
    signers: draft.signers,
    disclosure: 'commitment',
    retentionClass: 'trade',
    look: {
      layout: draft.layout ?? 'document',
      issuer: operator.name,
      seal: { text: operator.name, mark: '平台签名' },
      opening: draft.opening,
      rows: [
        ['订单', order.number],
        ['合同', order.contract ?? ''],
        ['产品', `${version.about.name}（版本 ${version.number}）`],
        ['供方', supplier],
        ['需方', buyer],
        ...(draft.rows ?? []),
      ],
    },
  });
  return { ...order, papers: [...order.papers, { id: paper.id, kind: draft.kind, number: paper.number }] };
};

export const tell = (tx: Tx, order: Order, type: keyof MarketEvents, more: Record<string, unknown> = {}) =>
  emit(tx, {
    type,
    subject: order.id,
    participant: order.participant,
    data: { order: order.id, contract: order.contract, ...more },
  });

/** Both have signed: 成交确认书. */
export const contracted = async (deps: MarketDeps, tx: Tx, contract: string, until: Date): Promise<void> => {
  const found = await reads.orderOfContract(tx, contract, true);
  if (found?.state !== 'contracting') return;
  const operator = await deps.members.operatorOf(tx);
  const order = await issueFor(
    deps,
    tx,
    { ...step(found, 'contract'), until, signed_at: tx.now },
    {
      kind: 'tradeConfirmation',
      series: 'CJ',
      title: { zh: '成交确认书', en: 'Confirmation of trade' },
      opening: '双方已签署合同，确认成交如下。',
      document: { estimateFen: String(found.estimate_fen), until: until.toISOString() },
      rows: [
        ['价格方案', found.plan_title],
        ['数量', String(found.quantity)],
        ['含税金额（估算）', yuan(found.estimate_fen)],
        ['合同期限至', lastDayBefore(until)],
      ],
      signers: [{ participant: operator.id, role: 'operator' }],
    },
  );
  await store.saveOrder(tx, order);
  await tell(tx, order, 'market.order.contracted');
};

/** The bank holds the money, or nothing has to be held: access is open. */
export const opened = async (tx: Tx, orderId: string): Promise<void> => {
  const order = await reads.findOrder(tx, orderId, true);
  if (order?.state !== 'contracted') return;
  await store.saveOrder(tx, step(order, 'open'));
  await tell(tx, order, 'market.order.opened');
};

export const delivered = async (deps: MarketDeps, tx: Tx, before: Order, note: string): Promise<Order> => {
  // What is delivered after the contract's end is delivered under no contract.
  if (before.ended_at) throw problems.wrongState({ detail: { zh: '已终止', en: 'ended' } });
  const acceptBy = deps.cases.calendar.deadline(tx.now, before.acceptance_days).due;
  const stepped = step(before, 'deliver');
  const items = before.contract ? await deps.delivered(tx, before.contract) : [];
  const order: Order = {
    ...stepped,
    delivery: { at: tx.now.toISOString(), note, items },
    acceptance: null,
    accept_by: acceptBy,
    rework_by: null,
    reminded_at: null,
  };
  await store.saveOrder(tx, order);
  await audit(tx, { action: 'market.order.deliver', subject: order.id, participant: order.participant });
  await tell(tx, order, 'market.order.delivered');
  return order;
};

/**
 * 验收: the note is signed by both sides. Having used the data is not accepting it. `automatic`: the buyer was silent and the
 * operator's rule, or two of its people, take that for acceptance; then the operator alone states it.
 */
export const accepted = async (
  deps: MarketDeps,
  tx: Tx,
  before: Order,
  note: string,
  kind: 'accepted' | 'automatic' = 'accepted',
): Promise<Order> => {
  const automatic = kind === 'automatic';
  const operator = await deps.members.operatorOf(tx);
  const at = tx.now.toISOString();
  const stepped: Order = {
    ...step(before, 'accept'),
    acceptance: { at, kind, note, dueAt: before.accept_by?.toISOString() ?? null },
  };
  const order = await issueFor(deps, tx, stepped, {
    kind: 'acceptanceNote',
    series: 'YS',
    title: { zh: '交付验收单', en: 'Delivery and acceptance note' },
    opening: automatic ? '需方在验收期内未作答复，按交易规则视为验收下列交付。' : '需方已验收下列交付。',
    document: {
      deliveredAt: before.delivery?.at ?? '',
      deliveryNote: before.delivery?.note ?? '',
      items: (before.delivery?.items ?? []).map((one) => ({ ...one })),
      acceptedAt: at,
      acceptedHow: kind,
      note,
    },
    rows: [
      ['交付时间', before.delivery ? `${civilTime(new Date(before.delivery.at))}（北京时间）` : ''],
      ['交付说明', before.delivery?.note || '无'],
      ...(before.delivery?.items ?? []).map((one): [string, string] => [
        itemNames[one.kind],
        one.digest ? `${one.text} ${one.digest}` : one.text,
      ]),
      ['验收时间', `${civilTime(tx.now)}（北京时间）`],
      ['验收意见', note || (automatic ? '逾期未答复' : '符合约定')],
    ],
    // Under the operator's seal, as the paper shows it; who accepted and who delivered state it beside.
    signers: [
      { participant: operator.id, role: 'operator' },
      ...(automatic
        ? []
        : [
            { participant: before.participant, role: 'buyer' },
            { participant: before.supplier, role: 'supplier' },
          ]),
    ],
  });
  await store.saveOrder(tx, order);
  await audit(tx, { action: 'market.order.accept', subject: order.id, participant: order.participant, data: { kind } });
  await tell(tx, order, 'market.order.accepted');
  return order;
};

/** The supplier has the rule's days to deliver again. */
export const objected = async (deps: MarketDeps, tx: Tx, before: Order, note: string): Promise<Order> => {
  const { reworkDays } = acceptanceRules(deps, tx.now);
  const order: Order = {
    ...step(before, 'object'),
    acceptance: { at: tx.now.toISOString(), kind: 'objected', note, dueAt: null },
    accept_by: null,
    rework_by: deps.cases.calendar.deadline(tx.now, reworkDays).due,
    reminded_at: null,
  };
  await store.saveOrder(tx, order);
  await audit(tx, { action: 'market.order.object', subject: order.id, data: { note } });
  await tell(tx, order, 'market.order.objected', { note });
  return order;
};

/** Everybody is paid: 交易凭证. What was never accepted is counted as settled, without a voucher. */
export const settled = async (
  deps: MarketDeps,
  tx: Tx,
  orderId: string,
  totalFen: number,
  statement: string,
): Promise<void> => {
  const found = await reads.findOrder(tx, orderId, true);
  if (found?.state === 'closed' && found.settled_at === null)
    await store.saveOrder(tx, { ...found, settled_fen: totalFen, settled_at: tx.now });
  if (found?.state !== 'accepted') return;
  const operator = await deps.members.operatorOf(tx);
  const order = await issueFor(
    deps,
    tx,
    { ...step(found, 'settle'), settled_fen: totalFen, settled_at: tx.now },
    {
      kind: 'tradeVoucher',
      series: 'JY',
      title: { zh: '数据交易凭证', en: 'Trade voucher' },
      layout: 'certificate',
      opening: '下列交易已完成交付、验收与结算，特发此证。',
      document: { settledFen: String(totalFen), statement, settledAt: tx.now.toISOString() },
      rows: [
        ['结算金额（含税）', yuan(totalFen)],
        ['结算单', statement],
      ],
      signers: [{ participant: operator.id, role: 'operator' }],
    },
  );
  await store.saveOrder(tx, order);
  await tell(tx, order, 'market.order.settled');
};
