/**
 * Signatures with a certificate of a licensed certification authority (Electronic Signature Law, articles 13 and 16): over the very
 * bytes of a document, by an organisation that the certificate names by its unified social credit code (GB 32100).
 */
import { equalBytes } from '@shugu/tlog';
import { EvidenceError } from './problem.ts';
import { bareSignatureHolds, spkiDigest } from './x509/algorithms.ts';
import {
  attributesOf,
  authorityFault,
  type Certificate,
  type Fault,
  generalFault,
  mayBeUsed,
  nameOf,
  readCertificate,
  unfit,
  usageBits,
} from './x509/certificate.ts';
import { trustedPath } from './x509/path.ts';
import { listsFor, type RevocationList } from './x509/revocation.ts';
import { readAll, type Tlv, tags } from './x509/tlv.ts';

export const certifiedLimits = {
  /** From the signer to the one below the authority that is trusted. */
  certificatesMax: 4,
  signatureBytesMax: 1024,
} as const;

export type CertifyingAuthority = {
  /** DER: what signers' certificates must lead to. Certificates of authorities, never of signers. */
  readonly certificates: readonly Uint8Array[];
  /** `notKnown`: offline, where revocation cannot be known. */
  readonly revocations: readonly RevocationList[] | 'notKnown';
  /**
   * Where the credit code stands: object identifiers of attributes of the subject (2.5.4.97 organizationIdentifier, 2.5.4.5
   * serialNumber) or of extensions (1.2.156.10260.4.1.4, organisation code of GM/T 0015): authorities differ.
   */
  readonly creditCodeIn: readonly string[];
};

export type Certified = {
  creditCode: string;
  /** Name of the organisation in the certificate, for people. */
  subject: string;
  /** `x509:` and SHA-256 of the key (SubjectPublicKeyInfo), in hex. */
  keyId: string;
  serialHex: string;
  /** Name of the trusted certificate. */
  trustedAs: string;
  /** The certificates that the path needs, DER, the signer's first. */
  path: Uint8Array[];
};

/** RFC 5280 section 4.2.1.12 and RFC 9336: client authentication, e-mail, documents; authorities issue organisations all three. */
const signingUsages = ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.36', '1.3.6.1.4.1.311.10.3.12'];

/** What an operator got wrong in naming an authority; whether its certificates are valid now is another question. */
export function checkAuthority(certificates: readonly Uint8Array[]): void {
  if (certificates.length === 0) refuse(unfit('no certificate is named'));
  for (const one of certificates.map(readCertificate)) {
    const fault = authorityFault(one, 0, one.notBefore, signingUsages);
    if (fault) refuse(fault);
  }
}

function refuse({ code, message }: Fault): never {
  throw new EvidenceError(code, message);
}

/**
 * `certificates`: DER, the signer's first. `signature`: RSA PKCS#1 v1.5, Ed25519, or (r, s) of ECDSA or SM2 in DER; the key decides.
 * Throws `evidence.der-malformed`, `evidence.certified-signature`, `evidence.certificate-untrusted | -unfit | -expired | -revoked`
 * or `evidence.revocation-unknown`.
 */
export function verifyCertified(input: {
  bytes: Uint8Array;
  signature: Uint8Array;
  certificates: readonly Uint8Array[];
  authority: CertifyingAuthority;
  at: Date;
}): Certified {
  const { bytes, signature, authority, at } = input;
  const [signer, ...carried] = readChain(input.certificates);
  if (signature.length > certifiedLimits.signatureBytesMax || !bareSignatureHolds(signer.spki, bytes, signature))
    refuse({ code: 'evidence.certified-signature', message: 'the signature is not one over these bytes by this key' });
  const anchors = authority.certificates.map(readCertificate);
  const fault = signerFault(signer, at);
  if (fault) refuse(fault);
  const found = trustedPath({ signer, carried, anchors, usages: signingUsages, at });
  if ('fault' in found) return refuse(found.fault);
  const { path, trusted } = found;
  if (path.length > certifiedLimits.certificatesMax) refuse(unfit('the path to the authority is too long'));
  if (anchors.some((anchor) => equalBytes(anchor.bytes, signer.bytes)))
    refuse(unfit('the certificate is that of an authority'));
  if (authority.revocations !== 'notKnown') refuseRevoked([...path, trusted], authority.revocations, at);
  return {
    creditCode: creditCodeOf(signer, authority.creditCodeIn),
    subject: nameOf(signer.subject),
    keyId: `x509:${Buffer.from(spkiDigest(signer.spki)).toString('hex')}`,
    serialHex: signer.serialHex,
    trustedAs: nameOf(trusted.subject),
    path: path.map((one) => one.bytes),
  };
}

