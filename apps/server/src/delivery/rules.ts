/** Decisions of this room. Pure: no clock, no database, no network. */

import { isIP } from 'node:net';
import { addressCheck, type CheckedTemplate, checkParameter, effectsKey, shareName } from '@shugu/gateway';
import type { Plan, Quota, Watermark } from '@shugu/policy';
import type { Problem } from '../kernel/problem.ts';
import type {
  ApiDraft,
  Bound,
  Cut,
  DeliverableFile,
  DeliverableVersion,
  DeliveryKind,
  Endpoint,
  EndpointDraft,
  FileCopy,
  FileDraft,
  Grant,
  GrantState,
  ProxyDraft,
  QueryDraft,
  Revision,
} from './model.ts';
import { problems } from './problems.ts';
import { documentFault } from './upstream-document.ts';

/** Which state a grant may leave for which. Withdrawn and expired are final. */
export const grantMoves: Readonly<Record<GrantState, readonly GrantState[]>> = {
  opening: ['active', 'suspended', 'withdrawn', 'expired'],
  active: ['suspended', 'withdrawn', 'expired'],
  suspended: ['active', 'withdrawn', 'expired'],
  withdrawn: [],
  expired: [],
};

/** Its name at the gateway: one grant has one line for each kind of delivery, and all count on the grant. */
export const lineOf = (grant: string, kind: DeliveryKind): string => `${grant}.${kind}`;
export const addressOf = (grant: string, kind: DeliveryKind): string =>
  kind === 'share' ? `/delta-sharing/shares/${grant}` : `/gateway/${kind}/${grant}`;

const tableOf = (version: DeliverableVersion, name: string, field: string) =>
  version.tables.find((table) => table.name === name) ?? problems.tableUnknown({ field, detail: name });

const checkApi = (draft: ApiDraft, version: DeliverableVersion): Problem | undefined => {
  const table = tableOf(version, draft.table, 'body.endpoints.table');
  if (table instanceof Error) return table;
  if (!table.normal) return problems.contentMissing({ detail: table.name });
  const asked = [...draft.keyColumns, ...draft.filterColumns];
  if (new Set(asked).size !== asked.length || new Set(draft.answerColumns).size !== draft.answerColumns.length)
    return problems.columnTwice({ field: 'body.endpoints' });
  const known = new Set(table.columns.map(({ name }) => name));
  const missing = [...asked, ...draft.answerColumns].find((name) => !known.has(name));
  return missing === undefined ? undefined : problems.columnUnknown({ field: 'body.endpoints', detail: missing });
};

/** Files of a draft; two of the same name get their table's name in front. */
export const filesOf = (draft: FileDraft, version: DeliverableVersion): DeliverableFile[] | Problem => {
  const wanted =
    draft.files.length > 0
      ? draft.files
      : version.tables.flatMap(({ name, original }) => (original ? [{ table: name, form: 'original' as const }] : []));
  if (wanted.length === 0) return problems.contentMissing();
  const files: DeliverableFile[] = [];
  for (const { table: name, form } of wanted) {
    const table = tableOf(version, name, 'body.endpoints.files');
    if (table instanceof Error) return table;
    const file = table[form];
    if (!file) return problems.contentMissing({ detail: name });
    const plain = { name: file.name, digest: file.digest, bytes: file.bytes, contentType: file.contentType };
    files.push(files.some((one) => one.name === plain.name) ? { ...plain, name: `${name}-${plain.name}` } : plain);
  }
  const names = new Set(files.map(({ name }) => name));
  return names.size === files.length ? files : problems.kindTwice({ field: 'body.endpoints.files' });
};

// What the gateway or HTTP itself sets; a supplier's secret in one of these would be lost or break the request.
const reservedHeaders = new Set([
  'host',
  'content-length',
  'content-type',
  'transfer-encoding',
  'connection',
  'upgrade',
  'expect',
  'te',
  'trailer',
  'accept-encoding',
]);

/** `allowed`: private addresses or networks that the operator has opened. Names are checked again when connecting. */
export const checkProxy = (draft: ProxyDraft, allowed: readonly string[]): Problem | undefined => {
  const refused = (detail: string) => problems.upstreamRefused({ field: 'body.endpoints.upstream', detail });
  const url = new URL(draft.upstream);
  if (url.username || url.password) return refused('credentials');
  if (url.hash) return refused('fragment');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !addressCheck(allowed)(host)) return refused(host);
  if (/^localhost$|\.localhost$/i.test(host) && !addressCheck(allowed)('127.0.0.1')) return refused(host);
  if (draft.secret && !draft.secretHeader)
    return problems.secretHeaderMissing({ field: 'body.endpoints.secretHeader' });
  if (draft.secretHeader && reservedHeaders.has(draft.secretHeader.toLowerCase()))
    return problems.secretHeaderReserved({ field: 'body.endpoints.secretHeader' });
  if (draft.secret && !/^[\x20-\x7e]+$/.test(draft.secret))
    return problems.secretHeaderReserved({ field: 'body.endpoints.secret' });
  const fault = draft.document ? documentFault(draft.document) : undefined;
  return fault && problems.documentWrong({ field: 'body.endpoints.document', detail: fault });
};

