/** Postpaid bills (both sides agree, invoice, payment, write-off), direct proofs of payment, invoice records. */
import { billAgreed, billInvoiced, directProofFiled, parseDecimal, taxInside } from '@shugu/ledger';
import { audit } from '../../kernel/audit.ts';
import { type Tx, violatedConstraint } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { contextFor, post } from '../books.ts';
import { type Day, type Fen, limits, type Side, type Statement } from '../model.ts';
import { problems } from '../problems.ts';
import { findFee, findOrder, findProof, findStatement, invoicesOf, lockOrder, proofsOf } from '../reads.ts';
import { amountsOf, billVerdict } from '../rules.ts';
import * as store from '../store.ts';
import { chargeFee, payFee as payOwed } from './fees.ts';
import { placeHold } from './holds.ts';
import { fixStatement, settleStatement } from './orders.ts';
import { ensureAccount, type Room, rulesAt, tell } from './room.ts';

/** The statement, locked by its order, for one of its two sides; unknown to everyone else. */
export const ownStatement = async (
  tx: Tx,
  principal: Principal,
  id: string,
  side?: Side,
): Promise<{ statement: Statement; side: Side }> => {
  const found = await findStatement(tx, id);
  const own =
    found &&
    (found.participant === principal.participant
      ? 'buyer'
      : found.supplier === principal.participant
        ? 'supplier'
        : undefined);
  if (!found || !own) throw kernelProblems.unknown();
  if (side && side !== own) throw kernelProblems.notPermitted();
  await lockOrder(tx, found.order);
  return { statement: (await findStatement(tx, id))!, side: own };
};

export const needStatement = (statement: Statement, way: Statement['way'], ...states: Statement['state'][]): void => {
  if (statement.way !== way) throw problems.wayWrong();
  if (!states.includes(statement.state)) throw problems.stateWrong({ detail: statement.state });
};

/** One side names the amount it takes for right. Both naming the same agrees the bill; else it stands as differing. */
export const answerBill = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  { id, amountFen, reason }: { id: string; amountFen: Fen; reason?: string },
): Promise<void> => {
  const { statement, side } = await ownStatement(tx, principal, id);
  needStatement(statement, 'postpaid', 'issued', 'differing');
  if (amountFen < 0n)
    throw kernelProblems.invalid({ field: 'body.amountFen', detail: { zh: '不得小于零', en: 'not below zero' } });
  if (amountFen !== statement.ratedFen && !reason)
    throw kernelProblems.invalid({
      field: 'body.reason',
      detail: { zh: '提出差异须说明理由', en: 'a difference needs its reason' },
    });
  const buyerFen = side === 'buyer' ? amountFen : statement.buyerFen;
  const supplierFen = side === 'supplier' ? amountFen : statement.supplierFen;
  const verdict = billVerdict(buyerFen, supplierFen);
  const differs =
    verdict === 'differing' || [buyerFen, supplierFen].some((fen) => fen !== null && fen !== statement.ratedFen);
  await store.setBillAnswers(tx, id, {
    buyerFen,
    supplierFen,
    differenceReason: reason ?? statement.differenceReason,
    state: differs ? 'differing' : 'issued',
  });
  await audit(tx, {
    action: 'settlement.bill.answer',
    subject: id,
    participant: statement.participant,
    data: { side, amountFen: amountFen.toString() },
  });
  if (verdict === 'agreed') return agree(room, tx, statement, amountFen);
  if (differs && statement.state !== 'differing')
    await tell(tx, 'settlement.statement.differing', id, statement.participant, {
      order: statement.order,
      statement: id,
    });
};

const agree = async (room: Room, tx: Tx, statement: Statement, agreedFen: Fen): Promise<void> => {
  const order = (await findOrder(tx, statement.order))!;
  const amounts = amountsOf(agreedFen, order);
  await store.setAgreed(tx, { id: statement.id, ...amounts });
  const bill = { buyer: statement.participant, order: order.id, bill: statement.id, fen: statement.ratedFen };
  await post(tx, billAgreed(contextFor(tx, `billAgreed/${statement.id}`), { ...bill, agreedFen }), {
    participant: statement.participant,
  });
  const agreed = (await findStatement(tx, statement.id))!;
  await fixStatement(room, tx, agreed);
  await tell(tx, 'settlement.statement.agreed', statement.id, statement.participant, {
    order: order.id,
    statement: statement.id,
    fen: agreedFen.toString(),
  });
  if (agreedFen === 0n) await settleStatement(room, tx, agreed);
};

