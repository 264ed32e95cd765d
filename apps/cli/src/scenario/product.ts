/** From a registered resource to a listed product: version, compliance report, listing review by two people. */
import type { CallInput, CallOutput } from '@shugu/wire';
import * as catalogueWire from '@shugu/wire/catalogue';
import * as marketWire from '@shugu/wire/market';
import { attach, fileCase, look, move } from './cases.ts';
import { until } from './resource.ts';
import type { Stage } from './stage.ts';

export type ProductFields = CallInput<typeof catalogueWire.createProduct>['body'];
export type VersionDraft = CallInput<typeof catalogueWire.createVersion>['body'];
export type ListingDraft = CallInput<typeof marketWire.createListing>['body'];
export type Listing = CallOutput<typeof marketWire.readListing>;
export type Report = CallOutput<typeof marketWire.listReports>['items'][number];

export interface ProductVersion {
  product: string;
  version: string;
}

export const draftProduct = async (
  stage: Stage,
  login: string,
  fields: ProductFields,
  version: VersionDraft,
): Promise<ProductVersion> => {
  const client = await stage.as(login);
  const product = await client.call(catalogueWire.createProduct, { body: fields });
  const made = await client.call(catalogueWire.createVersion, { params: { id: product.id }, body: version });
  await client.call(catalogueWire.readyProduct, { params: { id: product.id }, body: {} });
  return { product: product.id, version: made.id };
};

/** 合规评估: engaged, declared independent, delivered under seal, formally checked. */
export const assess = async (
  stage: Stage,
  login: string,
  body: { key: string; login: string },
  version: string,
  name: string,
): Promise<Report> => {
  const supplier = await stage.as(login);
  const caseId = await fileCase(supplier, {
    procedure: 'compliance.engagement',
    handler: await stage.organisation(body.key),
    subject: version,
    title: `合规评估：${name}`,
    data: { scope: '数据来源合法性、产品可交易性、个人信息保护与安全措施', feeNote: '按双方约定' },
  });
  await move(supplier, caseId, 'submit');
  const assessor = await stage.as(body.login);
  await move(assessor, caseId, 'accept', { noConflict: 'none', workingDays: 5 });
  await attach(assessor, caseId, 'report', 'report.pdf', [
    'Compliance report: lawful source, tradable, no personal data',
  ]);
  const end = new Date((await stage.now()).getTime() + 330 * 86_400_000);
  await move(assessor, caseId, 'deliver', {
    conclusion: 'compliant',
    validUntil: end.toISOString().slice(0, 10),
    limits: '仅就送审版本发表意见',
  });
  return until('the report', async () => {
    const { items } = await supplier.call(marketWire.listReports, { query: { version } });
    return items.find((one) => one.case === caseId);
  });
};

/** What has no certificate waits for its papers, and is handed in with them. */
export const applyForListing = async (stage: Stage, login: string, draft: ListingDraft): Promise<Listing> => {
  const client = await stage.as(login);
  const applied = await client.call(marketWire.createListing, { body: draft });
  if (applied.state !== 'draft') return applied;
  await attach(client, applied.case!, 'titleProof', 'title.pdf', ['Proof of title: contracts of acquisition, records']);
  await attach(client, applied.case!, 'legalOpinion', 'opinion.pdf', ['Legal opinion: the title holds']);
  await move(client, applied.case!, 'submit');
  return until('the application to be under review', async () => {
    const seen = await client.call(marketWire.readListing, { params: { id: applied.id } });
    return seen.state === 'reviewing' && seen;
  });
};

/** First review and decision by two people of the operator. */
export const reviewListing = async (stage: Stage, listing: Listing): Promise<Listing> => {
  const reviewer = await stage.as('operator.reviewer');
  const approver = await stage.as('operator.approver');
  const caseId = listing.case!;
  await move(reviewer, caseId, 'startReview');
  await move(reviewer, caseId, 'concludeReview', reviewOpinion);
  await move(approver, caseId, 'approve');
  const seen = await look(approver, caseId);
  if (seen.state !== 'approved') throw new Error(`the listing review ended as ${seen.state}`);
  return approver.call(marketWire.readListing, { params: { id: listing.id } });
};

const gates = ['identity', 'rights', 'compliance', 'classification', 'quality', 'security', 'sector'];
const reviewOpinion = {
  ...Object.fromEntries(gates.map((gate) => [gate, 'met'])),
  opinion: '主体、权属、合规报告、分类分级、质量与安全均符合要求。',
};
