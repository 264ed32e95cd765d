/** From our words to the wire's. */
import { notGranted, shareName } from '@shugu/gateway';
import type { Month } from './levels.ts';
import type {
  Cut,
  Endpoint,
  FileCopy,
  Grant,
  GrantKey,
  LevelEvidence,
  LevelFinding,
  QueryTemplateDraft,
  Revision,
  ServicePeriod,
} from './model.ts';
import { addressOf, cutOf, filesFor, fileView, readsView, shareTableNames } from './rules.ts';

/** What a supplier sees of its table share. `latest` undefined: nothing has been published. */
export interface ShareStanding {
  latest: Revision | undefined;
  cuts: readonly Cut[];
  copies: readonly FileCopy[];
}

/** Copies of other contracts mostly fail for the same reason. */
const faultsOf = (made: readonly Pick<Cut, 'fault'>[]) =>
  [...new Map(made.flatMap(({ fault }) => (fault ? [[fault.en, fault] as const] : []))).values()].slice(0, 5);

const copiesView = ({ copies }: ShareStanding) => ({
  made: copies.filter(({ state }) => state === 'ready').length,
  building: copies.filter(({ state }) => state === 'building').length,
  faults: faultsOf(copies),
});

const sharedViewOf = ({ latest, cuts }: ShareStanding) => ({
  revision: latest?.number ?? null,
  cuts: cuts.filter(({ state }) => state !== 'removed').length,
  building: cuts.filter(({ state }) => state === 'building').length,
  faults: faultsOf(cuts),
});

export const endpointViewOf = (one: Endpoint, standing: ShareStanding) => ({
  id: one.id,
  version: one.version,
  kind: one.kind,
  state: one.state,
  fault: one.fault,
  revision: one.revision,
  api:
    one.draft.kind === 'api'
      ? {
          table: one.draft.table,
          keyColumns: one.draft.keyColumns,
          filterColumns: one.draft.filterColumns,
          answerColumns: one.draft.answerColumns,
          rowsMax: one.draft.rowsMax,
          rows: one.rowsBuilt,
        }
      : null,
  files: one.config?.kind === 'file' ? one.config.files.map(fileView) : null,
  copies: one.kind === 'file' ? copiesView(standing) : null,
  proxy:
    one.draft.kind === 'proxy'
      ? {
          upstream: one.draft.upstream,
          methods: one.draft.methods,
          rowsMember: one.draft.rowsMember ?? null,
          secretHeader: one.draft.secretHeader ?? null,
          secretKept: one.secretSealed !== null,
          documented: Boolean(one.draft.document),
        }
      : null,
  query: queryView(one),
  share: one.kind === 'share' ? sharedViewOf(standing) : null,
  job: one.job,
  updatedAt: one.updatedAt.toISOString(),
});

/** The templates as drafted; what each reads as the gate found it, when these are what is served. */
const queryView = ({ draft, config }: Endpoint) => {
  if (draft.kind !== 'query') return null;
  const checked = config?.kind === 'query' ? config.templates : [];
  const templates = draft.templates.map((template) => {
    const found = checked.find(({ name }) => name === template.name);
    return { ...template, reads: found ? readsView(found) : [], answer: [...(found?.answer ?? [])] };
  });
  return { templates, rowsMax: draft.rowsMax, secondsMax: draft.secondsMax };
};

/** Templates as a buyer sees them: which the contract grants, and not the supplier's SQL. */
const templatesView = ({ config }: Endpoint, { plan }: Grant) => {
  if (config?.kind !== 'query') return [];
  const columnsOf = (table: string) => config.tables.find(({ name }) => name === table)?.columns ?? [];
  return config.templates.map(({ name, title, parameters, reads, answer }) => ({
    name,
    title,
    parameters: [...parameters] as QueryTemplateDraft['parameters'],
    answer: [...answer],
    granted: notGranted(reads, plan, columnsOf) === null,
  }));
};

