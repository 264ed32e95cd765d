/** The CKAN façade as ckanapi, CKAN's own client in Python, reads it: by POST, by GET, and its dump of a whole site. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../apps/cli/src/scenario/resource.ts';
import { inFolder, type Outcome, runProgram, tally } from './check.ts';
import { listProduct, onExchange, openMarket } from './exchange.ts';
import { pythonFor, seenIn } from './python.ts';

export const about = 'the CKAN façade by ckanapi';

const environment = pythonFor('ckan');
export const needs = environment.needs;

/** Ways of reading in `read.py`, for each of POST and GET. */
const waysMin = 40;

export const run = (): Promise<Outcome> =>
  onExchange(async (exchange) => {
    const { expect, note, outcome } = tally();
    const { product } = await listProduct(await openMarket(exchange));
    const site = `${exchange.url}/ckan`;
    await until(
      'the product in the façade',
      async () => (await fetch(`${site}/api/3/action/package_show?id=${product}`)).ok,
    );
    const script = join(import.meta.dirname, 'ckan', 'read.py');
    const ran = await runProgram(environment.python, [script, site, product], { seconds: 120 });
    const seen = seenIn(ran.stdout);
    for (const one of seen) expect(one.holds, `${one.what}: ${one.seen}`);
    expect(
      ran.code === 0 && seen.length >= waysMin,
      `the client's script ended (${ran.code}): ${ran.stderr.slice(-600)}`,
    );
    await inFolder(async (folder) => {
      const file = join(folder, 'site.jsonl');
      // The client starts workers of its own by name.
      const env = { ...process.env, PATH: `${environment.bin}:${process.env.PATH}` };
      const words = ['dump', 'datasets', '--all', '-O', file, '-r', site];
      const dumped = await runProgram(join(environment.bin, 'ckanapi'), words, { env, seconds: 120 });
      const lines = (await readFile(file, 'utf8').catch(() => '')).trim().split('\n');
      expect(dumped.code === 0 && lines.length === 1, `dump ended (${dumped.code}): ${dumped.stderr.slice(-600)}`);
      expect(
        lines[0]!.includes(`"id":"${product}"`) || lines[0]!.includes(`"id": "${product}"`),
        'the dump holds the product',
      );
    });
    note(`${seen.length} ways of reading, and a dump`);
    return outcome();
  });
