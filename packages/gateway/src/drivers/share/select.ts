import { GatewayProblem } from '../../problem.ts';
import { outcomes, predicateFrom } from './hints.ts';
import type { ShareFile, ShareTable, ShareVersion } from './manifest.ts';
import { numbersOf, tokenOf } from './route.ts';

/** Which files answer a question about a table. Pure. */

export type Chosen = { act: 'file' | 'add' | 'remove' | 'cdf'; id: string; version: ShareVersion };

/** The body of a query, as far as it is understood; every member optional. */
export type QueryBody = {
  predicateHints?: unknown;
  jsonPredicateHints?: unknown;
  limitHint?: unknown;
  version?: unknown;
  timestamp?: unknown;
  startingVersion?: unknown;
  startingTimestamp?: unknown;
  endingVersion?: unknown;
  endingTimestamp?: unknown;
  maxFiles?: unknown;
  pageToken?: unknown;
  includeRefreshToken?: unknown;
  refreshToken?: unknown;
};

export const QUERY_LIMITS = { bodyBytesMax: 1024 * 1024, filesPerPageMax: 10_000 } as const;

const invalid = (detail: string) => new GatewayProblem('requestInvalid', { detail });

/** @throws requestInvalid */
export function wholeNumber(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (!/^\d{1,15}$/.test(String(value))) throw invalid(name);
  return Number(value);
}

/** @throws requestInvalid */
function instant(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const found = typeof value === 'string' && value.length <= 40 ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(found)) throw invalid(name);
  return found;
}

const latestOf = ({ versions }: ShareTable): ShareVersion => versions.at(-1) as ShareVersion;

/** The version of this number. @throws requestInvalid when there is none */
function numbered(table: ShareTable, number: number, name: string): ShareVersion {
  const found = table.versions.find(({ version }) => version === number);
  if (!found) throw invalid(`${name} ${number}: 0–${latestOf(table).version}`);
  return found;
}

/** The first version published at or after an instant. @throws requestInvalid when there is none */
export function versionSince(table: ShareTable, given: unknown): ShareVersion {
  const since = instant(given, 'startingTimestamp');
  if (since === undefined) return latestOf(table);
  const found = table.versions.find(({ timestamp }) => timestamp >= since);
  if (!found) throw invalid('startingTimestamp');
  return found;
}

/** By number, by time (the last that was published by then), or the latest. @throws requestInvalid */
export function versionAsOf(table: ShareTable, { version, timestamp }: { version?: unknown; timestamp?: unknown }) {
  const number = wholeNumber(version, 'version');
  const at = instant(timestamp, 'timestamp');
  if (number !== undefined && at !== undefined) throw invalid('version, timestamp');
  if (number !== undefined) return numbered(table, number, 'version');
  if (at === undefined) return latestOf(table);
  const found = table.versions.findLast((one) => one.timestamp <= at);
  if (!found) throw invalid('timestamp');
  return found;
}

export type Selection = {
  /** Whose metadata is told. */
  at: ShareVersion;
  chosen: Chosen[];
  dated: boolean;
  nextPageToken?: string;
  refreshToken?: string;
};

/** @throws requestInvalid */
export function selectQuery(table: ShareTable, body: QueryBody): Selection {
  const starting = wholeNumber(body.startingVersion, 'startingVersion');
  if (starting !== undefined) return paged(since(table, starting, body), body);
  const refreshed = typeof body.refreshToken === 'string' ? numbersOf(body.refreshToken, 1)[0] : undefined;
  // The pages of one answer are of one version, whatever is published meanwhile.
  const begun = typeof body.pageToken === 'string' ? numbersOf(body.pageToken, 2)[0] : refreshed;
  const at = begun === undefined ? versionAsOf(table, body) : numbered(table, begun, 'pageToken');
  const chosen = snapshot(table, at, body).map((id): Chosen => ({ act: 'file', id, version: at }));
  const dated = (body.version ?? body.timestamp ?? null) !== null;
  const token = body.includeRefreshToken === true ? { refreshToken: tokenOf(at.version) } : {};
  return paged({ at, chosen, dated, ...token }, body);
}

