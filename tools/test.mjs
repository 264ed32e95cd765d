// `npm test`: the suite, or what the arguments choose; ends with one plain line that scripts can read. Long walks and crash tests take
// minutes, and are run where they are asked for: `npm test -- --project long`, `npm test -- --project crash`. With `--again`, test files
// of the whole stack that failed (real processes, ports, a busy machine) get one more go, and the last lines name them; what computes
// alone does not.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from './launch/process.mjs';

const root = join(import.meta.dirname, '..');
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const folder = mkdtempSync(join(tmpdir(), 'shugu-report-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const suite = ['packages', 'bank', 'server'].flatMap((project) => ['--project', project]);
const chosen = process.argv.slice(2).filter((argument) => argument !== '--again');
const first = await go('first', chosen.length > 0 ? chosen : suite);
const again = process.argv.includes('--again') ? first.files.filter(mayGoAgain) : [];
let { passed, failed } = first;
if (again.length > 0) {
  const options = chosen.filter(
    (argument) => argument.startsWith('-') || chosen[chosen.indexOf(argument) - 1] === '--project',
  );
  const second = await go('again', [...options, ...again.map(({ path }) => path)]);
  // What the second go says of these files stands in place of the first.
  passed += second.passed - again.reduce((sum, file) => sum + file.passed, 0);
  failed += second.failed - again.reduce((sum, file) => sum + file.failed, 0);
  for (const { path, why } of again) console.log(`tried again: ${path}\n${why}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/** Crash suites look for what is rare, and packages have nothing to wait for: neither gets a second go. */
function mayGoAgain({ path }) {
  return /^apps\/(server|cli|bank)\//.test(path) && !path.startsWith('apps/server/test/crash/');
}

/**
 * A file that does not load has no tests to fail, and an error outside every test belongs to none: each counts as one.
 * @param {string} name
 * @param {string[]} args
 * @returns {Promise<{ passed: number, failed: number, files: { path: string, passed: number, failed: number, why: string }[] }>} the files that failed
 */
async function go(name, args) {
  const report = join(folder, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await run(process.execPath, [vitest, 'run', ...reporters, ...args]);
  let result;
  try {
    result = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, files: [] };
  }
  const files = result.testResults.filter(({ status }) => status === 'failed').map(summary);
  const failed = files.reduce((sum, file) => sum + file.failed, 0);
  return { passed: result.numPassedTests, failed: code !== 0 && failed === 0 ? 1 : failed, files };
}

function summary({ name, message, assertionResults }) {
  const failures = assertionResults.filter(({ status }) => status === 'failed');
  const why = failures.length > 0 ? failures.map((test) => `${test.fullName}: ${test.failureMessages[0]}`) : [message];
  return {
    path: relative(root, name),
    passed: assertionResults.filter(({ status }) => status === 'passed').length,
    failed: Math.max(1, failures.length),
    why: why.map((text) => `  ${text.split('\n').slice(0, 3).join('\n  ')}`).join('\n'),
  };
}
