/** A table share as Spark's Delta Sharing source reads it: columns, rows and a condition, against what the contract grants. */
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openShare } from '../apps/server/src/delivery/share/testing.ts';
import { stopTestPostgres } from '../apps/server/src/kernel/postgres/testing.ts';
import { inFolder, type Outcome, runProgram, tally, versionOf } from './check.ts';
import { pythonFor } from './python.ts';

export const about = "a table share by Spark's Delta Sharing source";

const here = join(import.meta.dirname, 'spark');
const place = join(import.meta.dirname, 'node_modules', '.spark');
const jars = join(place, 'jars');
const { python, needs: needsSpark } = pythonFor('spark');
const installSecondsMax = 420;

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** The packages that Maven names as missing, else how it ended. */
const missingOf = (said: string): string => {
  const packages = [...said.matchAll(/[\w.-]+:[\w.-]+:jar:[\w.-]+/g)].map(([name]) => name);
  const missing = new Set(packages.filter((name) => !name.startsWith('shugu:')));
  return missing.size > 0 ? `no ${[...missing].join(', no ')}` : lastLine(said);
};

/** The source's own packages first: they are what may be missing, and Spark is large. */
export const needs = async (): Promise<string | undefined> => {
  for (const [program, flag] of [
    ['java', '-version'],
    ['mvn', '--version'],
    ['python3', '--version'],
  ] as const)
    if (!(await versionOf(program, flag))) return `${program} is not installed`;
  if (!existsSync(jars) || (await readdir(jars)).length === 0) {
    const words = [
      '-q',
      '-B',
      '-f',
      join(here, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${jars}`,
    ];
    const ran = await runProgram('mvn', [...words, '-DincludeScope=runtime'], { seconds: installSecondsMax });
    if (ran.code !== 0) return `the source cannot be had: ${missingOf(ran.stdout + ran.stderr)}`;
  }
  return needsSpark();
};

const rowCount = 100_000;
const terms = { columns: ['id', 'plate'], rowFilter: [{ column: 'city', operator: '<' as const, value: 9 }] };

export const run = async (): Promise<Outcome> => {
  const { expect, outcome } = tally();
  await inFolder(async (folder) => {
    const data = `SELECT i AS id, '湘A' || (i % 1000) AS plate, i % 10 AS city FROM range(${rowCount}) r(i)`;
    const shared = await openShare({ data, terms });
    try {
      const profile = join(folder, 'profile.share');
      await writeFile(profile, JSON.stringify(shared.profile));
      const ran = await runProgram(python, [join(here, 'read.py'), profile, shared.table, jars], { seconds: 300 });
      const seen = JSON.parse(lastLine(ran.stdout) || '{}') as Record<string, unknown>;
      const granted = Array.from({ length: rowCount }, (_, id) => id).filter((id) => id % 10 < 9);
      const wanted = {
        columns: terms.columns,
        rows: granted.length,
        sum: granted.reduce((sum, id) => sum + id, 0),
        some: 9,
      };
      for (const [what, value] of Object.entries(wanted))
        expect(
          JSON.stringify(seen[what]) === JSON.stringify(value),
          `${what}: ${seen[what]} ${ran.stderr.slice(-400)}`,
        );
    } finally {
      await shared.close();
    }
  });
  await stopTestPostgres();
  return outcome();
};