/** The buyer pays an invoiced bill out of its sub-account: frozen first, written off and split when the bank says so. */
export const payBill = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  { id, amountFen }: { id: string; amountFen: Fen },
): Promise<void> => {
  const { statement } = await ownStatement(tx, principal, id, 'buyer');
  needStatement(statement, 'postpaid', 'invoiced');
  if (amountFen !== statement.totalFen) throw problems.amountDiffers({ field: 'body.amountFen' });
  await ensureAccount(room, tx, statement.participant);
  await store.setStatementState(tx, id, 'paying');
  await placeHold(room, tx, {
    participant: statement.participant,
    purpose: 'bill',
    subject: id,
    heldFor: statement.order,
    fen: amountFen,
  });
  await audit(tx, { action: 'settlement.bill.pay', subject: id, participant: statement.participant });
};

/** The supplier's alone: to the buyer it is not permitted, to everyone else unknown. */
export const payFee = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  { id, amountFen }: { id: string; amountFen: Fen },
): Promise<void> => {
  const { statement } = await ownStatement(tx, principal, id, 'supplier');
  await payOwed(room, tx, statement, amountFen);
};

const keepInvoice = async (tx: Tx, invoice: store.NewInvoice): Promise<string> => {
  try {
    return await store.insertInvoice(tx, invoice);
  } catch (error) {
    if (violatedConstraint(error) === 'settlement_invoices_node_number_key')
      throw problems.invoiceExists({ field: 'body.number' });
    throw error;
  }
};

export interface InvoiceDraft {
  statement: string;
  number: string;
  day: Day;
  /** Blue invoice that this red one takes back, wholly or in part. */
  redOf?: string;
  /** Of a red invoice: what it takes back, above zero. */
  amountFen?: Fen;
}

/**
 * Records the number of a digital invoice (数电票): the supplier's to the buyer over the price, the exchange's to the supplier
 * over its fee. Amounts come from the statement; a red one (红字) states what it takes back.
 */
export const recordInvoice = async (room: Room, tx: Tx, principal: Principal, draft: InvoiceDraft): Promise<string> => {
  const statement = await findStatement(tx, draft.statement);
  const operator = await room.organisations.operatorOf(tx);
  const kind = principal.participant === operator.id ? ('fee' as const) : ('supply' as const);
  if (!statement || (kind === 'supply' && ![statement.supplier, statement.participant].includes(principal.participant)))
    throw kernelProblems.unknown();
  if (kind === 'supply' && statement.supplier !== principal.participant) throw kernelProblems.notPermitted();
  await lockOrder(tx, statement.order);
  const order = (await findOrder(tx, statement.order))!;
  const feeTax = rulesAt(room, tx.now).feeTaxPercent;
  const taxPercentage = kind === 'fee' ? feeTax : parseDecimal(order.taxRate);
  const taxRate = kind === 'fee' ? String(feeTax) : order.taxRate;
  const parties =
    kind === 'fee'
      ? { participant: operator.id, buyer: statement.supplier }
      : { participant: statement.supplier, buyer: statement.participant };
  const common = {
    ...parties,
    statement: statement.id,
    kind,
    number: draft.number,
    day: draft.day,
    taxRate: kind === 'fee' ? `${taxPercentage}%` : taxRate,
  };
  const before = (await invoicesOf(tx, statement.id)).filter((one) => one.kind === kind);
  const id = draft.redOf
    ? await keepRed(tx, draft, before, common)
    : await keepBlue(
        tx,
        statement,
        before,
        common,
        kind === 'fee'
          ? taxInside(await feeOf(tx, statement), feeTax)
          : { net: statement.netFen, tax: statement.taxFen },
      );
  await audit(tx, {
    action: 'settlement.invoice.record',
    subject: id,
    participant: parties.participant,
    data: { number: draft.number, statement: statement.id },
  });
  if (kind === 'supply' && !draft.redOf && statement.way === 'postpaid') {
    const bill = { buyer: statement.participant, order: statement.order, bill: statement.id, fen: statement.totalFen };
    await post(
      tx,
      billInvoiced(contextFor(tx, `billInvoiced/${statement.id}`, undefined, `开票 ${draft.number}`), bill),
      { participant: statement.participant },
    );
    await store.setStatementState(tx, statement.id, 'invoiced');
  }
  return id;
};

/** Where the parties settle themselves a fee is invoiced once it is owed, less what refunds took back before. */
const feeOf = async (tx: Tx, { id, way, split }: Statement): Promise<Fen> => {
  if (way !== 'direct') return split.feeFen;
  const fee = await findFee(tx, id);
  return fee ? fee.fen - fee.reversedFen : 0n;
};

type CommonInvoice = Pick<
  store.NewInvoice,
  'participant' | 'buyer' | 'statement' | 'kind' | 'number' | 'day' | 'taxRate'
>;

