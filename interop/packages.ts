import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runProgram } from './check.ts';

/** Packages that only checks or benches need, in a folder with a lock file of its own; undefined when they are there, else why not. */
export const installPackages = async (folder: string): Promise<string | undefined> => {
  const digest = createHash('sha256')
    .update(await readFile(join(folder, 'package-lock.json')))
    .digest('hex');
  const stamp = join(folder, 'node_modules', '.shugu-stamp');
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === digest) return undefined;
  const npm = process.env.npm_execpath;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  // `npm run` hands its own settings down; those that say where and what to install would bend ours.
  const bending =
    /^npm_(lifecycle_|package_|config_(local_prefix|prefix|global|workspace|include|omit|production|dry_run))/i;
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !bending.test(name) && name !== 'NODE_ENV'),
  );
  const own = npm && basename(npm).startsWith('npm-cli') && existsSync(npm);
  const ran = await runProgram(own ? process.execPath : 'npm', own ? [npm, ...args] : args, {
    cwd: folder,
    env,
    seconds: 180,
  });
  if (ran.code !== 0)
    return `the packages of ${basename(folder)}/ could not be installed: ${ran.stderr.trim().split('\n').at(-1) ?? ''}`;
  await writeFile(stamp, digest);
  return undefined;
};
