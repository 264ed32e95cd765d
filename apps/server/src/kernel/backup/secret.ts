/**
 * The node's secret under a passphrase, for the backup. It seals every private key and every personal field, so a backup
 * without it holds neither, and a backup with it is worth what the passphrase is worth.
 */
import { randomBytes, scrypt } from 'node:crypto';
import { openBytes, sealBytes } from '../seal.ts';
import { BackupProblem } from './problem.ts';

/** RFC 7914; 128 MiB and about half a second. */
const cost = { N: 131_072, r: 8, p: 1 } as const;
export const passphraseCharactersMin = 12;

const derive = (passphrase: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    // NFC, or the same passphrase typed on another system would be other bytes.
    scrypt(passphrase.normalize('NFC'), salt, 32, { ...cost, maxmem: 256 * cost.N * cost.r }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });

/** Throws `backup.passphrase_wrong` for a passphrase under twelve characters. */
export const sealSecret = async (secret: Buffer, passphrase: string): Promise<Buffer> => {
  if (passphrase.length < passphraseCharactersMin)
    throw new BackupProblem(
      'backup.passphrase_wrong',
      `a passphrase has at least ${passphraseCharactersMin} characters`,
    );
  const salt = randomBytes(16);
  const sealed = sealBytes(await derive(passphrase, salt), secret, 'backup/node.secret');
  return Buffer.from(
    JSON.stringify({
      format: 'shugu-sealed-secret',
      version: 1,
      kdf: { name: 'scrypt', ...cost, salt: salt.toString('base64') },
      sealed,
    }),
  );
};

export const openSecret = async (file: Buffer, passphrase: string): Promise<Buffer> => {
  const { format, version, kdf, sealed } = JSON.parse(file.toString('utf8'));
  if (format !== 'shugu-sealed-secret' || version !== 1 || kdf?.name !== 'scrypt' || kdf.N !== cost.N)
    throw new BackupProblem('backup.too_new', 'the sealed secret is of a form that this version does not know');
  const key = await derive(passphrase, Buffer.from(kdf.salt, 'base64'));
  try {
    return openBytes(key, sealed, 'backup/node.secret');
  } catch {
    throw new BackupProblem('backup.passphrase_wrong', 'the passphrase does not open the secret of this backup');
  }
};
