/** The peers of the delta bench: a file from a server that does nothing but ranges, and a share that is nothing but canned answers. */
import { createReadStream, statSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

const listen = async (listener: RequestListener) => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, close: () => new Promise((resolve) => server.close(resolve)) };
};

export const bareFile = async (path: string) => {
  const size = statSync(path).size;
  const { url, close } = await listen((request, response) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const [start, end] = range
      ? [Number(range[1]), range[2] ? Math.min(Number(range[2]), size - 1) : size - 1]
      : [0, size - 1];
    response.writeHead(range ? 206 : 200, {
      'accept-ranges': 'bytes',
      // Without it the client reads the whole file as a page with links, each time that it only asks whether there is one.
      'content-type': 'application/vnd.apache.parquet',
      'content-length': end - start + 1,
      ...(range ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
    });
    if (request.method === 'HEAD') response.end();
    else createReadStream(path, { start, end, highWaterMark: 1_048_576 }).pipe(response);
  });
  return { url: `${url}data.parquet`, close };
};

export interface Canned {
  metadata: string;
  query: string;
}

/** What the client costs with a server that costs nothing: no decision, no record, no signature. */
export const cannedShare = ({ metadata, query }: Canned) =>
  listen((request, response) => {
    request.resume();
    const text = request.method === 'POST' ? query : metadata;
    response.writeHead(200, {
      'content-type': 'application/x-ndjson; charset=utf-8',
      'delta-table-version': '0',
      'delta-sharing-capabilities': 'responseformat=parquet',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  });
