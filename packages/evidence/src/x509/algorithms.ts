/** Digests and signatures that certificates, stamps and signers may use, by their identifiers; nothing else is verified. */
import * as crypto from 'node:crypto';
import { equalBytes, plain } from '@shugu/tlog';
import { encodeSignature } from '../der.ts';
import { sm2PublicKeyValid, sm2Verify } from '../sm2.ts';
import type { SuiteName } from '../suites.ts';
import { malformed, oidOf, oidText, partsOf, sequence, type Tlv, tags, tlv } from './tlv.ts';

export type DigestName = 'sha256' | 'sha384' | 'sha512' | 'sm3';

const digestOids: Record<string, DigestName> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '1.2.156.10197.1.401': 'sm3',
};

export const imprintDigest: Record<SuiteName, DigestName> = { intl: 'sha256', sm: 'sm3' };

export const digest = (name: DigestName | 'sha1', bytes: Uint8Array): Uint8Array =>
  plain(crypto.createHash(name).update(bytes).digest());

const nullBytes = tlv(tags.null);

/** AlgorithmIdentifier with parameters absent (RFC 5754 section 2). */
export function digestIdentifier(name: DigestName): Uint8Array {
  return sequence(oidOf(Object.entries(digestOids).find(([, value]) => value === name)![0]));
}

/** Parameters absent or NULL, as RFC 5754 section 2 wants readers to take them. */
export function digestNamed(identifier: Tlv | undefined): DigestName {
  const [oid, parameters, ...rest] = partsOf(identifier ?? malformed('a digest algorithm is missing'));
  const name = digestOids[oidText(oid)];
  const plainForm = rest.length === 0 && (parameters === undefined || equalBytes(parameters.bytes, nullBytes));
  return name && plainForm ? name : malformed('the digest algorithm is not known');
}

type Scheme = { digest?: DigestName; key: 'rsa' | 'ec' | 'ed25519' | 'sm2' };

const signatureOids: Record<string, Scheme> = {
  '1.2.840.113549.1.1.11': { digest: 'sha256', key: 'rsa' },
  '1.2.840.113549.1.1.12': { digest: 'sha384', key: 'rsa' },
  '1.2.840.113549.1.1.13': { digest: 'sha512', key: 'rsa' },
  '1.2.840.10045.4.3.2': { digest: 'sha256', key: 'ec' },
  '1.2.840.10045.4.3.3': { digest: 'sha384', key: 'ec' },
  '1.2.840.10045.4.3.4': { digest: 'sha512', key: 'ec' },
  '1.3.101.112': { key: 'ed25519' },
  '1.2.156.10197.1.501': { digest: 'sm3', key: 'sm2' },
};
const rsaEncryption = '1.2.840.113549.1.1.1';

const identifierOf = (oid: string): Uint8Array =>
  sequence(oidOf(oid), ...(signatureOids[oid]!.key === 'rsa' ? [nullBytes] : []));

/** By the hex of the whole identifier: a form that is not listed is not known. */
const schemes = new Map(
  Object.entries(signatureOids).map(([oid, scheme]) => [hexOf(identifierOf(oid)), scheme] as const),
);

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/**
 * The identifier of a signer's signature in its one form. CMS (RFC 3370 section 3.2, RFC 8017) lets signers write `rsaEncryption`
 * and leave the digest to another place, and leave NULL out; it is no part of what is signed.
 */
export function signatureIdentifier(identifier: Tlv, name: DigestName): Uint8Array {
  const [oid, parameters, ...rest] = partsOf(identifier);
  const dotted = oidText(oid);
  const bare = rest.length === 0 && (parameters === undefined || equalBytes(parameters.bytes, nullBytes));
  if (!bare) return identifier.bytes;
  if (dotted !== rsaEncryption) return Object.hasOwn(signatureOids, dotted) ? identifierOf(dotted) : identifier.bytes;
  const full = Object.entries(signatureOids).find(([, one]) => one.key === 'rsa' && one.digest === name);
  return full ? identifierOf(full[0]) : identifier.bytes;
}

/** Bits of RSA below which a signature proves nothing today. */
const rsaBitsMin = 2048;

const sm2Point = (spki: Uint8Array): Uint8Array | undefined => {
  const prefix = Buffer.from('3059301306072a8648ce3d020106082a811ccf5501822d034200', 'hex');
  const point = spki.slice(prefix.length);
  return Buffer.compare(spki.subarray(0, prefix.length), prefix) === 0 && sm2PublicKeyValid(point) ? point : undefined;
};

/** `spki`: SubjectPublicKeyInfo, DER. False for unknown algorithms, keys of another kind, and whatever does not hold. */
export function signatureHolds(input: {
  identifier: Uint8Array;
  spki: Uint8Array;
  message: Uint8Array;
  signature: Uint8Array;
}): boolean {
  const { identifier, spki, message, signature } = input;
  const scheme = schemes.get(hexOf(identifier));
  if (!scheme) return false;
  if (scheme.key === 'sm2') {
    const point = sm2Point(spki);
    return point !== undefined && sm2Verify(point, message, signature);
  }
  try {
    const key = crypto.createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== scheme.key) return false;
    const { modulusLength = rsaBitsMin } = key.asymmetricKeyDetails ?? {};
    return modulusLength >= rsaBitsMin && crypto.verify(scheme.digest ?? null, message, key, signature);
  } catch {
    // A key or curve that OpenSSL does not take.
    return false;
  }
}

/** The key of a SubjectPublicKeyInfo, as a digest. */
export const spkiDigest = (spki: Uint8Array): Uint8Array => digest('sha256', spki);

/**
 * A signature that names no algorithm: the key decides, and of its algorithms any that holds. SM2 also as r and s side by side, as
 * many cards give it.
 */
export function bareSignatureHolds(spki: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const sideBySide = signature.length === 64 && sm2Point(spki) !== undefined;
  const der = sideBySide ? encodeSignature(signature.subarray(0, 32), signature.subarray(32)) : signature;
  return Object.keys(signatureOids).some((oid) =>
    signatureHolds({ identifier: identifierOf(oid), spki, message, signature: der }),
  );
}
