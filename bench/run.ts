/**
 * Runs benches: `npm run bench -- search --json`, every bench without a name. Each is a module here that exports
 * `run(): Promise<object>`; with --json its answer is printed as one JSON object, else as a table. One that cannot run
 * answers `{ bench, error }`, and the exit code is 1.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { stopTestPostgres } from '../apps/server/src/kernel/postgres/testing.ts';

const here = import.meta.dirname;
const words = process.argv.slice(2);
const asked = words.filter((word) => !word.startsWith('--'));
const asJson = words.includes('--json');
const benches = readdirSync(here)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .filter((file) => /^export const run\b/m.test(readFileSync(join(here, file), 'utf8')))
  .map((file) => file.slice(0, -3))
  .sort();

const unknown = asked.filter((name) => !benches.includes(name));
if (unknown.length > 0) {
  console.error(`no bench of that name (${unknown.join(', ')}); there are: ${benches.join(', ')}`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : benches) {
  const { run } = (await import(join(here, `${name}.ts`))) as { run: () => Promise<object> };
  // Absolute numbers mean little on a machine that does other work: it says so beside them.
  const machine = { cores: availableParallelism(), loadBefore: Math.round(loadavg()[0]! * 10) / 10 };
  const result = await run().catch((error: Error) => {
    process.exitCode = 1;
    return { bench: name, error: error.message };
  });
  if (asJson) console.log(JSON.stringify({ ...result, machine }));
  else console.dir({ ...result, machine }, { depth: 6 });
}
await stopTestPostgres();
