/** `shugu trade`: one whole trade over HTTP, as each of the people concerned; every step says what was proven. */
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Context } from './command.ts';
import { reasonOf } from './failure.ts';
import { Misuse, readArgs } from './misuse.ts';
import { dim, green, note, red, say } from './say.ts';
import { readCast } from './scenario/cast.ts';
import { makeStage } from './scenario/stage.ts';
import { startTemporary, type Temporary } from './server.ts';
import { makeWalk, type Walk } from './steps.ts';
import { type Folder, makeFolder } from './trade/folder.ts';
import { clockWarning, inspectGround, type Suite } from './trade/ground.ts';
import { walkTrade } from './trade/walk.ts';

const options = {
  out: { type: 'string' },
  suite: { type: 'string' },
  url: { type: 'string' },
  'setup-token': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

const words = {
  zh: {
    suite: '--suite 只能是 intl 或 sm',
    url: (text: string) => `--url 要写成 http://主机:端口 的样子，不是“${text}”`,
    full: (path: string) => `${path} 里已有一笔交易的凭证（trust.json）：请另选一个文件夹`,
    holds: '整笔交易每一步都成立',
    steps: '步',
    check: (path: string) => `核验：./shugu verify ${path}`,
  },
  en: {
    suite: '--suite is intl or sm',
    url: (text: string) => `--url looks like http://host:port, and not like "${text}"`,
    full: (path: string) => `${path} holds the papers of a trade already (trust.json): choose another folder`,
    holds: 'every step of the trade holds',
    steps: 'steps',
    check: (path: string) => `check it: ./shugu verify ${path}`,
  },
} as const;

const readSuite = (text: string | undefined, language: Context['language']): Suite | undefined => {
  if (text === undefined || text === 'intl' || text === 'sm') return text;
  throw new Misuse(words[language].suite);
};

const readUrl = (text: string | undefined, language: Context['language']): string | undefined => {
  if (text === undefined) return undefined;
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw new Misuse(words[language].url(text));
  return text.replace(/\/+$/, '');
};

/** Papers of two exchanges beside one trust file could not be checked together. */
const outFolder = async (named: string | undefined, { cwd, language }: Context): Promise<string> => {
  const stamp = new Date().toISOString().replace(/[:.]/g, '-').slice(0, 19);
  const out = resolve(cwd, named ?? join('shugu-trade', stamp));
  const inside = await readdir(out).catch((): string[] => []);
  if (inside.includes('trust.json')) throw new Misuse(words[language].full(out));
  return out;
};

interface Outcome {
  walk: Walk;
  folder: Folder;
  failure?: string;
  seconds: number;
}

const tell = ({ walk, folder, failure, seconds }: Outcome, json: boolean, language: Context['language']): boolean => {
  const word = words[language];
  const failed = walk.results.find((one) => !one.ok);
  const ok = failure === undefined && failed === undefined;
  if (json) {
    const { results: steps } = walk;
    const fault = ok ? {} : { failedStep: failed?.name ?? null, failure };
    say(JSON.stringify({ ok, ...fault, folder: folder.path, steps, files: folder.files }));
    return ok;
  }
  say();
  say(ok ? green(`✓ ${word.holds}`) : red(`✗ ${failed ? `${failed.title}: ` : ''}${failure}`));
  say(dim(`${walk.results.length} ${word.steps}, ${seconds.toFixed(1)} s, ${folder.path}`));
  if (ok) say(dim(word.check(folder.path)));
  return ok;
};

export const run = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  const { values } = readArgs({ args, options }, language);
  const suite = readSuite(values.suite, language);
  const url = readUrl(values.url, language);
  const out = await outFolder(values.out, context);
  const cast = await readCast();
  const print = values.json ? note : say;
  const started = performance.now();
  let temporary: Temporary | undefined;
  const walk = makeWalk(language, print);
  const folder = makeFolder(out);
  let failure: string | undefined;
  try {
    if (!url) temporary = await startTemporary({ suite: suite ?? 'intl' });
    const setupToken = values['setup-token'] ?? temporary?.exchange.kernel.setupToken;
    const stage = makeStage(url ?? temporary!.exchange.url, cast);
    const found = await inspectGround(stage, { suite, setupToken, language });
    await mkdir(out, { recursive: true });
    if (url) print(clockWarning[language]);
    await walkTrade({ stage, walk, folder, setupToken, suite: found });
  } catch (error) {
    if (error instanceof Misuse) throw error;
    failure = reasonOf(error, language);
  } finally {
    await temporary?.end();
  }
  const seconds = (performance.now() - started) / 1000;
  return tell({ walk, folder, failure, seconds }, values.json, language) ? 0 : 1;
};
