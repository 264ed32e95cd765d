/** 场外备案: what was agreed off the exchange is reviewed by two people and gets a receipt. It is counted apart from trades made here. */
import { formatYuan } from '@shugu/ledger';
import { audit } from '../../kernel/audit.ts';
import type { Hooks, Occasion } from '../../kernel/case/index.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { MarketDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { insertFiling, isFiled } from './store.ts';

export const filingProcedure = 'filing.review';

/** 90 trillion yuan: beyond it an amount is no longer counted exactly. */
const amountFenMax = 9_000_000_000_000_000;

const given = ({ case: one }: Occasion) => {
  const { counterparty, contractDigest, amountFen, productKind, concludedOn } = one.data as Record<string, string>;
  const amount = Number(amountFen);
  if (!(amount <= amountFenMax))
    throw kernelProblems.invalid({
      field: 'body.data.amountFen',
      detail: { zh: `不大于 ${amountFenMax}`, en: `at most ${amountFenMax}` },
    });
  return {
    counterparty: counterparty!,
    // The same digest typed in another case is the same contract.
    contractDigest: contractDigest!.trim().toLowerCase(),
    amount,
    productKind: productKind!,
    concludedOn: concludedOn!,
  };
};

const issueReceipt = async (deps: MarketDeps, tx: Tx, occasion: Occasion) => {
  const { case: one } = occasion;
  const facts = given(occasion);
  if (await isFiled(tx, facts.contractDigest)) throw problems.alreadyFiled({ detail: facts.contractDigest });
  const [operator, applicant] = [
    await deps.members.operatorOf(tx),
    await deps.members.displayName(tx, one.participant),
  ];
  const id = newId('fil', tx.now);
  const paper = await deps.issue.paper(tx, {
    kind: 'filingReceipt',
    title: { zh: '场外数据交易备案回执', en: 'Receipt of an off-exchange filing' },
    series: 'BA',
    document: {
      filing: id,
      applicant,
      counterparty: facts.counterparty,
      contractDigest: facts.contractDigest,
      amountFen: String(facts.amount),
      productKind: facts.productKind,
      concludedOn: facts.concludedOn,
    },
    parties: [one.participant, operator.id],
    signers: [{ participant: operator.id, role: 'operator' }],
    disclosure: 'commitment',
    retentionClass: 'trade',
    look: {
      layout: 'certificate',
      issuer: operator.name,
      seal: { text: operator.name, mark: '平台签名' },
      opening: '下列场外数据交易已予备案。备案不是对交易真实性与合法性的认定。',
      rows: [
        ['备案方', applicant],
        ['交易对方', facts.counterparty],
        ['产品类型', facts.productKind],
        ['成交日期', facts.concludedOn],
        ['金额（含税）', `${formatYuan(BigInt(facts.amount))} 元`],
        ['合同摘要', facts.contractDigest],
      ],
    },
  });
  await insertFiling(tx, {
    id,
    participant: one.participant,
    number: paper.number,
    paper: paper.id,
    case_id: one.id,
    counterparty: facts.counterparty,
    contract_digest: facts.contractDigest,
    amount_fen: facts.amount,
    product_kind: facts.productKind,
    concluded_on: facts.concludedOn,
  });
  await audit(tx, { action: 'market.filing.receipt', subject: id, participant: one.participant });
  await emit(tx, {
    type: 'market.filing.filed',
    subject: id,
    participant: one.participant,
    data: { filing: id, case: one.id },
  });
  return { filing: id, paper: paper.id, number: paper.number };
};

export const filingHooks = (deps: MarketDeps): Hooks => ({
  effects: { issueFilingReceipt: (tx, occasion) => issueReceipt(deps, tx, occasion) },
});
