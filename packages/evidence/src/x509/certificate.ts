/** X.509 certificates: RFC 5280, as much as a path to a pinned one takes. */
import { equalBytes } from '@shugu/tlog';
import type { EvidenceProblemCode } from '../problem.ts';
import { signatureHolds } from './algorithms.ts';
import {
  contextTag,
  expectTag,
  integerHex,
  malformed,
  oidText,
  partsOf,
  readAll,
  readOne,
  smallInteger,
  type Tlv,
  tags,
  timeOf,
} from './tlv.ts';

export type Certificate = {
  readonly bytes: Uint8Array;
  /** What the issuer signed, under which algorithm (AlgorithmIdentifier), with what. */
  readonly signed: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly serialHex: string;
  /** Names, DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly extensions: ReadonlyMap<string, { critical: boolean; value: Uint8Array }>;
};

export const certificateBytesMax = 16_384;

export const certificateExtensions = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectKeyId: '2.5.29.14',
} as const;
const anyUsage = '2.5.29.37.0';

/** Throws `evidence.der-malformed`. */
export function readCertificate(bytes: Uint8Array): Certificate {
  if (bytes.length > certificateBytesMax) malformed(`a certificate has more than ${certificateBytesMax} bytes`);
  const [body, algorithm, signature, ...rest] = partsOf(readOne(bytes, tags.sequence));
  if (rest.length > 0) malformed('a certificate has three parts');
  const fields = partsOf(expectTag(body, tags.sequence));
  const version = fields[0]?.tag === contextTag(0) ? smallInteger(readAll(fields.shift()!.content)[0]) : 0;
  const [serial, inner, issuer, validity, subject, spki, ...more] = fields;
  const [from, to] = partsOf(expectTag(validity, tags.sequence));
  const outer = expectTag(algorithm, tags.sequence);
  if (version !== 2 || !inner || !equalBytes(inner.bytes, outer.bytes))
    malformed('a certificate is not of version 3, or names two algorithms');
  return {
    bytes,
    signed: body!.bytes,
    algorithm: outer.bytes,
    signature: wholeBits(signature),
    serialHex: integerHex(serial),
    issuer: expectTag(issuer, tags.sequence).bytes,
    subject: expectTag(subject, tags.sequence).bytes,
    notBefore: timeOf(from),
    notAfter: timeOf(to),
    spki: expectTag(spki, tags.sequence).bytes,
    extensions: readExtensions(more.find(({ tag }) => tag === contextTag(3))),
  };
}

export function wholeBits(value: Tlv | undefined): Uint8Array {
  const { content } = expectTag(value, tags.bitString);
  return content[0] === 0 ? content.subarray(1) : malformed('a signature is not of whole bytes');
}

export function readExtensions(outer: Tlv | undefined): Map<string, { critical: boolean; value: Uint8Array }> {
  const found = new Map<string, { critical: boolean; value: Uint8Array }>();
  for (const one of outer ? partsOf(readOne(outer.content, tags.sequence)) : []) {
    const parts = partsOf(one);
    // Some write it with another byte than DER's 0xff: better insisted on than overlooked.
    const critical = parts[1]?.tag === tags.boolean && parts[1].content[0] !== 0;
    const id = oidText(parts[0]);
    if (found.has(id)) malformed('an extension stands twice');
    found.set(id, { critical, value: expectTag(parts.at(-1), tags.octetString).content });
  }
  return found;
}

/** Certificates in PEM, one after the other, as OpenSSL and every authority hand them out. */
export function certificatesInPem(text: string): Uint8Array[] {
  const blocks = [...text.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)];
  return blocks.map(([, body]) => readCertificate(new Uint8Array(Buffer.from(body!, 'base64'))).bytes);
}

/** For people who look after certificates. */
export const certificateTerm = (bytes: Uint8Array): { name: string; notBefore: Date; notAfter: Date } => {
  const { subject, notBefore, notAfter } = readCertificate(bytes);
  return { name: nameOf(subject), notBefore, notAfter };
};

/** Something that an authority signed: a certificate, or its list of those that it took back. */
type Signed = Pick<Certificate, 'issuer' | 'algorithm' | 'signed' | 'signature'>;

export const issued = (issuer: Certificate, signed: Signed): boolean =>
  equalBytes(issuer.subject, signed.issuer) &&
  signatureHolds({
    identifier: signed.algorithm,
    spki: issuer.spki,
    message: signed.signed,
    signature: signed.signature,
  });

