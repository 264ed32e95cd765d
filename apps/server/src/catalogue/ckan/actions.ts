/** Actions of CKAN's API that only read, as far as catalogues, harvesters and clients use them. */
import type { Reader } from '../../kernel/db/db.ts';
import type { OrganisationReads } from '../model.ts';
import { listedByIds } from '../reads.ts';
import { CkanFault } from './fault.ts';
import {
  type Asked,
  type Facet,
  facetsOf,
  flagOf,
  limits,
  listOf,
  numberOf,
  type Sort,
  sortsOf,
  type Term,
  termsOf,
  textOf,
} from './query.ts';
import { facetCounts, searchIds } from './reads.ts';
import { groupView, licence, organisationView, packageView, tagView } from './view.ts';

export interface CkanDeps {
  organisations: OrganisationReads;
  publicUrl(): string;
  operatorName(read: Reader): Promise<string>;
}

export interface Action {
  /** One line, as `help_show` tells it. */
  help: string;
  run(asked: Asked): Promise<unknown>;
}

const notFound = (): CkanFault => new CkanFault('Not Found Error', 'Not found');
const needed = (asked: Asked, name: string): string => {
  const value = textOf(asked, name);
  if (value === undefined) throw CkanFault.ofField(name, 'Missing value');
  return value;
};

const byId: Sort[] = [{ field: 'id', descending: false }];

