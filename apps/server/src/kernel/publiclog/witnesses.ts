/** The witnesses whom this node asks, and those whom it ever asked: papers of old carry the lines of former ones. */
import { verifierOf } from '@shugu/evidence';
import { type Reader, sql, type Tx } from '../db/db.ts';

export interface Witness {
  /** Submission prefix: `/add-checkpoint` is appended. */
  url: string;
  vkey: string;
}

export const witnessesMax = 8;

/** `URL VKEY` pairs, separated by commas. */
export const parseWitnesses = (text: string): Witness[] => {
  const pairs = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (pairs.length > witnessesMax) throw new Error(`at most ${witnessesMax} witnesses`);
  const found = pairs.map((pair) => {
    const [url = '', vkey = '', ...rest] = pair.split(/\s+/);
    if (!/^https?:\/\/\S+$/.test(url) || rest.length) throw new Error('write URL VKEY, pairs separated by commas');
    if (verifierOf(vkey).use !== 'witness') throw new Error(`${vkey} is not the key of a witness`);
    return { url: url.replace(/\/+$/, ''), vkey };
  });
  if (new Set(found.map((one) => one.vkey)).size !== found.length) throw new Error('a witness is named twice');
  return found;
};

/** Every witness that was ever asked, in the order of first asking; a moved one with its latest address. */
export const knownWitnesses = async (read: Reader): Promise<Witness[]> =>
  (await read.first<{ value: Witness[] }>(sql`select value from node_state where key = 'witnesses'`))?.value ?? [];

export const rememberWitnesses = async (tx: Tx, present: readonly Witness[]): Promise<void> => {
  if (present.length === 0) return;
  const known = new Map((await knownWitnesses(tx)).map((one) => [one.vkey, one]));
  for (const one of present) known.set(one.vkey, { url: one.url, vkey: one.vkey });
  await tx.exec(sql`insert into node_state (key, value) values ('witnesses', ${JSON.stringify([...known.values()])})
    on conflict (key) do update set value = excluded.value`);
};
