import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** TypeScript is run as it is written, and the standard library has what we would otherwise install. */
const programNodeMajorMin = 24;

export const nodePackage = `node-${process.platform}-${process.arch}`;

export function ownNodeWillDo() {
  return Number.parseInt(process.versions.node, 10) >= programNodeMajorMin;
}

/**
 * The Node the programs run under: this one when it is new enough, else the one among the dependencies.
 * @param {string} root
 * @returns {string} path of the binary
 */
export function findNode(root) {
  if (ownNodeWillDo()) return process.execPath;
  const bundled = join(root, 'node_modules', nodePackage, 'bin', 'node');
  if (existsSync(bundled) && spawnSync(bundled, ['--version']).status === 0) return bundled;
  throw new Error(
    `Node ${programNodeMajorMin} comes with the dependencies on Linux (x64, arm64, glibc) and macOS (arm64), but not for ` +
      `${process.platform} ${process.arch} here. Install Node ${programNodeMajorMin} or newer, then start again. ` +
      `本平台没有自带 Node ${programNodeMajorMin}，请先自行安装。`,
  );
}

/**
 * Children find the same Node first, say nothing of features that were once experimental, and keep what they compiled: a
 * process that starts from TypeScript needs half the time then.
 * @param {string} node
 * @param {string} root
 */
export function childEnvironment(node, root) {
  const quiet = '--disable-warning=ExperimentalWarning';
  const given = process.env.NODE_OPTIONS ?? '';
  return {
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'shugu-compiled'),
    ...process.env,
    PATH: [dirname(node), process.env.PATH].filter(Boolean).join(delimiter),
    NODE_OPTIONS: given.includes(quiet) ? given : `${given} ${quiet}`.trim(),
  };
}
