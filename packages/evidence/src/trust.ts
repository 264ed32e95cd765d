import { decodeBase64 } from '@shugu/tlog';
import { canonicalBytes, readJson } from './canonical.ts';
import { checkAuthority } from './certified.ts';
import type { BelievedAuthority } from './certified-parties.ts';
import { keyIdShape } from './keys.ts';
import { verifierOf } from './notes.ts';
import { EvidenceError } from './problem.ts';
import { plainText, shape, wordShape } from './shape.ts';
import type { StampAuthority } from './stamp/stamp.ts';
import { isSuiteName, type SuiteName } from './suites.ts';
import { readCertificate } from './x509/certificate.ts';

/** A log whose word counts. Several entries may share an origin while its key is being changed. */
export type TrustedLog = { origin: string; suite: SuiteName; vkey: string };
export type TrustedWitness = { vkey: string };
/** A signer's key, whose it is, in which roles it may sign, and until when (RFC 3339). */
export type TrustedKey = { keyId: string; holder: string; roles: string[]; notAfter?: string };

/** A time stamping authority: base64 of a certificate (DER) that its stamps lead to, and until when they are believed (RFC 3339). */
export type TrustedStampAuthority = { certificate: string; notAfter?: string };

/**
 * A licensed certification authority, for signatures inside contracts: base64 of its certificate (DER), and the object identifiers
 * of where its certificates name an organisation's credit code.
 */
export type TrustedCertifyingAuthority = { certificate: string; creditCodeIn: string[] };

/**
 * What a verifier believes before it opens a bundle. `quorum`: how many of the witnesses must have cosigned (0 when left
 * out). Without `keys`, signers are known by key id only, and the log alone vouches for who they are. `stampRequired`: a bundle
 * without an outside time stamp is refused.
 */
export type Trust = {
  logs: TrustedLog[];
  witnesses: TrustedWitness[];
  quorum: number;
  keys?: TrustedKey[];
  stampAuthorities?: TrustedStampAuthority[];
  stampRequired?: boolean;
  certifyingAuthorities?: TrustedCertifyingAuthority[];
};

export type TrustInput = Pick<Trust, 'logs'> & Partial<Trust>;

export const trustLimits = {
  bytesMax: 1_048_576,
  logsMax: 64,
  witnessesMax: 64,
  keysMax: 4096,
  stampAuthoritiesMax: 64,
  certifyingAuthoritiesMax: 64,
} as const;

const read = shape('evidence.trust-malformed');

/** Checks every part. Throws `evidence.trust-malformed`. */
export function trustFrom(input: TrustInput): Trust {
  return readTrust({ format: 'shugu-trust', version: 1, ...input });
}

/** The file `--trust KEYS`: JSON as people write it. */
export function parseTrust(bytes: Uint8Array): Trust {
  if (bytes.length > trustLimits.bytesMax) throw new EvidenceError('evidence.too-large', 'the trust file is too large');
  return readTrust(readJson(bytes));
}

export function formatTrust(trust: Trust): Uint8Array {
  return canonicalBytes({ format: 'shugu-trust', version: 1, ...trustFrom(trust) });
}

const optional = ['witnesses', 'quorum', 'keys', 'stampAuthorities', 'stampRequired', 'certifyingAuthorities'];

function readTrust(value: unknown): Trust {
  const file = read.object(value, 'trust', ['format', 'version', 'logs'], optional);
  if (file.format !== 'shugu-trust' || file.version !== 1) read.fail('format', 'only shugu-trust, version 1, is known');
  const logs = read.list(file.logs, 'logs', trustLimits.logsMax).map(readLog);
  const witnesses = read.list(file.witnesses ?? [], 'witnesses', trustLimits.witnessesMax).map(readWitness);
  const quorum = read.count(file.quorum ?? 0, 'quorum');
  if (logs.length === 0) read.fail('logs', 'without a log nothing can be verified');
  if (new Set(witnesses.map(({ vkey }) => vkey)).size !== witnesses.length)
    read.fail('witnesses', 'one is named twice');
  if (quorum > witnesses.length) read.fail('quorum', 'is more than there are witnesses');
  const trust = { logs, witnesses, quorum, ...readStamps(file), ...readCertifyingAuthorities(file) };
  if (file.keys === undefined) return trust;
  const keys = read.list(file.keys, 'keys', trustLimits.keysMax).map(readKey);
  if (new Set(keys.map(({ keyId }) => keyId)).size !== keys.length) read.fail('keys', 'one is named twice');
  return { ...trust, keys };
}

