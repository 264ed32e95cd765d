/** `shugu trade`: one whole trade over HTTP, as each of the people concerned; every step says what was proven. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Context } from './main.ts';
import { dim, green, red, say } from './say.ts';
import { readCast } from './scenario/cast.ts';
import { makeStage } from './scenario/stage.ts';
import { startTemporary } from './server.ts';
import { makeWalk } from './steps.ts';
import { makeFolder } from './trade/folder.ts';
import { walkTrade } from './trade/walk.ts';

const options = {
  out: { type: 'string' },
  suite: { type: 'string', default: 'intl' },
  url: { type: 'string' },
  'setup-token': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

export const run = async (args: string[], { language, cwd }: Context): Promise<number> => {
  const { values } = parseArgs({ args, options });
  if (values.suite !== 'intl' && values.suite !== 'sm') throw new Error('--suite is intl or sm');
  const out = resolve(
    cwd,
    values.out ?? join('shugu-trade', new Date().toISOString().replace(/[:.]/g, '-').slice(0, 19)),
  );
  await mkdir(out, { recursive: true });
  const walk = makeWalk(language, values.json);
  const started = performance.now();
  const temporary = values.url ? undefined : await startTemporary({ suite: values.suite });
  const folder = makeFolder(out);
  let failure: string | undefined;
  try {
    const stage = makeStage(values.url ?? temporary!.exchange.url, await readCast());
    await walkTrade({
      stage,
      walk,
      folder,
      setupToken: values['setup-token'] ?? temporary?.exchange.kernel.setupToken,
      suite: values.suite,
    });
  } catch (error) {
    failure = (error as Error).message;
  } finally {
    await temporary?.end();
  }
  const ok = failure === undefined && walk.results.every((one) => one.ok);
  if (values.json)
    say(JSON.stringify({ ok, steps: walk.results, files: folder.files, ...(failure ? { failure } : {}) }));
  else {
    say();
    say(
      ok
        ? green(language === 'zh' ? '✓ 整笔交易每一步都成立' : '✓ every step of the trade holds')
        : red(`✗ ${failure}`),
    );
    say(
      dim(
        `${walk.results.length} ${language === 'zh' ? '步' : 'steps'}, ${((performance.now() - started) / 1000).toFixed(1)} s, ${out}`,
      ),
    );
  }
  return ok ? 0 : 1;
};
