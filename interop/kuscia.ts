/**
 * What Kuscia is asked, held to its own message definitions as its makers publish them, and the job's configuration run by SecretFlow's PSI
 * itself, between two processes that stand for the image. The nodes are our tests' own: no Kuscia is shown to do this.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { kusciaEngine, kusciaSettings, tableCommitment } from '@shugu/private-compute';
import { TestKuscia, testImage, testToken } from '../packages/private-compute/src/engines/kuscia-testing.ts';
import { inFolder, type Outcome, runProgram, type Tally, tally } from './check.ts';
import { pythonFor, seenIn } from './python.ts';

export const about = "messages to Kuscia by its published definitions, and the job's configuration on SecretFlow's PSI";

const environment = pythonFor('kuscia');
const { python } = environment;
export const needs = environment.needs;

const roles = ['first', 'second'] as const;
const nodes = { first: 'bank', second: 'shop' } as const;
const storage = '/home/kuscia/var/storage/data';

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** Both parts of a job, each as a process of its own. */
const playImage = async (config: string, folders: ReadonlyMap<string, string>, counts: Tally): Promise<boolean> => {
  const { sf_psi_config_map: of } = JSON.parse(config) as {
    sf_psi_config_map: Record<string, { psi_config: object; link_config: object }>;
  };
  const ports = [await freePort(), await freePort()].map((port) => `127.0.0.1:${port}`);
  const ran = await Promise.all(
    Object.entries(of).map(([node, { psi_config }], rank) =>
      runProgram(python, [
        ...[join(import.meta.dirname, 'kuscia', 'psi.py'), JSON.stringify(psi_config)],
        ...[storage, folders.get(node)!, String(rank), ...ports],
      ]),
    ),
  );
  for (const { code, stderr } of ran)
    counts.expect(code === 0, `SecretFlow's PSI: ${stderr.trim().split('\n').at(-1)}`);
  return ran.every(({ code }) => code === 0);
};

const one = async (
  counts: Tally,
  place: string,
  kuscia: TestKuscia,
  reveal: 'both' | 'first',
  sizes: readonly number[],
) => {
  const keyOf = (from: number) => Array.from({ length: sizes[from]! }, (_, n) => `${n * (from + 2)}`);
  const keys = { first: keyOf(0), second: keyOf(1) };
  const salt = randomBytes(32);
  const inputs = { first: join(place, `first-${reveal}.csv`), second: join(place, `second-${reveal}.csv`) };
  // The first key comes twice: both its rows are common or none.
  for (const role of roles)
    await writeFile(
      inputs[role],
      `id,n\n${[...keys[role], ...keys[role].slice(0, 1)].map((key, n) => `${key},${n}\n`).join('')}`,
    );
  const align = { first: 'id', second: 'id' };
  const commitment = (role: (typeof roles)[number]) => tableCommitment(inputs[role], salt, { align }, role);
  const terms = {
    ...{ job: `interop-use-of-${reveal}-${sizes.join('-')}`, mode: 'kkrt', reveal, keysMax: 100_000, helper: null },
    ...{ first: '11'.repeat(32), second: '22'.repeat(32) },
  } as const;
  const parts = await Promise.all(
    roles.map(async (role) => {
      const peer = role === 'first' ? 'second' : 'first';
      const settings = await kusciaSettings(
        JSON.stringify({
          ...{ url: urls.get(nodes[role]), node: nodes[role], peer: nodes[peer], image: testImage.name },
          ...{ folder: kuscia.folders.get(nodes[role]), token: 'token' },
        }),
        async () => testToken,
      );
      const out = join(place, `out-${role}-${reveal}.csv`);
      const { outcome } = kusciaEngine(settings, { lookMs: 50 }).start({
        ...{ terms, role, secret: '', host: '127.0.0.1', port: 0, peer: null, helper: null, meetMs: 60_000 },
        input: { path: inputs[role], salt: salt.toString('hex'), folder: place, column: 'id', out },
        agreed: { own: await commitment(role), peer: await commitment(peer) },
      });
      return { role, out, outcome };
    }),
  );
  const ended = await Promise.allSettled(parts.map(({ outcome }) => outcome));
  for (const [at, { role, out }] of parts.entries()) {
    const end = ended[at]!;
    const what = `${role} of ${reveal}, ${sizes.join(' × ')}`;
    counts.expect(end.status === 'fulfilled', `${what}: ${end.status === 'rejected' ? end.reason : ''}`);
    if (reveal === 'first' && role === 'second') continue;
    const theirs = new Set(keys[role === 'first' ? 'second' : 'first']);
    const [header, ...lines] = (await readFile(inputs[role], 'utf8')).trimEnd().split('\n');
    const wanted = [header, ...lines.filter((line) => theirs.has(line.split(',')[0]!)), ''].join('\n');
    const found = await readFile(out, 'utf8').catch(() => '');
    counts.expect(found === wanted, `${what}: rows are the plaintext's`);
  }
  for (const folder of kuscia.folders.values())
    counts.expect((await readdir(folder)).length === 0, `files are left of ${reveal}`);
};

const urls = new Map<string, string>();

export const run = (): Promise<Outcome> =>
  inFolder(async (place) => {
    const counts = tally();
    const kuscia = new TestKuscia();
    try {
      for (const node of Object.values(nodes)) {
        const folder = join(place, node);
        await mkdir(folder);
        urls.set(node, await kuscia.start(node, folder));
      }
      kuscia.program = (config) => playImage(config, kuscia.folders, counts);
      await one(counts, place, kuscia, 'both', [2000, 1500]);
      await one(counts, place, kuscia, 'first', [300, 4000]);
      // Both have the one key.
      await one(counts, place, kuscia, 'both', [1, 1]);
    } finally {
      kuscia.end();
    }
    counts.expect(kuscia.faults.length === 0, `asked otherwise: ${kuscia.faults[0]}`);
    const said = kuscia.answered.filter(({ path }) => !path.includes('/appimage/'));
    const input = join(place, 'messages');
    await writeFile(input, said.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const held = await runProgram(python, [join(import.meta.dirname, 'kuscia', 'messages.py'), input]);
    const seen = seenIn(held.stdout);
    counts.expect(
      held.code === 0 && seen.length === said.length * 2,
      `messages: ${held.stderr.trim().split('\n').at(-1)}`,
    );
    for (const { what, holds, seen: why } of seen) counts.expect(holds, `${what}: ${why}`);
    counts.note(
      `${said.length} messages and their answers by Kuscia's definitions; 3 jobs by SecretFlow's PSI 0.9.3b0`,
    );
    return counts.outcome();
  });
