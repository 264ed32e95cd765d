/**
 * The contract document: everything that both parties sign, as canonical JSON. What machines enforce (policy), what people
 * read (clauses) and what it stands on (basis) are in one text under one hash.
 */
import { digestText, type Json, type SuiteName } from '@shugu/evidence';
import { explain, type OdrlPolicy, odrlFrom, type Policy, parsePolicy, policyHash } from '@shugu/policy';
import type { Text } from '@shugu/wire';
import { civilTime } from '../kernel/calendar/calendar.ts';
import { Problem } from '../kernel/problem.ts';
import { withRegions } from '../kernel/regions.ts';
import type { BasisItem, Contract, ContractTerms, Party, Template } from './model.ts';
import { agreementProblems as problems } from './problems.ts';
import { canonicalOf, fill, normalised, type Placeholder, percentOf, type Term } from './rules.ts';

export const documentFormat = 'shugu-contract/1';

export interface DocumentInput {
  contract: Pick<
    Contract,
    'id' | 'kind' | 'supplier' | 'buyer' | 'product' | 'productVersion' | 'productName' | 'order'
  >;
  number: string;
  version: number;
  /** Hash of the document that an amendment replaces. */
  supersedes: string | null;
  /** Why it is amended; empty for the first text. */
  reason: string;
  template: Pick<Template, 'id' | 'code' | 'version' | 'hash' | 'title' | 'source' | 'clauses'>;
  terms: ContractTerms;
  term: Term;
  basis: readonly BasisItem[];
  policy: OdrlPolicy;
  versionNumber: number;
  contentDigests: readonly string[];
  contractDigest: string;
  /** Words for codes in the policy. */
  names: Readonly<Record<string, string>>;
  operatorName: string;
  priceText: Text;
  node: string;
}

export interface LockedDocument {
  /** Canonical bytes as text. */
  text: string;
  hash: string;
  policyHash: string;
}

/**
 * The policy that is agreed: the negotiated use, bound to both parties, the version, and the contract's term, so that
 * nothing enforced from it can outlive the contract.
 */
export const agreedPolicy = (
  source: unknown,
  bound: { contract: string; supplier: string; buyer: string; productVersion: string; term: Term },
): OdrlPolicy | Problem => {
  const parsed = parsePolicy(source);
  const faults = parsed.ok ? parsed.policy.notUnderstood : parsed.problems;
  if (!parsed.ok || faults.length > 0) return policyProblem(faults);
  const { terms } = parsed.policy;
  const notBefore = Math.max(terms.notBefore ?? 0, bound.term.from.getTime());
  const notAfter = Math.min(terms.notAfter ?? Number.POSITIVE_INFINITY, bound.term.until.getTime());
  if (notAfter <= notBefore)
    return problems.termEmpty({
      detail: { zh: '使用控制策略的期间超出合同期限', en: 'the policy’s period lies outside the contract’s term' },
    });
  const parties = { assigner: bound.supplier, assignee: bound.buyer, target: bound.productVersion };
  return odrlFrom(
    { ...terms, ...parties, notBefore, notAfter },
    { id: `urn:shugu:contract:${bound.contract}`, type: 'Agreement' },
  );
};

export const policyProblem = (faults: readonly { code: string; path: string; zh: string; en: string }[]): Problem =>
  problems.policyInvalid({
    errors: faults.slice(0, 100).map((fault) => ({
      field: `policy${fault.path.replace(/\//g, '.')}`,
      code: fault.code,
      message: { zh: fault.zh, en: fault.en },
    })),
  });

const deliveryNames: Record<string, Text> = {
  file: { zh: '文件下载', en: 'file' },
  api: { zh: '接口查询', en: 'API' },
  proxy: { zh: '接口转发', en: 'API by the supplier' },
  query: { zh: '在线查询', en: 'query' },
  share: { zh: '数据表共享', en: 'table sharing' },
  compute: { zh: '隐私计算', en: 'private computation' },
};
const settlementNames: Record<ContractTerms['settlementWay'], Text> = {
  custody: {
    zh: '存管银行冻结后按交付与验收划付',
    en: 'held at the custodian bank and paid on delivery and acceptance',
  },
  direct: { zh: '双方自行结算，付款凭证报平台备案', en: 'settled between the parties, proof of payment filed' },
  postpaid: { zh: '按期对账，先开票后付款', en: 'reconciled by period, invoiced, then paid' },
};
const basisNames: Record<BasisItem['kind'], Text> = {
  operatingRight: { zh: '数据产权登记凭证（经营权）', en: 'certificate of registration (right to operate)' },
  titleProof: { zh: '权属证明与法律意见', en: 'proof of title with legal opinion' },
  authorisation: { zh: '授权文件', en: 'authorisation' },
  complianceReport: { zh: '合规评估报告', en: 'compliance report' },
  qualification: { zh: '行业资质', en: 'sector licence' },
};

/** Chinese civil time: what people read in a contract. */
const chinaTime = (at: Date): string => `${civilTime(at)} (UTC+8)`;

