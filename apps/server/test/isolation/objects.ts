/**
 * Objects of others: every identifier that a request can name is filled with a real one and with one of nobody. Somebody
 * uninvolved must not be able to tell the two answers apart; somebody concerned must, or the probe would prove nothing.
 */
import type { AnyEndpoint } from '@shugu/wire';
import type pg from 'pg';
import { type Answer, eachOf, type Probe, send } from '../support/http.ts';
import { prefixOf, randomId, type Schema, sampleOf, schemaOf } from '../support/samples.ts';

/** Real identifiers by prefix, newest first. */
export type Harvest = Map<string, string[]>;

/** Identifiers of what these organisations own, from every table whose key is one of ours. */
export const harvest = async (
  pool: pg.Pool,
  owners: readonly string[],
  { except = new Set<string>() as ReadonlySet<string>, perPrefixMax = 3 } = {},
): Promise<Harvest> => {
  const { rows } = await pool.query<{ name: string }>(
    `select table_name as name from information_schema.columns where table_schema = 'public' and column_name in ('id', 'participant')
     and data_type = 'text' group by 1 having count(*) = 2 order by 1`,
  );
  const found: Harvest = new Map();
  for (const { name } of rows) {
    const ids = await pool.query<{ id: string }>(
      `select id from "${name}" where id ~ '^[a-z]+_[0-9a-z]{26}$' and participant = any($1) order by id desc limit 200`,
      [owners],
    );
    for (const { id } of ids.rows) {
      if (except.has(id)) continue;
      const prefix = id.split('_')[0]!;
      const known = found.get(prefix) ?? [];
      if (known.length < perPrefixMax) found.set(prefix, [...known, id]);
    }
  }
  return found;
};

export interface Slot {
  endpoint: AnyEndpoint;
  /** `params.id`, `body.resource`: for exceptions and messages. */
  place: string;
  prefix: string;
  part: 'params' | 'query' | 'body';
  key: string;
}

const idIn = (schema: Schema | undefined): string | undefined =>
  prefixOf(schema) ?? (schema?.anyOf ?? schema?.oneOf)?.map(prefixOf).find((one) => one !== undefined);

/** Every top-level field of a request that is an identifier. */
export const slotsOf = (endpoints: readonly AnyEndpoint[]): Slot[] =>
  endpoints.flatMap((endpoint) =>
    (['params', 'query', 'body'] as const).flatMap((part) => {
      if (!endpoint[part]) return [];
      return Object.entries(schemaOf(endpoint[part]).properties ?? {}).flatMap(([key, schema]) => {
        const prefix = idIn(schema);
        return prefix ? [{ endpoint, place: `${endpoint.id} ${part}.${key}`, prefix, part, key }] : [];
      });
    }),
  );

type Parts = Partial<Record<'params' | 'query' | 'body', unknown>>;

/** A request with `real` in the slot; the other identifiers of its address come from the harvest too, as they belong together. */
const requestFor = (slot: Slot, real: string | undefined, harvested: Harvest, round: number): Parts | undefined => {
  const parts: Parts = {};
  for (const part of ['params', 'query', 'body'] as const) {
    const schema = slot.endpoint[part];
    if (!schema) continue;
    const idOf =
      part === 'params' && slot.part === 'params' && real !== undefined
        ? (prefix: string) => harvested.get(prefix)?.[round % harvested.get(prefix)!.length] ?? randomId(prefix)
        : randomId;
    const value = part === 'query' ? {} : sampleOf(schemaOf(schema), idOf);
    parts[part] = part === slot.part ? { ...(value as object), [slot.key]: real ?? randomId(slot.prefix) } : value;
    if (!schema.safeParse(parts[part]).success) return undefined;
  }
  return parts;
};

/** What a reader sees, without what differs between any two requests. */
const seen = (answer: Answer, parts: Parts): string => {
  let text = answer.text.replace(/"requestId":"[^"]*"/, '');
  for (const id of JSON.stringify(parts).match(/[a-z]+_[0-9a-z]{26}/g) ?? []) text = text.replaceAll(id, '<id>');
  return `${answer.status} ${text.slice(0, 4000)}`;
};

export interface Difference {
  slot: Slot;
  login: string;
  real: string;
  said: string;
  instead: string;
}

/** Where the two answers differ, by slot and person; one difference a slot where `once`. */
export const differences = async (
  url: string,
  slots: readonly Slot[],
  harvested: Harvest,
  logins: (slot: Slot) => readonly (string | undefined)[],
  token: (login: string) => Promise<string>,
  once = false,
): Promise<{ asked: number; found: Difference[]; defects: string[] }> => {
  const found: Difference[] = [];
  const defects: string[] = [];
  let asked = 0;
  const probeAs = async (slot: Slot, nobody: Parts, login: string | undefined): Promise<boolean> => {
    const who = login === undefined ? {} : { token: await token(login) };
    const ask = async (parts: Parts) => {
      const answer = await send(url, slot.endpoint, { ...(parts as Probe), ...who });
      if (answer.status >= 500)
        defects.push(`${slot.place} as ${login ?? 'a stranger'}: ${answer.status} ${answer.problem?.code}`);
      return seen(answer, parts);
    };
    const baseline = await ask(nobody);
    let differs = false;
    for (const [round, real] of (harvested.get(slot.prefix) ?? []).entries()) {
      const said = await ask(requestFor(slot, real, harvested, round)!);
      asked++;
      if (said === baseline) continue;
      differs = true;
      found.push({
        slot,
        login: login ?? 'a stranger',
        real,
        said: said.slice(0, 160),
        instead: baseline.slice(0, 100),
      });
      if (once) break;
    }
    return differs;
  };
  await eachOf(slots, async (slot) => {
    const nobody = requestFor(slot, undefined, harvested, 0);
    if (!nobody) return;
    for (const login of logins(slot)) if ((await probeAs(slot, nobody, login)) && once) return;
  });
  return { asked, found, defects: defects.sort() };
};
