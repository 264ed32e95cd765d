/**
 * For tests only: an S3 store of somebody else’s writing, over a line that a test can break. s3rver neither ends an upload nor
 * misses one that is gone; both are added here as the protocol has them. It proves no checksums and believes every signature:
 * a store that does both is asked in interop.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { access, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Line, openLine } from '../testing.ts';
import type { BucketAddress } from './client.ts';

interface S3rver {
  callback(): RequestListener;
  configureBuckets(): Promise<unknown>;
}
type Make = new (options: { directory: string; silent: boolean; configureBuckets: { name: string }[] }) => S3rver;

export interface FarBucket extends Omit<Line, 'port' | 'close'> {
  address: BucketAddress;
  secret: string;
  /** What was asked for: method, path and subresource. */
  asked: string[];
  /** Uploads that are begun and neither whole nor ended. */
  openUploads(): Promise<string[]>;
  close(): Promise<void>;
}

const bucket = 'lake';

const refuse = (response: ServerResponse, status: number, code: string) =>
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);

export const openFarBucket = async (): Promise<FarBucket> => {
  const directory = mkdtempSync(join(tmpdir(), 'shugu-s3-'));
  const Store = createRequire(import.meta.url)('s3rver') as Make;
  const store = new Store({ directory, silent: true, configureBuckets: [{ name: bucket }] });
  await store.configureBuckets();
  const handle = store.callback();
  const uploads = join(directory, bucket, '._S3rver_uploads');
  const asked: string[] = [];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url!, 'http://store');
    const upload = searchParams.get('uploadId');
    const about = searchParams.has('uploads') ? '?uploads' : upload ? `?part=${searchParams.get('partNumber')}` : '';
    asked.push(`${request.method} ${decodeURIComponent(pathname)}${about}`);
    if (upload === null) return handle(request, response);
    const place = join(uploads, upload);
    const known = await access(place).then(
      () => true,
      () => false,
    );
    if (!known) return void refuse(response, 404, 'NoSuchUpload');
    if (request.method !== 'DELETE') return handle(request, response);
    await rm(place, { recursive: true });
    response.writeHead(204).end();
  };
  const server = createServer((request, response) => void answer(request, response).catch(() => request.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const line = await openLine({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  return {
    ...line,
    address: {
      endpoint: `http://127.0.0.1:${line.port}`,
      region: 'us-east-1',
      bucket,
      addressing: 'path',
      accessKeyId: 'S3RVER',
    },
    secret: 'a-secret-of-the-lake',
    asked,
    openUploads: () => readdir(uploads).catch(() => []),
    close: async () => {
      line.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
