/**
 * Downloads that break off and go on, by programs that share no code with us: curl resuming what it has and fetching parts side
 * by side, and Chromium resuming a download that was interrupted in the middle. Each ends with the published bytes.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { appendFile, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openRig, planOf } from '../apps/server/src/delivery/testing.ts';
import { stopTestPostgres } from '../apps/server/src/kernel/postgres/testing.ts';
import { inFolder, type Outcome, runProgram, type Tally, tally, versionOf } from './check.ts';
import { resumeInChromium } from './downloads/chromium.ts';

export const about = 'a file by curl, in parts and resumed, and by a browser that was interrupted';

export const needs = async (): Promise<string | undefined> =>
  (await versionOf('curl', '--version')) ? undefined : 'curl is not installed';

const fileName = 'large.bin';
const partsCount = 4;

export interface Published {
  /** Of the file, with its key as a header, or signed and without. */
  url: string;
  key: string;
  signedUrl: string;
  bytes: number;
  sha256: string;
}

const digestOf = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
};

const curl = (published: Published, ...words: string[]) =>
  runProgram('curl', ['-sS', '--fail', '-H', `authorization: Bearer ${published.key}`, ...words, published.url]);

/** `curl -C -` after a download that was killed, and after one whose end is missing. */
const resumed = async (published: Published, folder: string, { expect }: Tally): Promise<void> => {
  const path = join(folder, 'resumed.bin');
  const child = spawn('curl', [
    ...['-sS', '--limit-rate', '1M', '-o', path],
    ...['-H', `authorization: Bearer ${published.key}`, published.url],
  ]);
  const closed = once(child, 'close');
  while (child.exitCode === null && ((await stat(path).catch(() => undefined))?.size ?? 0) === 0) await wait(20);
  child.kill('SIGKILL');
  await closed;
  const had = (await stat(path)).size;
  expect(had > 0 && had < published.bytes, `curl was killed in the middle, at ${had} bytes`);
  const onwards = await curl(published, '-C', '-', '-o', path, '-w', '%{http_code} %{size_download}');
  expect(onwards.stdout === `206 ${published.bytes - had}`, `curl asked for what was missing: ${onwards.stdout}`);
  expect((await digestOf(path)) === published.sha256, 'the file resumed by curl is the published one');
  await truncate(path, 100);
  const again = await curl(published, '-C', '-', '-o', path);
  expect(again.code === 0 && (await digestOf(path)) === published.sha256, `resumed at 100 bytes: ${again.stderr}`);
  const whole = await curl(published, '-C', '-', '-o', path);
  expect(whole.code === 0 || whole.code === 22, `nothing more to resume: ${whole.code} ${whole.stderr}`);
};

/** Parts asked for at once, put together in order; and a part of another version, which comes whole. */
const inParts = async (published: Published, folder: string, { expect }: Tally): Promise<void> => {
  const size = Math.ceil(published.bytes / partsCount);
  const ran = await Promise.all(
    Array.from({ length: partsCount }, (_, part) => {
      const range = `${part * size}-${Math.min(published.bytes, (part + 1) * size) - 1}`;
      return curl(published, '-r', range, '-o', join(folder, `part-${part}`), '-w', '%{http_code}');
    }),
  );
  expect(
    ran.every(({ stdout }) => stdout === '206'),
    `parts: ${ran.map(({ stdout }) => stdout).join(' ')}`,
  );
  const path = join(folder, 'joined.bin');
  for (let part = 0; part < partsCount; part++) await appendFile(path, await readFile(join(folder, `part-${part}`)));
  expect((await digestOf(path)) === published.sha256, 'the parts joined are the published file');
  await rm(path);
  const other = ['-H', 'if-range: "another version"', '-r', '0-9', '-o', path, '-w', '%{http_code} %{size_download}'];
  const answer = await curl(published, ...other);
  expect(answer.stdout === `200 ${published.bytes}`, `part of another version: ${answer.stdout}`);
};

const publish = async () => {
  const rig = await openRig();
  const { version } = rig;
  const endpoint = { kind: 'file', files: [{ table: 'large', form: 'original' }] };
  const set = await rig.call('supplier', 'PUT', `/api/versions/${version.id}/endpoints`, { endpoints: [endpoint] });
  if (set.status !== 200) throw new Error(JSON.stringify(set.body));
  const grant = await rig.grant(planOf(), [{ kind: 'file' }]);
  const key = await rig.key(grant);
  const signed = await rig.call('buyer', 'POST', `/api/grants/${grant}/addresses`, { file: fileName });
  const { digest, bytes } = version.tables.find(({ name }) => name === 'large')!.original!;
  const published: Published = {
    url: `${rig.origin}/gateway/file/${grant}/${fileName}`,
    key,
    signedUrl: new URL(signed.body.url, rig.origin).href,
    bytes,
    sha256: digest.slice('sha256:'.length),
  };
  return { rig, published, grant };
};

export const run = async (): Promise<Outcome> => {
  const count = tally();
  await inFolder(async (folder) => {
    const { rig, published, grant } = await publish();
    try {
      await resumed(published, folder, count);
      await inParts(published, folder, count);
      const browser = await resumeInChromium(published, folder);
      if (typeof browser === 'string') count.note(`skip chromium: ${browser}`);
      else {
        count.expect(browser.requests.length === 2, `the browser asked twice: ${browser.requests.join(', ')}`);
        count.expect(
          /^bytes=[1-9]\d*-/.test(browser.requests[1] ?? ''),
          `and for the rest only: ${browser.requests[1]}`,
        );
        count.expect((await digestOf(browser.path)) === published.sha256, 'what the browser has is the published file');
      }
      await rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { grant }, 'interop'));
      const gone = await curl(published, '-r', '0-9', '-o', '/dev/null', '-w', '%{http_code}');
      expect403(gone.stdout, count);
    } finally {
      await rig.close();
    }
  });
  await stopTestPostgres();
  return count.outcome();
};

const expect403 = (status: string, { expect }: Tally): void => expect(status === '403', `after the end: ${status}`);
