/**
 * Checks with tools that share no code with us: `npm run interop -- NAME…`, all without a name. What a check needs and this
 * machine lacks is skipped by name; the last line counts, for whoever reads it by program.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Check } from './check.ts';
import { installPackages } from './packages.ts';
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

const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const known = await names();
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`interop: no check is called ${unknown.join(', ')}; there are ${known.join(', ')}`);
  process.exit(2);
}
/** A foreign program that is waited for and says nothing would hold up all that come after it. */
const minutesMax = 8;
const tooLong = async (minutes: number): Promise<never> => {
  await wait(minutes * 60_000);
  throw new Error(`not at its end after ${minutes} minutes`);
};

const missing = await installPackages(here);
let passed = 0;
let failed = 0;
const tried: string[] = [];
for (const name of asked.length > 0 ? asked : known) {
  const begun = performance.now();
  if (missing && (await readFile(join(here, `${name}.ts`), 'utf8')).includes('// needs packages')) {
    console.log(`skip ${name}: ${missing}`);
    continue;
  }
  const check = (await import(`./${name}.ts`)) as Check;
  const reason = await check.needs();
  if (reason) {
    console.log(`skip ${name}: ${reason}`);
    continue;
  }
  const go = () =>
    Promise.race([check.run(), tooLong(check.minutes ?? minutesMax)]).catch((error: unknown) => ({
      passed: 0,
      failed: 1,
      notes: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    }));
  let outcome = await go();
  // Foreign programs have races of their own: what fails is told, and tried once more.
  if (outcome.failed > 0) {
    tried.push(name);
    console.log(`again ${name}: ${outcome.notes.join('\n     ')}`);
    outcome = await go();
  }
  passed += outcome.passed;
  failed += outcome.failed;
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(
    `${outcome.failed ? 'FAIL' : 'ok  '} ${name}: ${check.about} (${outcome.passed} held, ${outcome.failed} did not, ${seconds} s)`,
  );
  for (const note of outcome.notes) console.log(`     ${note}`);
}
await endTrades();
if (tried.length > 0) console.log(`tried again: ${tried.join(', ')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
