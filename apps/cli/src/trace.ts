/** `shugu trace`: asks an exchange from whose marked copy a file came. The file goes there; keys of marks never come here. */
import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { CallOutput } from '@shugu/wire';
import { runTrace, traceLimits } from '@shugu/wire/delivery';
import { askingOptions, openAsking } from './asking.ts';
import type { Context } from './command.ts';
import { Misuse, readArgs } from './misuse.ts';
import { dim, green, say } from './say.ts';

const words = {
  zh: {
    file: '请给出要溯源的文件',
    url: '请用 --url URL 给出交易所地址（http:// 或 https://）',
    key: '请用 --key-file FILE 给出有“为泄露的文件溯源”权限的密钥',
    unreadable: (name: string) => `${name}：无法读取`,
    large: (name: string) => `${name}：超过 ${traceLimits.fileBytesMax / 2 ** 20} MiB，请截取一部分行`,
    read: (rows: number, columns: number, copies: number) =>
      `读取 ${rows} 行、${columns} 列，与 ${copies} 份水印副本比对`,
    none: '证据不足，不指认任何人',
    closest: (matched: number, tested: number) => `最接近的副本：${tested} 处中吻合 ${matched} 处，与偶然无法区分`,
    named: (buyer: string, contract: string) => `出自 ${buyer} 的副本（${contract}）`,
    trial: (grant: string) => `试用授权 ${grant}`,
    contract: (id: string) => `合同 ${id}`,
    altered: (matched: number, tested: number) => `水印改动 ${tested} 处中吻合 ${matched} 处`,
    synthetic: (matched: number, tested: number) => `${tested} 行合成数据中出现 ${matched} 行`,
    chance: (text: string) => `在无关的文件上如此吻合任何一份副本的概率不高于 ${text}`,
    record: (id: string) => `溯源记录 ${id}`,
  },
  en: {
    file: 'name the file to trace',
    url: 'name the exchange with --url URL (http:// or https://)',
    key: 'give a key that may trace leaked files with --key-file FILE',
    unreadable: (name: string) => `${name}: cannot be read`,
    large: (name: string) => `${name}: more than ${traceLimits.fileBytesMax / 2 ** 20} MiB; give a part of its rows`,
    read: (rows: number, columns: number, copies: number) =>
      `${rows} rows and ${columns} columns, compared with ${copies} marked ${copies === 1 ? 'copy' : 'copies'}`,
    none: 'the evidence names no one',
    closest: (matched: number, tested: number) =>
      `the copy that came nearest fits in ${matched} of ${tested} places, no more than chance would`,
    named: (buyer: string, contract: string) => `from the copy of ${buyer} (${contract})`,
    trial: (grant: string) => `trial ${grant}`,
    contract: (id: string) => `contract ${id}`,
    altered: (matched: number, tested: number) => `${matched} of ${tested} altered values fit`,
    synthetic: (matched: number, tested: number) => `${matched} of ${tested} made-up rows are there`,
    chance: (text: string) => `the chance that an unrelated file fits any of the copies so well is at most ${text}`,
    record: (id: string) => `on record as ${id}`,
  },
} as const;

type Found = CallOutput<typeof runTrace>;

const power = (log: number): string => (log > -3 ? (10 ** log).toPrecision(2) : `10^${Math.ceil(log)}`);

const print = (found: Found, language: Context['language']): void => {
  const word = words[language];
  say(dim(word.read(found.file.rowsRead, found.file.columns.length, found.copies)));
  if (found.named.length === 0) {
    say(word.none);
    if (found.closest) say(dim(`  ${word.closest(found.closest.matched, found.closest.tested)}`));
  }
  for (const { buyer, contract, grant, method, matched, tested, logChanceOfAny } of found.named) {
    say(green(word.named(buyer.name, contract === null ? word.trial(grant) : word.contract(contract))));
    say(`  ${word[method](matched, tested)}`);
    say(`  ${word.chance(power(logChanceOfAny))}`);
  }
  say(dim(word.record(found.id)));
};

export const run = async (args: string[], context: Context): Promise<number> => {
  const { language, cwd } = context;
  const { values, positionals } = readArgs(
    {
      args,
      allowPositionals: true,
      options: {
        ...askingOptions,
        product: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    },
    language,
  );
  const word = words[language];
  const [named] = positionals;
  if (named === undefined || positionals.length > 1) throw new Misuse(word.file);
  const client = await openAsking(values, word, context);
  const path = resolve(cwd, named);
  const about = await stat(path).catch(() => undefined);
  if (!about?.isFile()) throw new Misuse(word.unreadable(named));
  if (about.size > traceLimits.fileBytesMax) throw new Misuse(word.large(named));
  const found = await client.call(
    runTrace,
    { query: { name: basename(named), product: values.product } },
    { rawBody: await openAsBlob(path), headers: { 'content-type': 'application/octet-stream' } },
  );
  if (values.json) say(JSON.stringify({ ok: found.named.length > 0, ...found }));
  else print(found, language);
  return found.named.length > 0 ? 0 : 1;
};
