// `npm test`: the whole suite, or what the arguments choose; ends with one plain line that scripts can read.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './launch/process.mjs';

const folder = mkdtempSync(join(tmpdir(), 'shugu-report-'));
const report = join(folder, 'report.json');
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const code = await run(process.execPath, [vitest, 'run', ...reporters, ...process.argv.slice(2)]);
const { passed, failed } = count();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = code || (failed > 0 ? 1 : 0);

/** A file that does not load has no tests to fail, and an error outside every test belongs to none: each counts as one. */
function count() {
  let result;
  try {
    result = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 1 };
  }
  const unloaded = result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const failed = result.numFailedTests + unloaded.length;
  return { passed: result.numPassedTests, failed: code !== 0 && failed === 0 ? 1 : failed };
}
