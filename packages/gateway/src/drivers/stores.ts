import { join } from 'node:path';
import { inPlace, type Locate } from './locate.ts';
import type { TableAccess } from './lookup.ts';
import { openPointStore, type PointStore } from './pointstore.ts';

/** Name of the one table in every point store of such a folder. */
export const storeTable = 'rows';
/** Open files; the one not asked for longest is closed first. */
export const storesOpenMax = 64;

export const storePath = (folder: string, store: string): string => join(folder, `${store}.sqlite`);

/** Point stores of a folder, opened on first use. A look-up names the store; the table within is always the same. */
export const openStores = (folder: string, locate: Locate = inPlace): TableAccess & { close(): void } => {
  const open = new Map<string, PointStore>();
  let latest = { name: '', store: undefined as PointStore | undefined };
  const storeOf = (name: string): PointStore => {
    // Most often the one asked before, which is in its place already.
    if (latest.store && latest.name === name) return latest.store;
    const store = open.get(name) ?? openPointStore(locate(storePath(folder, name)));
    open.delete(name);
    open.set(name, store);
    if (open.size > storesOpenMax) {
      const [oldest, idle] = open.entries().next().value!;
      open.delete(oldest);
      idle.close();
    }
    latest = { name, store };
    return store;
  };
  return {
    lookup: (question) => storeOf(question.table).lookup({ ...question, table: storeTable }),
    close: () => {
      for (const store of open.values()) store.close();
      open.clear();
      latest = { name: '', store: undefined };
    },
  };
};
