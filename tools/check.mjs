// `npm run check`: types, style and the pure packages' tests; half a minute, for before a commit.
import { join } from 'node:path';
import { run } from './launch/process.mjs';

const modules = join(import.meta.dirname, '../node_modules');
const steps = [
  ['types', 'typescript/bin/tsc', '-p', '.'],
  ['types of the portal', 'typescript/bin/tsc', '-p', 'apps/portal', '--noEmit'],
  ['style', '@biomejs/biome/bin/biome', 'check'],
  ['packages', 'vitest/vitest.mjs', 'run', '--project', 'packages'],
];

const failed = [];
for (const [name, program, ...args] of steps) {
  console.log(`# ${name}`);
  if ((await run(process.execPath, [join(modules, program), ...args])) !== 0) failed.push(name);
}
console.log(failed.length === 0 ? 'check: all well' : `check: failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
