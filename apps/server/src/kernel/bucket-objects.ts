/**
 * Objects in a bucket, and a copy of each that this machine has put or needed as a file. What is put is acknowledged when the bucket
 * has it. Copies may be thrown away while the node stands still; the other folders below `objects` may not.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { folderObjects, type ObjectStore, type StoredObject } from './objects.ts';
import { kernelProblems } from './problem.ts';
import { type Bucket, faultOf, openBucket, partBytesOf, type Upload } from './s3/bucket.ts';
import type { BucketAddress } from './s3/client.ts';
import { inPieces } from './s3/pieces.ts';

export interface OpenedObjects extends ObjectStore {
  close(): void;
}

type ObjectSettings = Pick<
  Config,
  'home' | 'objectsUrl' | 'objectsRegion' | 'objectsAddressing' | 'objectsKey' | 'objectsSecret'
>;
interface Place extends BucketAddress {
  prefix: string;
}

const contentType = 'application/octet-stream';
const chunkBytes = 1_048_576;

const placeOf = (config: ObjectSettings): Place => {
  const { origin, pathname } = new URL(config.objectsUrl);
  const [bucket = '', ...levels] = pathname.slice(1).split('/');
  return {
    endpoint: origin,
    bucket,
    prefix: levels.map((level) => `${level}/`).join(''),
    region: config.objectsRegion,
    addressing: config.objectsAddressing,
    accessKeyId: config.objectsKey,
  };
};

interface Sources {
  bucket: Bucket;
  prefix: string;
  /** The copies. */
  near: ObjectStore;
  log: Pick<Logger, 'warn'>;
}

/** An outage passes: the caller is told to try again, as with one of the database. */
const asked = async <T>(log: Sources['log'], run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    const { kind, word } = faultOf(error);
    if (kind !== 'unreachable' && kind !== 'busy') throw new Error(`the object store: ${word}`, { cause: error });
    log.warn({ reason: word }, 'the object store does not answer');
    throw kernelProblems.busy();
  }
};

const storeIn = ({
  bucket,
  prefix,
  near,
  log,
}: Sources): OpenedObjects & { bring(one: StoredObject): Promise<void> } => {
  /** As the folder lays them out, so that any tool can copy them there and back. */
  const keyOf = (digest: string): string => {
    near.pathOf(digest);
    const hex = digest.slice('sha256:'.length);
    return `${prefix}sha256/${hex.slice(0, 2)}/${hex}`;
  };

  const ask = <T>(run: (bucket: Bucket) => Promise<T>): Promise<T> => asked(log, () => run(bucket));

  const sendParts = async (key: string, path: string, bytes: number): Promise<void> => {
    const upload: Upload = { id: await ask((far) => far.begin(key, { contentType })), parts: [] };
    try {
      const read = createReadStream(path, { highWaterMark: chunkBytes });
      for await (const piece of inPieces(read as AsyncIterable<Buffer>, partBytesOf(bytes)))
        upload.parts.push(await ask((far) => far.part(key, upload.id, upload.parts.length + 1, piece)));
      await ask((far) => far.complete(key, upload));
    } catch (error) {
      await bucket.abort(key, upload.id).catch(() => undefined);
      throw error;
    }
  };

  const bring = async ({ digest, bytes }: StoredObject): Promise<void> => {
    const key = keyOf(digest);
    if ((await ask((far) => far.head(key)))?.bytes === bytes) return;
    const path = near.pathOf(digest);
    if (bytes > partBytesOf(bytes)) return sendParts(key, path, bytes);
    const body = await readFile(path);
    await ask((far) => far.put(key, body, { contentType }));
  };

  /** From the bucket; whole ones are held against their name. */
  async function* far(digest: string, range?: { start: number; end: number }): AsyncGenerator<Buffer> {
    const hash = createHash('sha256');
    const pieces = (await ask((one) => one.read(keyOf(digest), range)))[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { value, done } = await asked(log, () => pieces.next());
        if (done) break;
        if (!range) hash.update(value);
        yield value;
      }
    } finally {
      await pieces.return?.();
    }
    if (!range && `sha256:${hash.digest('hex')}` !== digest) throw new Error(`${digest} is not what it was`);
  }

  async function* from(digest: string, range?: { start: number; end: number }): AsyncGenerator<Buffer> {
    if ((await near.size(digest)) === undefined) yield* far(digest, range);
    else yield* near.read(digest, range);
  }

  const fetching = new Map<string, Promise<string>>();
  const fetched = async (digest: string): Promise<string> => {
    const { digest: found } = await near.put(far(digest));
    if (found !== digest) throw new Error(`${digest} is not what it was`);
    return near.pathOf(digest);
  };

  return {
    bring,
    put: async (content, options) => {
      const stored = await near.put(content, options);
      await bring(stored);
      return stored;
    },
    read: (digest, range) => {
      near.pathOf(digest);
      return Readable.from(from(digest, range), { objectMode: false });
    },
    bytes: async (digest) => {
      const pieces: Buffer[] = [];
      for await (const piece of from(digest)) pieces.push(piece);
      return Buffer.concat(pieces);
    },
    size: async (digest) => (await near.size(digest)) ?? (await ask((one) => one.head(keyOf(digest))))?.bytes,
    remove: async (digest) => {
      if (!(await near.remove(digest))) return false;
      await ask((one) => one.remove(keyOf(digest)));
      return true;
    },
    pathOf: near.pathOf,
    local: async (digest) => {
      if ((await near.size(digest)) !== undefined) return near.pathOf(digest);
      let coming = fetching.get(digest);
      if (!coming) {
        coming = fetched(digest).finally(() => fetching.delete(digest));
        fetching.set(digest, coming);
      }
      return coming;
    },
    folder: near.folder,
    close: () => bucket.close(),
  };
};

