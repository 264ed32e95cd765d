import { createHash } from 'node:crypto';
import { GatewayProblem } from '../../problem.ts';
import { type BoundValues, type CheckedTemplate, readParameters } from '../../query/template.ts';
import { notGranted } from '../../query/views.ts';
import type { Ask, Driver, DriverAnswer, GatewayRequest, ServeContext } from '../driver.ts';
import { inPlace, type Locate } from '../locate.ts';
import { type QueryAnswer, QueryBusy, type QueryPool } from './pool.ts';
import { QueryEnded } from './process.ts';
import type { AnswerFormat, QueryTable } from './protocol.ts';

/** A query product: the supplier's checked templates over Parquet files that stand as long as the version does. */
export type QueryConfig = {
  kind: 'query';
  tables: { name: string; path: string; columns: string[] }[];
  templates: CheckedTemplate[];
  rowsMax: number;
  bytesMax: number;
  seconds: number;
};

/** An answer of this size or less is sent whole, so that whatever goes wrong in it is still told in words. */
const WHOLE_BYTES = 2 ** 20;
const BODY_BYTES_MAX = 64 * 1024;

const CONTENT_TYPES: Readonly<Record<AnswerFormat, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
};

/**
 * `GET|POST /product/template?parameter=value`, and `format=` or Accept for JSON, CSV, Arrow or Parquet; a POST may carry
 * its parameters as a JSON object instead. Rows and columns are cut in front of the tables, before the query sees them.
 */
export function queryDriver(pool: QueryPool, locate: Locate = inPlace): Driver<QueryConfig> {
  return {
    kind: 'query',
    ask(request, config): Ask | GatewayProblem {
      const template = findTemplate(request, config);
      if (template instanceof GatewayProblem) return template;
      const format = formatOf(request);
      if (format instanceof GatewayProblem) return format;
      const values = request.method === 'GET' ? valuesOf(template, queryOf(request)) : null;
      if (values instanceof GatewayProblem) return values;
      return { columns: [...new Set(Object.values(template.reads).flat())], metered: true };
    },
    async serve(context) {
      const { request, config, effects } = context;
      const template = findTemplate(request, config);
      const format = formatOf(request);
      if (template instanceof GatewayProblem) throw template;
      if (format instanceof GatewayProblem) throw format;
      const values = valuesOf(template, { ...queryOf(request), ...(await bodyOf(request)) });
      if (values instanceof GatewayProblem) throw values;
      const columnsOf = (name: string) => config.tables.find((table) => table.name === name)?.columns ?? [];
      const beyond = notGranted(template.reads, effects, columnsOf);
      if (beyond !== null) throw new GatewayProblem('templateNotGranted', { detail: beyond });
      try {
        return await answer(await start(pool, context, tablesAt(config, locate), template, values, format), format);
      } catch (error) {
        throw problemOf(error);
      }
    },
  };
}

function findTemplate({ method, path }: GatewayRequest, { templates }: QueryConfig): CheckedTemplate | GatewayProblem {
  const found = templates.find(({ name }) => name === path);
  if (!found) return new GatewayProblem('templateUnknown');
  return method === 'GET' || method === 'POST'
    ? found
    : new GatewayProblem('methodNotAllowed', { headers: { allow: 'GET, POST' } });
}

function queryOf({ query }: GatewayRequest): Record<string, string> {
  const given: Record<string, string> = Object.create(null);
  for (const [name, value] of query) if (name !== 'format') given[name] = value;
  return given;
}

async function bodyOf({ method, body, headers }: GatewayRequest): Promise<Record<string, string>> {
  if (method !== 'POST' || !body) return {};
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > BODY_BYTES_MAX) throw new GatewayProblem('requestTooLarge');
    parts.push(part);
  }
  if (size === 0) return {};
  if (!/^application\/json\b/i.test(headers['content-type'] ?? ''))
    throw new GatewayProblem('requestInvalid', { detail: 'content-type' });
  try {
    const given: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
    if (given === null || typeof given !== 'object' || Array.isArray(given)) throw new TypeError('no object');
    const entries = Object.entries(given).filter(([, value]) => value !== null);
    if (entries.some(([, value]) => typeof value === 'object')) throw new TypeError('nested');
    return Object.assign(
      Object.create(null),
      Object.fromEntries(entries.map(([name, value]) => [name, String(value)])),
    );
  } catch (error) {
    throw new GatewayProblem('requestInvalid', { detail: 'body', cause: error });
  }
}

