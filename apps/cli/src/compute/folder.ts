/**
 * What an owner's part of computations on shares keeps beside its data: keys, the salt of its commitments, which contracts it knows and
 * which uses it has played. None of it goes to the exchange but public keys and commitments.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKey, type PublicJwk, privateKeyFrom, publicJwk, type Signer, softwareSigner } from '@shugu/evidence';
import { generateIdentity, identityOf, secretOf } from '@shugu/private-compute';

interface Kept {
  form: 'shugu/computation-party/1';
  channel: string;
  signing: string;
  salt: string;
}

/**
 * `came`: nothing was started here; `started`: a process had the table's name; `stated`: its statement has been taken; `returned`: it was
 * that nothing had been touched, and all others said the same.
 */
export type Played = 'came' | 'started' | 'stated' | 'returned';
export interface Journal {
  digest: string;
  uses: Record<string, Played>;
  /** When each was come to, by this machine's clock; what was written before has none. */
  times?: Record<string, string>;
  /** The other owner's fingerprint, as it told it by another way. */
  peer?: string;
}

export interface PartyFolder {
  path: string;
  /** X25519 keys in hex. */
  channelKey: string;
  channelSecret: string;
  signingKey: PublicJwk;
  signer: Signer;
  salt: Buffer;
  /** Of a contract; undefined before its first use here. */
  journal(contract: string): Promise<Journal | undefined>;
  save(contract: string, journal: Journal): Promise<void>;
}

const replaced = async (path: string, text: string): Promise<void> => {
  const file = await open(`${path}.part`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
};

const readKept = async (path: string): Promise<Kept> => {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined) return JSON.parse(text) as Kept;
  const made: Kept = {
    form: 'shugu/computation-party/1',
    channel: secretOf(generateIdentity()).toString('hex'),
    signing: Buffer.from(generateKey('intl').secret).toString('hex'),
    salt: randomBytes(32).toString('hex'),
  };
  // Whoever comes second finds it there: two sets of keys would be two parties.
  await writeFile(path, JSON.stringify(made), { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return JSON.parse(await readFile(path, 'utf8')) as Kept;
};

/** Made with its first use. */
export const openFolder = async (path: string): Promise<PartyFolder> => {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const kept = await readKept(join(path, 'party.json'));
  const signing = privateKeyFrom('intl', new Uint8Array(Buffer.from(kept.signing, 'hex')));
  const at = (contract: string) => join(path, `${contract}.json`);
  return {
    path,
    channelSecret: kept.channel,
    channelKey: identityOf(Buffer.from(kept.channel, 'hex')).publicKey.toString('hex'),
    signingKey: publicJwk(signing.publicKey),
    signer: softwareSigner(signing, { level: 'customer' }),
    salt: Buffer.from(kept.salt, 'hex'),
    journal: async (contract) => {
      const text = await readFile(at(contract), 'utf8').catch(() => undefined);
      return text === undefined ? undefined : (JSON.parse(text) as Journal);
    },
    save: (contract, journal) => replaced(at(contract), JSON.stringify(journal)),
  };
};
