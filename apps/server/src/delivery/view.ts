/** From our words to the wire's. */
import type { Endpoint, Grant, GrantKey } from './model.ts';
import { addressOf } from './rules.ts';

export const endpointViewOf = (one: Endpoint) => ({
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
  files: one.config?.kind === 'file' ? filesView(one) : null,
  proxy:
    one.draft.kind === 'proxy'
      ? {
          upstream: one.draft.upstream,
          methods: one.draft.methods,
          rowsMember: one.draft.rowsMember ?? null,
          secretHeader: one.draft.secretHeader ?? null,
          secretKept: one.secretSealed !== null,
        }
      : null,
  job: one.job,
  updatedAt: one.updatedAt.toISOString(),
});

const filesView = ({ config }: Endpoint) =>
  config?.kind === 'file'
    ? config.files.map(({ name, bytes, digest }) => ({ name, bytes, sha256: digest.slice('sha256:'.length) }))
    : [];

/** `endpoints`: those of the grant's version. Upstreams of a proxy are nothing for the buyer. */
export const grantViewOf = (grant: Grant, endpoints: readonly Endpoint[], names: Map<string, string>, url: string) => ({
  id: grant.id,
  contract: grant.contract,
  order: grant.order,
  product: grant.product,
  version: grant.version,
  productName: grant.productName,
  supplier: { id: grant.supplier, name: names.get(grant.supplier) ?? grant.supplier },
  buyer: { id: grant.buyer, name: names.get(grant.buyer) ?? grant.buyer },
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
    const endpoint = endpoints.find((one) => one.kind === kind && one.version === grant.version && one.config);
    const api = endpoint?.config?.kind === 'api' ? endpoint.config : undefined;
    return {
      kind,
      address: endpoint ? url + addressOf(grant.id, kind) : null,
      ready: endpoint !== undefined,
      keyColumns: api?.keyColumns ?? [],
      filterColumns: api?.filterColumns ?? [],
      files: endpoint ? filesView(endpoint) : [],
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
