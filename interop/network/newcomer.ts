/** The smallest network through the command, as a newcomer starts it, looks at it and ends it. */
import { spawn } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeClient } from '@shugu/wire';
import { listEntries, listNodes } from '@shugu/wire/nodes';
import type { Tally } from '../check.ts';
import { root } from '../trade.ts';

interface Ready {
  ok: boolean;
  nodes: { key: string; kind: string; operator: string; url: string; pid: number }[];
  trade: unknown;
}

/** Processes that stand in a network's folder or name one: servers, databases, bank simulators. */
export const processesLeft = async (folder: string): Promise<string[]> => {
  const found: string[] = [];
  for (const pid of (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    const where = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (`${where} ${command} ${environment}`.includes(folder)) found.push(`${pid} ${command}`);
  }
  return found;
};

const networks = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('shugu-network-')).map((name) => join(tmpdir(), name));

export const newcomer = async (counts: Tally): Promise<void> => {
  const before = await networks();
  const begun = performance.now();
  const program = join(root, 'apps/cli/src/main.ts');
  const child = spawn(process.execPath, [program, 'demo', '--network', '--nodes', '2', '--json', '--lang=en'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  const ended = new Promise<number | null>((done) => child.once('close', done));
  try {
    const line = await new Promise<string>((done, failed) => {
      createInterface({ input: child.stdout }).once('line', done);
      child.once('close', (code) => failed(new Error(`shugu demo --network ended with ${code}: ${told}`)));
    });
    const { ok, nodes, trade } = JSON.parse(line) as Ready;
    const [hub, city] = nodes;
    counts.expect(ok && nodes.length === 2, 'the command says where its two nodes are');
    counts.expect(trade === null, 'between a hub and one node nobody trades');
    counts.expect(/starting 2 nodes.*starts, opens, joins the hub/s.test(told), 'it shows how far it is');
    const { call } = makeClient({ url: hub!.url, newKey: () => crypto.randomUUID() });
    const entries = (await call(listEntries, { query: {} })).items;
    counts.expect(
      entries.some(
        (one) => one.kind === 'listing' && one.node.name === city!.operator && one.url.startsWith(city!.url),
      ),
      'a listing of the node is seen at the hub, and leads to the node',
    );
    const { items } = await call(listNodes, { query: {} });
    counts.expect(items.length === 1 && items[0]!.standing === 'online', 'the hub shows its node online');
    counts.note(`the smallest network stands after ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    const [folder] = (await networks()).filter((one) => !before.includes(one));
    child.kill('SIGINT');
    counts.expect((await ended) === 0, 'Ctrl-C ends it with status 0');
    counts.expect(folder !== undefined && !(await networks()).includes(folder), 'its folder is gone');
    const left = await processesLeft(folder!);
    counts.expect(left.length === 0, `no process is left: ${left.join('; ')}`);
  } finally {
    child.kill('SIGINT');
    await ended;
  }
};
