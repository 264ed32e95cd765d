/** Doors of search and of the product page; both are open to everybody. */
import * as wire from '@shugu/wire/market-find';
import type { Reader } from '../../kernel/db/db.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { mayView, namedSpace, opening, viewerOf } from '../audience.ts';
import type { MarketDeps } from '../model.ts';
import { leadingPrice } from '../price.ts';
import { mayBeOrdered } from '../rules.ts';
import { countNumbers, type Facets, facetsOf, industryLabel, regionLabel } from './labels.ts';
import { findProductPage, type ProductPageRow } from './page.ts';
import { type FoundRow, findProducts, labelsByNumber, type SortOrder } from './reads.ts';
import { marked, queryWords } from './text.ts';

const iso = (at: Date | null) => at?.toISOString() ?? null;

const itemOf = (row: FoundRow, words: readonly string[], names: Map<string, string>) => ({
  product: row.product,
  listing: row.listing,
  name: marked(row.name, words),
  summary: marked(row.summary, words),
  supplier: { id: row.participant, name: names.get(row.participant) ?? row.participant },
  kind: row.kind as never,
  industry: row.industry,
  region: row.region,
  price: { kind: row.price_kind as never, text: row.price_text, lowest: row.price_lowest },
  deliveryModes: row.delivery_modes as never,
  updateCycle: row.update_cycle as never,
  badges: row.badges,
  certificates: row.certificates,
  listedAt: row.listed_at.toISOString(),
});

const pageOut = (row: ProductPageRow, space: Space, at: Date) => ({
  id: row.product,
  version: {
    id: row.version,
    number: row.version_number,
    note: row.note,
    about: row.about as never,
    tables: row.tables as never,
    createdAt: row.version_created_at.toISOString(),
  },
  listing: {
    id: row.listing,
    number: row.number,
    state: row.state,
    paper: row.paper,
    plans: row.plans,
    policy: row.policy as never,
    explanation: row.explanation,
    deliveryModes: row.delivery_modes,
    acceptanceDays: row.acceptance_days,
    trial: row.trial,
    purposes: row.purposes,
    standsUntil: iso(row.stands_until),
    reason: row.reason,
    listedAt: iso(row.listed_at),
    basis: row.basis.kind,
    certificates: row.basis.certificates,
    sourceStatement: row.source_statement,
    securityStatement: row.security_statement,
    space,
  },
  price: leadingPrice(row.plans),
  reports: row.reports,
  supplier: row.supplier,
  orderable: mayBeOrdered(row, at),
});

type Space = Awaited<ReturnType<typeof namedSpace>>;

type Asked = {
  q?: string;
  industry?: string;
  region?: string;
  deliveryMode?: string;
  priceKind?: string;
  updateCycle?: string;
  kind?: string;
  supplier?: string;
};

const labelsAsked = (query: Asked): string[] => [
  ...(query.industry ? [industryLabel(query.industry)] : []),
  ...(query.region ? [regionLabel(query.region)] : []),
  ...(['deliveryMode', 'priceKind', 'updateCycle', 'kind', 'supplier'] as const).flatMap((name) =>
    query[name] ? [`${name}:${query[name]}`] : [],
  ),
];

/** What facets say, in words. A label keeps its number, so each is read once. */
const facetReader = () => {
  const known = new Map<number, string>();
  return async (read: Reader, facets: string): Promise<Facets> => {
    const counts = [...countNumbers(facets)];
    const missing = counts.flatMap(([number]) => (known.has(number) ? [] : [number]));
    if (missing.length) for (const { number, label } of await labelsByNumber(read, missing)) known.set(number, label);
    return facetsOf(counts.map(([number, count]) => [known.get(number) ?? '', count]));
  };
};

export const searchRoutes = (deps: MarketDeps, readFacets = facetReader()): Route[] => [
  on(wire.search, async ({ read, principal, query }) => {
    const viewer = await viewerOf(deps, read, principal);
    const { tsquery, words } = queryWords(query.q ?? '');
    const wanted: SortOrder = query.sort ?? 'relevance';
    // Without words nothing is more relevant than anything else.
    const sort = tsquery === '' && wanted === 'relevance' ? 'newest' : wanted;
    const labels = labelsAsked(query);
    const found = await findProducts(read, {
      ...{ after: query.after, limit: query.limit, tsquery, labels, sort },
      opening: viewer.supervises ? null : opening(viewer),
    });
    const facets = found.facets === null ? null : await readFacets(read, found.facets);
    const names = await deps.members.displayNames(read, [
      ...new Set([...found.rows.map((row) => row.participant), ...(facets?.supplier ?? []).map((one) => one.value)]),
    ]);
    const named = (one: Facets['supplier'][number]) => ({ ...one, name: names.get(one.value) ?? null });
    const more = found.total > wire.searchLimits.candidatesMax;
    return {
      items: found.rows.map((row) => itemOf(row, words, names)),
      next: found.next,
      total: more ? wire.searchLimits.candidatesMax : found.total,
      more,
      words,
      facets: facets && { ...facets, supplier: facets.supplier.map(named) },
    };
  }),
  on(wire.productPage, async ({ read, principal, params }) => {
    const row = await findProductPage(read, params.id);
    if (!row || !(await mayView(deps, read, principal, row))) throw kernelProblems.unknown();
    return pageOut(row, await namedSpace(deps, read, row.space), deps.now());
  }),
];