const keepBlue = (
  tx: Tx,
  statement: Statement,
  before: { red_of: string | null }[],
  common: CommonInvoice,
  { net, tax }: { net: Fen; tax: Fen },
): Promise<string> => {
  const ready = statement.way === 'postpaid' ? statement.agreedAt !== null : true;
  if (!ready || net + tax === 0n || before.some((one) => one.red_of === null))
    throw problems.stateWrong({ detail: statement.state });
  return keepInvoice(tx, { ...common, grossFen: net + tax, netFen: net, taxFen: tax, redOf: null });
};

const keepRed = (
  tx: Tx,
  draft: InvoiceDraft,
  before: { id: string; red_of: string | null; gross_fen: number; net_fen: number; tax_fen: number }[],
  common: CommonInvoice,
): Promise<string> => {
  const blue = before.find((one) => one.id === draft.redOf && one.red_of === null);
  if (!blue)
    throw kernelProblems.invalid({
      field: 'body.redOf',
      detail: { zh: '该结算单没有这张发票', en: 'no such invoice of this statement' },
    });
  const gross = draft.amountFen ?? 0n;
  const taken = before.filter((one) => one.red_of === blue.id).reduce((sum, one) => sum - BigInt(one.gross_fen), 0n);
  if (gross <= 0n || taken + gross > BigInt(blue.gross_fen)) throw problems.amountTooLarge({ field: 'body.amountFen' });
  // In the blue invoice's own proportion, so that reds over its whole amount take back its whole tax.
  const taxTaken = before.filter((one) => one.red_of === blue.id).reduce((sum, one) => sum - BigInt(one.tax_fen), 0n);
  const tax = ((taken + gross) * BigInt(blue.tax_fen)) / BigInt(blue.gross_fen) - taxTaken;
  return keepInvoice(tx, { ...common, grossFen: -gross, netFen: -(gross - tax), taxFen: -tax, redOf: blue.id });
};

export interface ProofDraft {
  statement: string;
  fen: Fen;
  paidOn: Day;
  file: { name: string; mediaType: string; content: Buffer };
}

/** Direct settlement: the buyer files what shows that it paid. */
export const fileProof = async (room: Room, tx: Tx, principal: Principal, draft: ProofDraft): Promise<string> => {
  const { statement } = await ownStatement(tx, principal, draft.statement, 'buyer');
  needStatement(statement, 'direct', 'issued');
  if (draft.file.content.length > limits.proofBytesMax) throw problems.proofTooLarge({ field: 'body.file' });
  const proofs = await proofsOf(tx, statement.id);
  const filed = proofs.filter(({ state }) => state !== 'refused').reduce((sum, one) => sum + BigInt(one.fen), 0n);
  if (draft.fen <= 0n || filed + draft.fen > statement.totalFen)
    throw problems.amountTooLarge({ field: 'body.amountFen' });
  const { digest } = await room.objects.put(draft.file.content);
  const { name: fileName, mediaType } = draft.file;
  const id = await store.insertProof(tx, {
    participant: principal.participant,
    statement: statement.id,
    fen: draft.fen,
    paidOn: draft.paidOn,
    fileName,
    mediaType,
    digest,
  });
  await audit(tx, { action: 'settlement.proof.file', subject: id, data: { statement: statement.id, digest } });
  return id;
};

/** The supplier says whether the money arrived; only then is it noted as settled, and the exchange's fee owed. */
export const answerProof = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  { id, received, reason }: { id: string; received: boolean; reason?: string },
): Promise<void> => {
  const proof = await findProof(tx, id);
  if (!proof) throw kernelProblems.unknown();
  const { statement } = await ownStatement(tx, principal, proof.statement, 'supplier');
  if (!received && !reason)
    throw kernelProblems.invalid({
      field: 'body.reason',
      detail: { zh: '请说明拒绝理由', en: 'say why it is refused' },
    });
  if (!(await store.answerProof(tx, id, received ? 'confirmed' : 'refused', reason ?? null)))
    throw problems.stateWrong({ detail: proof.state });
  await audit(tx, {
    action: 'settlement.proof.answer',
    subject: id,
    participant: proof.participant,
    data: { received },
  });
  if (!received) return;
  const what = {
    buyer: statement.participant,
    supplier: statement.supplier,
    order: statement.order,
    fen: BigInt(proof.fen),
  };
  await post(tx, directProofFiled(contextFor(tx, `directProof/${id}`), what), { participant: statement.participant });
  const confirmed = (await proofsOf(tx, statement.id))
    .filter(({ state }) => state === 'confirmed')
    .reduce((sum, one) => sum + BigInt(one.fen), 0n);
  if (confirmed !== statement.totalFen) return;
  await chargeFee(room, tx, statement);
  await settleStatement(room, tx, statement);
};