function readStamps(file: Record<string, unknown>): Pick<Trust, 'stampAuthorities' | 'stampRequired'> {
  const { stampAuthorities: listed, stampRequired: required } = file;
  if (required !== undefined && typeof required !== 'boolean') read.fail('stampRequired', 'must be true or false');
  const authorities = read
    .list(listed ?? [], 'stampAuthorities', trustLimits.stampAuthoritiesMax)
    .map(readStampAuthority);
  if (required && authorities.length === 0) read.fail('stampRequired', 'without an authority no stamp can be verified');
  return {
    ...(authorities.length > 0 ? { stampAuthorities: authorities } : {}),
    ...(required ? { stampRequired: true } : {}),
  };
}

function readStampAuthority(value: unknown, i: number): TrustedStampAuthority {
  const at = `stampAuthorities[${i}]`;
  const { certificate, notAfter } = read.object(value, at, ['certificate'], ['notAfter']);
  try {
    readCertificate(read.bytes(certificate, `${at}.certificate`));
  } catch (problem) {
    if (!(problem instanceof EvidenceError)) throw problem;
    read.fail(`${at}.certificate`, problem.message);
  }
  return {
    certificate: certificate as string,
    ...(notAfter === undefined ? {} : { notAfter: read.time(notAfter, `${at}.notAfter`) }),
  };
}

function readCertifyingAuthorities(file: Record<string, unknown>): Pick<Trust, 'certifyingAuthorities'> {
  const authorities = read
    .list(file.certifyingAuthorities ?? [], 'certifyingAuthorities', trustLimits.certifyingAuthoritiesMax)
    .map((value, i) => {
      const at = `certifyingAuthorities[${i}]`;
      const { certificate, creditCodeIn } = read.object(value, at, ['certificate', 'creditCodeIn']);
      try {
        checkAuthority([read.bytes(certificate, `${at}.certificate`)]);
      } catch (problem) {
        if (!(problem instanceof EvidenceError)) throw problem;
        read.fail(`${at}.certificate`, problem.message);
      }
      const places = read.list(creditCodeIn, `${at}.creditCodeIn`, 8);
      return {
        certificate: certificate as string,
        creditCodeIn: places.map((one) => read.text(one, `${at}.creditCodeIn`, /^[0-2](?:\.\d{1,12}){1,20}$/)),
      };
    });
  return authorities.length > 0 ? { certifyingAuthorities: authorities } : {};
}

/** As `certifiedParties` takes them. */
export function certifyingAuthorities({ certifyingAuthorities: listed = [] }: Trust): BelievedAuthority[] {
  return listed.map(({ certificate, creditCodeIn }) => ({ certificate: decodeBase64(certificate), creditCodeIn }));
}

/** As `verifyStamp` takes them. */
export function stampAuthorities({ stampAuthorities: listed = [] }: Trust): StampAuthority[] {
  return listed.map(({ certificate, notAfter }) => ({
    certificate: decodeBase64(certificate),
    ...(notAfter === undefined ? {} : { notAfter: new Date(notAfter) }),
  }));
}

function readLog(value: unknown, i: number): TrustedLog {
  const at = `logs[${i}]`;
  const { origin, suite, vkey } = read.object(value, at, ['origin', 'suite', 'vkey']);
  const verifier = readVkey(vkey, `${at}.vkey`);
  if (!isSuiteName(suite) || verifier.use !== 'log' || verifier.publicKey.suite !== suite || verifier.name !== origin) {
    return read.fail(at, 'origin, suite and key do not belong together');
  }
  return { origin: verifier.name, suite, vkey: vkey as string };
}

function readWitness(value: unknown, i: number): TrustedWitness {
  const { vkey } = read.object(value, `witnesses[${i}]`, ['vkey']);
  if (readVkey(vkey, `witnesses[${i}].vkey`).use !== 'witness')
    read.fail(`witnesses[${i}].vkey`, 'is not a witness key');
  return { vkey: vkey as string };
}

function readVkey(value: unknown, at: string) {
  try {
    return verifierOf(typeof value === 'string' ? value : '');
  } catch (problem) {
    return read.fail(at, problem instanceof Error ? problem.message : 'is no key');
  }
}

function readKey(value: unknown, i: number): TrustedKey {
  const at = `keys[${i}]`;
  const key = read.object(value, at, ['keyId', 'holder', 'roles'], ['notAfter']);
  return {
    keyId: read.text(key.keyId, `${at}.keyId`, keyIdShape),
    holder: read.text(key.holder, `${at}.holder`, plainText),
    roles: read.list(key.roles, `${at}.roles`, 32).map((role) => read.text(role, `${at}.roles`, wordShape)),
    ...(key.notAfter === undefined ? {} : { notAfter: read.time(key.notAfter, `${at}.notAfter`) }),
  };
}
