import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { nodePackage, ownNodeWillDo } from './node.mjs';
import { runQuietly } from './process.mjs';

const stampFile = 'node_modules/.shugu-stamp';
const messageLengthMax = 2000;
const heartbeatMs = 10_000;

/**
 * Installs what package-lock.json names, unless it is there already. No dependency's script is run.
 * @param {string} root
 * @param {boolean} locked
 * @returns {Promise<'done' | 'needs the lock'>}
 */
export async function ensureDependencies(root, locked) {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = createHash('sha256').update(`${process.platform}-${process.arch}\n${lockText}`).digest('hex');
  if (readStamp(root) === stamp) return 'done';
  if (readStamp(root) === undefined && installedByHand(root, JSON.parse(lockText))) {
    writeStamp(root, stamp);
    return 'done';
  }
  if (!locked) return 'needs the lock';
  const count = Object.keys(JSON.parse(lockText).packages).length;
  console.error(`shugu: installing dependencies (up to ${count} packages; once, and after an update)`);
  const begun = Date.now();
  const beat = setInterval(() => {
    console.error(`shugu: still installing, ${Math.round((Date.now() - begun) / 1000)} s`);
  }, heartbeatMs);
  try {
    await install(root);
  } finally {
    clearInterval(beat);
  }
  writeStamp(root, stamp);
  console.error(`shugu: dependencies installed in ${Math.round((Date.now() - begun) / 1000)} s`);
  return 'done';
}

/**
 * `npm ci` first. It refuses a lock file that lacks another platform's optional package, which some registries do not
 * serve; `npm install` takes the same pinned versions and puts up with that.
 * @param {string} root
 */
async function install(root) {
  const { command, prefix } = npm();
  const options = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--include=dev',
    '--include=optional',
    '--loglevel=error',
  ];
  const ways = [['ci'], ['install', '--no-save']];
  const said = [];
  for (const way of ways) {
    const args = [...prefix, ...way, ...options];
    const { code, output } = await runQuietly(command, args, { cwd: root, env: npmEnvironment() });
    if (code === 0) return;
    said.push(`npm ${way[0]} failed (${code}):\n${output.trim().slice(-messageLengthMax)}`);
  }
  throw new Error(`the dependencies could not be installed.\n${said.join('\n')}`);
}

/** The npm that runs us, so that its version and Node stay the same; else the one on the PATH. */
function npm() {
  const path = process.env.npm_execpath;
  if (path && basename(path).startsWith('npm-cli') && existsSync(path))
    return { command: process.execPath, prefix: [path] };
  return { command: 'npm', prefix: [] };
}

/**
 * `npm run` hands its own settings down as variables; those that say where, what and how to install would bend ours.
 * Registry, proxy, certificates and cache stay.
 */
function npmEnvironment() {
  const bending =
    /^npm_(lifecycle_|package_|config_(local_prefix|global|global_prefix|prefix|workspaces?|include_workspace_root|omit|include|only|production|dry_run|package_lock|package_lock_only|ignore_scripts|engine_strict|install_links|install_strategy|json|silent|loglevel|node_gyp|init_module)$)/i;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !bending.test(name)));
  // Production would leave out what the portal is built with.
  delete env.NODE_ENV;
  return { ...env, npm_config_engine_strict: 'false' };
}

/**
 * Somebody ran `npm ci` or `npm install` themselves: npm keeps the list of what it installed.
 * @param {string} root
 * @param {{ packages: Record<string, { version?: string, optional?: boolean, link?: boolean }> }} lock
 */
function installedByHand(root, lock) {
  let installed;
  try {
    installed = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8')).packages;
  } catch {
    return false;
  }
  if (!ownNodeWillDo() && !installed[`node_modules/${nodePackage}`]) return false;
  return Object.entries(lock.packages).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  );
}

/** @param {string} root */
function readStamp(root) {
  try {
    return readFileSync(join(root, stampFile), 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * @param {string} root
 * @param {string} stamp
 */
function writeStamp(root, stamp) {
  try {
    writeFileSync(join(root, stampFile), stamp);
  } catch (error) {
    // An installation somebody else owns: it is checked anew each time.
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
  }
}
