/** How a contract looks on paper: the same text that was signed, in the portal's first language. */
import { signerLevels } from '@shugu/evidence';
import type { PaperLook } from '../kernel/issue/index.ts';
import { paperLimits } from '../kernel/paper/paper.ts';
import type { Contract, ContractSignature, ContractVersion } from './model.ts';

interface SignedText {
  clauses: { number: string; title: { zh: string }; text: { zh: string } }[];
}

/** A paragraph of a PDF has a limit; a longer clause goes on in the next one. */
const pieces = (text: string): string[] => {
  const size = paperLimits.textLengthMax - 200;
  const found: string[] = [];
  for (let at = 0; at < text.length; at += size) found.push(text.slice(at, at + size));
  return found;
};

const levelName = (level: string): string =>
  level in signerLevels ? signerLevels[level as keyof typeof signerLevels].zh : level;

const signatureText = ({ certified, protocol, level, keyId }: ContractSignature): string => {
  if (certified) return `电子认证签名（${certified.authority.zh}）证书序列号 ${certified.serialHex}`;
  if (protocol) return `数据空间协议消息 ${protocol.sender}，摘要 ${protocol.verification.digest}`;
  return `平台签名（${levelName(level)}）${keyId}`;
};

/** A participant of another node: its id there, and whose word its name and code are; without such a word its name is its id. */
const partyText = ({ name, creditCode, dataspaceId, attestedBy }: Contract['supplier']): string => {
  if (!dataspaceId) return creditCode ? `${name}（${creditCode}）` : `${name}（数据空间参与方）`;
  if (!attestedBy) return `${name}（数据空间参与方）`;
  const by = attestedBy.name === attestedBy.issuer ? attestedBy.issuer : `${attestedBy.name} ${attestedBy.issuer}`;
  return `${name}（${creditCode || '无信用代码'}）；数据空间参与方 ${dataspaceId}；名称与代码由 ${by} 以会员凭证证明`;
};

export const lookOf = (
  contract: Contract,
  version: ContractVersion,
  document: unknown,
  signatures: readonly ContractSignature[],
  operatorName: string,
): PaperLook => {
  const { clauses } = document as SignedText;
  const signed = new Map(signatures.map((one) => [one.participant, one]));
  const party = (role: string, { participant, name }: Contract['supplier']) => {
    const found = signed.get(participant);
    return { role, name, detail: found ? signatureText(found) : '纸质签署' };
  };
  const paragraphs = clauses.flatMap((clause) => pieces(`${clause.number}、${clause.title.zh}\n${clause.text.zh}`));
  const shown = paragraphs.slice(0, paperLimits.paragraphsMax - 1);
  if (shown.length < paragraphs.length) shown.push('其余条款见证据包。');
  return {
    layout: 'document',
    issuer: operatorName,
    rows: [
      ['供方', partyText(contract.supplier)],
      ['需方', partyText(contract.buyer)],
      ['标的', contract.productName],
      ['合同文本摘要', version.documentHash ?? ''],
      ['使用控制策略', version.policyHash ?? ''],
    ],
    paragraphs: shown,
    signatures: [party('供方', contract.supplier), party('需方', contract.buyer)],
  };
};
