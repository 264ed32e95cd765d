/** Bundles to look at: those that earlier releases wrote, and those of a trade walked just now. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BundleFile, parseTrust, readBundle, type Trust } from '@shugu/evidence';
import { root, tradeIn } from './trade.ts';

export interface Found {
  name: string;
  bundle: BundleFile;
  trust: Trust;
}

const read = async (path: string, trust: Trust): Promise<Found> => ({
  name: basename(path),
  bundle: readBundle(JSON.parse(await readFile(path, 'utf8'))),
  trust,
});

export const goldenBundles = async (): Promise<Found[]> => {
  const folder = join(root, 'packages/evidence/src/golden');
  const found: Found[] = [];
  for (const file of (await readdir(folder)).sort()) {
    const suite = /^(v\d+-(?:intl|sm))-/.exec(file)?.[1];
    if (!suite) continue;
    found.push(await read(join(folder, file), parseTrust(await readFile(join(folder, `${suite}.trust.json`)))));
  }
  return found;
};

/** Every bundle in the folder of a trade. */
export const tradeBundles = async (suite: 'intl' | 'sm'): Promise<Found[]> => {
  const { folder } = await tradeIn(suite);
  const trust = parseTrust(await readFile(join(folder, 'trust.json')));
  const names = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.bundle.json')).sort();
  return Promise.all(names.map((name) => read(join(folder, name), trust)));
};
