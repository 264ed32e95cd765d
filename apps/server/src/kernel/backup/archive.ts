/** Reading a backup: first all of it against its manifest, then its parts. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { isPlainName } from './files.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { BackupProblem } from './problem.ts';
import { readTar, type TarEntry } from './tar.ts';

const secretBytesMax = 65_536;
const manifestBytesMax = 512 * 1_048_576;
/** A part holds 16 MiB of text, and one row more; what unpacks to far beyond is an attack. */
const partTextBytesMax = 1024 * 1_048_576;

const damaged = (what: string) => new BackupProblem('backup.damaged', what);

const bytesOf = async (entry: TarEntry, bytesMax: number): Promise<Buffer> => {
  if (entry.bytes > bytesMax) throw damaged(`${entry.name} is too large`);
  const chunks: Buffer[] = [];
  for await (const chunk of entry.content()) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/**
 * Checks every byte of the archive and gives its manifest and sealed secret. Throws `backup.damaged` where a digest does not hold or a part is
 * missing or not named; `backup.not_a_backup`, `backup.too_new`.
 */
export const checkArchive = async (path: string): Promise<{ manifest: Manifest; sealedSecret?: Buffer }> => {
  const found = new Map<string, { bytes: number; sha256: string }>();
  let manifest: Buffer | undefined;
  let manifestDigest: string | undefined;
  let sealedSecret: Buffer | undefined;
  for await (const entry of readTar(path)) {
    if (!isPlainName(entry.name) || found.has(entry.name)) throw damaged(`a part is named ${entry.name}`);
    if (manifestDigest !== undefined) throw damaged('something follows the manifest');
    if (entry.name === 'manifest.json') manifest = await bytesOf(entry, manifestBytesMax);
    else if (entry.name === 'manifest.sha256') manifestDigest = (await bytesOf(entry, 65)).toString('latin1');
    else {
      const hash = createHash('sha256');
      for await (const chunk of entry.content()) hash.update(chunk);
      if (entry.name === 'secret.json') sealedSecret = await bytesOf(entry, secretBytesMax);
      found.set(entry.name, { bytes: entry.bytes, sha256: hash.digest('hex') });
    }
  }
  if (!manifest || manifestDigest === undefined)
    throw new BackupProblem('backup.not_a_backup', `${path} has no manifest`);
  if (`${createHash('sha256').update(manifest).digest('hex')}\n` !== manifestDigest) throw damaged('the manifest');
  const read = parseManifest(manifest);
  for (const { name, bytes, sha256 } of read.parts) {
    const part = found.get(name);
    if (part?.bytes !== bytes || part.sha256 !== sha256) throw damaged(name);
    found.delete(name);
  }
  for (const name of found.keys()) throw damaged(`${name} is not in the manifest`);
  return { manifest: read, ...(sealedSecret ? { sealedSecret } : {}) };
};

export interface PartReader {
  table(name: string, lines: string[]): Promise<void>;
  file(name: string, content: AsyncIterable<Buffer>): Promise<void>;
}

/** Hands over the parts in the order of the archive, tables first. Call only after `checkArchive`. */
export const readParts = async (path: string, reader: PartReader): Promise<void> => {
  for await (const entry of readTar(path)) {
    const [kind, ...rest] = entry.name.split('/');
    if (kind === 'tables') {
      const text = gunzipSync(await bytesOf(entry, partTextBytesMax), { maxOutputLength: partTextBytesMax }).toString(
        'utf8',
      );
      await reader.table(rest[0]!, text.slice(0, -1).split('\n'));
    } else if (kind === 'files') await reader.file(rest.join('/'), entry.content());
  }
};
