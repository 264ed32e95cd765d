/** Query templates: passed by the gate when they are set, and tried by their supplier. */
import {
  type CheckedTemplate,
  isFinding,
  QUERY_ENGINE_VERSION,
  QueryBusy,
  QueryEnded,
  type QueryPool,
  readParameters,
} from '@shugu/gateway';
import { queryLimits } from '@shugu/wire/delivery';
import type { Database, Reader } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import type { ObjectStore } from '../../kernel/objects.ts';
import { inLanguage, kernelProblems, Problem } from '../../kernel/problem.ts';
import type {
  DeliverableVersion,
  DeliveryNeighbours,
  EndpointConfig,
  QueryDraft,
  QueryTemplateDraft,
} from '../model.ts';
import { problems } from '../problems.ts';
import { queryEndpoints } from '../reads.ts';
import { readsView } from '../rules.ts';
import * as store from '../store.ts';

export interface QueryDeps extends Pick<DeliveryNeighbours, 'version'> {
  objects: Pick<ObjectStore, 'local'>;
  queries(): Promise<QueryPool>;
}

/** A try-out must not hold up the processes that buyers wait for. */
const trySeconds = 10;
const tryBytesMax = 8 * 2 ** 20;

const tablesOf = async (deps: QueryDeps, { tables }: DeliverableVersion) => {
  const found: { name: string; path: string }[] = [];
  for (const { name, normal } of tables)
    if (normal) found.push({ name, path: await deps.objects.local(normal.digest) });
  return found;
};

const passed = async (
  deps: QueryDeps,
  version: DeliverableVersion,
  template: QueryTemplateDraft,
  field: string,
): Promise<CheckedTemplate> => {
  const pool = await deps.queries();
  const tables = await tablesOf(deps, version);
  const found = await pool.check(tables, template).catch((error) => {
    if (error instanceof QueryBusy) throw problems.queryBusy();
    throw error instanceof QueryEnded ? problems.queryRefused({ field, detail: 'time' }) : error;
  });
  if (isFinding(found)) throw problems.queryRefused({ field, detail: { zh: found.zh, en: found.en } });
  return found;
};

/** What the gateway serves of a draft; throws delivery.queryRefused with the field and the reason. */
export const queryConfig = async (
  deps: QueryDeps,
  draft: QueryDraft,
  version: DeliverableVersion,
): Promise<EndpointConfig> => {
  const templates: CheckedTemplate[] = [];
  for (const [at, template] of draft.templates.entries())
    templates.push(await passed(deps, version, template, `body.endpoints.templates.${at}.sql`));
  const read = new Set(templates.flatMap(({ reads }) => Object.keys(reads)));
  // Only what a template reads ever comes near a query process.
  const tables = version.tables.flatMap(({ name, normal, columns }) =>
    normal && read.has(name) ? [{ name, digest: normal.digest, columns: columns.map((one) => one.name) }] : [],
  );
  return {
    kind: 'query',
    engine: QUERY_ENGINE_VERSION,
    tables,
    templates,
    rowsMax: draft.rowsMax,
    secondsMax: draft.secondsMax,
  };
};

const everything = { columns: null, masks: {}, rowFilter: [] };

/** Runs a draft of a template on the version's own data, in the name of its supplier; the first rows. */
export const tryTemplate = async (
  deps: QueryDeps,
  read: Reader,
  {
    version: id,
    participant,
    template,
    values,
  }: { version: string; participant: string; template: QueryTemplateDraft; values: Record<string, string> },
) => {
  const version = await deps.version(read, id);
  if (version?.participant !== participant) throw kernelProblems.unknown();
  const checked = await passed(deps, version, template, 'body.template.sql');
  const bound = readParameters(checked.parameters, values);
  if ('fault' in bound) {
    const { field, zh, en } = bound.fault;
    throw problems.parameterWrong({ field: `body.values.${field}`, detail: { zh, en } });
  }
  const begun = performance.now();
  const answer = await runOnce(deps, version, checked, bound.values);
  const names = checked.answer.map(({ name }) => name);
  return {
    reads: readsView(checked),
    answer: checked.answer.map(({ name, type }) => ({ name, type })),
    rows: answer.slice(0, queryLimits.tryRowsMax).map((row) => names.map((name) => row[name] ?? null)),
    more: answer.length > queryLimits.tryRowsMax,
    milliseconds: Math.round(performance.now() - begun),
  };
};

type Row = Record<string, string | number | boolean | null>;

const runOnce = async (
  deps: QueryDeps,
  version: DeliverableVersion,
  { sql, reads }: CheckedTemplate,
  values: Parameters<QueryPool['run']>[1]['values'],
): Promise<Row[]> => {
  const pool = await deps.queries();
  const tables = (await tablesOf(deps, version)).filter(({ name }) => name in reads);
  const limited = `SELECT * FROM (${sql}) LIMIT ${queryLimits.tryRowsMax + 1}`;
  const scope = `try ${version.id} ${JSON.stringify(tables)}`;
  try {
    const answer = await pool.run(
      { scope, tables, effects: everything, maskKey: new Uint8Array(32) },
      {
        sql: limited,
        values,
        format: 'json',
        rowsMax: queryLimits.tryRowsMax + 1,
        bytesMax: tryBytesMax,
        seconds: trySeconds,
      },
      AbortSignal.timeout((trySeconds + 20) * 1000),
    );
    if (answer.kind === 'file') throw new Error('asked for pieces');
    const pieces: Uint8Array[] = [];
    for await (const { bytes } of answer.pieces) pieces.push(bytes);
    return (JSON.parse(Buffer.concat(pieces).toString('utf8')) as { data: Row[] }).data;
  } catch (error) {
    if (error instanceof QueryBusy) throw problems.queryBusy();
    // The supplier's own data, so the engine's own words.
    if (error instanceof QueryEnded)
      throw problems.queryFailed({ field: 'body.template.sql', detail: whyEnded(error) });
    throw error;
  }
};

const whyEnded = ({ code, message }: QueryEnded) => {
  if (code === 'time') return { zh: `超过 ${trySeconds} 秒`, en: `took longer than ${trySeconds} seconds` };
  if (code === 'memory') return { zh: '所需内存超过上限', en: 'needs more memory than it may' };
  return code === 'failed' ? (message.split('\n')[0] ?? '') : code;
};

/** At start, after an upgrade of the engine: what its former gate let pass is looked at by the new one, before it is served. */
export const recheckQueries = async (deps: QueryDeps, database: Database): Promise<void> => {
  for (const endpoint of await queryEndpoints(database)) {
    const { config, draft, id, revision } = endpoint;
    if (config?.kind !== 'query' || draft.kind !== 'query' || config.engine === QUERY_ENGINE_VERSION) continue;
    const version = await deps.version(database, endpoint.version);
    if (!version) continue;
    const found = await queryConfig(deps, draft, version).catch((error) => {
      if (error instanceof Problem) return error;
      throw error;
    });
    await database.tx(systemActor('delivery'), async (tx) => {
      if (!(found instanceof Problem)) return store.setEndpointReady(tx, id, revision, found, 0);
      const { zh, en } = found.definition.title;
      const detail = { zh: inLanguage(found.detail, 'zh'), en: inLanguage(found.detail, 'en') };
      return store.setEndpointFailed(tx, id, revision, { zh: `${zh}：${detail.zh}`, en: `${en}: ${detail.en}` });
    });
  }
};
