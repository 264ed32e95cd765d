/** `shugu demo --compute` as a newcomer uses it: a query on shares, who overlaps, sums over whoever does, and nothing is left. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inFolder, type Outcome, runProgram, tally } from './check.ts';

export const about =
  'two owners and an exchange compute on secret shares and on common keys under contracts, beside the same in plaintext';

export const needs = async (): Promise<string | undefined> => undefined;

const root = join(import.meta.dirname, '..');
const rows = 2000;
const secondsMax = 600;

interface Price {
  private: { bytes: number };
  plaintext: { bytes: number };
}

interface Told {
  ok: boolean;
  answer: { rows: string[][] } | null;
  price: Price | null;
  overlap: { common: number; price: Price } | null;
  sums: { answer: { rows: string[][] }; price: Price } | null;
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
    counts.expect((told.price?.private.bytes ?? 0) > (told.price?.plaintext.bytes ?? 0), 'and says what privacy costs');
    counts.expect(told.overlap?.common === rows / 2, 'half of the people of each owner are the other’s, too');
    counts.expect(told.sums?.answer.rows.length === 4, 'and what those spend opens by city');
    counts.expect(stderr.split('what each party learned').length === 4, 'each tells who learned what');
    counts.expect(stderr.includes('synthetic'), 'its data are called synthetic');
    counts.expect(
      (await readdir(folder)).every((name) => !name.startsWith('shugu-')),
      'and nothing is left of it',
    );
    return counts.outcome();
  });
