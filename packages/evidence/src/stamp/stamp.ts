/**
 * Time stamps by others (RFC 3161): an authority that is not ours says that bytes existed at a time of its own clock. Asking,
 * taking in the answer, and verifying offline against authorities that the caller trusts.
 */
import { equalBytes, formatNote, parseNote } from '@shugu/tlog';
import { inOrder } from '../bundle.ts';
import { EvidenceError } from '../problem.ts';
import type { SuiteName } from '../suites.ts';
import { digest, digestIdentifier, imprintDigest, signatureHolds } from '../x509/algorithms.ts';
import {
  type Certificate,
  certificateExtensions,
  extendedUsages,
  type Fault,
  generalFault,
  nameOf,
  readCertificate,
  subjectKeyId,
  unfit,
  usageBits,
} from '../x509/certificate.ts';
import { type Reached, trustedPath } from '../x509/path.ts';
import { integerOf, malformed, partsOf, readOne, sequence, smallInteger, type Tlv, tags, tlv } from '../x509/tlv.ts';
import { namesSigner, readAttributes, readInfo, readToken, type StampInfo, type Token, tokenBytes } from './token.ts';

/** Certificates (DER) that a stamp must lead to: an authority's root, one below it, or the stamping certificate itself. */
export type StampAuthority = {
  readonly certificate: Uint8Array;
  /** Later stamps are not believed: for a key that was lost, since revocation is not known offline. */
  readonly notAfter?: Date;
};

export type Stamp = {
  /** By the authority's clock. */
  time: Date;
  accuracySeconds?: number;
  /** Name in the certificate that signed, and of the trusted one where that is another. */
  authority: string;
  trustedAs: string;
  policy: string;
  serialHex: string;
};

/**
 * What claims to have happened later than an outsider saw it in the log convicts a clock; those of honest people differ by less
 * than this.
 */
export const stampAheadSecondsMax = 300;

/** Seconds by which a moment of the node's clock lies after the stamp, the authority's own doubt taken off. */
export const stampAhead = (at: Date, { time, accuracySeconds = 0 }: Stamp): number =>
  (at.getTime() - time.getTime()) / 1000 - accuracySeconds;

/** What is stamped of a checkpoint: the note as the log alone signed it, since witnesses' lines come and go. */
export function stampedBytes(checkpoint: string, origin: string): Uint8Array {
  const { text, signatures } = parseNote(checkpoint);
  const own = inOrder(origin, signatures).filter(({ name }) => name === origin);
  return new TextEncoder().encode(formatNote({ text, signatures: own }));
}

/** TimeStampReq, with the hash of the log's suite. `nonce`: random bytes, by which the answer is known to be one to this. */
export function stampRequest(input: { suite: SuiteName; bytes: Uint8Array; nonce: Uint8Array }): Uint8Array {
  const name = imprintDigest[input.suite];
  const imprint = sequence(digestIdentifier(name), tlv(tags.octetString, digest(name, input.bytes)));
  return sequence(integerOf(1), imprint, integerOf(input.nonce), tlv(tags.boolean, Uint8Array.of(0xff)));
}

function wrong(message: string): never {
  throw new EvidenceError('evidence.stamp-wrong', message);
}

/** The token in a TimeStampResp. Throws `evidence.stamp-refused` with the authority's words, or `evidence.der-malformed`. */
export function tokenInResponse(response: Uint8Array): Uint8Array {
  const [status, token, ...rest] = partsOf(readOne(response, tags.sequence));
  const [code, ...details] = partsOf(status ?? malformed('the answer is empty'));
  const value = smallInteger(code);
  // granted, grantedWithMods
  if (value === 0 || value === 1)
    return rest.length === 0 && token ? token.bytes : malformed('the answer has no token');
  const texts = details.find(({ tag }) => tag === tags.sequence);
  const said = texts ? partsOf(texts).map((one) => Buffer.from(one.content).toString('utf8')) : [];
  const failure = details.find(({ tag }) => tag === tags.bitString);
  const why = [...said, ...(failure ? [failureText(failure)] : [])].join('; ').slice(0, 500);
  throw new EvidenceError('evidence.stamp-refused', `the authority refused (status ${value})${why ? `: ${why}` : ''}`);
}

/** PKIFailureInfo, RFC 3161 section 2.4.2. */
const failureBits: Record<number, string> = {
  0: 'badAlg',
  2: 'badRequest',
  5: 'badDataFormat',
  14: 'timeNotAvailable',
  15: 'unacceptedPolicy',
  16: 'unacceptedExtension',
  17: 'addInfoNotAvailable',
  25: 'systemFailure',
};

const failureText = ({ content }: Tlv): string =>
  Object.entries(failureBits)
    .filter(([bit]) => ((content[1 + (Number(bit) >> 3)] ?? 0) >> (7 - (Number(bit) & 7))) & 1)
    .map(([, name]) => name)
    .join(', ');

