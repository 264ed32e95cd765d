/** 合规评估: an engagement is a case of `compliance.engagement`; what the body delivers becomes a sealed report on the record. */
import { endOfDay } from '../../kernel/calendar/calendar.ts';
import type { Hooks, Occasion } from '../../kernel/case/index.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemPrincipal } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { emit, type StoredEvent } from '../../kernel/outbox.ts';
import type { MarketDeps, Report } from '../model.ts';
import { insertReport } from '../store.ts';
import { ruleNumber } from './rulebook.ts';

export const engagementProcedure = 'compliance.engagement';
const maxMonths = (at: Date, months: number) => {
  const end = new Date(at);
  end.setUTCMonth(end.getUTCMonth() + months);
  return end;
};

const acceptReport = async (deps: MarketDeps, tx: Tx, { case: one }: Occasion) => {
  const version = one.subject ? await deps.catalogue.version(tx, one.subject) : undefined;
  const delivered = one.moves.findLast((move) => move.move === 'deliver');
  const file = one.papers.find((paper) => paper.kind === 'report');
  if (!version || !delivered || !file) throw new Error(`engagement ${one.id} lacks what its report needs`);
  const given = delivered.input as unknown as { conclusion: Report['conclusion']; validUntil: string; limits?: string };
  const [supplier, body] = await Promise.all([
    deps.members.displayName(tx, one.participant),
    deps.members.displayName(tx, one.handler),
  ]);
  const validUntil = endOfDay(given.validUntil);
  const scope = String(one.data.scope ?? '');
  const words = { compliant: '合规', conditional: '附条件合规', notCompliant: '不合规' }[given.conclusion];
  const paper = await deps.issue.paper(tx, {
    kind: 'complianceReport',
    title: { zh: '数据产品合规评估报告', en: 'Compliance report on a data product' },
    series: 'HG',
    document: {
      product: version.product,
      productVersion: version.id,
      productName: version.about.name,
      supplier,
      body,
      conclusion: given.conclusion,
      scope,
      limits: given.limits ?? '',
      validUntil: given.validUntil,
      report: file.object!,
      noConflict: true,
    },
    parties: [one.handler, one.participant],
    signers: [{ participant: one.handler, role: 'serviceBody' }],
    disclosure: 'commitment',
    retentionClass: 'trade',
    look: {
      layout: 'document',
      issuer: body,
      seal: { text: body, mark: '平台签名' },
      rows: [
        ['委托方', supplier],
        ['评估机构', body],
        ['产品', `${version.about.name}（版本 ${version.number}）`],
        ['结论', words],
        ['评估范围', scope],
        ['限制', given.limits || '无'],
        ['有效期至', given.validUntil],
        ['报告文件摘要', file.object!],
      ],
      paragraphs: ['评估机构声明与委托方及产品不存在利益冲突。'],
    },
  });
  const id = newId('rep', tx.now);
  await insertReport(tx, {
    id,
    participant: one.participant,
    body: one.handler,
    case_id: one.id,
    product: version.product,
    version: version.id,
    conclusion: given.conclusion,
    scope,
    limits: given.limits ?? '',
    valid_until: validUntil,
    digest: file.object!,
    paper: paper.id,
    number: paper.number,
  });
  await emit(tx, {
    type: 'market.report.accepted',
    subject: id,
    participant: one.participant,
    data: { report: id, version: version.id },
  });
  return { report: id, paper: paper.id, number: paper.number };
};

export const engagementHooks = (deps: MarketDeps): Hooks => ({
  guards: {
    // Independence is declared by the body; what the exchange can see itself is that both are not one organisation or one code.
    notAffiliated: async (read, { case: one }) => {
      const [supplier, body] = await Promise.all([
        deps.members.organisation(read, one.participant),
        deps.members.organisation(read, one.handler),
      ]);
      const same = !supplier || !body || supplier.id === body.id || supplier.creditCode === body.creditCode;
      return same ? { zh: '评估机构与委托方为同一主体', en: 'The body and the supplier are one and the same' } : true;
    },
  },
  effects: {
    reportDelivered: async () => undefined,
    acceptReport: (tx, occasion) => acceptReport(deps, tx, occasion),
  },
});

/** Formal check by rule: the report's term is within the rules. Runs after delivery, by the system. */
export const checkDelivered = async (deps: MarketDeps, tx: Tx, event: StoredEvent): Promise<void> => {
  if (event.data.procedure !== engagementProcedure || event.data.to !== 'delivered') return;
  const system = systemPrincipal('reports');
  const one = await deps.cases.find(tx, system, event.subject);
  if (one.state !== 'delivered') return;
  const given = one.moves.findLast((move) => move.move === 'deliver')!.input as unknown as { validUntil: string };
  const until = endOfDay(given.validUntil);
  const months = ruleNumber(deps, 'complianceReportMonths', tx.now);
  const fault =
    until <= tx.now
      ? '报告有效期已过'
      : until > maxMonths(tx.now, months)
        ? `报告有效期超过 ${months} 个月`
        : undefined;
  if (fault) await deps.cases.move(tx, system, one.id, 'fail', { input: { reason: fault } });
  else await deps.cases.move(tx, system, one.id, 'check');
};
