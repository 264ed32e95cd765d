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

/** Only around what is asked of the far end: what else breaks, or ends a turn, is no fault of it. */
const tellingOf = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (cause) {
    const { kind, word } = faultOf(cause);
    throw fault(codes[kind], { ...(word ? { about: word } : {}), cause });
  }
};
const isGone = (error: unknown): boolean => error instanceof PushFault && faultOf(error.cause).kind === 'upload';

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

export const openS3 = async (
  settings: S3Settings,
  secret: string,
  { allowedAddresses, signal, uploads }: S3Run,
): Promise<FileTaker> => {
  const bucket = await openBucket(settings, secret, { allowed: allowedAddresses, signal });
  return takerOn(bucket, settings.prefix, uploads, signal);
};

const takerOn = (bucket: Bucket, prefix: string, uploads: Uploads, signal: AbortSignal): FileTaker => {
  const keyOf = (name: string): string => (prefix === '' ? name : `${prefix}/${name}`);
  const ask = <T>(run: (bucket: Bucket) => Promise<T>): Promise<T> => tellingOf(() => run(bucket));
  /** Digests of files that came here whole and whose parts the store has summed alike: nothing is left to be read back. */
  const proven = new Map<string, string>();

  const begin = async (name: string, labels: Labels): Promise<Upload> => {
    const id = await ask((far) => far.begin(keyOf(name), labels));
    const upload: Upload = { id, parts: [] };
    try {
      await uploads.set(name, upload);
    } catch (error) {
      // Stopped at this very moment: nobody would know of it.
      await bucket.abort(keyOf(name), id).catch(() => undefined);
      throw error;
    }
    return upload;
  };
  const end = async (name: string): Promise<void> => {
    const upload = uploads.get(name);
    if (!upload) return;
    await ask((far) => far.abort(keyOf(name), upload.id));
    await uploads.set(name, null);
  };
  /** When the store does not know the upload any more, the next try begins another. */
  const orForgotten = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      if (isGone(error)) await uploads.set(name, null);
      throw error;
    }
  };
  const complete = async (name: string, upload: Upload): Promise<void> => {
    await orForgotten(name, () => ask((far) => far.complete(keyOf(name), upload)));
    await uploads.set(name, null);
  };
  const sumOf = async (name: string) => (await ask((far) => far.head(keyOf(name))))?.sha256 ?? null;

  const putParts: FileTaker['put'] = async (name, { bytes, from, pieces, rows, sha256 }) => {
    const key = keyOf(name);
    const upload = uploads.get(name) ?? (await begin(name, labelsOf({ rows, sha256 })));
    const whole = createHash('sha256');
    let position = from;
    for await (const piece of pieces) {
      const number = upload.parts.length + 1;
      upload.parts.push(await orForgotten(name, () => ask((far) => far.part(key, upload.id, number, piece))));
      whole.update(piece);
      position += piece.length;
      await uploads.set(name, upload);
    }
    if (position !== bytes) throw fault('interrupted');
    await complete(name, upload);
    const sum = await sumOf(name);
    const sameParts = sum?.of === 'parts' && sum.value === partsChecksum(upload.parts);
    if (from === 0 && sameParts && whole.digest('hex') === sha256) proven.set(name, sha256);
  };
  const putWhole: FileTaker['put'] = async (name, { bytes, pieces, rows, sha256 }) => {
    for await (const piece of pieces) {
      if (piece.length !== bytes) throw fault('interrupted');
      await ask((far) => far.put(keyOf(name), piece, labelsOf({ rows, sha256 })));
    }
  };
  const readBack = (name: string): Promise<string> =>
    ask(async (far) => {
      const hash = createHash('sha256');
      for await (const piece of await far.read(keyOf(name))) {
        signal.throwIfAborted();
        hash.update(piece);
      }
      return hash.digest('hex');
    });

  return {
    check: () =>
      ask(async (far) => {
        const key = keyOf('.shugu-check');
        await far.put(key, Buffer.from('shugu'), { contentType: 'text/plain' });
        await Array.fromAsync(await far.read(key));
        await far.remove(key);
      }),
    pieceBytes: partBytesOf,
    has: async (name, bytes) => {
      if ((await ask((far) => far.head(keyOf(name))))?.bytes === bytes) {
        // Completed, and nobody lived to note it.
        await end(name);
        return bytes;
      }
      const upload = uploads.get(name);
      const there = upload?.parts.reduce((sum, part) => sum + part.bytes, 0) ?? 0;
      if (upload && there === bytes) await complete(name, upload);
      return there;
    },
    put: (name, file) => (file.bytes > partBytesOf(file.bytes) ? putParts : putWhole)(name, file),
    digest: async (name) => {
      const known = proven.get(name);
      if (known !== undefined) return known;
      const sum = await sumOf(name);
      return sum?.of === 'object' ? hexOf(sum.value) : readBack(name);
    },
    drop: async (name) => {
      await end(name);
      proven.delete(name);
      await ask((far) => far.remove(keyOf(name)));
    },
    finish: (name, text) => ask((far) => far.put(keyOf(name), Buffer.from(text), { contentType: 'application/json' })),
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
