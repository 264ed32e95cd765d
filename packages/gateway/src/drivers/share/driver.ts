import { GatewayProblem } from '../../problem.ts';
import type { Ask, Driver, DriverAnswer, GatewayRequest, ServeContext } from '../driver.ts';
import { fileDriver, type PublishedFile, SIGNED_ADDRESS_SECONDS_MAX } from '../file.ts';
import { inPlace, type Locate } from '../locate.ts';
import { capabilitiesOf, capabilityHeaders } from './capabilities.ts';
import { type EndStream, endStreamLine, fileLine, metadataLine, ndjson, protocolLine } from './lines.ts';
import {
  effectsKey,
  filePath,
  manifestShelf,
  type ShareConfig,
  type ShareFile,
  type ShareManifest,
  type ShareTable,
  sameName,
} from './manifest.ts';
import { pageOf, routeOf, type ShareRoute } from './route.ts';
import {
  QUERY_LIMITS,
  type QueryBody,
  type Selection,
  selectChanges,
  selectQuery,
  versionAsOf,
  versionSince,
} from './select.ts';

export type ShareOptions = {
  /** Address under which `/delta-sharing` is reached from outside, without a slash at its end. */
  publicUrl: () => string;
  /** How long a signed address holds, s; it dies with the grant before. */
  addressSeconds?: number;
  locate?: Locate;
};

/**
 * Delta's kernel reads an address over HTTP only when it bears a mark of the signed addresses of some large cloud; this is the
 * shortest of them, “permission: read”.
 */
const SIGNED_MARK = 'sp=r';

type TableRoute = Extract<ShareRoute, { table: string }>;
type Context = ServeContext<ShareConfig>;

/**
 * The table share: the Delta Sharing protocol on files that were cut to the contract beforehand. A query is the use that is
 * counted, with the rows of the files it opens; the files themselves then go by signed addresses, their bytes recorded.
 */
export function shareDriver({ publicUrl, addressSeconds = 3600, locate = inPlace }: ShareOptions): Driver<ShareConfig> {
  const shelf = manifestShelf();
  const files = fileDriver({ locate });
  const seconds = Math.min(addressSeconds, SIGNED_ADDRESS_SECONDS_MAX);

  const manifestOf = ({ manifest }: ShareConfig): ShareManifest => {
    if (manifest === null) throw new GatewayProblem('preparing', { headers: { 'retry-after': '5' } });
    return shelf(locate(manifest));
  };

  const fileRequest = (request: GatewayRequest, config: ShareConfig, id: string) => ({
    request: { ...request, path: id },
    config: { kind: 'file' as const, files: [publishedFile(config, manifestOf(config), id)], copy: config.copy },
  });

  const answerTable = async (context: Context, route: TableRoute, manifest: ShareManifest): Promise<DriverAnswer> => {
    const { request, config, now } = context;
    const table = tableOf(route, config, manifest);
    const { query } = request;
    if (route.act === 'version') {
      const { version } = versionSince(table, query.get('startingTimestamp') ?? undefined);
      return { status: 200, headers: versionHeaders(version), body: new Uint8Array(0), metered: false };
    }
    const capabilities = capabilitiesOf(request);
    const { format } = capabilities;
    const headers = { 'content-type': 'application/x-ndjson; charset=utf-8', ...capabilityHeaders(capabilities) };
    if (route.act === 'metadata') {
      const at = versionAsOf(table, Object.fromEntries(query));
      const body = ndjson([protocolLine(format), metadataLine(format, table, at)]);
      return whole({ ...headers, ...versionHeaders(at.version) }, body, { metered: false });
    }
    const body = route.act === 'query' ? await bodyOf(request) : {};
    const selection = route.act === 'query' ? selectQuery(table, body) : selectChanges(table, query);
    const expires = Math.floor(now / 1000) + seconds;
    const purpose = request.headers['x-purpose'];
    const place = `${publicUrl()}/delta-sharing/${purpose ? `for/${purpose}/` : ''}files`;
    const address = (id: string) => `${place}/${id}?${context.sign(`files/${id}`, expires)}&${SIGNED_MARK}`;
    const lines = [protocolLine(format), metadataLine(format, table, selection.at)];
    for (const { act, id, version } of selection.chosen) {
      const file = table.files[id] as ShareFile;
      const { dated } = selection;
      lines.push(fileLine(format, { act, id, file, version, dated, url: address(id), expires: expires * 1000 }));
    }
    if (capabilities.endStream || (body.maxFiles ?? query.get('maxFiles') ?? null) !== null)
      lines.push(endStreamLine(endOf(selection, expires * 1000)));
    const rows = rowsIn(table, selection);
    return whole({ ...headers, ...versionHeaders(selection.at.version) }, ndjson(lines), { rows });
  };

  return {
    kind: 'share',
    ask(request, config): Ask | GatewayProblem {
      const route = routeOf(request);
      if (route instanceof GatewayProblem) return route;
      try {
        if (route.act === 'file') {
          const { request: forFile, config: one } = fileRequest(request, config, route.file);
          const ask = files.ask(forFile, one);
          return ask instanceof GatewayProblem ? ask : { ...ask, continues: true };
        }
        if ('share' in route && !sameName(route.share, config.share)) return new GatewayProblem('notFound');
        if ('schema' in route && !sameName(route.schema, config.schema)) return new GatewayProblem('notFound');
        if ('table' in route) tableOf(route, config, manifestOf(config));
        return { metered: request.method !== 'HEAD' && (route.act === 'query' || route.act === 'changes') };
      } catch (error) {
        if (error instanceof GatewayProblem) return error;
        throw error;
      }
    },
    async serve(context): Promise<DriverAnswer> {
      const { request, config, effects } = context;
      const route = routeOf(request);
      if (route instanceof GatewayProblem) throw route;
      if (!('table' in route) && route.act !== 'file' && route.act !== 'tables' && route.act !== 'allTables')
        return listed(request, config, route, null);
      const manifest = manifestOf(config);
      // Files cut for other terms are not what this decision allows: the new ones are on their way.
      if (manifest.effects !== effectsKey(effects)) throw new GatewayProblem('preparing');
      // Neither the unmarked data nor somebody else's copy.
      if (manifest.copy !== (effects.marked ? (config.copy ?? '') : undefined)) throw new GatewayProblem('preparing');
      if (route.act === 'file') return files.serve({ ...context, ...fileRequest(request, config, route.file) });
      if ('table' in route) return answerTable(context, route, manifest);
      return listed(request, config, route, manifest);
    },
  };
}

