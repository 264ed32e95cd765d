/** For tests only: an authority in memory that issues stamps, with certificates of its own, that can be told to do wrong. */
import { digest, digestIdentifier } from '../x509/algorithms.ts';
import {
  authorityExtensions,
  certify,
  extension,
  type Made,
  nameBytes,
  newKey,
  type TestKeyKind,
  timeBytes,
  usageExtension,
  yes,
} from '../x509/testing.ts';
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
} from '../x509/tlv.ts';

const usages = { stamping: '1.3.6.1.5.5.7.3.8', codeSigning: '1.3.6.1.5.5.7.3.3' };

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

const extendedUsage = (named: string[], critical = true): Uint8Array =>
  extension('2.5.29.37', sequence(...named.map(oidOf)), critical);

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
    usageExtension(enciphers ? 2 : 0),
    ...(unknownExtension ? [extension('1.3.6.1.4.1.99999.3', yes)] : []),
  ];
};

export const makeTestAuthority = ({ now, kind = 'ec', wrong = {} }: TestAuthorityOptions): TestAuthority => {
  const at = now();
  const from = new Date(at.getTime() - dayMilliseconds);
  const to = new Date(at.getTime() + 3650 * dayMilliseconds);
  const subject = (name: string) => ({ name: { commonName: name }, key: newKey(kind, wrong.rsaBits) });
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
    timeBytes(at),
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
    sequence(nameBytes(carried[1]!.name), integerOf(signer.serial)),
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
