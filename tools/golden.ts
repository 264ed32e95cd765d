/**
 * `npm run gen -- golden`: the golden database of this release, one a suite: a whole trade walked over HTTP on an exchange of its own,
 * then `shugu backup` of it. Made once at a release, before the version goes up, and never again: later versions must restore
 * and migrate it (apps/server/test/golden). People and goods are fictional, money and papers are specimens.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { run as backUp } from '../apps/cli/src/backup.ts';
import { readCast } from '../apps/cli/src/scenario/cast.ts';
import { makeStage } from '../apps/cli/src/scenario/stage.ts';
import { startTemporary } from '../apps/cli/src/server.ts';
import { makeWalk } from '../apps/cli/src/steps.ts';
import { makeFolder } from '../apps/cli/src/trade/folder.ts';
import { walkTrade } from '../apps/cli/src/trade/walk.ts';
import { version } from '../apps/server/src/app.ts';

const bytesMax = 900_000;

const make = async (suite: 'intl' | 'sm', out: string, passphraseFile: string): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-golden-'));
  const { exchange, end } = await startTemporary({ suite });
  try {
    await walkTrade({
      stage: makeStage(exchange.url, await readCast()),
      walk: makeWalk('en'),
      folder: makeFolder(folder),
      setupToken: exchange.kernel.setupToken,
      suite,
    });
    while (await exchange.settle());
    const file = join(folder, 'node.backup');
    const { home } = exchange.kernel.config;
    const args = ['--home', home, '--out', file, '--passphrase-file', passphraseFile];
    if (await backUp(args, { language: 'en', cwd: folder })) throw new Error('the backup failed');
    const packed = gzipSync(await readFile(file), { level: 9 });
    if (packed.length > bytesMax) throw new Error(`${packed.length} bytes; a golden database has at most ${bytesMax}`);
    await writeFile(`${out}.backup.gz`, packed);
    // What people outside kept at the time, beside what the node says of itself later.
    await writeFile(`${out}.trust.json`, await readFile(join(folder, 'trust.json')));
    console.log(`${out}.backup.gz`);
  } finally {
    await end();
    await rm(folder, { recursive: true, force: true });
  }
};

export const makeGolden = async (root: string): Promise<void> => {
  const golden = join(root, 'fixtures/golden');
  for (const suite of ['intl', 'sm'] as const) {
    const out = join(golden, `shugu-${version}-${suite}`);
    if (existsSync(`${out}.backup.gz`)) throw new Error(`${out}.backup.gz is there: a release is not made anew`);
    // Known to everybody: what it seals is fictional.
    await make(suite, out, join(golden, 'passphrase'));
  }
};
