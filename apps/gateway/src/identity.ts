/** The key that signs this gateway's segments: made at its first start, in its own folder, never sent anywhere. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKey, privateKeyFrom, publicJwk, signInContext, softwareSigner } from '@shugu/evidence';
import type { Signer } from '@shugu/gateway';

export interface Identity {
  signer: Signer;
  /** Public part, as a JWK. */
  key: object;
}

interface Kept {
  suite: 'intl' | 'sm';
  gateway: string;
  secret: string;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** One process a folder: two writers of one source would ruin its records. Answers with the way to let go. */
export const lockFolder = async (home: string): Promise<() => Promise<void>> => {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const path = join(home, 'gateway.pid');
  const held = Number(await readFile(path, 'utf8').catch(() => '0'));
  if (held > 0 && held !== process.pid && isAlive(held)) throw new Error(`${home} is in use by process ${held}`);
  await writeFile(path, String(process.pid));
  return () => rm(path, { force: true });
};

/** Throws when the folder belongs to another gateway: one writer a source, for ever. */
export const openIdentity = async (home: string, gateway: string, suite: 'intl' | 'sm'): Promise<Identity> => {
  const path = join(home, 'gateway.key');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  const kept: Kept =
    text === null
      ? { suite, gateway, secret: Buffer.from(generateKey(suite).secret).toString('base64') }
      : (JSON.parse(text) as Kept);
  if (kept.gateway !== gateway) throw new Error(`${home} belongs to gateway ${kept.gateway}, this key to ${gateway}`);
  if (text === null) {
    await writeFile(`${path}.tmp`, JSON.stringify(kept), { mode: 0o600, flush: true });
    await rename(`${path}.tmp`, path);
  }
  const secret = privateKeyFrom(kept.suite, new Uint8Array(Buffer.from(kept.secret, 'base64')));
  const signer = softwareSigner(secret, { level: 'platform' });
  return {
    signer: { keyId: signer.keyId, sign: (bytes) => signInContext(signer, 'segment', bytes) },
    key: publicJwk(secret.publicKey),
  };
};
