/** The OpenAPI document that a running exchange serves, against Spectral's recommended rules for OpenAPI. */
// needs packages
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inFolder, type Outcome, runProgram, tally } from './check.ts';
import { onExchange } from './exchange.ts';

export const about = "OpenAPI document against Spectral's rules";

export const needs = async (): Promise<string | undefined> => undefined;

const program = join(import.meta.dirname, 'node_modules/@stoplight/spectral-cli/dist/index.js');
// Spectral counts severity from 0, an error, to 3, a hint.
const severityOfErrors = 0;

interface Finding {
  code: string;
  severity: number;
  message: string;
  path: (string | number)[];
}

const lint = async (folder: string, name: string, document: string): Promise<Finding[]> => {
  const [ruleset, file, result] = ['ruleset.yaml', `${name}.json`, `${name}.result.json`].map((one) =>
    join(folder, one),
  ) as [string, string, string];
  await writeFile(ruleset, 'extends: [["spectral:oas", "recommended"]]\n');
  await writeFile(file, document);
  const ran = await runProgram(process.execPath, [
    program,
    'lint',
    '--ruleset',
    ruleset,
    '--format',
    'json',
    '--output',
    result,
    '--quiet',
    file,
  ]);
  // 1 says that there are findings, 2 that it could not work.
  if (ran.code > 1) throw new Error(`spectral ended with ${ran.code}: ${ran.stderr || ran.stdout}`);
  return JSON.parse((await readFile(result, 'utf8')).trim() || '[]') as Finding[];
};

export const run = (): Promise<Outcome> =>
  inFolder((folder) =>
    onExchange(async ({ url }) => {
      const counts = tally();
      const document = await (await fetch(`${url}/api/openapi.json`)).text();
      const { openapi, paths } = JSON.parse(document) as {
        openapi: string;
        paths: Record<string, Record<string, { operationId: string }>>;
      };
      const operations = Object.values(paths).flatMap((path) => Object.values(path));
      const found = await lint(folder, 'served', document);
      const errors = found.filter(({ severity }) => severity === severityOfErrors);
      for (const { code, path, message } of errors) counts.expect(false, `${code} at ${path.join('.')}: ${message}`);
      counts.expect(errors.length === 0, `${errors.length} errors`);
      counts.note(
        `OpenAPI ${openapi}, ${operations.length} operations: ${errors.length} errors, ${found.length - errors.length} warnings`,
      );
      // Two operations of one name must be found, or the rules look at nothing.
      const [first, second] = operations;
      second!.operationId = first!.operationId;
      const wrong = JSON.parse(document) as { paths: typeof paths };
      wrong.paths = paths;
      const duplicates = await lint(folder, 'spoilt', JSON.stringify(wrong));
      counts.expect(
        duplicates.some(({ code }) => code === 'operation-operationId-unique'),
        'a repeated operationId was not found',
      );
      return counts.outcome();
    }),
  );