/** What can be said without the engine; the gate looks at the SQL after (service/queries.ts). */
export const checkQuery = ({ templates }: QueryDraft, version: DeliverableVersion): Problem | undefined => {
  if (!version.tables.some(({ normal }) => normal)) return problems.contentMissing();
  const field = 'body.endpoints.templates';
  const twice = (names: readonly string[]) => names.find((name, at) => names.indexOf(name) !== at);
  const name = twice(templates.map((one) => one.name));
  if (name !== undefined) return problems.nameTwice({ field, detail: name });
  for (const [at, { parameters }] of templates.entries()) {
    const parameter = twice(parameters.map((one) => one.name));
    if (parameter !== undefined) return problems.nameTwice({ field: `${field}.${at}.parameters`, detail: parameter });
    for (const one of parameters) {
      const fault = checkParameter(one);
      if (fault)
        return problems.parameterWrong({
          field: `${field}.${at}.parameters`,
          detail: { zh: `${fault.field}：${fault.zh}`, en: `${fault.field}: ${fault.en}` },
        });
    }
  }
  return undefined;
};

/** Undefined when the version can be delivered as drafted. */
export const checkDraft = (
  draft: EndpointDraft,
  version: DeliverableVersion,
  allowed: readonly string[],
): Problem | undefined => {
  if (!version.deliveryModes.includes(draft.kind))
    return problems.kindNotOffered({ field: 'body.endpoints', detail: draft.kind });
  if (draft.kind === 'api') return checkApi(draft, version);
  if (draft.kind === 'proxy') return checkProxy(draft, allowed);
  if (draft.kind === 'query') return checkQuery(draft, version);
  if (draft.kind === 'share') return version.tables.some(({ data }) => data) ? undefined : problems.contentMissing();
  const files = filesOf(draft, version);
  return files instanceof Error ? files : undefined;
};

/** What a template reads, table by table. */
export const readsView = ({ reads }: Pick<CheckedTemplate, 'reads'>) =>
  Object.entries(reads).map(([table, columns]) => ({ table, columns: [...columns] }));

/** Which columns are copied into a point store; undefined: all. What nobody may be answered never gets there. */
export const copiedColumns = ({ keyColumns, filterColumns, answerColumns }: ApiDraft): string[] | undefined =>
  answerColumns.length === 0 ? undefined : [...new Set([...keyColumns, ...filterColumns, ...answerColumns])];

/** What was made of the version's data for grants. */
export interface Prepared {
  endpoints: readonly Endpoint[];
  /** The grant's, where it has a table share. */
  cut: Pick<Cut, 'built'> | undefined;
  copies: readonly FileCopy[];
}

export const allReady = (grant: Grant, { endpoints, cut, copies }: Prepared): boolean =>
  grant.kinds.every((kind) => endpoints.some((one) => one.kind === kind && one.config !== null)) &&
  (!grant.kinds.includes('share') || (cut?.built ?? null) !== null) &&
  (!grant.kinds.includes('file') || filesFor(grant, endpoints, copies) !== null);

/** What of a plan cuts the data, under the key by which equal cuts are found. */
export const cutOf = (
  grant: Pick<Grant, 'id' | 'contract' | 'plan'>,
): Pick<Cut, 'key' | 'columns' | 'masks' | 'rowFilter' | 'line' | 'copy' | 'watermark'> => {
  const { columns, masks, rowFilter, watermark = null } = grant.plan;
  // Two buyers must not be able to join on a masked value, so each gets its own.
  const line = Object.values(masks).some(({ kind }) => kind === 'hash') ? lineOf(grant.id, 'share') : null;
  const copy = watermark ? copyOf(grant) : null;
  const key = [effectsKey({ columns, masks, rowFilter }), line, copy && `${copy} ${watermarkText(watermark!)}`];
  return { key: key.filter(Boolean).join(' '), columns, masks, rowFilter, line, copy, watermark };
};

/** Under which name a copy is marked: the contract that a leaked one is traced to, or the grant of a trial. */
export const copyOf = ({ id, contract }: Pick<Grant, 'id' | 'contract'>): string => contract ?? id;

/** How a grant's copies are marked, and for whom; null where they are all alike. */
export const markOf = (
  grant: Pick<Grant, 'id' | 'contract' | 'plan'>,
): { copy: string; watermark: Watermark; text: string } | null => {
  const { watermark } = grant.plan;
  return watermark ? { copy: copyOf(grant), watermark, text: watermarkText(watermark) } : null;
};

/** The table that a file was made of. */
export const tableOfFile = ({ tables }: DeliverableVersion, digest: string) =>
  tables.find(({ original, normal, data }) => [original, normal, data].some((one) => one?.digest === digest));

