/** Query templates: passed by the gate when they are set, and tried by their supplier. */
import { type CheckedTemplate, isFinding, QueryBusy, QueryEnded, type QueryPool, readParameters } from '@shugu/gateway';
import { queryLimits } from '@shugu/wire/delivery';
import type { Reader } from '../../kernel/db/db.ts';
import type { ObjectStore } from '../../kernel/objects.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type {
  DeliverableVersion,
  DeliveryNeighbours,
  EndpointConfig,
  QueryDraft,
  QueryTemplateDraft,
} from '../model.ts';
import { problems } from '../problems.ts';
import { readsView } from '../rules.ts';

export interface QueryDeps extends Pick<DeliveryNeighbours, 'version'> {
  objects: Pick<ObjectStore, 'pathOf'>;
  queries(): Promise<QueryPool>;
}

/** A try-out must not hold up the processes that buyers wait for. */
const trySeconds = 10;
const tryBytesMax = 8 * 2 ** 20;

const tablesOf = (deps: QueryDeps, { tables }: DeliverableVersion) =>
  tables.flatMap(({ name, normal }) => (normal ? [{ name, path: deps.objects.pathOf(normal.digest) }] : []));

const passed = async (
  deps: QueryDeps,
  version: DeliverableVersion,
  template: QueryTemplateDraft,
  field: string,
): Promise<CheckedTemplate> => {
  const pool = await deps.queries();
  const found = await pool.check(tablesOf(deps, version), template).catch((error) => {
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
  return { kind: 'query', tables, templates, rowsMax: draft.rowsMax, secondsMax: draft.secondsMax };
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
  const tables = tablesOf(deps, version).filter(({ name }) => name in reads);
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