interface GrantSurroundings {
  endpoints: readonly Endpoint[];
  cuts: readonly Cut[];
  copies: readonly FileCopy[];
  /** Names of the tables in the version's share. */
  tables: readonly string[];
  names: Map<string, string>;
  url: string;
}

const shareViewOf = (grant: Grant, { cuts, tables }: GrantSurroundings) => {
  const { key } = cutOf(grant);
  const cut = cuts.find((one) => one.version === grant.version && one.key === key);
  return {
    share: grant.id,
    schema: shareName(grant.productName),
    tables: shareTableNames(tables),
    version: cut?.built ?? null,
  };
};

/** Upstreams of a proxy are nothing for the buyer. */
export const grantViewOf = (grant: Grant, around: GrantSurroundings) => ({
  id: grant.id,
  contract: grant.contract,
  order: grant.order,
  product: grant.product,
  version: grant.version,
  productName: grant.productName,
  supplier: { id: grant.supplier, name: around.names.get(grant.supplier) ?? grant.supplier },
  buyer: { id: grant.buyer, name: around.names.get(grant.buyer) ?? grant.buyer },
  trial: grant.trial,
  state: grant.state,
  reason: grant.reason,
  policyHash: grant.policyHash,
  actions: grant.plan.actions,
  purposes: grant.plan.purposes,
  authorisationRequired: grant.plan.authorisationRequired,
  from: grant.from.toISOString(),
  until: grant.until?.toISOString() ?? null,
  lines: grant.kinds.map((kind) => {
    const endpoint = around.endpoints.find((one) => one.kind === kind && one.version === grant.version && one.config);
    const files = kind === 'file' && endpoint ? filesFor(grant, [endpoint], around.copies) : [];
    const api = endpoint?.config?.kind === 'api' ? endpoint.config : undefined;
    return {
      kind,
      address: endpoint ? around.url + addressOf(grant.id, kind) : null,
      ready: endpoint !== undefined && files !== null,
      keyColumns: api?.keyColumns ?? [],
      filterColumns: api?.filterColumns ?? [],
      methods: endpoint?.config?.kind === 'proxy' ? endpoint.config.methods : [],
      files: (files ?? []).map(fileView),
      marked: (files ?? []).some(({ copy }) => copy !== undefined),
      templates: endpoint ? templatesView(endpoint, grant) : [],
      share: kind === 'share' && endpoint ? shareViewOf(grant, around) : null,
    };
  }),
  createdAt: grant.createdAt.toISOString(),
  endedAt: grant.endedAt?.toISOString() ?? null,
});

export const keyViewOf = (key: GrantKey) => ({
  id: key.id,
  name: key.name,
  prefix: key.prefix,
  createdAt: key.createdAt.toISOString(),
  revokedAt: key.revokedAt?.toISOString() ?? null,
});

export const revisionViewOf = ({ number, tables, publishedAt }: Revision) => ({
  number,
  tables,
  publishedAt: publishedAt.toISOString(),
});

const evidenceView = ({ requests, failures, latency, hours, digest, cells, revisions, segments }: LevelEvidence) => ({
  ...{ requests, failures, latency, hours, digest, cells, revisions, segments },
});

export const periodViewOf = (one: ServicePeriod) => ({
  id: one.id,
  period: one.period,
  from: one.from.toISOString(),
  until: one.until.toISOString(),
  breached: one.breached,
  findings: one.findings,
  evidence: evidenceView(one.evidence),
});

/** The month that runs: what it would come to if it ended now. */
export const currentViewOf = ({
  month,
  findings,
  evidence,
}: {
  month: Month;
  findings: LevelFinding[];
  evidence: LevelEvidence;
}) => ({
  period: month.period,
  from: new Date(month.from).toISOString(),
  until: new Date(month.until).toISOString(),
  findings,
  evidence: evidenceView(evidence),
});