function valuesOf({ parameters }: CheckedTemplate, given: Record<string, string>): BoundValues | GatewayProblem {
  const read = readParameters(parameters, given);
  if ('values' in read) return read.values;
  const { field, zh, en } = read.fault;
  return new GatewayProblem('parameterInvalid', { field, zh, detail: en });
}

function formatOf({ query, headers }: GatewayRequest): AnswerFormat | GatewayProblem {
  const named = query.get('format');
  if (named !== null) {
    if (Object.hasOwn(CONTENT_TYPES, named)) return named as AnswerFormat;
    return new GatewayProblem('parameterInvalid', {
      field: 'format',
      zh: 'json、csv、arrow 或 parquet',
      detail: 'json, csv, arrow or parquet',
    });
  }
  const accepted = (headers.accept ?? '*/*').split(',').map((one) => one.split(';')[0]?.trim().toLowerCase() ?? '');
  for (const type of accepted) {
    if (type === '*/*' || type === 'application/*' || type === '') return 'json';
    if (type === 'text/*') return 'csv';
    const found = (Object.keys(CONTENT_TYPES) as AnswerFormat[]).find(
      (one) => CONTENT_TYPES[one].split(';')[0] === type,
    );
    if (found) return found;
  }
  return new GatewayProblem('formatNotOffered');
}

function tablesAt({ tables }: QueryConfig, locate: Locate): QueryTable[] {
  return tables.map(({ name, path }) => ({ name, path: locate(path) }));
}

function start(
  pool: QueryPool,
  { config, effects, maskKey, stop, grantId }: ServeContext<QueryConfig>,
  tables: readonly QueryTable[],
  { sql }: CheckedTemplate,
  values: BoundValues,
  format: AnswerFormat,
): Promise<QueryAnswer> {
  const { columns, masks, rowFilter } = effects;
  const fixed = { grantId, tables, columns, masks, rowFilter };
  const scope = createHash('sha256').update(JSON.stringify(fixed)).digest('hex');
  const { rowsMax, bytesMax, seconds } = config;
  return pool.run(
    { scope, tables, effects: { columns, masks, rowFilter }, maskKey },
    { sql, values, format, rowsMax, bytesMax, seconds },
    stop.signal,
  );
}

async function answer(given: QueryAnswer, format: AnswerFormat): Promise<DriverAnswer> {
  const headers: Record<string, string> = { 'content-type': CONTENT_TYPES[format], 'cache-control': 'no-store' };
  if (given.kind === 'file') {
    const { body, bytes, rows } = given;
    return { status: 200, headers: { ...headers, 'content-length': String(bytes) }, body, rows };
  }
  const { pieces } = given;
  const held: Uint8Array[] = [];
  let [size, rows] = [0, 0];
  for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
    held.push(next.value.bytes);
    size += next.value.bytes.length;
    rows += next.value.rows;
    if (size > WHOLE_BYTES) return streamed(held, rows, pieces, headers);
  }
  const body = Buffer.concat(held);
  return { status: 200, headers: { ...headers, 'content-length': String(size) }, body, rows };
}

function streamed(
  held: readonly Uint8Array[],
  heldRows: number,
  pieces: Extract<QueryAnswer, { kind: 'pieces' }>['pieces'],
  headers: Record<string, string>,
): DriverAnswer {
  let rows = heldRows;
  async function* body() {
    yield* held;
    for await (const piece of pieces) {
      rows += piece.rows;
      yield piece.bytes;
    }
  }
  return { status: 200, headers, body: body(), rows: () => rows };
}

function problemOf(error: unknown): unknown {
  if (error instanceof QueryBusy) return new GatewayProblem('busy', { headers: { 'retry-after': '5' } });
  if (!(error instanceof QueryEnded)) return error;
  switch (error.code) {
    case 'time':
      return new GatewayProblem('queryTooSlow');
    case 'memory':
      return new GatewayProblem('queryTooLarge');
    case 'rows':
    case 'bytes':
      return new GatewayProblem('answerTooLarge');
    case 'crashed':
      return new GatewayProblem('queryInterrupted', { headers: { 'retry-after': '1' } });
    default:
      // The engine's words may quote values that the contract withholds.
      return new GatewayProblem('queryFailed');
  }
}
