import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { childEnvironment } from './node.mjs';
import { run } from './process.mjs';

const skippedFolders = new Set(['node_modules', 'dist', 'dist.next', 'e2e', '.vite']);
/** What the portal is made of, beside the lock file, which pins its libraries. */
const sources = ['apps/portal', 'packages/wire'];

/** @param {string} root */
export function portalNeedsBuild(root) {
  if (!existsSync(join(root, 'apps/portal/index.html'))) return false;
  return readStamp(root) !== sourcesHash(root);
}

/**
 * Builds into a folder of its own and swaps it in, so that a kill or a fault leaves the former build.
 * @param {string} root
 * @param {string} node
 * @param {boolean} locked
 * @returns {Promise<'done' | 'needs the lock'>}
 */
export async function ensurePortal(root, node, locked) {
  if (!locked) return 'needs the lock';
  const hash = sourcesHash(root);
  if (readStamp(root) === hash) return 'done';
  console.error('shugu: building the portal');
  const folder = join(root, 'apps/portal');
  const vite = ['node_modules/vite/bin/vite.js', 'apps/portal/node_modules/vite/bin/vite.js']
    .map((path) => join(root, path))
    .find((path) => existsSync(path));
  if (!vite) throw new Error('vite is not installed');
  const begun = Date.now();
  const args = [vite, 'build', '--outDir', 'dist.next', '--emptyOutDir', '--logLevel', 'warn'];
  const code = await run(node, args, { cwd: folder, env: childEnvironment(node, root), toStderr: true });
  if (code !== 0) throw new Error(`the portal did not build (${code}); see the message above`);
  writeFileSync(join(folder, 'dist.next', '.shugu-stamp'), hash);
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  renameSync(join(folder, 'dist.next'), join(folder, 'dist'));
  console.error(`shugu: portal built in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  return 'done';
}

/** @param {string} root */
function sourcesHash(root) {
  const hash = createHash('sha256');
  const files = sources.flatMap((folder) => filesBelow(join(root, folder)));
  for (const file of [join(root, 'package-lock.json'), ...files]) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !skippedFolders.has(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
    });
}

/** @param {string} root */
function readStamp(root) {
  try {
    return readFileSync(join(root, 'apps/portal/dist/.shugu-stamp'), 'utf8');
  } catch {
    return undefined;
  }
}