export const makeActions = (deps: CkanDeps, read: Reader): Record<string, Action> => {
  const url = (): string => deps.publicUrl().replace(/\/$/, '');

  const namesOf = async (ids: readonly string[]): Promise<(id: string) => string> => {
    const names = new Map<string, string>();
    for (const id of new Set(ids)) names.set(id, (await deps.organisations.organisation(read, id))?.name ?? id);
    return (id) => names.get(id) ?? id;
  };

  const packages = async (ids: readonly string[]) => {
    const listed = await listedByIds(read, ids);
    const supplierName = await namesOf(listed.map(({ product }) => product.participant));
    return listed.map((one) => packageView(one, { url: url(), supplierName }));
  };

  const pageOf = async (asked: Asked, size: number, terms: readonly Term[], sorts: readonly Sort[]) => {
    const rows = numberOf(asked, 'limit', limits.rowsMax) ?? size;
    const start = numberOf(asked, 'offset', limits.startMax) ?? 0;
    return searchIds(read, { terms, sorts, start, rows });
  };

  /** Every value of a facet among what is listed, with its number of data sets. */
  const all = (facet: Facet, terms: readonly Term[] = []) => facetCounts(read, facet, terms, limits.facetsMax);

  const titled = async (facet: Facet, found: { name: string; count: number }[]) => {
    const supplierName = facet === 'organization' ? await namesOf(found.map(({ name }) => name)) : undefined;
    const title = (name: string): string =>
      supplierName?.(name) ??
      (facet === 'groups' ? groupView(name).title : facet === 'license_id' ? licence.title : name);
    return found.map(({ name, count }) => ({ name, display_name: title(name), count }));
  };

  const search = async (asked: Asked) => {
    const terms = [
      ...termsOf(textOf(asked, 'q')),
      ...termsOf(textOf(asked, 'fq')),
      ...listOf(asked, 'fq_list').flatMap(termsOf),
    ];
    const sortText = textOf(asked, 'sort');
    const rows = numberOf(asked, 'rows', limits.rowsMax) ?? limits.rowsDefault;
    const start = numberOf(asked, 'start', limits.startMax) ?? 0;
    const facets = facetsOf(asked);
    const most = Number(asked['facet.limit'] ?? 50);
    const { count, ids } = await searchIds(read, { terms, sorts: sortsOf(sortText), start, rows });
    const counted: Record<string, { title: Facet; items: { name: string; display_name: string; count: number }[] }> =
      {};
    for (const facet of facets)
      counted[facet] = {
        title: facet,
        items: await titled(
          facet,
          await facetCounts(read, facet, terms, most >= 0 ? Math.min(most, limits.facetsMax) : limits.facetsMax),
        ),
      };
    return {
      count,
      sort: sortText ?? 'score desc, metadata_modified desc',
      results: await packages(ids),
      facets: Object.fromEntries(
        Object.entries(counted).map(([facet, { items }]) => [
          facet,
          Object.fromEntries(items.map(({ name, count }) => [name, count])),
        ]),
      ),
      search_facets: counted,
    };
  };

  const grouped = (facet: 'organization' | 'groups', view: (name: string, title: string, count: number) => object) => ({
    list: async (asked: Asked) => {
      const found = await titled(facet, await all(facet));
      found.sort((a, b) => (a.name < b.name ? -1 : 1));
      const start = numberOf(asked, 'offset', limits.startMax) ?? 0;
      const shown = found.slice(start, start + (numberOf(asked, 'limit', limits.facetsMax) ?? limits.facetsMax));
      return flagOf(asked, 'all_fields')
        ? shown.map((one) => view(one.name, one.display_name, one.count))
        : shown.map(({ name }) => name);
    },
    show: async (asked: Asked) => {
      const id = needed(asked, 'id');
      const [found] = await titled(
        facet,
        (await all(facet)).filter(({ name }) => name === id),
      );
      if (!found) throw notFound();
      const about = view(found.name, found.display_name, found.count);
      if (!flagOf(asked, 'include_datasets')) return about;
      const terms: Term[] = [{ kind: 'field', field: facet, values: [id], not: false }];
      return {
        ...about,
        packages: await packages((await searchIds(read, { terms, sorts: [], start: 0, rows: limits.rowsMax })).ids),
      };
    },
  });
  const organisations = grouped('organization', organisationView);
  const groups = grouped('groups', (name, _title, count) => groupView(name, count));

  const actions: Record<string, Action> = {
    site_read: { help: 'Whether the site may be read: it may.', run: async () => true },
    status_show: {
      help: 'What this site is.',
      run: async () => ({
        site_title: await deps.operatorName(read),
        site_description: '已上架数据产品目录 / Catalogue of listed data products',
        site_url: url(),
        // The shapes are those of this version; what answers is not CKAN.
        ckan_version: '2.11.0',
        error_emails_to: null,
        locale_default: 'zh_Hans_CN',
        extensions: [],
      }),
    },
    package_list: {
      help: 'Names of the data sets, sorted; limit and offset.',
      run: async (asked) => (await pageOf(asked, limits.startMax, [], byId)).ids,
    },
    current_package_list_with_resources: {
      help: 'Data sets with their resources, newest first; limit and offset.',
      run: async (asked) => packages((await pageOf(asked, limits.rowsMax, [], [])).ids),
    },
    package_search: { help: 'Searches: q, fq, sort, rows, start, facet.field, facet.limit.', run: search },
    package_show: {
      help: 'One data set by id or name.',
      run: async (asked) => {
        const [found] = await packages([textOf(asked, 'name_or_id') ?? needed(asked, 'id')]);
        if (!found) throw notFound();
        return found;
      },
    },
    organization_list: { help: 'Suppliers of data sets; all_fields, limit, offset.', run: organisations.list },
    organization_show: { help: 'One supplier; include_datasets.', run: organisations.show },
    group_list: { help: 'Sections of GB/T 4754 with data sets; all_fields, limit, offset.', run: groups.list },
    group_show: { help: 'One section; include_datasets.', run: groups.show },
    tag_list: {
      help: 'Keywords; query, all_fields.',
      run: async (asked) => {
        const part = textOf(asked, 'query')?.toLowerCase();
        const found = (await all('tags'))
          .map(({ name }) => name)
          .filter((word) => !part || word.toLowerCase().includes(part));
        return flagOf(asked, 'all_fields') ? found.sort().map(tagView) : found.sort();
      },
    },
    license_list: { help: 'The licence of every data set: the contract.', run: async () => [licence] },
    help_show: {
      help: 'What an action does.',
      run: async (asked) => {
        const name = needed(asked, 'name');
        if (!Object.hasOwn(actions, name)) throw notFound();
        return actions[name]!.help;
      },
    },
  };
  return actions;
};
