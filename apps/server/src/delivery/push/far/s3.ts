/**
 * A bucket of the buyer. A file goes as an upload of parts whose id and parts are kept with the run, so that it goes on after the
 * last part that the store has acknowledged; it stands under its name only when the upload is completed.
 */
import { createHash } from 'node:crypto';
import {
  type Bucket,
  type BucketFault,
  faultOf,
  type Labels,
  openBucket,
  partBytesOf,
  partsChecksum,
  type Upload,
} from '../../../kernel/s3/bucket.ts';
import { type FaultCode, fault, PushFault } from '../fault.ts';
import type { S3Settings } from '../model.ts';
import type { FileTaker, SentFile } from './taker.ts';

/** Uploads that have begun and are not whole, by name; what is set is durable when it returns. */
export interface Uploads {
  get(name: string): Upload | undefined;
  set(name: string, upload: Upload | null): Promise<void>;
}

export const noUploads: Uploads = { get: () => undefined, set: async () => {} };

const codes: Record<BucketFault, FaultCode> = {
  unreachable: 'storeUnreachable',
  address: 'addressRefused',
  login: 'storeLogin',
  rights: 'storeRights',
  bucket: 'bucketMissing',
  upload: 'interrupted',
  busy: 'storeBusy',
  refused: 'storeRefused',
};

const told = (cause: unknown): unknown => {
  if (cause instanceof PushFault) return cause;
  const { kind, word } = faultOf(cause);
  return fault(codes[kind], { ...(word ? { about: word } : {}), cause });
};
const tellingOf = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    throw told(error);
  }
};

const hexOf = (base64: string): string => Buffer.from(base64, 'base64').toString('hex');

const labelsOf = ({ rows, sha256 }: Pick<SentFile, 'rows' | 'sha256'>): Labels => ({
  contentType: 'application/vnd.apache.parquet',
  metadata: { rows: String(rows), sha256 },
});

export interface S3Run {
  allowedAddresses: readonly string[];
  signal: AbortSignal;
  uploads: Uploads;
}

export const openS3 = (settings: S3Settings, secret: string, { allowedAddresses, signal, uploads }: S3Run) =>
  tellingOf(async () => {
    const bucket = await openBucket(settings, secret, { allowed: allowedAddresses, signal });
    return takerOn(bucket, settings.prefix, uploads, signal);
  });

const takerOn = (bucket: Bucket, prefix: string, uploads: Uploads, signal: AbortSignal): FileTaker => {
  const keyOf = (name: string): string => (prefix === '' ? name : `${prefix}/${name}`);
  /** Digests of files that came here whole and whose parts the store has summed alike: nothing is left to be read back. */
  const proven = new Map<string, string>();

  /** Forgets an upload that the store does not know any more: the next try begins anew. */
  const orForgotten = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      if (faultOf(error).kind === 'upload') await uploads.set(name, null);
      throw error;
    }
  };

  const begun = async (name: string, labels: Labels): Promise<Upload> => {
    const upload: Upload = { id: await bucket.begin(keyOf(name), labels), parts: [] };
    try {
      await uploads.set(name, upload);
    } catch (error) {
      // Stopped at this very moment: nobody would know of it.
      await bucket.abort(keyOf(name), upload.id).catch(() => undefined);
      throw error;
    }
    return upload;
  };

  const putParts: FileTaker['put'] = async (name, { bytes, from, pieces, rows, sha256 }) => {
    const key = keyOf(name);
    const upload = uploads.get(name) ?? (await begun(name, labelsOf({ rows, sha256 })));
    const whole = createHash('sha256');
    let position = from;
    for await (const piece of pieces) {
      const part = await orForgotten(name, () => bucket.part(key, upload.id, upload.parts.length + 1, piece));
      whole.update(piece);
      upload.parts.push(part);
      position += piece.length;
      await uploads.set(name, upload);
    }
    if (position !== bytes) throw fault('interrupted');
    await orForgotten(name, () => bucket.complete(key, upload));
    await uploads.set(name, null);
    const sum = (await bucket.head(key))?.sha256;
    const sameParts = sum?.of === 'parts' && sum.value === partsChecksum(upload.parts);
    if (from === 0 && sameParts && whole.digest('hex') === sha256) proven.set(name, sha256);
  };

  const putWhole: FileTaker['put'] = async (name, { bytes, pieces, rows, sha256 }) => {
    for await (const piece of pieces) {
      if (piece.length !== bytes) throw fault('interrupted');
      await bucket.put(keyOf(name), piece, labelsOf({ rows, sha256 }));
    }
  };

  const drop = async (name: string): Promise<void> => {
    const upload = uploads.get(name);
    if (upload) await bucket.abort(keyOf(name), upload.id);
    await uploads.set(name, null);
    proven.delete(name);
    await bucket.remove(keyOf(name));
  };

  return {
    check: () =>
      tellingOf(async () => {
        const key = keyOf('.shugu-check');
        await bucket.put(key, Buffer.from('shugu'), { contentType: 'text/plain' });
        await Array.fromAsync(await bucket.read(key));
        await bucket.remove(key);
      }),
    pieceBytes: partBytesOf,
    has: (name, bytes) =>
      tellingOf(async () => {
        const upload = uploads.get(name);
        if ((await bucket.head(keyOf(name)))?.bytes === bytes) {
          // Completed, and nobody lived to note it.
          if (upload) await uploads.set(name, null);
          return bytes;
        }
        return upload?.parts.reduce((sum, part) => sum + part.bytes, 0) ?? 0;
      }),
    put: (name, file) =>
      tellingOf(() => (file.bytes > partBytesOf(file.bytes) ? putParts(name, file) : putWhole(name, file))),
    digest: (name) =>
      tellingOf(async () => {
        const known = proven.get(name);
        if (known !== undefined) return known;
        const sum = (await bucket.head(keyOf(name)))?.sha256;
        if (sum?.of === 'object') return hexOf(sum.value);
        const hash = createHash('sha256');
        for await (const piece of await bucket.read(keyOf(name))) {
          signal.throwIfAborted();
          hash.update(piece);
        }
        return hash.digest('hex');
      }),
    drop: (name) => tellingOf(() => drop(name)),
    finish: (name, text) =>
      tellingOf(() => bucket.put(keyOf(name), Buffer.from(text), { contentType: 'application/json' })),
    close: async () => bucket.close(),
  };
};

/** Parts that a store keeps of uploads that nobody will complete cost their owner room. @throws PushFault */
export const abortUploads = (
  settings: S3Settings,
  secret: string,
  names: Readonly<Record<string, Upload>>,
  { allowedAddresses, signal }: Omit<S3Run, 'uploads'>,
): Promise<void> =>
  tellingOf(async () => {
    const bucket = await openBucket(settings, secret, { allowed: allowedAddresses, signal });
    const { prefix } = settings;
    try {
      for (const [name, { id }] of Object.entries(names))
        await bucket.abort(prefix === '' ? name : `${prefix}/${name}`, id);
    } finally {
      bucket.close();
    }
  });