/** Of a participant of another node with its id there, and whose word it is. */
const creditCodeIn = (language: 'zh' | 'en', { creditCode, dataspaceId, attestedBy }: Party): string => {
  // A contract of before names it by its id alone.
  if (!dataspaceId && creditCode !== '') return creditCode;
  const code = creditCode || { zh: '无', en: 'none' }[language];
  if (!attestedBy) return { zh: `${code}（数据空间参与方）`, en: `${code} (participant of a dataspace)` }[language];
  const { name, issuer } = attestedBy;
  const by = name === issuer ? issuer : `${name} ${issuer}`;
  return {
    zh: `${code}（数据空间参与方 ${dataspaceId}；名称与代码由 ${by} 以会员凭证证明）`,
    en: `${code} (participant of a dataspace ${dataspaceId}; name and code as the membership credential of ${by} has them)`,
  }[language];
};

const valuesIn = (language: 'zh' | 'en', input: DocumentInput, policy: Policy): Record<Placeholder, string> => {
  const { contract, terms, term } = input;
  const say = (text: Text) => text[language];
  const names = withRegions(language, { ...input.names, [contract.buyer.participant]: contract.buyer.name });
  const until = (item: BasisItem) =>
    item.until ? chinaTime(new Date(item.until)) : { zh: '长期', en: 'no end' }[language];
  const courts = {
    court: { zh: '向下列法院起诉：', en: 'before the court: ' },
    arbitration: { zh: '提交下列机构仲裁：', en: 'by arbitration: ' },
  };
  return {
    'contract.number': input.number,
    'supplier.name': contract.supplier.name,
    'supplier.creditCode': contract.supplier.creditCode,
    'buyer.name': contract.buyer.name,
    'buyer.creditCode': creditCodeIn(language, contract.buyer),
    'operator.name': input.operatorName,
    'product.name': contract.productName,
    'product.version': String(input.versionNumber),
    'delivery.modes': terms.deliveryModes
      .map((mode) => say(deliveryNames[mode]!))
      .join({ zh: '、', en: ', ' }[language]),
    'policy.lines': explain(policy, language, names).join('\n'),
    'price.text': say(input.priceText),
    'settlement.way': say(settlementNames[terms.settlementWay]),
    'tax.rate': percentOf(terms.tax.rate),
    'term.from': chinaTime(term.from),
    'term.until': chinaTime(term.until),
    'acceptance.days': String(terms.acceptanceDays),
    'dispute.text': `${say(courts[terms.dispute.forum])}${terms.dispute.body}`,
    'basis.lines': input.basis
      .map(
        (item) =>
          `${say(basisNames[item.kind])} ${item.reference}${language === 'zh' ? `（${until(item)}）` : ` (${until(item)})`}`,
      )
      .join('\n'),
  };
};

const clausesOf = (input: DocumentInput, policy: Policy): Json[] => {
  const zh = valuesIn('zh', input, policy);
  const en = valuesIn('en', input, policy);
  const fixed = input.template.clauses.map(({ title, text }) => ({
    title,
    text: { zh: fill(text.zh, zh), en: fill(text.en, en) },
  }));
  // A supplement stands in the language that the parties wrote it in.
  const own = input.terms.supplements.map(({ title, text }) => ({
    title: { zh: title, en: title },
    text: { zh: text, en: text },
  }));
  return [...fixed, ...own].map((clause, at) => ({ number: String(at + 1), ...clause }));
};

/** Canonical text and hash of a contract whose terms are agreed. */
export const lockDocument = (input: DocumentInput, suite: SuiteName): LockedDocument | Problem => {
  const policy = parsePolicy(input.policy);
  if (!policy.ok) return policyProblem(policy.problems);
  const { contract, terms, term, template } = input;
  const hashOfPolicy = policyHash(input.policy as Parameters<typeof policyHash>[0]);
  const document = {
    format: documentFormat,
    id: contract.id,
    number: input.number,
    version: input.version,
    ...(input.supersedes ? { supersedes: input.supersedes, reason: input.reason } : {}),
    node: input.node,
    kind: contract.kind,
    template: {
      id: template.id,
      code: template.code,
      version: template.version,
      hash: template.hash,
      title: template.title,
      source: template.source,
    },
    parties: { supplier: contract.supplier, buyer: contract.buyer },
    subject: {
      product: contract.product,
      version: contract.productVersion,
      versionNumber: input.versionNumber,
      name: contract.productName,
      contentDigests: [...input.contentDigests],
      dataContractDigest: input.contractDigest,
      ...(contract.order ? { order: contract.order } : {}),
    },
    policy: { hash: hashOfPolicy, source: input.policy },
    price: terms.price,
    settlementWay: terms.settlementWay,
    deliveryModes: terms.deliveryModes,
    tax: terms.tax,
    term: { from: term.from.toISOString(), until: term.until.toISOString() },
    acceptanceDays: terms.acceptanceDays,
    dispute: terms.dispute,
    basis: input.basis.map(({ until, ...item }) => ({ ...item, ...(until ? { until } : {}) })),
    clauses: clausesOf(input, policy.policy),
  };
  const bytes = canonicalOf(normalised(document));
  if (bytes instanceof Problem) return bytes;
  return { text: Buffer.from(bytes).toString('utf8'), hash: digestText(suite, bytes), policyHash: hashOfPolicy };
};
