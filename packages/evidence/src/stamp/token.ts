/**
 * A time stamp token (RFC 3161 section 2.4.2): CMS SignedData (RFC 5652) around what the authority states. Reading gives the parts;
 * `tokenBytes` writes them in the one form that we keep: no certificate that the path does not need, no revocation
 * lists, no unsigned attributes, one spelling of each algorithm. What is not signed can then not be changed unnoticed.
 */
import { equalBytes } from '@shugu/tlog';
import { type DigestName, digestIdentifier, digestNamed, signatureIdentifier } from '../x509/algorithms.ts';
import { readExtensions } from '../x509/certificate.ts';
import {
  contextTag,
  expectTag,
  integerHex,
  integerOf,
  malformed,
  oidOf,
  oidText,
  partsOf,
  primitiveTag,
  readAll,
  readOne,
  sequence,
  setOf,
  smallInteger,
  type Tlv,
  tags,
  timeOf,
  tlv,
} from '../x509/tlv.ts';

export const tokenLimits = { bytesMax: 65_536, certificatesMax: 8 } as const;

const ids = {
  signedData: '1.2.840.113549.1.7.2',
  tstInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;

export type Token = {
  /** TSTInfo, DER: what is stated. */
  readonly content: Uint8Array;
  readonly digest: DigestName;
  /** SignerIdentifier as it stands: issuer and serial, or `[0]` with a key id. */
  readonly signer: Tlv;
  /** The signed attributes as SET, the form in which they are signed. */
  readonly attributes: Uint8Array;
  readonly signatureIdentifier: Uint8Array;
  readonly signature: Uint8Array;
  readonly certificates: readonly Uint8Array[];
};

/** Throws `evidence.der-malformed`. Nothing is verified. */
export function readToken(bytes: Uint8Array): Token {
  if (bytes.length > tokenLimits.bytesMax) malformed(`a token has more than ${tokenLimits.bytesMax} bytes`);
  const [type, wrapped] = partsOf(readOne(bytes, tags.sequence));
  if (oidText(type) !== ids.signedData) malformed('is not signed data');
  const parts = partsOf(readOne(expectTag(wrapped, contextTag(0)).content, tags.sequence));
  const [, , encapsulated, ...rest] = parts;
  const [contentType, content] = partsOf(expectTag(encapsulated, tags.sequence));
  if (oidText(contentType) !== ids.tstInfo) malformed('is no time stamp');
  const certificates = readAll(rest.find(({ tag }) => tag === contextTag(0))?.content ?? new Uint8Array());
  if (certificates.length > tokenLimits.certificatesMax)
    malformed(`carries more than ${tokenLimits.certificatesMax} certificates`);
  const signers = partsOf(expectTag(rest.at(-1), tags.set));
  if (signers.length !== 1) malformed('must be signed once');
  return {
    content: readOne(expectTag(content, contextTag(0)).content, tags.octetString).content,
    ...readSigner(signers[0]!),
    certificates: certificates.map(({ bytes: one }) => one),
  };
}

function readSigner(value: Tlv): Omit<Token, 'content' | 'certificates'> {
  const [version, signer, digestAlgorithm, attributes, algorithm, signature] = partsOf(value);
  const byKeyId = signer?.tag === primitiveTag(0);
  if (!byKeyId) expectTag(signer, tags.sequence);
  if (smallInteger(version) !== (byKeyId ? 3 : 1)) malformed('the signer is of another version than named');
  const digest = digestNamed(digestAlgorithm);
  return {
    digest,
    signer: signer!,
    attributes: tlv(tags.set, expectTag(attributes, contextTag(0)).content),
    signatureIdentifier: signatureIdentifier(expectTag(algorithm, tags.sequence), digest),
    signature: expectTag(signature, tags.octetString).content,
  };
}

export function tokenBytes(token: Token): Uint8Array {
  const digest = digestIdentifier(token.digest);
  const version = integerOf(token.signer.tag === primitiveTag(0) ? 3 : 1);
  const certificates = [...token.certificates].sort((a, b) => Buffer.compare(a, b));
  const signer = sequence(
    version,
    token.signer.bytes,
    digest,
    tlv(contextTag(0), readOne(token.attributes, tags.set).content),
    token.signatureIdentifier,
    tlv(tags.octetString, token.signature),
  );
  const signedData = sequence(
    integerOf(3),
    setOf(digest),
    sequence(oidOf(ids.tstInfo), tlv(contextTag(0), tlv(tags.octetString, token.content))),
    ...(certificates.length > 0 ? [tlv(contextTag(0), ...certificates)] : []),
    setOf(signer),
  );
  return sequence(oidOf(ids.signedData), tlv(contextTag(0), signedData));
}

/** What CMS and RFC 5816 have signed beside the content. `certificateHash`: what the attribute of that version names. */
export type Attributes = {
  contentDigest: Uint8Array;
  certificateHashes: { digest: DigestName | 'sha1'; hash: Uint8Array }[];
};

export function readAttributes(token: Token): Attributes {
  const values = new Map<string, Tlv>();
  for (const one of partsOf(readOne(token.attributes, tags.set))) {
    const [type, set] = partsOf(one);
    const [value, ...more] = partsOf(expectTag(set, tags.set));
    const id = oidText(type);
    if (!value || more.length > 0 || values.has(id)) malformed('a signed attribute does not have one value');
    values.set(id, value!);
  }
  if (oidText(values.get(ids.contentType)) !== ids.tstInfo) malformed('the signature is over something else');
  const certificateIn = (id: string): Tlv[] | undefined => {
    const attribute = values.get(id);
    return attribute && partsOf(expectTag(partsOf(expectTag(partsOf(attribute)[0], tags.sequence))[0], tags.sequence));
  };
  const older = certificateIn(ids.signingCertificate);
  const newer = certificateIn(ids.signingCertificateV2);
  return {
    contentDigest: expectTag(values.get(ids.messageDigest), tags.octetString).content,
    certificateHashes: [
      ...(older ? [{ digest: 'sha1' as const, hash: expectTag(older[0], tags.octetString).content }] : []),
      ...(newer ? [readHashV2(newer)] : []),
    ],
  };
}

/** ESSCertIDv2: SHA-256 unless another digest is named. */
function readHashV2(parts: Tlv[]): { digest: DigestName; hash: Uint8Array } {
  const named = parts[0]?.tag === tags.sequence;
  return {
    digest: named ? digestNamed(parts[0]) : 'sha256',
    hash: expectTag(parts[named ? 1 : 0], tags.octetString).content,
  };
}

/** TSTInfo. `accuracySeconds` is the authority's own bound on its error. */
export type StampInfo = {
  imprint: { digest: DigestName; hash: Uint8Array };
  time: Date;
  policy: string;
  serialHex: string;
  accuracySeconds?: number;
  nonceHex?: string;
};

export function readInfo(content: Uint8Array): StampInfo {
  const [version, policy, imprint, serial, time, ...rest] = partsOf(readOne(content, tags.sequence));
  const [algorithm, hash, ...more] = partsOf(expectTag(imprint, tags.sequence));
  if (smallInteger(version) !== 1 || more.length > 0) malformed('the statement is of another version');
  const take = (tag: number): Tlv | undefined => (rest[0]?.tag === tag ? rest.shift() : undefined);
  const accuracy = take(tags.sequence);
  take(tags.boolean);
  const nonce = take(tags.integer);
  take(contextTag(0));
  const extensions = take(contextTag(1));
  if (rest.length > 0) malformed('the statement holds something unknown');
  // Extensions are tagged in place of their SEQUENCE, so they are read as one.
  const critical = extensions && [
    ...readExtensions({ ...extensions, content: tlv(tags.sequence, extensions.content) }),
  ];
  if (critical?.some(([, one]) => one.critical)) malformed('the statement has a critical extension that is not known');
  return {
    imprint: { digest: digestNamed(algorithm), hash: expectTag(hash, tags.octetString).content },
    time: timeOf(expectTag(time, tags.generalizedTime)),
    policy: oidText(policy),
    serialHex: integerHex(serial),
    ...(accuracy ? { accuracySeconds: readAccuracy(accuracy) } : {}),
    ...(nonce ? { nonceHex: integerHex(nonce) } : {}),
  };
}

function readAccuracy(value: Tlv): number {
  let seconds = 0;
  for (const part of partsOf(value)) {
    if (part.tag === tags.integer) seconds += smallInteger(part);
    else if (part.tag === primitiveTag(0)) seconds += smallInteger(part, primitiveTag(0)) / 1e3;
    else if (part.tag === primitiveTag(1)) seconds += smallInteger(part, primitiveTag(1)) / 1e6;
    else malformed('the accuracy holds something unknown');
  }
  return seconds;
}

/** Whether the signer's identifier names that certificate. */
export function namesSigner(
  signer: Tlv,
  certificate: { issuer: Uint8Array; serialHex: string; keyId: Uint8Array | undefined },
): boolean {
  if (signer.tag === primitiveTag(0))
    return certificate.keyId !== undefined && equalBytes(signer.content, certificate.keyId);
  const [issuer, serial, ...rest] = partsOf(signer);
  return (
    rest.length === 0 &&
    issuer !== undefined &&
    equalBytes(issuer.bytes, certificate.issuer) &&
    integerHex(serial) === certificate.serialHex
  );
}
