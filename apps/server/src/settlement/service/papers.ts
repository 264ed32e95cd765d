/** Statement papers: one for the buyer with the lines, one for each payee with its own share and nobody else's. */

import { formatYuan } from '@shugu/ledger';
import { dayOf } from '../../kernel/calendar/calendar.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { PaperDraft } from '../../kernel/issue/index.ts';
import type { Fen, OrderTerms, Refund, Statement } from '../model.ts';
import { findOrder, legsOf, linesOf } from '../reads.ts';
import { taxPercent, unitOf } from '../rules.ts';
import * as store from '../store.ts';
import type { Room } from './room.ts';

export const wayNames = {
  custody: { zh: '存管结算', en: 'through the custodian bank' },
  direct: { zh: '双方自行结算', en: 'settled by the parties themselves' },
  postpaid: { zh: '先用后付', en: 'postpaid' },
} as const;

export const unitNames = { copy: '份', period: '期', call: '次', row: '行', byte: '字节' } as const;

/** Roles of a split are the contract's words; these are the ones that have a name of their own in print. */
const roleNames: Record<string, string> = {
  supplier: '供方',
  rightsHolder: '权利人',
  dataMerchant: '数据商',
  serviceBody: '第三方专业服务机构',
  serviceFee: '平台服务费',
};
export const roleName = (role: string): string => roleNames[role] ?? role;

const moneyNotes = {
  custody: '资金由存管银行按指令冻结、划付，本所不经手资金。',
  direct: '款项由双方自行结算，凭付款凭证确认，本所不经手资金。',
  postpaid: '款项由买方存管子账户按发票支付，由存管银行划付，本所不经手资金。',
} as const;

const yuan = (fen: Fen): string => `${formatYuan(fen)} 元`;

const facts = (statement: Statement, order: OrderTerms) => ({
  statement: statement.id,
  order: order.id,
  contract: order.contract,
  way: statement.way,
  period: { from: statement.from.toISOString(), until: statement.until.toISOString() },
  currency: 'CNY',
});

// The end is the first moment after the period.
const periodRow = (statement: Statement): [string, string] => [
  '结算期间',
  `${dayOf(statement.from)} 至 ${dayOf(new Date(statement.until.getTime() - 1))}`,
];

/** What the papers of one statement have in common. */
interface Frame {
  room: Room;
  tx: Tx;
  statement: Statement;
  order: OrderTerms;
  operator: { id: string; name: string };
}
interface StatementPaper extends Pick<PaperDraft, 'kind' | 'title' | 'number'> {
  /** Whose it is, first, and who else may read it. */
  parties: [owner: string, ...others: string[]];
  document: PaperDraft['document'];
  rows: [string, string][];
  tables?: NonNullable<PaperDraft['look']>['tables'];
  paragraphs?: string[];
}

const frameOf = async (room: Room, tx: Tx, statement: Statement): Promise<Frame> => ({
  room,
  tx,
  statement,
  order: (await findOrder(tx, statement.order))!,
  operator: await room.organisations.operatorOf(tx),
});

/** Under the operator's seal, in the log as a commitment, kept as accounts are, and noted on the statement. */
const issuePaper = async (
  frame: Frame,
  { kind, title, number, parties, document, ...look }: StatementPaper,
): Promise<void> => {
  const { room, tx, statement, order, operator } = frame;
  const paper = await room.issue.paper(tx, {
    kind,
    title,
    number,
    document: { ...facts(statement, order), ...document },
    parties,
    signers: [{ participant: operator.id, role: 'operator' }],
    disclosure: 'commitment',
    retentionClass: 'accounting',
    look: { layout: 'document', issuer: operator.name, ...look },
  });
  await store.insertStatementPaper(tx, {
    statement: statement.id,
    paper: paper.id,
    participant: parties[0],
    kind,
    number: paper.number,
  });
};

/** Of a buyer of another node: whose word its name and code are. */
const attestedRow = (found: Awaited<ReturnType<Room['organisations']['organisation']>>): [string, string][] => {
  if (!found?.attested) return [];
  const { creditCode, issuer, issuerName } = found.attested;
  return [['买方身份', `${creditCode || '无信用代码'}；由 ${`${issuerName} ${issuer}`.trim()} 以会员凭证证明`]];
};

/** Buyer and supplier by name, for the head of a paper. */
const partyRows = async ({ room, tx, order }: Frame): Promise<[string, string][]> => {
  const names = await room.organisations.displayNames(tx, [order.participant, order.supplier]);
  return [
    ['买方', names.get(order.participant) ?? order.participant],
    ...attestedRow(await room.organisations.organisation(tx, order.participant)),
    ['供方', names.get(order.supplier) ?? order.supplier],
    ['订单', order.title],
  ];
};

const lineTable = (lines: Awaited<ReturnType<typeof linesOf>>, { statement, order }: Frame) => {
  const adjusted = statement.totalFen - statement.ratedFen;
  return {
    columns: [
      { title: '项目', share: 3 },
      { title: `用量（${unitNames[unitOf(order.plan)]}）`, align: 'right' as const, share: 2 },
      { title: '计费量', align: 'right' as const, share: 2 },
      { title: '单价（元）', align: 'right' as const, share: 2 },
      { title: '金额（元）', align: 'right' as const, share: 2 },
    ],
    rows: [
      ...lines.map(({ title, rated, fen }) => [
        title,
        rated.quantity,
        rated.billableQuantity,
        rated.unitPrice,
        formatYuan(BigInt(fen)),
      ]),
      ...(adjusted === 0n ? [] : [['对账调整', '', '', '', formatYuan(adjusted)]]),
    ],
    totals: ['合计', '', '', '', formatYuan(statement.totalFen)],
  };
};