function whole(headers: Record<string, string>, body: Buffer, more: Partial<DriverAnswer>): DriverAnswer {
  const full = { ...headers, 'content-length': String(body.length), 'cache-control': 'no-store' };
  return { status: 200, headers: full, body, ...more };
}

function versionHeaders(version: number): Record<string, string> {
  return { 'delta-table-version': String(version) };
}

function tableOf(route: TableRoute, { schema }: ShareConfig, { tables }: ShareManifest): ShareTable {
  const found = sameName(route.schema, schema) && tables.find(({ name }) => sameName(name, route.table));
  if (!found) throw new GatewayProblem('notFound');
  return found;
}

function publishedFile(config: ShareConfig, { tables, copy }: ShareManifest, id: string): PublishedFile {
  const file = tables.map((table) => (Object.hasOwn(table.files, id) ? table.files[id] : undefined)).find(Boolean);
  if (!file || config.manifest === null) throw new GatewayProblem('notFound');
  const { bytes, sha256 } = file;
  return {
    name: id,
    path: filePath(config.manifest, file),
    bytes,
    sha256,
    contentType: 'application/vnd.apache.parquet',
    copy,
  };
}

/** Shares, schemas and tables, of which a grant has one, one, and as many as its version. */
function listed(
  { query }: GatewayRequest,
  { share, schema, title }: ShareConfig,
  route: ShareRoute,
  manifest: ShareManifest | null,
): DriverAnswer {
  const json = (value: object) =>
    whole({ 'content-type': 'application/json; charset=utf-8' }, Buffer.from(JSON.stringify(value)), {
      metered: false,
    });
  const own = { name: share, id: share, displayName: title };
  if (route.act === 'share') return json({ share: own });
  if (route.act === 'shares') return json(pageOf([own], query));
  if (route.act === 'schemas') return json(pageOf([{ name: schema, share }], query));
  const tables = (manifest?.tables ?? []).map(({ name, id }) => ({
    name,
    schema,
    share,
    shareId: share,
    id,
    accessModes: ['url'],
  }));
  return json(pageOf(tables, query));
}

function rowsIn(table: ShareTable, { chosen }: Selection): number {
  return chosen
    .filter(({ act }) => act !== 'remove')
    .reduce((sum, { id }) => sum + (table.files[id] as ShareFile).stats.numRecords, 0);
}

function endOf({ nextPageToken, refreshToken, chosen }: Selection, expires: number): EndStream {
  return {
    ...(nextPageToken ? { nextPageToken } : {}),
    ...(refreshToken ? { refreshToken } : {}),
    ...(chosen.length > 0 ? { minUrlExpirationTimestamp: expires } : {}),
  };
}

/** @throws bodyMalformed, requestTooLarge */
async function bodyOf({ body }: GatewayRequest): Promise<QueryBody> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > QUERY_LIMITS.bodyBytesMax) throw new GatewayProblem('requestTooLarge');
    pieces.push(piece);
  }
  if (bytes === 0) return {};
  try {
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as QueryBody;
  } catch {
    // Told below, as for a body that is JSON but no object.
  }
  throw new GatewayProblem('bodyMalformed');
}
