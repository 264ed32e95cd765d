/**
 * Signatures against OpenSSL 3. Digests, salted commitments and signatures are computed by `openssl` alone; from us come
 * only the bytes that are signed. Each signature is also held against one changed byte, which must be refused.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BundleFile,
  canonicalBytes,
  inContext,
  type PublicKey,
  publicKeyFromJwk,
  publicPem,
  type SuiteName,
  signedMessage,
  verifierOf,
} from '@shugu/evidence';
import { parseNote } from '@shugu/tlog';
import { type Found, goldenBundles, tradeBundles } from './bundles.ts';
import { inFolder, type Outcome, runProgram, type Tally, tally, versionOf } from './check.ts';

export const about = 'every signature and digest of the bundles, by OpenSSL';

export const needs = async (): Promise<string | undefined> => {
  const version = await versionOf('openssl', 'version');
  if (!version) return 'openssl is not installed';
  return /^OpenSSL ([3-9]|\d\d)\./.test(version) ? undefined : `OpenSSL 3 is needed, this is ${version}`;
};

// The identity that GM/T 0009 prescribes where none was agreed; without it OpenSSL leaves out Z and refuses.
const optionsOf: Record<SuiteName, string[]> = {
  intl: ['-rawin'],
  sm: ['-rawin', '-digest', 'sm3', '-pkeyopt', 'distid:1234567812345678'],
};
const hashOf: Record<SuiteName, string> = { intl: 'sha256', sm: 'sm3' };

const verifies = async (
  folder: string,
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> => {
  const [keyFile, messageFile, signatureFile] = ['key.pem', 'message', 'signature'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(keyFile, publicPem(key));
  await writeFile(messageFile, message);
  await writeFile(signatureFile, signature);
  const args = [
    'pkeyutl',
    '-verify',
    '-pubin',
    '-inkey',
    keyFile,
    ...optionsOf[key.suite],
    '-in',
    messageFile,
    '-sigfile',
    signatureFile,
  ];
  return (await runProgram('openssl', args)).code === 0;
};

const hexDigest = async (folder: string, suite: SuiteName, bytes: Uint8Array, salt?: Uint8Array): Promise<string> => {
  const file = join(folder, 'bytes');
  await writeFile(file, bytes);
  const keyed = salt ? ['-mac', 'HMAC', '-macopt', `hexkey:${Buffer.from(salt).toString('hex')}`] : [];
  return (await runProgram('openssl', ['dgst', `-${hashOf[suite]}`, ...keyed, '-r', file])).stdout.split(/[ *]/)[0]!;
};

const flipped = (bytes: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[copy.length - 1]! ^= 1;
  return copy;
};

const checkSigned = async (
  folder: string,
  counts: Tally,
  what: string,
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
) => {
  counts.expect(await verifies(folder, key, message, signature), `${what}: the signature`);
  counts.expect(!(await verifies(folder, key, flipped(message), signature)), `${what}: one changed byte was accepted`);
};

const checkSigners = async (folder: string, counts: Tally, name: string, bundle: BundleFile) => {
  const { signatures, keys, log: _, ...statement } = bundle;
  const bytes = canonicalBytes(statement);
  for (const one of signatures) {
    const key = publicKeyFromJwk(keys.find(({ keyId }) => keyId === one.keyId)!.jwk);
    const id = await hexDigest(folder, key.suite, inContext('keyId', key.bytes));
    counts.expect(one.keyId === `${key.suite}:${id}`, `${name}: key id of ${one.role}`);
    const digest = `${hashOf[key.suite]}:${await hexDigest(folder, key.suite, bytes)}`;
    const message = inContext('bundle', signedMessage(digest, one));
    await checkSigned(folder, counts, `${name}: ${one.role}`, key, message, Buffer.from(one.signature, 'base64'));
  }
};

const checkEntry = async (folder: string, counts: Tally, name: string, { log, ...core }: BundleFile) => {
  const { entry } = log;
  if (entry.form === 'clear') {
    const digest = `${hashOf[log.suite]}:${await hexDigest(folder, log.suite, canonicalBytes(core))}`;
    counts.expect(entry.body.bundle === digest, `${name}: digest in the log entry`);
    return;
  }
  const committed = inContext('commitment', canonicalBytes({ kind: core.kind, record: core }));
  const mac = await hexDigest(folder, log.suite, committed, Buffer.from(log.salt!, 'base64'));
  counts.expect(
    Buffer.from(mac, 'hex').toString('base64') === entry.commitment,
    `${name}: commitment in the log entry`,
  );
};

/** A witness signs a message of its own around the note: C2SP tlog-cosignature. */
const cosigned = (text: string, signature: Uint8Array): { message: Uint8Array; raw: Uint8Array } => {
  const time = Buffer.from(signature.subarray(0, 8)).readBigUInt64BE();
  return { message: Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), raw: signature.subarray(8) };
};

const checkNote = async (folder: string, counts: Tally, { name, bundle, trust }: Found) => {
  const note = parseNote(bundle.log.checkpoint);
  const verifiers = [...trust.logs, ...trust.witnesses].map(({ vkey }) => verifierOf(vkey));
  for (const line of note.signatures) {
    const known = verifiers.find((one) => one.name === line.name && Buffer.compare(one.keyHash, line.keyHash) === 0);
    counts.expect(known !== undefined, `${name}: ${line.name} is in the trust file`);
    if (!known) continue;
    const { message, raw } =
      known.use === 'log'
        ? { message: Buffer.from(note.text), raw: line.signature }
        : cosigned(note.text, line.signature);
    await checkSigned(folder, counts, `${name}: checkpoint by ${line.name}`, known.publicKey, message, raw);
  }
};

const checkBundles = async (folder: string, counts: Tally, found: Found[]) => {
  for (const one of found) {
    await checkSigners(folder, counts, one.name, one.bundle);
    await checkEntry(folder, counts, one.name, one.bundle);
    await checkNote(folder, counts, one);
  }
  const by = (suite: SuiteName) =>
    found.flatMap(({ bundle }) => bundle.signatures).filter(({ keyId }) => keyId.startsWith(`${suite}:`)).length;
  return `${found.length} bundles with ${by('sm')} SM2 and ${by('intl')} Ed25519 signatures of papers, checkpoints besides`;
};

export const run = (): Promise<Outcome> =>
  inFolder(async (folder) => {
    const counts = tally();
    counts.note(`golden: ${await checkBundles(folder, counts, await goldenBundles())}`);
    for (const suite of ['sm', 'intl'] as const) {
      const found = await tradeBundles(suite).catch((error: Error) => error);
      if (found instanceof Error) counts.expect(false, `trade --suite ${suite}: ${found.message}`);
      else {
        counts.expect(found.length > 0, `trade --suite ${suite}: it left no bundle`);
        counts.note(`trade --suite ${suite}: ${await checkBundles(folder, counts, found)}`);
      }
    }
    return counts.outcome();
  });