const buyerPaper = async (frame: Frame): Promise<void> => {
  const { tx, statement, order } = frame;
  const lines = await linesOf(tx, statement.id);
  await issuePaper(frame, {
    kind: 'statement',
    title: { zh: '结算单', en: 'Statement' },
    number: statement.number,
    parties: [order.participant, order.supplier],
    document: {
      buyer: order.participant,
      supplier: order.supplier,
      plan: JSON.parse(JSON.stringify(order.plan)),
      lines: lines.map(({ title, rated }) => ({
        title,
        quantity: rated.quantity,
        billableQuantity: rated.billableQuantity,
        unitPrice: rated.unitPrice,
        amountExact: rated.amountExact,
        amountFen: rated.amountFen,
      })),
      ratedFen: statement.ratedFen.toString(),
      totalFen: statement.totalFen.toString(),
      netFen: statement.netFen.toString(),
      taxFen: statement.taxFen.toString(),
      taxRate: order.taxRate,
    },
    rows: [
      ...(await partyRows(frame)),
      ['结算方式', wayNames[statement.way].zh],
      periodRow(statement),
      ['含税合计', yuan(statement.totalFen)],
      [`其中税额（税率 ${taxPercent(order.taxRate)}%）`, yuan(statement.taxFen)],
    ],
    tables: [lineTable(lines, frame)],
    paragraphs: [
      `单价为含税价${unitOf(order.plan) === 'byte' ? '，按每 10 亿字节（GB）计' : ''}。每行按计费量乘以单价计算，逐行四舍五入到分一次。${moneyNotes[statement.way]}`,
    ],
  });
};

/** In the other two ways the fee never reaches a payee; here the supplier gets the whole price, and owes it. */
const owedFee = ({ way, supplier, split }: Statement, party: string): [string, string][] =>
  way === 'direct' && party === supplier && split.feeFen > 0n
    ? [['另应付平台服务费', `${yuan(split.feeFen)}（款项确认后从存管子账户支付）`]]
    : [];

const sharePaper = async (
  frame: Frame,
  share: { party: string; number: string; legs: { role: string; fen: number }[] },
): Promise<void> => {
  const { room, tx, statement, order } = frame;
  const total = share.legs.reduce((sum, { fen }) => sum + BigInt(fen), 0n);
  const fee = owedFee(statement, share.party);
  await issuePaper(frame, {
    kind: 'statementShare',
    title: { zh: '分账单', en: 'Statement of a share' },
    number: share.number,
    parties: [share.party],
    document: {
      payee: share.party,
      legs: share.legs.map(({ role, fen }) => ({ role, fen: BigInt(fen).toString() })),
      totalFen: total.toString(),
      ...(fee.length ? { feeOwedFen: statement.split.feeFen.toString() } : {}),
    },
    rows: [
      ['收款方', await room.organisations.displayName(tx, share.party)],
      ['订单', order.title],
      ['结算方式', wayNames[statement.way].zh],
      periodRow(statement),
      ['应得合计', yuan(total)],
      ...fee,
    ],
    tables: [
      {
        columns: [
          { title: '身份', share: 3 },
          { title: '金额（元）', align: 'right', share: 2 },
        ],
        rows: share.legs.map(({ role, fen }) => [roleName(role), formatYuan(BigInt(fen))]),
        totals: ['合计', formatYuan(total)],
      },
    ],
  });
};

/** Issued once, when the amount stands. The exchange's own fee needs no paper to itself. */
export const issuePapers = async (room: Room, tx: Tx, statement: Statement): Promise<void> => {
  const frame = await frameOf(room, tx, statement);
  await buyerPaper(frame);
  const legs = (await legsOf(tx, statement.id)).filter(({ fee, fen }) => !fee && fen > 0);
  const parties = [...new Set(legs.map(({ participant }) => participant))];
  for (const [index, party] of parties.entries())
    await sharePaper(frame, {
      party,
      number: `${statement.number}-${index + 1}`,
      legs: legs.filter(({ participant }) => participant === party),
    });
};

/** A reversal is a paper of its own beside the statement, which stays as it was issued: what is taken back, and what is left. */
export const issueRefundPaper = async (
  room: Room,
  tx: Tx,
  {
    statement,
    refund,
    serial,
    refundedFen,
  }: { statement: Statement; refund: Refund; serial: number; refundedFen: Fen },
): Promise<void> => {
  const frame = await frameOf(room, tx, statement);
  const leftFen = statement.totalFen - refundedFen;
  await issuePaper(frame, {
    kind: 'refundNote',
    title: { zh: '退款单', en: 'Refund note' },
    number: `${statement.number}-T${serial}`,
    parties: [statement.participant, statement.supplier],
    document: {
      statementNumber: statement.number,
      refund: refund.id,
      buyer: statement.participant,
      supplier: statement.supplier,
      askedBy: refund.askedBy,
      reason: refund.reason,
      refundFen: refund.fen.toString(),
      totalFen: statement.totalFen.toString(),
      leftFen: leftFen.toString(),
    },
    rows: [
      ['冲减结算单', statement.number],
      ...(await partyRows(frame)),
      ['依据', refund.askedBy === 'operator' ? '本所两人决定' : '双方协商一致'],
      ['理由', refund.reason],
      ['原结算金额', yuan(statement.totalFen)],
      ['本次退款', yuan(refund.fen)],
      ['退款后金额', yuan(leftFen)],
    ],
    paragraphs: [
      '款项由供方自行退还买方，本所不经手资金。本单冲减上列结算单，原结算单与交易凭证不作改动，与本单一并使用。',
    ],
  });
};
