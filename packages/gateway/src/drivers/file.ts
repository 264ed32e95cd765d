import { createHmac, timingSafeEqual } from 'node:crypto';
import { isKnown } from '../etag.ts';
import { GatewayProblem } from '../problem.ts';
import type { Driver, GatewayRequest } from './driver.ts';
import { inPlace, type Locate } from './locate.ts';
import { PublishedFiles } from './published.ts';

/** One published file. `sha256` in hex, made when it was published; `path` is never shown. */
export type PublishedFile = {
  name: string;
  path: string;
  bytes: number;
  sha256: string;
  contentType?: string;
  /** Whose copy it is, where it bears a watermark. */
  copy?: string;
};
export type FileConfig = {
  kind: 'file';
  /** Null as long as the copies marked for this contract are being made. */
  files: PublishedFile[] | null;
  /** The contract whose marked copies are served; absent where files are all alike. */
  copy?: string;
};

type Range = { start: number; end: number };

export type FileOptions = {
  /** `once`: a file's digest is proven by the first whole answer, and then held while the file is untouched; `always`: by each. */
  hashing?: 'once' | 'always';
  locate?: Locate;
};

/** Files with ranges, resume (If-Range) and digests (Repr-Digest, RFC 9530): `GET /product/name`. */
export function fileDriver({ hashing = 'once', locate = inPlace }: FileOptions = {}): Driver<FileConfig> {
  const published = new PublishedFiles(hashing);
  return {
    kind: 'file',
    ask(request, config) {
      const found = findFile(request, config);
      if (found instanceof GatewayProblem) return found;
      const range = rangeOf(request, found);
      if (range === 'unsatisfiable') {
        return new GatewayProblem('rangeNotSatisfiable', { headers: { 'content-range': `bytes */${found.bytes}` } });
      }
      if (request.method === 'HEAD' || isUnchanged(request, found)) return { metered: false };
      return { metered: true, estimate: { bytes: range ? range.end - range.start : found.bytes } };
    },
    async serve({ request, config, effects, stop }) {
      const file = findFile(request, config);
      if (file instanceof GatewayProblem) throw file;
      // Neither the unmarked file nor somebody else's copy.
      if (file.copy !== (effects.marked ? (config.copy ?? '') : undefined)) throw preparing();
      const range = rangeOf(request, file);
      if (range === 'unsatisfiable') throw new GatewayProblem('rangeNotSatisfiable');
      const headers = headersOf(file);
      if (isUnchanged(request, file)) return { status: 304, headers, body: new Uint8Array(0), metered: false };
      const { start, end } = range ?? { start: 0, end: file.bytes };
      headers['content-length'] = String(end - start);
      if (range) headers['content-range'] = `bytes ${start}-${end - 1}/${file.bytes}`;
      const status = range ? 206 : 200;
      if (request.method === 'HEAD') return { status, headers, body: new Uint8Array(0), metered: false };
      const here = { ...file, path: locate(file.path) };
      await published.check(here);
      return { status, headers, body: published.pieces(here, start, end, stop) };
    },
  };
}

const preparing = () => new GatewayProblem('preparing', { headers: { 'retry-after': '5' } });

function findFile({ method, path }: GatewayRequest, { files }: FileConfig): PublishedFile | GatewayProblem {
  if (method !== 'GET' && method !== 'HEAD')
    return new GatewayProblem('methodNotAllowed', { headers: { allow: 'GET, HEAD' } });
  if (files === null) return preparing();
  const only = path === '' && files.length === 1 ? files[0] : undefined;
  return (
    only ??
    files.find(({ name }) => encodeURIComponent(name) === path || name === path) ??
    new GatewayProblem('notFound')
  );
}

function headersOf(file: PublishedFile): Record<string, string> {
  return {
    'content-type': file.contentType ?? 'application/octet-stream',
    'accept-ranges': 'bytes',
    etag: `"${file.sha256}"`,
    'repr-digest': `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`,
    'cache-control': 'private, no-store',
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`,
  };
}

function isUnchanged({ headers }: GatewayRequest, { sha256 }: PublishedFile): boolean {
  return isKnown(headers['if-none-match'], `"${sha256}"`);
}

/** One range, half open; null for the whole file. Several ranges are answered whole, as RFC 9110 section 14.2 permits. */
function rangeOf({ headers }: GatewayRequest, { bytes, sha256 }: PublishedFile): Range | null | 'unsatisfiable' {
  const found = /^bytes=(\d*)-(\d*)$/.exec(headers.range?.trim() ?? '');
  if (!found || (found[1] === '' && found[2] === '')) return null;
  // Another version under the same name: the client's first half is of no use, so it gets the whole.
  if (headers['if-range'] !== undefined && headers['if-range'] !== `"${sha256}"`) return null;
  const [first, last] = [found[1] === '' ? null : Number(found[1]), found[2] === '' ? null : Number(found[2])];
  if (first === null)
    return last === 0 || bytes === 0 ? 'unsatisfiable' : { start: Math.max(0, bytes - (last ?? 0)), end: bytes };
  if (first >= bytes) return 'unsatisfiable';
  if (last !== null && last < first) return null;
  return { start: first, end: Math.min(bytes, (last ?? bytes) + (last === null ? 0 : 1)) };
}

/** What a signed address names. `expires` in whole seconds since the epoch. */
export type SignedAddress = { grantId: string; productId: string; file: string; expires: number };

export const SIGNED_ADDRESS_SECONDS_MAX = 7 * 86_400;

/** Query string of an address that needs no key. It dies with the grant, whatever its own end. */
export function signAddress(address: SignedAddress, addressKey: Uint8Array): string {
  const { grantId, expires } = address;
  return new URLSearchParams({
    grant: grantId,
    expires: String(expires),
    signature: addressMac(address, addressKey),
  }).toString();
}

export function addressHolds(address: SignedAddress, signature: string, addressKey: Uint8Array, now: number): boolean {
  const expected = Buffer.from(addressMac(address, addressKey));
  const given = Buffer.from(signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return false;
  const { expires } = address;
  return (
    Number.isSafeInteger(expires) && now < expires * 1000 && expires * 1000 - now <= SIGNED_ADDRESS_SECONDS_MAX * 1000
  );
}

function addressMac({ grantId, productId, file, expires }: SignedAddress, key: Uint8Array): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([grantId, productId, file, expires]))
    .digest('base64url');
}
