/** A CKAN site as a source: its action API, pages of packages, and only what has changed where it can tell. */
import { harvestLimits as limits } from '@shugu/wire/catalogue';
import type { Far } from './far.ts';
import type { ForeignPage, ForeignRecord, Presence } from './model.ts';
import { problems } from './problems.ts';
import {
  addressIn,
  bytesIn,
  isObject,
  type Json,
  keywordsOf,
  listIn,
  readOne,
  reasons,
  textIn,
  timeIn,
} from './rules.ts';

const rows = 100;

const action = async (far: Far, site: string, name: string, query: Record<string, string> = {}): Promise<unknown> => {
  const { body } = await far.get(`${site}/api/3/action/${name}?${new URLSearchParams(query)}`);
  if (!isObject(body) || body.success !== true || body.result === undefined)
    throw problems.sourceShape({ detail: `${name}: success, result` });
  return body.result;
};

const extrasOf = (value: unknown): Map<string, unknown> =>
  new Map(
    listIn(value, 'extras', 500).flatMap((one) =>
      isObject(one) && typeof one.key === 'string' ? [[one.key, one.value] as const] : [],
    ),
  );

const distributionOf = (value: unknown): ForeignRecord['content']['distributions'][number] => {
  if (!isObject(value)) throw reasons.wrongType('resources');
  const access = addressIn(value.url);
  return {
    title: textIn(value.name ?? value.description, 'resources.name', limits.textCharactersMax),
    format: textIn(value.format || value.mimetype, 'resources.format').toUpperCase() || null,
    access,
    download: addressIn(value.download_url),
    bytes: bytesIn(value.size),
  };
};

const recordOf = (one: Json, site: string): ForeignRecord => {
  if (one.private === true || (one.state !== undefined && one.state !== 'active')) throw reasons.notPublic();
  const extras = extrasOf(one.extras);
  const foreignId = textIn(one.id, 'id', 300);
  const foreignName = textIn(one.name, 'name', 300) || foreignId;
  const organisation = isObject(one.organization) ? one.organization : {};
  const publisher = textIn(
    organisation.title || organisation.name || extras.get('publisher_name') || one.author,
    'organization.title',
    limits.titleCharactersMax,
  );
  const licence = textIn(one.license_title || one.license_id, 'license_title', limits.titleCharactersMax);
  return {
    foreignId,
    foreignName,
    content: {
      title: textIn(one.title || one.name, 'title', limits.titleCharactersMax),
      summary: textIn(one.notes, 'notes'),
      publisher: publisher ? { name: publisher, address: addressIn(extras.get('publisher_uri')) } : null,
      licence: licence ? { title: licence, address: addressIn(one.license_url) } : null,
      modified: timeIn(extras.get('modified')) ?? timeIn(one.metadata_modified),
      keywords: keywordsOf(
        listIn(one.tags, 'tags', limits.keywordsMax).map((tag) =>
          textIn(isObject(tag) ? tag.display_name || tag.name : tag, 'tags', 200),
        ),
      ),
      page: addressIn(one.url) ?? addressIn(`${site}/dataset/${encodeURIComponent(foreignName)}`),
      distributions: listIn(one.resources, 'resources', limits.distributionsMax).map(distributionOf),
    },
  };
};

const pageOf = async (far: Far, site: string, start: number, since: string | undefined) => {
  const result = await action(far, site, 'package_search', {
    q: '*:*',
    ...(since === undefined ? {} : { fq: `metadata_modified:[${since} TO *]` }),
    rows: String(rows),
    start: String(start),
    // Stable while others are changed: what is changed meanwhile does not move the pages.
    sort: 'id asc',
  });
  if (!isObject(result) || !Array.isArray(result.results) || typeof result.count !== 'number')
    throw problems.sourceShape({ detail: 'package_search: count, results' });
  return { total: result.count, items: result.results as unknown[] };
};

/** Solr reads nothing else as a moment; and a text of a source never becomes a part of our question to it. */
const moment = (watermark: string | undefined): string | undefined => timeIn(watermark) ?? undefined;

/**
 * All pages, from `since` on where it is given. In the end what the source has: the ids of all that was read, or, after
 * reading only changes, the names that it lists.
 */
export async function* ckanPages(far: Far, address: string, since?: string): AsyncGenerator<ForeignPage, Presence> {
  const site = address.replace(/\/(api(\/3)?(\/action)?)?\/?$/, '');
  const seen = new Set<string>();
  const totals = new Set<number>();
  let start = 0;
  for (;;) {
    const { total, items } = await pageOf(far, site, start, moment(since));
    const packages = items.map((item) => (isObject(item) ? item : {}));
    const ids = packages.map(({ id }) => String(id ?? ''));
    if (items.length > 0 && start > 0 && ids.every((id) => seen.has(id)))
      throw problems.sourcePagesRepeat({ detail: `start=${start}` });
    for (const id of ids) seen.add(id);
    totals.add(total);
    const moments = packages.map((one) => timeIn(one.metadata_modified) ?? '').sort();
    yield {
      records: packages.map((one) =>
        readOne({ foreignId: one.id, title: one.title ?? one.name }, () => recordOf(one, site)),
      ),
      total,
      newest: moments.at(-1) || undefined,
    };
    start += items.length;
    if (items.length === 0 || start >= total) {
      if (since !== undefined) return names(await action(far, site, 'package_list'), seen);
      // Pages came short, or something left between two of them and moved the rest: nobody knows what else there is.
      return start >= total && totals.size === 1 ? seen : undefined;
    }
  }
}

const names = (listed: unknown, seen: ReadonlySet<string>): Presence => {
  if (!Array.isArray(listed) || !listed.every((one) => typeof one === 'string'))
    throw problems.sourceShape({ detail: 'package_list' });
  return new Set([...seen, ...(listed as string[])]);
};