/** Beside the copies: where the objects themselves lie. It travels with a backup. */
const noteName = 'bucket.json';
type Note = Pick<Place, 'endpoint' | 'bucket' | 'prefix'>;
const noteOf = ({ endpoint, bucket, prefix }: Place): Note => ({ endpoint, bucket, prefix });
const told = ({ endpoint, bucket, prefix }: Note): string => `${endpoint}/${bucket}/${prefix}`;

const readNote = async (root: string): Promise<Note | undefined> => {
  const text = await readFile(join(root, noteName), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as Note);
};
const writeNote = async (root: string, note: Note): Promise<void> => {
  await mkdir(root, { recursive: true });
  await writeFile(join(root, `${noteName}.new`), JSON.stringify(note), { flush: true });
  await rename(join(root, `${noteName}.new`), join(root, noteName));
};

const refuse = (note: Note, why: string): never => {
  throw new Error(
    `SHUGU_OBJECTS_URL: the objects of this node lie in ${told(note)}, ${why}; see docs/operate/objects.md before that file is removed: ${noteName}`,
  );
};

/** The bucket must take, give back and let go of an object before anything is acknowledged on its account. */
const tryBucket = async (bucket: Bucket, place: Place): Promise<void> => {
  try {
    const key = `${place.prefix}.shugu-check`;
    await bucket.put(key, Buffer.from('shugu'), { contentType });
    await Array.fromAsync(await bucket.read(key));
    await bucket.remove(key);
  } catch (error) {
    const { kind, word } = faultOf(error);
    throw new Error(`SHUGU_OBJECTS_URL: ${told(place)} cannot be used (${kind}${word ? `, ${word}` : ''})`, {
      cause: error,
    });
  }
};

/** What this machine holds and no bucket yet: once, when a node moves to one. */
const moveThere = async (root: string, bring: (one: StoredObject) => Promise<void>): Promise<number> => {
  const folder = join(root, 'sha256');
  let moved = 0;
  for (const level of await readdir(folder).catch(() => []))
    for (const hex of await readdir(join(folder, level))) {
      const { size: bytes } = await stat(join(folder, level, hex));
      await bring({ digest: `sha256:${hex}`, bytes });
      moved += 1;
    }
  return moved;
};

const plain = (root: string): OpenedObjects => ({ ...folderObjects(root), close: () => {} });

const storeOf = async (config: ObjectSettings, root: string, log: Sources['log']) => {
  const place = placeOf(config);
  const bucket = await openBucket(place, config.objectsSecret, { allowed: null });
  return { place, bucket, store: storeIn({ bucket, prefix: place.prefix, near: folderObjects(root), log }) };
};

/** For a running node. @throws when the settings and the place of its objects do not agree, or the bucket cannot be used */
export const openObjects = async (
  config: ObjectSettings,
  log: Pick<Logger, 'info' | 'warn'>,
): Promise<OpenedObjects> => {
  const root = join(config.home, 'objects');
  const note = await readNote(root);
  if (config.objectsUrl === '') return note ? refuse(note, 'and none is set') : plain(root);
  const { place, bucket, store } = await storeOf(config, root, log);
  try {
    if (note && told(note) !== told(place)) refuse(note, 'which is another one');
    await tryBucket(bucket, place);
    if (!note) {
      log.info({ bucket: told(place) }, 'objects are brought into the bucket');
      log.info({ objects: await moveThere(root, store.bring) }, 'objects are in the bucket');
      await writeNote(root, noteOf(place));
    }
    return store;
  } catch (error) {
    store.close();
    throw error;
  }
};

/** For somebody who only looks: nothing is tried, moved or noted. */
export const settledObjects = async (config: ObjectSettings): Promise<OpenedObjects> => {
  const root = join(config.home, 'objects');
  return config.objectsUrl === '' ? plain(root) : (await storeOf(config, root, { warn: () => {} })).store;
};
