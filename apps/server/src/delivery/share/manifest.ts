/** Where the files of a cut stand: a folder each, with a manifest for every revision. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShareManifest } from '@shugu/gateway';

export const cutFolder = (folder: string, cut: string): string => join(folder, cut);
export const manifestPath = (folder: string, cut: string, number: number): string =>
  join(cutFolder(folder, cut), `${number}.json`);

export const readManifest = async (path: string): Promise<ShareManifest> =>
  JSON.parse(await readFile(path, 'utf8')) as ShareManifest;

/** Whole or not at all; its files are durable before. */
export const writeManifest = async (path: string, manifest: ShareManifest): Promise<void> => {
  await writeFile(`${path}.new`, JSON.stringify(manifest), { flush: true });
  await rename(`${path}.new`, path);
};
