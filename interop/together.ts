/** `shugu demo --compute` as a newcomer uses it: a contract on shares from draft to evidence, and nothing is left. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inFolder, type Outcome, runProgram, tally } from './check.ts';

export const about =
  'two owners and an exchange compute on secret shares under a contract, beside the same in plaintext';

export const needs = async (): Promise<string | undefined> => undefined;

const root = join(import.meta.dirname, '..');
const rows = 2000;
const secondsMax = 600;

interface Told {
  ok: boolean;
  answer: { rows: string[][] } | null;
  price: { shares: { bytes: number }; plaintext: { bytes: number } } | null;
}

export const run = (): Promise<Outcome> =>
  inFolder(async (folder) => {
    const counts = tally();
    const { code, stdout, stderr } = await runProgram(
      process.execPath,
      ['apps/cli/src/main.ts', 'demo', '--compute', '--json', '--lang=en', `--rows=${rows}`],
      { cwd: root, env: { ...process.env, TMPDIR: folder }, seconds: secondsMax },
    );
    const told = JSON.parse(stdout || '{}') as Partial<Told>;
    counts.expect(code === 0 && told.ok === true, `the demo comes to its end: ${stderr.slice(-500)}`);
    counts.expect(told.answer?.rows.length === 4, 'its result has the four cities');
    counts.expect((told.price?.shares.bytes ?? 0) > (told.price?.plaintext.bytes ?? 0), 'and says what privacy costs');
    counts.expect(stderr.includes('synthetic'), 'its data are called synthetic');
    counts.expect(
      (await readdir(folder)).every((name) => !name.startsWith('shugu-')),
      'and nothing is left of it',
    );
    return counts.outcome();
  });
