/**
 * The processes of the file bench: `node bench/file-process.ts published|hashing|bare FOLDER PATH BYTES SHA256`. Each listens on loopback,
 * prints `{ port }` and lives until its standard input ends.
 */
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { fileDriver } from '../packages/gateway/src/index.ts';
import { gatewayWith, serveParent } from './gateway-process.ts';

const pieceBytes = 1_048_576;

/** What a file costs from a server that does nothing else. */
const bare = (path: string, bytes: number) =>
  createServer((_request, response) => {
    response.writeHead(200, { 'content-length': bytes });
    createReadStream(path, { highWaterMark: pieceBytes }).pipe(response);
  });

if (import.meta.main) {
  const [role, folder = '', path = '', size = '0', sha256 = ''] = process.argv.slice(2);
  const bytes = Number(size);
  const config = { kind: 'file' as const, files: [{ name: 'data.bin', path, bytes, sha256 }] };
  const gateway = () => gatewayWith(fileDriver({ hashing: role === 'hashing' ? 'always' : 'once' }), config, folder);
  serveParent(role === 'bare' ? bare(path, bytes) : await gateway());
}
