/**
 * The public log and our bundles as Go reads them, with the packages behind Go's own checksum database: signed note,
 * checkpoint, tiles, entry bundles, proofs. Go knows no SM2 and no SM3, so this is the suite with SHA-256 and Ed25519.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clearEntry, entryBytes } from '@shugu/evidence';
import type { Temporary } from '../apps/cli/src/server.ts';
import { sql } from '../apps/server/src/kernel/db/db.ts';
import { systemActor } from '../apps/server/src/kernel/http/principal.ts';
import { inFolder, type Outcome, runProgram, type Tally, tally, versionOf } from './check.ts';
import { onExchange } from './exchange.ts';
import { root, tradeIn } from './trade.ts';

export const about = "log and bundles by Go's golang.org/x/mod/sumdb";

const source = join(import.meta.dirname, 'tlog');
const buildSecondsMax = 180;

export const needs = async (): Promise<string | undefined> => {
  if (!(await versionOf('go', 'version'))) return 'Go is not installed';
  const ran = await runProgram('go', ['mod', 'download'], { cwd: source, seconds: 60 });
  return ran.code === 0 ? undefined : `golang.org/x/mod cannot be had: ${ran.stderr.trim().split('\n')[0]}`;
};

// Past one full tile and into a second, in batches that end inside tiles and on their borders.
const batches = [1, 2, 253, 1, 300, 43];

type Exchange = Temporary['exchange'];

const grow = async ({ kernel }: Exchange, round: number, count: number): Promise<string[]> => {
  const ids = await kernel.database.tx(systemActor('interop'), async (tx) => {
    const published: string[] = [];
    for (let place = 0; place < count; place++) {
      const bytes = entryBytes(clearEntry('interop', { round, place, text: '条目'.repeat((place * 7) % 40) }));
      published.push(await kernel.publicLog.publish(tx, { kind: 'interop', form: 'clear', bytes, participant: '' }));
    }
    return published;
  });
  await kernel.publicLog.sequence();
  return ids;
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Grows the log, keeping what the exchange says of it at each size. */
const story = async (exchange: Exchange) => {
  const { kernel, url } = exchange;
  const ids: string[] = [];
  const sizes: number[] = [];
  const checkpoints: string[] = [];
  for (const [round, count] of batches.entries()) {
    ids.push(...(await grow(exchange, round, count)));
    const note = await (await fetch(`${url}/log/checkpoint`)).text();
    checkpoints.push(note);
    sizes.push(Number(note.split('\n')[1]));
  }
  const { origin } = await kernel.database.one<{ origin: string }>(sql`select origin from log_origins`);
  const last = sizes.at(-1)!;
  const inclusion = [];
  for (const id of [...ids.slice(0, 4), ...ids.slice(254, 258), ...ids.slice(-3)]) {
    const found = (await kernel.publicLog.inclusion(kernel.database, id))!;
    inclusion.push({
      position: found.position,
      size: found.size,
      entry: base64(found.entry),
      proof: found.proof.map(base64),
    });
  }
  const consistency = [];
  for (const from of sizes.filter((size) => size < last)) {
    const proof = await kernel.publicLog.consistency(kernel.database, origin, from, last);
    consistency.push({ from, to: last, proof: proof.map(base64) });
  }
  return { inclusion, consistency, checkpoints };
};

const go = async (counts: Tally, program: string, ...args: string[]): Promise<Outcome> => {
  const ran = await runProgram(program, args);
  if (ran.code > 1) throw new Error(`the verifier in Go ended with ${ran.code}: ${ran.stderr}`);
  const found = JSON.parse(ran.stdout) as Outcome;
  for (const text of found.notes) counts.note(text.replace(/\S*\/(?=[^/\s]+\.json)/, ''));
  return found;
};

const checkBundles = async (counts: Tally, program: string): Promise<Outcome[]> => {
  const golden = join(root, 'packages/evidence/src/golden');
  const goldens = (await readdir(golden)).filter((name) => /^v\d+-intl-/.test(name)).map((name) => join(golden, name));
  const outcomes = [await go(counts, program, 'bundle', join(golden, 'v1-intl.trust.json'), ...goldens)];
  const { folder } = await tradeIn('intl');
  const traded = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.bundle.json'));
  counts.expect(traded.length > 0, 'the trade left no bundle');
  outcomes.push(
    await go(counts, program, 'bundle', join(folder, 'trust.json'), ...traded.map((name) => join(folder, name))),
  );
  return outcomes;
};

export const run = (): Promise<Outcome> =>
  inFolder(async (folder) => {
    const counts = tally();
    const program = join(folder, 'verify');
    const built = await runProgram('go', ['build', '-o', program, '.'], { cwd: source, seconds: buildSecondsMax });
    if (built.code !== 0) throw new Error(`the verifier does not build: ${built.stderr}`);
    const outcomes = await onExchange(async (exchange) => {
      const expected = join(folder, 'expected.json');
      await writeFile(expected, JSON.stringify(await story(exchange)));
      const trust = (await (await fetch(`${exchange.url}/.well-known/shugu-trust.json`)).json()) as {
        logs: { vkey: string }[];
      };
      return [await go(counts, program, 'log', exchange.url, trust.logs[0]!.vkey, expected)];
    });
    try {
      outcomes.push(...(await checkBundles(counts, program)));
    } catch (error) {
      counts.expect(false, (error as Error).message);
    }
    const { passed, failed, notes } = counts.outcome();
    const sum = (of: 'passed' | 'failed') => outcomes.reduce((total, one) => total + one[of], 0);
    return { passed: passed + sum('passed'), failed: failed + sum('failed'), notes };
  });
