/** For tests only: a time stamping authority in memory, with certificates of its own, that can be told to do wrong. */
import * as crypto from 'node:crypto';
import { plain } from '@shugu/tlog';
import { generateKey } from '../keys.ts';
import { suite } from '../suites.ts';
import { type DigestName, digest, digestIdentifier, signatureIdentifier } from './algorithms.ts';
import {
  contextTag,
  expectTag,
  integerOf,
  oidOf,
  partsOf,
  primitiveTag,
  readOne,
  sequence,
  setOf,
  tags,
  tlv,
} from './tlv.ts';

export type TestKeyKind = 'rsa' | 'ec' | 'ed25519' | 'sm2';

type Key = { spki: Uint8Array; digest: DigestName; identifier: Uint8Array; sign(message: Uint8Array): Uint8Array };

const algorithms: Record<TestKeyKind, { oid: string; digest: DigestName }> = {
  rsa: { oid: '1.2.840.113549.1.1.11', digest: 'sha256' },
  ec: { oid: '1.2.840.10045.4.3.2', digest: 'sha256' },
  ed25519: { oid: '1.3.101.112', digest: 'sha512' },
  sm2: { oid: '1.2.156.10197.1.501', digest: 'sm3' },
};

const newKey = (kind: TestKeyKind, rsaBits: number): Key => {
  const { oid, digest: name } = algorithms[kind];
  const identifier = signatureIdentifier(readOne(sequence(oidOf(oid)), tags.sequence), name);
  if (kind === 'sm2') {
    const { publicKey, secret } = generateKey('sm');
    return { spki: suite('sm').spki(publicKey.bytes), digest: name, identifier, sign: suite('sm').signWith(secret) };
  }
  const pair =
    kind === 'rsa'
      ? crypto.generateKeyPairSync('rsa', { modulusLength: rsaBits })
      : kind === 'ec'
        ? crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : crypto.generateKeyPairSync('ed25519');
  const hash = kind === 'ed25519' ? null : name;
  return {
    spki: plain(pair.publicKey.export({ format: 'der', type: 'spki' })),
    digest: name,
    identifier,
    sign: (message) => plain(crypto.sign(hash, message, pair.privateKey)),
  };
};

const nameOf = (text: string): Uint8Array =>
  sequence(setOf(sequence(oidOf('2.5.4.3'), tlv(tags.utf8, new TextEncoder().encode(text)))));

const timeOf = (at: Date): Uint8Array =>
  tlv(tags.generalizedTime, new TextEncoder().encode(`${at.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`));

const yes = tlv(tags.boolean, Uint8Array.of(0xff));
const extension = (oid: string, value: Uint8Array, critical = true): Uint8Array =>
  sequence(oidOf(oid), ...(critical ? [yes] : []), tlv(tags.octetString, value));

const usages = { stamping: '1.3.6.1.5.5.7.3.8', codeSigning: '1.3.6.1.5.5.7.3.3' };

type Made = { name: string; key: Key; certificate: Uint8Array; serial: number };

let serials = 1000;

const certify = (
  made: Omit<Made, 'certificate' | 'serial'>,
  issuer: Omit<Made, 'certificate' | 'serial'>,
  fields: {
    from: Date;
    to: Date;
    extensions: Uint8Array[];
  },
): Made => {
  const serial = serials++;
  const body = sequence(
    tlv(contextTag(0), integerOf(2)),
    integerOf(serial),
    issuer.key.identifier,
    nameOf(issuer.name),
    sequence(timeOf(fields.from), timeOf(fields.to)),
    nameOf(made.name),
    made.key.spki,
    tlv(contextTag(3), sequence(...fields.extensions)),
  );
  const signature = tlv(tags.bitString, Uint8Array.of(0), issuer.key.sign(body));
  return { ...made, serial, certificate: sequence(body, issuer.key.identifier, signature) };
};

/** What the authority does differently from what it should. */
export type Wrong = {
  usage?: 'none' | 'codeSigning' | 'both' | 'notCritical';
  validFrom?: Date;
  validTo?: Date;
  /** Of the one between: no authority at all, one that may not sign certificates, or only for code. */
  intermediate?: 'noAuthority' | 'mayNotCertify' | 'codeSigning';
  /** How many authorities the root allows below itself. */
  rootPathLength?: number;
  /** The key is one to encipher with. */
  enciphers?: boolean;
  /** Says something critical that nobody knows. */
  unknownExtension?: boolean;
  rsaBits?: number;
  imprint?: Uint8Array;
  nonce?: Uint8Array;
  /** Signs the content with another key than that of its certificate. */
  otherKey?: boolean;
  /** Names another certificate as the one that signs. */
  otherCertificate?: boolean;
  /** PKIStatus; 2 is rejection. */
  status?: number;
};

export interface TestAuthority {
  /** Root, the one between, and the stamping certificate, DER. */
  certificates: { root: Uint8Array; intermediate: Uint8Array; signer: Uint8Array };
  /** TimeStampResp to a TimeStampReq. */
  answer(request: Uint8Array): Uint8Array;
}

export interface TestAuthorityOptions {
  now(): Date;
  kind?: TestKeyKind;
  wrong?: Wrong;
}

const dayMilliseconds = 86_400_000;

const keyUsage = (...bits: number[]): Uint8Array => {
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return extension('2.5.29.15', tlv(tags.bitString, Uint8Array.of(7 - Math.max(...bits), byte)));
};
const extendedUsage = (named: string[], critical = true): Uint8Array =>
  extension('2.5.29.37', sequence(...named.map(oidOf)), critical);

