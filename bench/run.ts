/**
 * Runs one bench by its name: `npm run bench -- search --json`. Each bench is a module here that exports
 * `run(): Promise<object>`; with --json its answer is printed as one JSON object, else as a table.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const [name, ...flags] = process.argv.slice(2);
const benches = readdirSync(here)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -3));

const runner = async (): Promise<(() => Promise<object>) | undefined> => {
  if (!name || !/^[a-z-]+$/.test(name) || !existsSync(join(here, `${name}.ts`))) return undefined;
  const found = (await import(join(here, `${name}.ts`))) as { run?: () => Promise<object> };
  return found.run;
};

const run = await runner();
if (!run) {
  console.error(`no bench of that name; there are: ${benches.join(', ')}`);
  process.exitCode = 2;
} else {
  const result = await run();
  if (flags.includes('--json')) console.log(JSON.stringify(result));
  else console.dir(result, { depth: 6 });
  const { stopTestPostgres } = await import('../apps/server/src/kernel/postgres/testing.ts');
  await stopTestPostgres();
}