/**
 * What the token proves of `bytes`. Accepts only the form that `acceptStamp` gives, so that no byte of it is without a check.
 * Throws `evidence.der-malformed` or `evidence.stamp-wrong`.
 */
export function verifyStamp(token: Uint8Array, bytes: Uint8Array, authorities: readonly StampAuthority[]): Stamp {
  const read = readToken(token);
  if (!equalBytes(tokenBytes(read), token)) malformed('the token is not in the form in which tokens are kept');
  const { stamp, covered } = prove(read, bytes, authorities);
  const known = covered.map((one) => Buffer.from(one.bytes).toString('hex'));
  const carried = read.certificates.map((one) => Buffer.from(one).toString('hex'));
  if (new Set(carried).size !== carried.length || !carried.every((one) => known.includes(one)))
    wrong('the token carries a certificate that the path to the trusted one does not need');
  return stamp;
}

/** A token as the authority sent it, verified as an answer to the request with that nonce, in the form in which it is kept. */
export function acceptStamp(
  response: Uint8Array,
  asked: { bytes: Uint8Array; nonce: Uint8Array; authorities: readonly StampAuthority[] },
): { token: Uint8Array; stamp: Stamp } {
  const read = readToken(tokenInResponse(response));
  const { path, info } = prove(read, asked.bytes, asked.authorities);
  const nonceHex = Buffer.from(asked.nonce)
    .toString('hex')
    .replace(/^(?:00)+(?=..)/, '');
  if (info.nonceHex !== nonceHex) wrong('the answer is to another request: the nonce differs');
  const token = tokenBytes({ ...read, certificates: path.map((one) => one.bytes) });
  return { token, stamp: verifyStamp(token, asked.bytes, asked.authorities) };
}

const timeStamping = '1.3.6.1.5.5.7.3.8';

/** RFC 3161 section 2.3: a key for time stamps alone, and marked so that nobody can overlook it. */
function stampingFault(certificate: Certificate, at: Date): Fault | undefined {
  const usages = extendedUsages(certificate);
  const alone = usages?.length === 1 && usages[0] === timeStamping;
  if (!alone || !certificate.extensions.get(certificateExtensions.extendedKeyUsage)!.critical)
    return unfit('the certificate is not one for time stamping alone (critical extended key usage)');
  const uses = usageBits(certificate);
  if (uses && !uses(0) && !uses(1)) return unfit('the certificate is not one for signing');
  return generalFault(certificate, at);
}

type Proven = Reached & { stamp: Stamp; info: StampInfo };

function prove(token: Token, bytes: Uint8Array, authorities: readonly StampAuthority[]): Proven {
  const info = readInfo(token.content);
  if (!equalBytes(info.imprint.hash, digest(info.imprint.digest, bytes))) wrong('the stamp is over something else');
  const certificates = [...token.certificates, ...authorities.map(({ certificate }) => certificate)].map(
    readCertificate,
  );
  const signer = certificates.find((one) => namesSigner(token.signer, { ...one, keyId: subjectKeyId(one) }));
  if (!signer) return wrong('the certificate that signed is not there');
  checkSignature(token, signer);
  const fault = stampingFault(signer, info.time);
  if (fault) wrong(fault.message);
  const reached = trustedPath({
    signer,
    carried: token.certificates.map(readCertificate),
    anchors: authorities
      .filter(({ notAfter }) => notAfter === undefined || info.time <= notAfter)
      .map(({ certificate }) => readCertificate(certificate)),
    usages: [timeStamping],
    at: info.time,
  });
  if ('fault' in reached) return wrong(reached.fault.message);
  return {
    info,
    ...reached,
    stamp: {
      time: info.time,
      ...(info.accuracySeconds === undefined ? {} : { accuracySeconds: info.accuracySeconds }),
      authority: nameOf(signer.subject),
      trustedAs: nameOf(reached.trusted.subject),
      policy: info.policy,
      serialHex: info.serialHex,
    },
  };
}

function checkSignature(token: Token, signer: Certificate): void {
  const { contentDigest, certificateHashes } = readAttributes(token);
  if (!equalBytes(contentDigest, digest(token.digest, token.content))) wrong('the signature is over something else');
  // RFC 5816: without it another certificate of the same key could be put in.
  const bound = certificateHashes.every((one) => equalBytes(one.hash, digest(one.digest, signer.bytes)));
  if (certificateHashes.length === 0 || !bound) wrong('the signature does not name the certificate that signed');
  const { spki } = signer;
  const holds = signatureHolds({
    identifier: token.signatureIdentifier,
    spki,
    message: token.attributes,
    signature: token.signature,
  });
  if (!holds) wrong('the signature of the stamp is wrong, or of an algorithm that is not known');
}
