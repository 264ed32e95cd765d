/**
 * Parties of a contract's paper that signed with certificates of licensed authorities: the signatures stand inside the document, over
 * the text of the contract, and are checked against the authorities that the reader trusts.
 */
import { decodeBase64, TlogError } from '@shugu/tlog';
import { canonicalBytes, type Json } from './canonical.ts';
import { type Certified, verifyCertified } from './certified.ts';
import { EvidenceError } from './problem.ts';
import { certifyingAuthorities, type Trust } from './trust.ts';
import type { BundleReport } from './verify-bundle.ts';

/** DER, and where its certificates name the credit code; see `CertifyingAuthority`. */
export type BelievedAuthority = { readonly certificate: Uint8Array; readonly creditCodeIn: readonly string[] };

type CertifiedParty = {
  /** As the contract names the party. */
  name: string;
  creditCode: string;
  /** What the paper says: the authority's title there, and the certificate's serial number. */
  authority: { zh: string; en: string };
  serialHex: string;
  /** Undefined where the reader trusts no certification authority: then nothing of it was checked. */
  outcome: { certified: Certified } | { fault: string } | undefined;
};

/** Without a trusted authority nothing is wrong with the paper, but the reader is told what nobody here has looked at. */
export function checkCertified(document: Json, trust: Trust, report: BundleReport): void {
  const parties = certifiedParties(document, certifyingAuthorities(trust));
  for (const [i, party] of parties.entries())
    if (party.outcome) addCertifiedCheck(i, party, party.outcome, report);
    else {
      const { name, authority, serialHex } = party;
      const zh = `${name}以电子认证证书签署（${authority.zh}，序列号${serialHex}）：信任文件未列电子认证机构，本次未核验该签名。`;
      const en = `${name} signed with a certificate (${authority.en}, serial number ${serialHex}): the trust file names no certification authority, and this signature was not checked.`;
      report.notice = { zh: `${zh}${report.notice.zh}`, en: `${en} ${report.notice.en}` };
    }
}

function addCertifiedCheck(
  i: number,
  { name, creditCode, serialHex }: CertifiedParty,
  outcome: NonNullable<CertifiedParty['outcome']>,
  report: BundleReport,
): void {
  const add = (ok: boolean, zh: string, en: string) => report.checks.push({ id: `certified.${i}`, ok, zh, en });
  if ('fault' in outcome)
    return void add(
      false,
      `电子认证签名无效：${name}：${outcome.fault}`,
      `certified signature is wrong: ${name}: ${outcome.fault}`,
    );
  const { trustedAs } = outcome.certified;
  add(
    true,
    `电子认证签名有效：${name}（${creditCode}），证书序列号${serialHex}，由${trustedAs}认证；当时是否已吊销无法离线获知`,
    `certified signature holds: ${name} (${creditCode}), certificate ${serialHex}, certified by ${trustedAs}; whether it was revoked then is not known offline`,
  );
}

/** The signatures in the document that say they are by certificate; none where it is of another form. */
function certifiedParties(document: Json, authorities: readonly BelievedAuthority[]): CertifiedParty[] {
  const { contract, signatures } = recordOf(document);
  const parties = Object.values(recordOf(recordOf(contract).parties)).map(recordOf);
  return (Array.isArray(signatures) ? signatures : []).map(recordOf).flatMap((signature) => {
    if (signature.level !== 'licensed-ca') return [];
    const party = parties.find(({ participant }) => participant === signature.participant) ?? {};
    const stated = recordOf(signature.certified);
    const title = recordOf(stated.authority);
    const creditCode = textOf(party.creditCode);
    return {
      name: textOf(party.name),
      creditCode,
      authority: { zh: textOf(title.zh), en: textOf(title.en) },
      serialHex: textOf(stated.serialHex),
      outcome: authorities.length > 0 ? outcomeOf(contract ?? null, signature, creditCode, authorities) : undefined,
    };
  });
}

function outcomeOf(
  contract: Json,
  signature: Record<string, Json>,
  creditCode: string,
  authorities: readonly BelievedAuthority[],
): CertifiedParty['outcome'] {
  const stated = recordOf(signature.certified);
  const at = new Date(textOf(signature.at));
  if (Number.isNaN(at.getTime())) return { fault: 'it does not say when it was made' };
  let fault = '';
  for (const { certificate, creditCodeIn } of authorities)
    try {
      const certificates = Array.isArray(stated.chain) ? stated.chain : [];
      const certified = verifyCertified({
        bytes: canonicalBytes(contract),
        signature: decodeBase64(textOf(signature.signature)),
        certificates: certificates.map((one) => decodeBase64(textOf(one))),
        authority: { certificates: [certificate], revocations: 'notKnown', creditCodeIn },
        at,
      });
      if (certified.creditCode !== creditCode) return { fault: `the certificate is of ${certified.creditCode}` };
      if (certified.keyId !== signature.keyId || certified.serialHex !== stated.serialHex)
        return { fault: 'the certificate is another than the paper names' };
      return { certified };
    } catch (problem) {
      if (!(problem instanceof EvidenceError || problem instanceof TlogError)) throw problem;
      // Of several authorities the one that gets further says more.
      const elsewhere = problem instanceof EvidenceError && problem.code === 'evidence.certificate-untrusted';
      if (!fault || !elsewhere) fault = problem.message;
    }
  return { fault };
}

const recordOf = (value: Json | undefined): Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
