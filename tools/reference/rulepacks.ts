/**
 * Digests of the shipped rule packs: cases in the world pin `id@version`, so a version that a release has shipped says the same
 * for good. Until the changelog declares the first release, packs may change and `npm run gen` takes the new digests over.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadRulePacks } from '../../apps/server/src/kernel/rulepack/rulebook.ts';

const root = join(import.meta.dirname, '../..');
export const packDigestsPath = 'apps/server/test/tidy/rulepacks.json';

/** Pin to digest, as the files are now. */
export const packDigests = async (): Promise<Record<string, string>> => {
  const { packs } = await loadRulePacks(join(root, 'rulepacks'));
  return Object.fromEntries(packs.map((one) => [one.pin, one.digest]));
};

export const keptPackDigests = (): Record<string, string> => {
  const path = join(root, packDigestsPath);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>) : {};
};

/** Pins that say something else than they did, or that are gone. */
export const changedPacks = (now: Record<string, string>, kept: Record<string, string>): string[] =>
  Object.keys(kept).filter((pin) => now[pin] !== kept[pin]);

/** True once the changelog no longer calls its first version `not yet released`. */
export const isReleased = (changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')): boolean =>
  !/^## 0\.1\.0 \(not yet released\)$/m.test(changelog);
