/** For tests only: keys, certificates and revocation lists in memory, right and wrong. */
import * as crypto from 'node:crypto';
import { plain } from '@shugu/tlog';
import { generateKey } from '../keys.ts';
import { suite } from '../suites.ts';
import { type DigestName, signatureIdentifier } from './algorithms.ts';
import { contextTag, integerOf, oidOf, readOne, sequence, setOf, tags, tlv } from './tlv.ts';

export type TestKeyKind = 'rsa' | 'ec' | 'ed25519' | 'sm2';

export type TestKey = {
  spki: Uint8Array;
  digest: DigestName;
  identifier: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
};

const algorithms: Record<TestKeyKind, { oid: string; digest: DigestName }> = {
  rsa: { oid: '1.2.840.113549.1.1.11', digest: 'sha256' },
  ec: { oid: '1.2.840.10045.4.3.2', digest: 'sha256' },
  ed25519: { oid: '1.3.101.112', digest: 'sha512' },
  sm2: { oid: '1.2.156.10197.1.501', digest: 'sm3' },
};

export const newKey = (kind: TestKeyKind, rsaBits = 2048): TestKey => {
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

/** `attributes`: text by object identifier. */
export type TestName = { commonName: string; attributes?: Readonly<Record<string, string>> };

export const nameBytes = ({ commonName, attributes = {} }: TestName): Uint8Array =>
  sequence(
    ...Object.entries({ ...attributes, '2.5.4.3': commonName }).map(([id, text]) =>
      setOf(sequence(oidOf(id), textBytes(text))),
    ),
  );

export const textBytes = (text: string): Uint8Array => tlv(tags.utf8, new TextEncoder().encode(text));

export const timeBytes = (at: Date): Uint8Array =>
  tlv(tags.generalizedTime, new TextEncoder().encode(`${at.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`));

export const yes = tlv(tags.boolean, Uint8Array.of(0xff));
export const extension = (oid: string, value: Uint8Array, critical = true): Uint8Array =>
  sequence(oidOf(oid), ...(critical ? [yes] : []), tlv(tags.octetString, value));

/** Bit 0 is the first: digitalSignature. */
export const usageExtension = (...bits: number[]): Uint8Array => {
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return extension('2.5.29.15', tlv(tags.bitString, Uint8Array.of(7 - Math.max(...bits), byte)));
};

/** Of who may sign certificates and lists, with so many authorities below. */
export const authorityExtensions = (pathLength?: number, certifies = true): Uint8Array[] => [
  extension('2.5.29.19', sequence(yes, ...(pathLength === undefined ? [] : [integerOf(pathLength)]))),
  usageExtension(...(certifies ? [5, 6] : [0])),
];

export type Made = { name: TestName; key: TestKey; certificate: Uint8Array; serial: number };

let serials = 1000;

export const certify = (
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
    nameBytes(issuer.name),
    sequence(timeBytes(fields.from), timeBytes(fields.to)),
    nameBytes(made.name),
    made.key.spki,
    tlv(contextTag(3), sequence(...fields.extensions)),
  );
  const signature = tlv(tags.bitString, Uint8Array.of(0), issuer.key.sign(body));
  return { ...made, serial, certificate: sequence(body, issuer.key.identifier, signature) };
};

export type TestList = {
  thisUpdate: Date;
  nextUpdate: Date;
  revoked: readonly { serial: number; since: Date; extensions?: readonly Uint8Array[] }[];
  extensions?: readonly Uint8Array[];
};

export const revocationList = (issuer: Made, list: TestList): Uint8Array => {
  const entries = list.revoked.map(({ serial, since, extensions = [] }) =>
    sequence(integerOf(serial), timeBytes(since), ...(extensions.length > 0 ? [sequence(...extensions)] : [])),
  );
  const body = sequence(
    integerOf(1),
    issuer.key.identifier,
    nameBytes(issuer.name),
    timeBytes(list.thisUpdate),
    timeBytes(list.nextUpdate),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    ...(list.extensions ? [tlv(contextTag(0), sequence(...list.extensions))] : []),
  );
  return sequence(body, issuer.key.identifier, tlv(tags.bitString, Uint8Array.of(0), issuer.key.sign(body)));
};

const dayMilliseconds = 86_400_000;

/** What a signer's certificate has that is not as it should be. */
export type TestSigner = {
  kind?: TestKeyKind;
  rsaBits?: number;
  attributes?: Readonly<Record<string, string>>;
  validFrom?: Date;
  validTo?: Date;
  /** All extensions; digitalSignature and nonRepudiation alone otherwise. */
  extensions?: Uint8Array[];
};

export interface TestCertifier {
  root: Made;
  between: Made;
  /** `chain`: the signer's certificate and the one between. */
  issue(signer?: TestSigner): Made & { chain: Uint8Array[] };
  /** Of the one between, fresh for a week. */
  list(revoked?: TestList['revoked'], more?: Partial<TestList>): Uint8Array;
}

/** A licensed certification authority in memory: a root, one below it, and organisations' certificates. */
export const makeTestCertifier = ({ at, kind = 'ec' }: { at: Date; kind?: TestKeyKind }): TestCertifier => {
  const days = (count: number) => new Date(at.getTime() + count * dayMilliseconds);
  const validity = { from: days(-1), to: days(3650) };
  const subject = (commonName: string) => ({ name: { commonName }, key: newKey(kind) });
  const [rootSubject, betweenSubject] = [subject('Test CA root'), subject('Test CA')];
  const extensions = authorityExtensions();
  const root = certify(rootSubject, rootSubject, { ...validity, extensions });
  const between = certify(betweenSubject, root, { ...validity, extensions });
  return {
    root,
    between,
    issue: ({ kind: own = kind, rsaBits, attributes = {}, validFrom, validTo, extensions: other } = {}) => {
      const name = { commonName: 'Test organisation', attributes };
      const made = certify({ name, key: newKey(own, rsaBits) }, between, {
        from: validFrom ?? validity.from,
        to: validTo ?? validity.to,
        extensions: other ?? [usageExtension(0, 1)],
      });
      return { ...made, chain: [made.certificate, between.certificate] };
    },
    list: (revoked = [], more = {}) =>
      revocationList(between, { thisUpdate: days(-1), nextUpdate: days(6), revoked, ...more }),
  };
};

export const pem = (label: 'CERTIFICATE' | 'X509 CRL', ...all: readonly Uint8Array[]): string =>
  all
    .map((der) => {
      const lines = Buffer.from(der)
        .toString('base64')
        .match(/.{1,64}/g)!;
      return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
    })
    .join('');