const authorityExtensions = (pathLength?: number, certifies = true): Uint8Array[] => [
  extension('2.5.29.19', sequence(yes, ...(pathLength === undefined ? [] : [integerOf(pathLength)]))),
  keyUsage(certifies ? 5 : 0),
];

const intermediateExtensions = (wrong: Wrong['intermediate']): Uint8Array[] =>
  wrong === 'noAuthority'
    ? []
    : [
        ...authorityExtensions(undefined, wrong !== 'mayNotCertify'),
        ...(wrong === 'codeSigning' ? [extendedUsage([usages.codeSigning])] : []),
      ];

const signerExtensions = ({ usage, enciphers, unknownExtension }: Wrong): Uint8Array[] => {
  const named = usage === 'codeSigning' ? [usages.codeSigning] : [usages.stamping];
  if (usage === 'both') named.push(usages.codeSigning);
  return [
    ...(usage === 'none' ? [] : [extendedUsage(named, usage !== 'notCritical')]),
    keyUsage(enciphers ? 2 : 0),
    ...(unknownExtension ? [extension('1.3.6.1.4.1.99999.3', yes)] : []),
  ];
};

export const makeTestAuthority = ({ now, kind = 'ec', wrong = {} }: TestAuthorityOptions): TestAuthority => {
  const at = now();
  const from = new Date(at.getTime() - dayMilliseconds);
  const to = new Date(at.getTime() + 3650 * dayMilliseconds);
  const subject = (name: string) => ({ name, key: newKey(kind, wrong.rsaBits ?? 2048) });
  const root = subject('Test root');
  const between = subject('Test intermediate');
  const signer = subject('Test time stamps');
  const rootMade = certify(root, root, { from, to, extensions: authorityExtensions(wrong.rootPathLength) });
  const betweenMade = certify(between, root, { from, to, extensions: intermediateExtensions(wrong.intermediate) });
  const signerMade = certify(signer, between, {
    from: wrong.validFrom ?? from,
    to: wrong.validTo ?? to,
    extensions: signerExtensions(wrong),
  });
  const carried = [signerMade, betweenMade, rootMade];
  let stamps = 0;
  const answer = (request: Uint8Array): Uint8Array => {
    const status = wrong.status ?? 0;
    if (status > 1) {
      const said = sequence(tlv(tags.utf8, new TextEncoder().encode('closed today')));
      return sequence(sequence(integerOf(status), said, tlv(tags.bitString, Uint8Array.of(6, 0x80 >> 0, 0, 0, 0x40))));
    }
    return sequence(sequence(integerOf(status)), tokenFor(request, signerMade, carried, ++stamps, now(), wrong));
  };
  return {
    certificates: {
      root: rootMade.certificate,
      intermediate: betweenMade.certificate,
      signer: signerMade.certificate,
    },
    answer,
  };
};

const attribute = (oid: string, value: Uint8Array): Uint8Array => sequence(oidOf(oid), setOf(value));

const tokenFor = (
  request: Uint8Array,
  signer: Made,
  carried: readonly Made[],
  serial: number,
  at: Date,
  wrong: Wrong,
): Uint8Array => {
  const [, imprint, nonce] = partsOf(readOne(request, tags.sequence));
  const [algorithm] = partsOf(expectTag(imprint, tags.sequence));
  const stated = wrong.imprint ? sequence(algorithm!.bytes, tlv(tags.octetString, wrong.imprint)) : imprint!.bytes;
  const content = sequence(
    integerOf(1),
    oidOf('1.3.6.1.4.1.99999.1'),
    stated,
    integerOf(serial),
    timeOf(at),
    sequence(integerOf(1), tlv(primitiveTag(0), Uint8Array.of(0x7f))),
    wrong.nonce ? integerOf(wrong.nonce) : expectTag(nonce, tags.integer).bytes,
  );
  const { key } = signer;
  const digestAlgorithm = digestIdentifier(key.digest);
  const named = wrong.otherCertificate ? carried[1]! : signer;
  const certificateId = sequence(digestAlgorithm, tlv(tags.octetString, digest(key.digest, named.certificate)));
  const attributes = setOf(
    attribute('1.2.840.113549.1.9.3', oidOf('1.2.840.113549.1.9.16.1.4')),
    attribute('1.2.840.113549.1.9.4', tlv(tags.octetString, digest(key.digest, content))),
    attribute('1.2.840.113549.1.9.16.2.47', sequence(sequence(certificateId))),
  );
  const signing = wrong.otherKey ? carried[1]!.key : key;
  const signerInfo = sequence(
    integerOf(1),
    sequence(nameOf(carried[1]!.name), integerOf(signer.serial)),
    digestAlgorithm,
    tlv(contextTag(0), readOne(attributes, tags.set).content),
    key.identifier,
    tlv(tags.octetString, signing.sign(attributes)),
  );
  // As many do: the root too, and something unsigned.
  const signedData = sequence(
    integerOf(3),
    setOf(digestAlgorithm),
    sequence(oidOf('1.2.840.113549.1.9.16.1.4'), tlv(contextTag(0), tlv(tags.octetString, content))),
    tlv(contextTag(0), ...carried.map((one) => one.certificate)),
    setOf(signerInfo),
  );
  return sequence(oidOf('1.2.840.113549.1.7.2'), tlv(contextTag(0), signedData));
};
