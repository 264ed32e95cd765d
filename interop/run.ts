/**
 * Checks with tools that share no code with us: `npm run interop -- NAME…`, all without a name. What a check needs and this
 * machine lacks is skipped by name; the last line counts, for whoever reads it by program.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Check, runProgram } from './check.ts';
import { endTrades } from './trade.ts';

const here = import.meta.dirname;

/** Modules that say what they need are checks; the others are parts of them. */
const names = async (): Promise<string[]> => {
  const files = (await readdir(here)).filter((file) => file.endsWith('.ts'));
  const texts = await Promise.all(files.map((file) => readFile(join(here, file), 'utf8')));
  return files
    .filter((_, place) => /^export const needs\b/m.test(texts[place]!))
    .map((file) => file.slice(0, -3))
    .sort();
};

/** The foreign tools that come as packages, in a folder of their own; undefined when they are there, else why not. */
const installTools = async (): Promise<string | undefined> => {
  const digest = createHash('sha256')
    .update(await readFile(join(here, 'package-lock.json')))
    .digest('hex');
  const stamp = join(here, 'node_modules', '.shugu-stamp');
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
    cwd: here,
    env,
    seconds: 180,
  });
  if (ran.code !== 0)
    return `the packages of interop/ could not be installed: ${ran.stderr.trim().split('\n').at(-1) ?? ''}`;
  await writeFile(stamp, digest);
  return undefined;
};

const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const known = await names();
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`interop: no check is called ${unknown.join(', ')}; there are ${known.join(', ')}`);
  process.exit(2);
}
const missing = await installTools();
let passed = 0;
let failed = 0;
for (const name of asked.length > 0 ? asked : known) {
  const begun = performance.now();
  if (missing && (await readFile(join(here, `${name}.ts`), 'utf8')).includes('// needs packages')) {
    console.log(`skip ${name}: ${missing}`);
    continue;
  }
  try {
    const check = (await import(`./${name}.ts`)) as Check;
    const reason = await check.needs();
    if (reason) {
      console.log(`skip ${name}: ${reason}`);
      continue;
    }
    const outcome = await check.run();
    passed += outcome.passed;
    failed += outcome.failed;
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    console.log(
      `${outcome.failed ? 'FAIL' : 'ok  '} ${name}: ${check.about} (${outcome.passed} held, ${outcome.failed} did not, ${seconds} s)`,
    );
    for (const note of outcome.notes) console.log(`     ${note}`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
  }
}
await endTrades();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
