/** What we ask of a bucket: small and large objects by key, parts of uploads, and what the far end itself says of them. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { type BucketAddress, openClient } from './client.ts';

/** A part that the store has acknowledged. */
export interface Part {
  number: number;
  etag: string;
  bytes: number;
  /** Hex, of what was sent. */
  sha256: string;
  /** The store answered with the same SHA-256 of what it took. */
  proven: boolean;
}
export interface Upload {
  id: string;
  parts: Part[];
}
export interface Labels {
  contentType: string;
  /** As x-amz-meta-…; printable ASCII. */
  metadata?: Record<string, string>;
}
export interface Head {
  bytes: number;
  metadata: Record<string, string>;
  /** Base64, where the store keeps one: of the whole object, or of its parts’ checksums. */
  sha256: { value: string; of: 'object' | 'parts' } | null;
}

export interface Bucket {
  head(key: string): Promise<Head | undefined>;
  put(key: string, body: Uint8Array, labels: Labels): Promise<void>;
  /** From byte `start` to `end`, both included. */
  read(key: string, range?: { start: number; end: number }): Promise<AsyncIterable<Buffer>>;
  remove(key: string): Promise<void>;
  begin(key: string, labels: Labels): Promise<string>;
  part(key: string, upload: string, number: number, body: Uint8Array): Promise<Part>;
  complete(key: string, upload: Upload): Promise<void>;
  abort(key: string, upload: string): Promise<void>;
  close(): void;
}

const mebibyte = 2 ** 20;
/** The protocol knows 10,000 parts, each of 5 MiB at least but for the last. */
const partsMax = 10_000;
const partBytesMin = 8 * mebibyte;

/** So large are the parts of an object of this size: whole mebibytes. */
export const partBytesOf = (bytes: number): number =>
  Math.max(partBytesMin, Math.ceil(bytes / partsMax / mebibyte) * mebibyte);

const sha256Of = (body: Uint8Array): Buffer => createHash('sha256').update(body).digest();

/** The checksum that a store keeps of an object that came in these parts, base64. */
export const partsChecksum = (parts: readonly Pick<Part, 'sha256'>[]): string =>
  createHash('sha256')
    .update(Buffer.concat(parts.map(({ sha256 }) => Buffer.from(sha256, 'hex'))))
    .digest('base64');

export type BucketFault = 'unreachable' | 'address' | 'login' | 'rights' | 'bucket' | 'upload' | 'busy' | 'refused';

const byName: Record<string, BucketFault> = {
  InvalidAccessKeyId: 'login',
  SignatureDoesNotMatch: 'login',
  InvalidToken: 'login',
  AccessDenied: 'rights',
  AllAccessDisabled: 'rights',
  NoSuchBucket: 'bucket',
  NoSuchUpload: 'upload',
  SlowDown: 'busy',
};

interface S3Error {
  name?: string;
  code?: string;
  $metadata?: { httpStatusCode?: number };
}

/** What stood in the way, and the other side’s short word for it. */
export const faultOf = (error: unknown): { kind: BucketFault; word: string } => {
  const { name = '', code = '', $metadata: { httpStatusCode: status } = {} } = error as S3Error;
  if (code === 'upstreamAddressRefused') return { kind: 'address', word: '' };
  if (status === undefined || status < 300) return { kind: 'unreachable', word: code || name };
  const word = `${status} ${name}`;
  const known = byName[name];
  if (known) return { kind: known, word };
  if (status === 401) return { kind: 'login', word };
  if (status === 403) return { kind: 'rights', word };
  return { kind: status >= 500 || status === 429 ? 'busy' : 'refused', word };
};

const statusOf = (error: unknown): number | undefined => (error as S3Error).$metadata?.httpStatusCode;

/** @throws as all of its calls, errors that `faultOf` reads */
export const openBucket = async (
  address: BucketAddress,
  secretAccessKey: string,
  { allowed, signal }: { allowed: readonly string[] | null; signal?: AbortSignal },
): Promise<Bucket> => {
  const { client, library: s3 } = await openClient(address, secretAccessKey, allowed);
  const { bucket: Bucket } = address;
  const options = signal ? { abortSignal: signal } : {};
  const labelled = ({ contentType, metadata = {} }: Labels) => ({ ContentType: contentType, Metadata: metadata });

  return {
    head: async (Key) => {
      try {
        const found = await client.send(new s3.HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }), options);
        const { ContentLength: bytes = 0, Metadata: metadata = {}, ChecksumSHA256: sum, ChecksumType: type } = found;
        // Of parts it is told with their number.
        const [value, count] = (sum ?? '').split('-');
        const of = type === 'COMPOSITE' || count !== undefined ? 'parts' : 'object';
        return { bytes, metadata, sha256: value ? { value, of } : null };
      } catch (error) {
        // 403: whoever may not list is not told that nothing is there.
        if (statusOf(error) === 404 || statusOf(error) === 403) return undefined;
        throw error;
      }
    },
    put: async (Key, Body, labels) => {
      const ChecksumSHA256 = sha256Of(Body).toString('base64');
      await client.send(new s3.PutObjectCommand({ Bucket, Key, Body, ChecksumSHA256, ...labelled(labels) }), options);
    },
    read: async (Key, range) => {
      const Range = range ? `bytes=${range.start}-${range.end}` : undefined;
      const { Body } = await client.send(new s3.GetObjectCommand({ Bucket, Key, Range }), options);
      if (!(Body instanceof Readable)) throw new Error('an answer without a body');
      return Body;
    },
    remove: async (Key) => {
      await client.send(new s3.DeleteObjectCommand({ Bucket, Key }), options);
    },
    begin: async (Key, labels) => {
      const command = new s3.CreateMultipartUploadCommand({
        Bucket,
        Key,
        ChecksumAlgorithm: 'SHA256',
        ...labelled(labels),
      });
      const { UploadId } = await client.send(command, options);
      if (!UploadId) throw new Error('an upload without an id');
      return UploadId;
    },
    part: async (Key, UploadId, number, Body) => {
      const digest = sha256Of(Body);
      const ChecksumSHA256 = digest.toString('base64');
      const command = new s3.UploadPartCommand({ Bucket, Key, UploadId, PartNumber: number, Body, ChecksumSHA256 });
      const { ETag: etag = '', ChecksumSHA256: told } = await client.send(command, options);
      return {
        number,
        etag,
        bytes: Body.length,
        sha256: digest.toString('hex'),
        proven: told === ChecksumSHA256,
      };
    },
    complete: async (Key, { id: UploadId, parts }) => {
      const Parts = parts.map(({ number, etag, sha256, proven }) => ({
        PartNumber: number,
        ETag: etag,
        // A store that keeps no checksums need not understand them.
        ...(proven ? { ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64') } : {}),
      }));
      const command = new s3.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
      await client.send(command, options);
    },
    abort: async (Key, UploadId) => {
      await client.send(new s3.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), options).catch((error) => {
        if (faultOf(error).kind !== 'upload') throw error;
      });
    },
    close: () => client.destroy(),
  };
};
