/** The log held against its own entries: every leaf hashed again, every stored checkpoint compared and its signature checked. */
import { type SuiteName, suite as suiteOf, verifierOf } from '@shugu/evidence';
import { equalBytes, type Hash, leafHash, openNote, parseCheckpoint, rightEdge, rootAt } from '@shugu/tlog';
import { type Reader, sql } from '../db/db.ts';
import { type Origin, tilesOf } from '../publiclog/store.ts';

const entriesPerPage = 5000;

async function* leavesOf(
  read: Reader,
  origin: string,
  hash: Hash,
): AsyncGenerator<{ position: number; leaf: Uint8Array }> {
  for (let after = -1; ; ) {
    const rows = await read.rows<{ position: number; entry: Buffer }>(
      sql`select position, entry from log_entries where origin = ${origin} and position > ${after} order by position limit ${entriesPerPage}`,
    );
    for (const { position, entry } of rows) yield { position, leaf: leafHash(hash, new Uint8Array(entry)) };
    if (rows.length < entriesPerPage) return;
    after = rows.at(-1)!.position;
  }
}

/** Undefined where all is well, else what is wrong, in English for operators. */
export const logFault = async (read: Reader, origin: Origin, vkey: string): Promise<string | undefined> => {
  const { hash } = suiteOf(origin.suite as SuiteName);
  const checkpoints = await read.rows<{ size: number; root: Buffer; note: string }>(
    sql`select size, root, note from log_checkpoints where origin = ${origin.origin} order by size`,
  );
  const edge = rightEdge(hash);
  let size = 0;
  let next = 0;
  const compare = (): string | undefined => {
    for (; checkpoints[next]?.size === size; next++)
      if (!equalBytes(edge.root(), new Uint8Array(checkpoints[next]!.root)))
        return `the entries do not give the root of checkpoint ${size}`;
    return undefined;
  };
  let fault = compare();
  for await (const { position, leaf } of leavesOf(read, origin.origin, hash)) {
    if (fault) return fault;
    if (position !== size) return `entry ${size} is missing`;
    edge.add(leaf);
    size++;
    fault = compare();
  }
  if (fault) return fault;
  if (next < checkpoints.length)
    return `checkpoint ${checkpoints[next]!.size} names more than the ${size} entries there are`;
  const last = checkpoints.at(-1);
  if (!last) return size === 0 ? undefined : `${size} entries stand under no checkpoint`;
  if (last.size !== size) return `${size - last.size} entries stand behind the last checkpoint`;
  const tiles = await rootAt({ hash, store: tilesOf(read, origin.origin), size });
  if (!equalBytes(tiles, new Uint8Array(last.root))) return 'the tiles do not give the root of the last checkpoint';
  const { text } = await openNote(last.note, [verifierOf(vkey)]);
  const signed = parseCheckpoint(text);
  return signed.size === last.size && equalBytes(signed.root, new Uint8Array(last.root))
    ? undefined
    : 'the last note signs something else';
};
