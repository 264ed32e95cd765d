/** Who takes part, as the hub says it to every node: what they believe each other by. */
import { nodeLimits } from '@shugu/wire/nodes';
import { type Reader, sql } from '../../kernel/db/db.ts';
import type { RosterNode } from '../model.ts';

/** Another as soon as a node joins, ends, moves, or signs by another key. Hexadecimal. */
export const rosterVersion = async (read: Reader): Promise<string> =>
  (
    await read.one<{ version: string }>(sql`select encode(sha256(convert_to(coalesce(string_agg(
      concat_ws(chr(10), id, name, kind, url, origin, key_id), chr(11) order by id), ''), 'UTF8')), 'hex') as version
      from nodes where state = 'active'`)
  ).version;

/** Those after the named one, by id; fewer than `rosterNodesMax`: the last of them. */
export const rosterAfter = async (read: Reader, after: string): Promise<RosterNode[]> =>
  (
    await read.rows<
      RosterNode & { public_key: RosterNode['key'] }
    >(sql`select id, name, kind, url, origin, public_key from nodes
      where state = 'active' and id > ${after} order by id limit ${nodeLimits.rosterNodesMax}`)
  ).map(({ public_key: key, id, name, kind, url, origin }) => ({ id, name, kind, url, origin, key }));
