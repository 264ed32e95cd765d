/**
 * Signatures with certificates against OpenSSL: `openssl ca` issues, lists and revokes, `openssl dgst` and `pkeyutl` sign; what
 * `openssl verify -crl_check` refuses, we refuse too.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EvidenceError, readRevocationList, verifyCertified } from '@shugu/evidence';
import { type Issued, type OpensslCertifier, opensslCertifier, type SigningKind } from './certifier.ts';
import { inFolder, type Outcome, type Tally, tally, versionOf } from './check.ts';

export const about = 'signatures with certificates, by openssl ca and dgst';

export const needs = async (): Promise<string | undefined> => {
  const version = await versionOf('openssl', 'version');
  if (!version) return 'openssl is not installed';
  return /^OpenSSL ([3-9]|\d\d)\./.test(version) ? undefined : `OpenSSL 3 is needed, this is ${version}`;
};

const bytes = new TextEncoder().encode('{"contract":"合同"}');
const creditCode = '91430100MA00000022';

type Case = { signature: Uint8Array; chain: Uint8Array[]; list: Uint8Array; root: Uint8Array; over?: Uint8Array };

/** The credit code, or the code of the refusal. */
const ours = ({ signature, chain, list, root, over = bytes }: Case): string => {
  try {
    const revocations = [readRevocationList(list)];
    const authority = { certificates: [root], revocations, creditCodeIn: ['2.5.4.97'] };
    return verifyCertified({ bytes: over, signature, certificates: chain, authority, at: new Date() }).creditCode;
  } catch (error) {
    if (error instanceof EvidenceError) return error.code;
    throw error;
  }
};

const hashes: Record<SigningKind, (string | undefined)[]> = {
  rsa: ['sha256', 'sha384', 'sha512'],
  ec: ['sha256', 'sha384', 'sha512'],
  ed25519: [undefined],
  sm2: [undefined],
};

const checkSigner = async (counts: Tally, what: string, certifier: OpensslCertifier, kind: SigningKind) => {
  const { root } = certifier;
  const signer = await certifier.issue({ kind, creditCode });
  const list = await certifier.list();
  counts.expect((await certifier.accepts(signer)) ?? true, `${what}: openssl accepts its own certificate`);
  for (const hash of hashes[kind]) {
    const signature = await signer.sign(bytes, hash);
    const found = ours({ signature, chain: signer.chain, list, root });
    counts.expect(found === creditCode, `${what}, ${hash ?? 'its hash'}: accepted (${found})`);
    const over = new TextEncoder().encode('{"contract":"另一合同"}');
    const other = ours({ signature, chain: signer.chain, list, root, over });
    counts.expect(other === 'evidence.certified-signature', `${what}: we took other bytes (${other})`);
  }
  if (kind === 'rsa') {
    const weak = ours({ signature: await signer.sign(bytes, 'sha1'), chain: signer.chain, list, root });
    counts.expect(weak === 'evidence.certified-signature', `${what}: we took SHA-1 (${weak})`);
  }
  await checkRevocation(counts, what, certifier, signer);
};

const checkRevocation = async (counts: Tally, what: string, certifier: OpensslCertifier, signer: Issued) => {
  const { root } = certifier;
  const signature = await signer.sign(bytes);
  const opinion = async (expected: string, options: Parameters<OpensslCertifier['list']>[0] = {}) => {
    const list = await certifier.list(options);
    const found = ours({ signature, chain: signer.chain, list, root });
    counts.expect(found === expected, `${what}: ${expected} expected, ${found} found`);
    const theirs = await certifier.accepts(signer);
    counts.expect(
      (theirs ?? expected === creditCode) === (expected === creditCode),
      `${what}: openssl says ${expected}`,
    );
  };
  await opinion('evidence.revocation-unknown', { until: '20200108000000Z' });
  await opinion('evidence.revocation-unknown', { place: 'otherPlace' });
  await opinion(creditCode, { place: 'ownPlace' });
  await opinion(creditCode);
  await certifier.revoke(signer);
  await opinion('evidence.certificate-revoked');
  await opinion('evidence.certificate-revoked', { place: 'ownPlace' });
};

const checkWrong = async (counts: Tally, what: string, certifier: OpensslCertifier, strange: OpensslCertifier) => {
  const refused = async (name: string, code: string, options: Partial<Parameters<OpensslCertifier['issue']>[0]>) => {
    const signer = await certifier.issue({ kind: 'ec', creditCode, ...options });
    const list = await certifier.list();
    const found = ours({ signature: await signer.sign(bytes), chain: signer.chain, list, root: certifier.root });
    counts.expect(found === `evidence.certificate-${code}`, `${what}: ${name}: ${found}`);
    return certifier.accepts(signer);
  };
  counts.expect(
    !(await refused('an unknown critical extension', 'unfit', { extensions: 'stranger' })),
    `${what}: openssl took an unknown critical extension`,
  );
  await refused('a certificate for encryption', 'unfit', { extensions: 'encryption' });
  await refused('no credit code', 'unfit', { creditCode: 'none' });
  const over: [string, string] = ['20200101000000Z', '20210101000000Z'];
  counts.expect(!(await refused('an old certificate', 'expired', { days: over })), `${what}: openssl took an old one`);
  const signer = await certifier.issue({ kind: 'ec', creditCode });
  const signature = await signer.sign(bytes);
  const list = await certifier.list();
  const elsewhere = ours({ signature, chain: signer.chain, list, root: strange.root });
  counts.expect(elsewhere === 'evidence.certificate-untrusted', `${what}: we took another root (${elsewhere})`);
  const theirs = await strange.list();
  const unlisted = ours({ signature, chain: signer.chain, list: theirs, root: certifier.root });
  counts.expect(unlisted === 'evidence.revocation-unknown', `${what}: we took another authority’s list (${unlisted})`);
};

export const run = (): Promise<Outcome> =>
  inFolder(async (folder) => {
    const counts = tally();
    const made: OpensslCertifier[] = [];
    for (const kind of ['rsa', 'ec', 'ed25519', 'sm2'] as const) {
      const own = join(folder, kind);
      await mkdir(own);
      made.push(await opensslCertifier(own, kind));
      await checkSigner(counts, `authority and signer with ${kind} keys`, made.at(-1)!, kind);
    }
    await checkSigner(counts, 'signer with an SM2 key under an RSA authority', made[0]!, 'sm2');
    for (const [i, one] of made.slice(0, 2).entries())
      await checkWrong(counts, `authority ${i + 1}`, one, made[1 - i]!);
    counts.note(`${made.length} authorities by openssl`);
    return counts.outcome();
  });