/**
 * Hints never cost a row that matches. The limit counts rows of files in which every row certainly matches, so with hints
 * that cannot be decided from statistics it leaves nothing out.
 */
function snapshot(table: ShareTable, at: ShareVersion, body: QueryBody): string[] {
  const predicate = predicateFrom(body.predicateHints, body.jsonPredicateHints);
  const judged = at.files.map((id) => {
    const { stats } = table.files[id] as ShareFile;
    const may = predicate ? outcomes(predicate, stats, table.fields) : { true: true, false: false, unknown: false };
    return { id, may: may.true, rows: may.false || may.unknown ? 0 : stats.numRecords };
  });
  const limit = limitFrom(body.limitHint);
  const ids: string[] = [];
  let certain = 0;
  for (const { id, may, rows } of judged) {
    if (certain >= limit) break;
    if (!may) continue;
    ids.push(id);
    certain += rows;
  }
  return ids;
}

/** A hint that is no number is no hint. */
function limitFrom(hint: unknown): number {
  return typeof hint === 'number' && hint >= 0 ? hint : Number.POSITIVE_INFINITY;
}

function range(table: ShareTable, first: ShareVersion, last: ShareVersion): ShareVersion[] {
  return table.versions.filter(({ version }) => version >= first.version && version <= last.version);
}

/** The table as it stood at the starting version, then what each version after it brought and took. */
function since(table: ShareTable, starting: number, body: QueryBody): Selection {
  const first = numbered(table, starting, 'startingVersion');
  const ending = wholeNumber(body.endingVersion, 'endingVersion');
  const last = ending === undefined ? latestOf(table) : numbered(table, ending, 'endingVersion');
  if (last.version < first.version) throw invalid('endingVersion');
  const chosen = range(table, first, last).flatMap((version): Chosen[] => {
    const before = table.versions[table.versions.indexOf(version) - 1];
    const held = new Set(before?.files);
    const kept = new Set(version.files);
    return [
      ...version.files.filter((id) => !held.has(id)).map((id): Chosen => ({ act: 'add', id, version })),
      ...[...held].filter((id) => !kept.has(id)).map((id): Chosen => ({ act: 'remove', id, version })),
    ];
  });
  return { at: first, chosen, dated: true };
}

/** The change data feed of a range of versions, both ends included. @throws requestInvalid */
export function selectChanges(table: ShareTable, query: URLSearchParams): Selection {
  const body = Object.fromEntries(query) as QueryBody;
  const starting = wholeNumber(body.startingVersion, 'startingVersion');
  if (starting === undefined && !body.startingTimestamp) throw invalid('startingVersion');
  const first =
    starting === undefined ? versionSince(table, body.startingTimestamp) : numbered(table, starting, 'startingVersion');
  const ending = wholeNumber(body.endingVersion, 'endingVersion');
  const last =
    ending === undefined
      ? versionAsOf(table, { timestamp: body.endingTimestamp })
      : numbered(table, ending, 'endingVersion');
  if (last.version < first.version) throw invalid('endingVersion');
  const chosen = range(table, first, last).flatMap((version): Chosen[] =>
    version.version === 0
      ? version.files.map((id): Chosen => ({ act: 'add', id, version }))
      : version.changes.map((id): Chosen => ({ act: 'cdf', id, version })),
  );
  return paged({ at: first, chosen, dated: true }, { ...body, maxFiles: wholeNumber(body.maxFiles, 'maxFiles') });
}

function paged(whole: Selection, { maxFiles, pageToken }: QueryBody): Selection {
  const asked = wholeNumber(maxFiles, 'maxFiles');
  if (asked === 0) throw invalid('maxFiles');
  const from = typeof pageToken === 'string' && pageToken !== '' ? (numbersOf(pageToken, 2)[1] as number) : 0;
  const size = Math.min(asked ?? Number.POSITIVE_INFINITY, QUERY_LIMITS.filesPerPageMax);
  const chosen = whole.chosen.slice(from, asked === undefined && from === 0 ? undefined : from + size);
  const next = from + chosen.length;
  return {
    ...whole,
    chosen,
    ...(next < whole.chosen.length ? { nextPageToken: tokenOf(whole.at.version, next) } : {}),
  };
}
