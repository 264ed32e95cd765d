/**
 * `@shugu/dataspace` as anybody would have it from a registry: packed, installed by npm into an empty folder without this repository,
 * and its README's connector started as it stands there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pack } from '../tools/package.ts';
import { inFolder, type Outcome, runProgram, tally, versionOf } from './check.ts';

export const about = '@shugu/dataspace installed alone, and the connector of its README';

const installSecondsMax = 180;
const patienceMilliseconds = 30_000;

export const needs = async (): Promise<string | undefined> =>
  (await versionOf('npm', '--version')) ? undefined : 'npm is not installed';

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** What the README shows as a whole program. */
const programIn = (text: string): string => /```js\n(import [\s\S]*?)```/.exec(text)?.[1] ?? '';

export const run = async (): Promise<Outcome> => {
  const { expect, note, outcome } = tally();
  await inFolder(async (folder) => {
    const packed = await pack('dataspace', join(folder, 'packed'));
    const home = join(folder, 'home');
    const wanted = {
      name: 'elsewhere',
      private: true,
      type: 'module',
      dependencies: { '@shugu/dataspace': `file:${packed}` },
    };
    await runProgram('mkdir', ['-p', home]);
    await writeFile(join(home, 'package.json'), JSON.stringify(wanted));
    const installed = await runProgram(
      'npm',
      ['install', '--install-links', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
      { cwd: home, seconds: installSecondsMax },
    );
    expect(installed.code === 0, `npm installs it: ${installed.stderr.slice(0, 500)}`);
    if (installed.code !== 0) return;
    const program = programIn(await readFile(join(packed, 'README.md'), 'utf8'));
    const lines = program.trim().split('\n').filter(Boolean).length;
    expect(lines > 0 && lines <= 16, `the README's connector is short: ${lines} lines`);
    note(`the connector takes ${lines} lines, imports among them`);
    await writeFile(join(home, 'connector.js'), program);
    const port = await freePort();
    const child = spawn(process.execPath, ['connector.js'], {
      cwd: home,
      env: { PATH: process.env.PATH, PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = once(child, 'exit');
    try {
      const root = `http://127.0.0.1:${port}`;
      const deadline = performance.now() + patienceMilliseconds;
      while (performance.now() < deadline && !(await fetch(root).catch(() => false))) await pause(50);
      const version = await (await fetch(`${root}/.well-known/dspace-version`)).json();
      expect(JSON.stringify(version).includes('"version":"2025-1"'), 'it shows its version document');
      const asked = {
        '@context': ['https://w3id.org/dspace/2025/1/context.jsonld'],
        '@type': 'ContractRequestMessage',
        consumerPid: 'urn:uuid:1',
        callbackAddress: 'https://consumer.example/dsp',
        offer: { '@id': 'urn:offer:1', '@type': 'Offer', target: 'urn:data:1', permission: [{ action: 'use' }] },
      };
      const ask = async (body: unknown) => {
        const answer = await fetch(`${root}/dsp/negotiations/request`, { method: 'POST', body: JSON.stringify(body) });
        return { status: answer.status, said: (await answer.json()) as Record<string, unknown> };
      };
      const taken = await ask(asked);
      expect(
        taken.status === 201 && taken.said.state === 'REQUESTED' && taken.said.consumerPid === 'urn:uuid:1',
        `it takes a contract request: ${JSON.stringify(taken)}`,
      );
      const again = await ask(asked);
      expect(again.status === 400, `what the state forbids is refused: ${JSON.stringify(again)}`);
      const { offer: _, ...bare } = asked;
      const wrong = await ask(bare);
      expect(
        wrong.status === 400 && wrong.said['@type'] === 'ContractNegotiationError',
        `a message without an offer is refused in the protocol's words: ${JSON.stringify(wrong)}`,
      );
    } finally {
      child.kill();
      await ended;
    }
  });
  return outcome();
};