function readChain(certificates: readonly Uint8Array[]): [Certificate, ...Certificate[]] {
  // One more than a path has: people send the root along.
  if (certificates.length > certifiedLimits.certificatesMax + 1)
    refuse(unfit(`more than ${certifiedLimits.certificatesMax + 1} certificates`));
  const [signer, ...carried] = certificates.map(readCertificate);
  return signer ? [signer, ...carried] : refuse(unfit('there is no certificate'));
}

function signerFault(signer: Certificate, at: Date): Fault | undefined {
  const uses = usageBits(signer);
  // digitalSignature, nonRepudiation: the second certificate of a Chinese pair is for encryption alone.
  if (!uses || !(uses(0) || uses(1))) return unfit('the certificate is not one for signing (key usage)');
  if (uses(5) || uses(6)) return unfit('the certificate is that of an authority');
  if (!mayBeUsed(signer, signingUsages)) return unfit('the certificate is not one for documents (extended key usage)');
  return generalFault(signer, at);
}

/**
 * The signer's issuer must have said lately which certificates it took back; what the issuers above have said counts where there is a
 * list.
 */
function refuseRevoked(path: readonly Certificate[], lists: readonly RevocationList[], at: Date): void {
  for (const [i, certificate] of path.slice(0, -1).entries()) {
    const issuer = path[i + 1]!;
    const own = lists.filter((list) => listsFor(certificate, issuer, list));
    const fresh = own.filter((list) => at <= list.nextUpdate);
    const name = nameOf(issuer.subject);
    if (fresh.length === 0 && (i === 0 || own.length > 0))
      refuse({
        code: 'evidence.revocation-unknown',
        message:
          own.length === 0
            ? `there is no revocation list of ${name} for this certificate`
            : `the revocation list of ${name} ended at ${new Date(Math.max(...own.map((list) => list.nextUpdate.getTime()))).toISOString()}`,
      });
    const since = fresh.map((list) => list.revoked.get(certificate.serialHex)).find((date) => date && date <= at);
    if (since)
      refuse({
        code: 'evidence.certificate-revoked',
        message: `the certificate of ${nameOf(certificate.subject)} was revoked at ${since.toISOString()}`,
      });
  }
}

/** With or without a scheme before it, as `USCC-` or `NTRCN-` (ETSI EN 319 412-1 section 5.1.4). */
const creditCodeShape = /^(?:[A-Z0-9:]{1,16}-)?([0-9A-HJ-NPQRTUWXY]{18})$/;

function creditCodeOf(signer: Certificate, places: readonly string[]): string {
  const attributes = attributesOf(signer.subject).filter(({ id }) => places.includes(id));
  const extensions = places.flatMap((id) => {
    const found = signer.extensions.get(id);
    return found ? [textIn(found.value)] : [];
  });
  const texts = [...attributes.map(({ value }) => textOf(value)), ...extensions];
  const codes = new Set(texts.flatMap((text) => creditCodeShape.exec(text ?? '')?.[1] ?? []));
  const [code, ...others] = codes;
  if (code === undefined) return refuse(unfit('the certificate names no unified social credit code where it should'));
  return others.length === 0 ? code : refuse(unfit('the certificate names two unified social credit codes'));
}

const textTags: readonly number[] = [tags.utf8, tags.printable, tags.ia5];
const textOf = (value: Tlv): string | undefined =>
  textTags.includes(value.tag) ? Buffer.from(value.content).toString('utf8').trim() : undefined;

function textIn(extension: Uint8Array): string | undefined {
  const [value, ...rest] = readAll(extension);
  return value && rest.length === 0 ? textOf(value) : undefined;
}
