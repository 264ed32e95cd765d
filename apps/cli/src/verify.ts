/** `shugu verify`: offline, with nothing but the files and the keys that the caller trusts; `--log` alone asks a log. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  type BundleReport,
  bundleLimits,
  chineseOf,
  EvidenceError,
  type PromiseReport,
  type PromiseVerdict,
  parseTrust,
  type ReceiptsReport,
  receiptsLimits,
  type Trust,
  verifyBundle,
  verifyPromise,
  verifyReceipts,
} from '@shugu/evidence';
import type { Context } from './command.ts';
import { Misuse, readArgs } from './misuse.ts';
import { green, red, say } from './say.ts';
import { type Format, listFiles, look, type NotEvidence } from './verify/files.ts';
import { printBundle, printOther, printReceipts, reasons } from './verify/print.ts';
import { askLog, printPromise, promiseHolds } from './verify/promise.ts';

const words = {
  zh: {
    nothing: '请给出要核验的文件或文件夹',
    noTrust: '没有信任文件：请用 --trust 指定（可从节点的 /.well-known/shugu-trust.json 取得，并经其他渠道核对）',
    badTrust: (name: string, why: string) => `${name}：不是信任文件（${why}）`,
    unreadable: (name: string) => `${name}：无法读取`,
    url: (text: string) => `--log 要写成 http://主机:端口 的样子，不是“${text}”`,
    none: '没有找到可核验的证据',
    all: (count: number) => `${count} 件证据全部有效`,
    bad: (count: number, of: number) => `${of} 件证据之中 ${count} 件不成立`,
    others: (count: number) => `，另有 ${count} 个文件不是证据`,
  },
  en: {
    nothing: 'name the files to check, or a folder',
    noTrust:
      'no trust file: name one with --trust (a node serves its own at /.well-known/shugu-trust.json; compare it over another channel)',
    badTrust: (name: string, why: string) => `${name}: not a trust file (${why})`,
    unreadable: (name: string) => `${name}: cannot be read`,
    url: (text: string) => `--log looks like http://host:port, and not like "${text}"`,
    none: 'there is no evidence here to check',
    all: (count: number) =>
      count === 1 ? 'one piece of evidence, and it holds' : `${count} pieces of evidence, and all hold`,
    bad: (count: number, of: number) => `of ${of} pieces of evidence ${count} ${count === 1 ? 'does' : 'do'} not hold`,
    others: (count: number) => `; ${count === 1 ? 'one file is' : `${count} files are`} not evidence`,
  },
} as const;

/** A trust file beside what is checked is taken when none is named, since `shugu trade --out` leaves one there. */
const readTrust = async (named: string | undefined, first: string, context: Context): Promise<Trust> => {
  const word = words[context.language];
  const about = await stat(first).catch(() => undefined);
  const beside = join(about?.isDirectory() ? first : dirname(first), 'trust.json');
  const bytes = await readFile(named ? resolve(context.cwd, named) : beside).catch(() => undefined);
  if (!bytes) throw new Misuse(named ? word.unreadable(named) : word.noTrust);
  try {
    return parseTrust(bytes);
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new Misuse(word.badTrust(named ?? beside, context.language === 'zh' ? chineseOf(error) : error.message));
  }
};

export type Checked = { file: string } & (
  | { format: 'bundle'; report: BundleReport }
  | { format: 'receipts'; report: ReceiptsReport }
  | { format: 'promise'; report: PromiseReport; verdict?: PromiseVerdict }
);

/** Stands for a file that was not read for its size, and is refused for it. */
const tooMany = (format: Format): Uint8Array =>
  new Uint8Array(1 + (format === 'receipts' ? receiptsLimits : bundleLimits).bytesMax);

const check = async (
  { file, format, bytes = tooMany(format) }: { file: string; format: Format; bytes: Uint8Array | undefined },
  trust: Trust,
  log: string | undefined,
): Promise<Checked> => {
  if (format === 'receipts') return { file, format, report: await verifyReceipts(bytes, trust) };
  if (format === 'bundle')
    return { file, format, report: await verifyBundle(bytes, trust, { files: await besides(bytes, file) }) };
  const report = verifyPromise(bytes, trust);
  const verdict = report.promise && log ? await askLog(report.promise, trust, log) : undefined;
  return { file, format, report, ...(verdict ? { verdict } : {}) };
};