/** The copy that stands in the place of a file, made or in the making. */
export const copyFor = (
  grant: Pick<Grant, 'id' | 'contract' | 'plan' | 'version'>,
  { digest }: Pick<DeliverableFile, 'digest'>,
  copies: readonly FileCopy[],
): FileCopy | undefined => {
  const mark = markOf(grant);
  return copies.find(
    ({ version, copy, source, mark: text }) =>
      version === grant.version && copy === mark?.copy && source === digest && text === mark.text,
  );
};

/** A file as a grant gets it; `copy`: for whom it is marked. */
export type GrantedFile = DeliverableFile & { copy?: string };

/** The files of a grant, in place of each its marked copy where the contract says so; null as long as one is being made. */
export const filesFor = (
  grant: Pick<Grant, 'id' | 'contract' | 'plan' | 'version'>,
  endpoints: readonly Endpoint[],
  copies: readonly FileCopy[],
): GrantedFile[] | null => {
  const config = endpoints.find(({ kind }) => kind === 'file')?.config;
  if (config?.kind !== 'file') return [];
  if (!markOf(grant)) return config.files;
  const files = config.files.flatMap((file): GrantedFile[] => {
    const made = copyFor(grant, file, copies);
    if (!made || made.digest === null || made.bytes === null) return [];
    return [{ ...file, digest: made.digest, bytes: made.bytes, copy: made.copy }];
  });
  return files.length === config.files.length ? files : null;
};

const watermarkText = ({ altered, syntheticRows }: Watermark): string =>
  JSON.stringify([syntheticRows, Object.entries(altered).sort(([one], [other]) => (one < other ? -1 : 1))]);

/** Names as clients see them; two tables whose names would become the same are numbered. */
export const shareTableNames = (names: readonly string[]): string[] => {
  const taken = new Set<string>();
  return names.map((name) => {
    const plain = shareName(name);
    let own = plain;
    for (let count = 2; taken.has(own.toLowerCase()); count++) own = `${plain}_${count}`;
    taken.add(own.toLowerCase());
    return own;
  });
};

/** The newest data, if it may follow what was published: other than that, with every column of the version. */
export const checkRevision = (
  version: DeliverableVersion,
  latest: Pick<Revision, 'tables'>,
): { name: string; digest: string }[] | Problem => {
  const tables: { name: string; digest: string }[] = [];
  for (const { name, columns, newest } of version.tables) {
    if (!latest.tables.some((one) => one.name === name)) continue;
    if (!newest) return problems.contentMissing({ detail: name });
    const missing = columns.find((column) => !newest.columns.some((one) => one.name === column.name));
    if (missing) return problems.revisionColumns({ detail: `${name}: ${missing.name}` });
    tables.push({ name, digest: newest.digest });
  }
  const isSame = tables.every(({ name, digest }) =>
    latest.tables.some((one) => one.name === name && one.digest === digest),
  );
  return isSame ? problems.revisionSame() : tables;
};

export interface Delivered {
  kind: DeliveryKind;
  address: string;
  files: { name: string; bytes: number; sha256: string }[];
}

/** What a grant gives access to: every path, and of files each with its digest. */
export const deliveredBy = (grant: Grant, endpoints: readonly Endpoint[], copies: readonly FileCopy[]): Delivered[] =>
  endpoints
    .filter(({ kind }) => grant.kinds.includes(kind))
    .map(({ kind }) => ({
      kind,
      address: addressOf(grant.id, kind),
      files: kind === 'file' ? (filesFor(grant, endpoints, copies) ?? []).map(fileView) : [],
    }));

export const fileView = ({ name, bytes, digest }: DeliverableFile) => ({
  name,
  bytes,
  sha256: digest.slice('sha256:'.length),
});

/** A trial is the offered policy with few calls and an early end; everything else of it holds. */
export const trialPlan = (offered: Plan, trial: { calls: number; until: Date }): Plan => {
  const calls = (quota: Quota) => quota.metric === 'calls' && quota.period === 'total';
  const limit = Math.min(trial.calls, ...offered.quotas.filter(calls).map((quota) => quota.limit));
  return {
    ...offered,
    assignee: null,
    notAfter: Math.min(offered.notAfter ?? Number.POSITIVE_INFINITY, trial.until.getTime()),
    quotas: [...offered.quotas.filter((quota) => !calls(quota)), { metric: 'calls', period: 'total', limit }],
  };
};

/** The limits of the policy and what the money held pays for: of two totals of one metric the smaller holds. */
export const boundQuotas = (quotas: readonly Quota[], bound: Bound | null): Quota[] => {
  if (!bound) return [...quotas];
  const same = (quota: Quota) => quota.metric === bound.metric && quota.period === 'total';
  const limit = Math.min(bound.limit, ...quotas.filter(same).map((quota) => quota.limit));
  return [...quotas.filter((quota) => !same(quota)), { metric: bound.metric, period: 'total', limit }];
};

/** Use begins with the contract, whatever the policy says. */
export const planFrom = (plan: Plan, from: Date): Plan => ({
  ...plan,
  notBefore: Math.max(plan.notBefore ?? Number.NEGATIVE_INFINITY, from.getTime()),
});