/** Bit 0 is the first of the string. Undefined where the certificate names no usage. */
export function usageBits(certificate: Certificate): ((bit: number) => boolean) | undefined {
  const extension = certificate.extensions.get(certificateExtensions.keyUsage);
  if (!extension) return undefined;
  const { content } = readOne(extension.value, tags.bitString);
  return (bit) => (((content[1 + (bit >> 3)] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
}

export function extendedUsages(certificate: Certificate): string[] | undefined {
  const extension = certificate.extensions.get(certificateExtensions.extendedKeyUsage);
  return extension && partsOf(readOne(extension.value, tags.sequence)).map(oidText);
}

const understood: readonly string[] = [
  certificateExtensions.basicConstraints,
  certificateExtensions.keyUsage,
  certificateExtensions.extendedKeyUsage,
];

/** Why a certificate does not hold for something. */
export type Fault = { readonly code: EvidenceProblemCode; readonly message: string };
export const unfit = (message: string): Fault => ({ code: 'evidence.certificate-unfit', message });

export function generalFault(certificate: Certificate, at: Date): Fault | undefined {
  const unknown = [...certificate.extensions].find(([id, { critical }]) => critical && !understood.includes(id));
  if (unknown) return unfit(`a certificate has a critical extension that is not known: ${unknown[0]}`);
  if (at >= certificate.notBefore && at <= certificate.notAfter) return undefined;
  const name = nameOf(certificate.subject);
  return {
    code: 'evidence.certificate-expired',
    message: `the certificate of ${name} was not valid at ${at.toISOString()}`,
  };
}

function basicConstraints(certificate: Certificate): { authority: boolean; pathLength: Tlv | undefined } {
  const extension = certificate.extensions.get(certificateExtensions.basicConstraints);
  const [authority, pathLength] = extension ? partsOf(readOne(extension.value, tags.sequence)) : [];
  return { authority: authority?.tag === tags.boolean && authority.content[0] === 0xff, pathLength };
}

export const isAuthority = (certificate: Certificate): boolean => basicConstraints(certificate).authority;

/**
 * `below`: certificates of authorities between this one and the signer's. `usages`: extended usages of which an authority that is
 * bound to some must hold one.
 */
export function authorityFault(
  certificate: Certificate,
  below: number,
  at: Date,
  usages: readonly string[],
): Fault | undefined {
  const { authority, pathLength } = basicConstraints(certificate);
  const name = nameOf(certificate.subject);
  if (!authority) return unfit(`${name} is no certification authority`);
  if (pathLength && smallInteger(pathLength) < below) return unfit(`the path below ${name} is too long`);
  const uses = usageBits(certificate);
  if (uses && !uses(5)) return unfit(`${name} may not sign certificates`);
  if (!mayBeUsed(certificate, usages)) return unfit(`${name} may not certify for this purpose`);
  return generalFault(certificate, at);
}

/** Whether a certificate names no extended usages, any, or one of those. */
export function mayBeUsed(certificate: Certificate, usages: readonly string[]): boolean {
  const named = extendedUsages(certificate);
  return named === undefined || named.includes(anyUsage) || named.some((usage) => usages.includes(usage));
}

export function subjectKeyId(certificate: Certificate): Uint8Array | undefined {
  const extension = certificate.extensions.get(certificateExtensions.subjectKeyId);
  return extension && readOne(extension.value, tags.octetString).content;
}

const nameParts: Record<string, string> = { '2.5.4.3': 'commonName', '2.5.4.10': 'organisation' };

/** What a name (DER) is made of, in its order. */
export function attributesOf(name: Uint8Array): { id: string; value: Tlv }[] {
  return partsOf(readOne(name, tags.sequence))
    .flatMap(partsOf)
    .map((pair) => {
      const [id, value] = partsOf(pair);
      return { id: oidText(id), value: value ?? malformed('a name has a part without a value') };
    });
}

/** For people: common name and organisation. The text is whoever's who got the certificate; only what can be shown safely stays. */
export function nameOf(name: Uint8Array): string {
  const found: Record<string, string> = {};
  for (const { id, value } of attributesOf(name)) {
    const part = nameParts[id];
    if (part) found[part] = shown(value);
  }
  const { commonName, organisation } = found;
  return commonName && organisation ? `${commonName} (${organisation})` : (commonName ?? organisation ?? '?');
}

/** The text of a value, without what cannot be shown. */
export function shown({ tag, content }: Tlv): string {
  const utf16 = () =>
    Buffer.from(content.subarray(0, content.length & ~1))
      .swap16()
      .toString('utf16le');
  const text = tag === 0x1e ? utf16() : Buffer.from(content).toString('utf8');
  // The same that `plainText` refuses, and what is no text at all.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufffd]/g, '').slice(0, 128);
}