export const holds = (one: Checked): boolean =>
  one.report.ok && (one.format !== 'promise' || promiseHolds(one.verdict));

const print = (one: Checked, context: Context): void => {
  if (one.format === 'bundle') printBundle(one.file, one.report, context.language);
  else if (one.format === 'receipts') printReceipts(one.file, one.report, context.language);
  else printPromise(one.file, one.report, one.verdict, context);
};

export const tell = (
  checked: readonly Checked[],
  others: readonly { file: string; not: NotEvidence }[],
  context: Context,
) => {
  const word = words[context.language];
  for (const one of checked) print(one, context);
  for (const { file, not } of others) printOther(file, not, context.language);
  if (checked.length === 1 && others.length === 0) return;
  const bad = checked.filter((one) => !holds(one)).length;
  const rest = others.length ? word.others(others.length) : '';
  say();
  if (checked.length === 0) say(red(`✗ ${word.none}${rest}`));
  else if (bad > 0) say(red(`✗ ${word.bad(bad, checked.length)}${rest}`));
  else say(green(`✓ ${word.all(checked.length)}${rest}`));
};

export interface Looked {
  checked: Checked[];
  others: { file: string; not: NotEvidence }[];
  json: boolean;
  ok: boolean;
}

/** Every file that is named, or lies in a folder that is named, looked at; `inside` finds the evidence in a file that holds more. */
export const lookAt = async (
  args: string[],
  context: Context,
  inside: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): Promise<Looked> => {
  const { language, cwd } = context;
  const { values, positionals } = readArgs(
    {
      args,
      options: { trust: { type: 'string' }, log: { type: 'string' }, json: { type: 'boolean', default: false } },
      allowPositionals: true,
    },
    language,
  );
  if (positionals.length === 0) throw new Misuse(words[language].nothing);
  if (values.log !== undefined && !/^https?:\/\//.test(values.log)) throw new Misuse(words[language].url(values.log));
  const checked: Checked[] = [];
  const others: { file: string; not: NotEvidence }[] = [];
  // Asked for only where there is something to check by it.
  let trust: Trust | undefined;
  for (const file of await listFiles(positionals, context)) {
    const found = await look(file, language);
    if ('not' in found) others.push(found);
    else {
      trust ??= await readTrust(values.trust, resolve(cwd, positionals[0]!), context);
      const bytes = found.bytes && inside(found.bytes);
      checked.push(await check({ ...found, bytes }, trust, values.log));
    }
  }
  return { checked, others, json: values.json, ok: checked.length > 0 && checked.every(holds) };
};

/** As one object, for `--json`. */
export const asJson = ({ checked, others, ok }: Looked, { language }: Context) => ({
  ok,
  files: checked.map(({ file, format, report, ...more }) => ({ file, format, ...report, ...more })),
  notEvidence: others.map(({ file, not }) => ({ file, why: reasons[not][language] })),
});

export const run = async (args: string[], context: Context): Promise<number> => {
  const looked = await lookAt(args, context);
  if (looked.json) say(JSON.stringify(asJson(looked, context)));
  else tell(looked.checked, looked.others, context);
  return looked.ok ? 0 : 1;
};

/** Attachments that lie beside the bundle are compared; names come from an unverified file, so only plain names are read. */
const besides = async (bytes: Uint8Array, file: string): Promise<Map<string, Uint8Array>> => {
  const found = new Map<string, Uint8Array>();
  try {
    const { attachments } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { attachments?: { name: string }[] };
    for (const { name } of (attachments ?? []).slice(0, 256)) {
      if (typeof name !== 'string' || name !== basename(name)) continue;
      const content = await readFile(join(dirname(file), name)).catch(() => undefined);
      if (content) found.set(name, content);
    }
  } catch {
    // Not JSON: the verifier says so.
  }
  return found;
};
