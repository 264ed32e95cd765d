/** `shugu verify`: offline, with nothing but the files and the keys that the caller trusts; `--log` alone asks a log. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type BundleReport,
  type PromiseReport,
  type PromiseVerdict,
  parseTrust,
  type Trust,
  verifyBundle,
} from '@shugu/evidence';
import type { Context } from './main.ts';
import { askLog, printPromise, promiseHolds, readPromise } from './promise.ts';
import { dim, green, red, say } from './say.ts';

const words = {
  zh: {
    valid: '有效',
    invalid: '无效',
    asOf: '截至检查点',
    signer: '签署',
    unlisted: '未列入信任文件',
    noTrust: '没有信任文件：请用 --trust 指定（可从节点的 /.well-known/shugu-trust.json 取得，并经其他渠道核对）',
  },
  en: {
    valid: 'VALID',
    invalid: 'NOT VALID',
    asOf: 'as of checkpoint',
    signer: 'signed',
    unlisted: 'not in the trust file',
    noTrust:
      'no trust file: name one with --trust (a node serves its own at /.well-known/shugu-trust.json; compare it over another channel)',
  },
} as const;

// A trust file beside the first bundle is taken when none is named, since `shugu trade --out` leaves one there.
const readTrust = async (named: string | undefined, first: string, context: Context): Promise<Trust> => {
  const path = named ? resolve(context.cwd, named) : join(dirname(first), 'trust.json');
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes) throw new Error(named ? `${named}: cannot be read` : words[context.language].noTrust);
  return parseTrust(bytes);
};

const print = (file: string, report: BundleReport, { language }: Context): void => {
  const word = words[language];
  say(
    `${report.ok ? green(`✓ ${word.valid}`) : red(`✗ ${word.invalid}`)}  ${basename(file)}  ${report.title?.[language] ?? ''}`,
  );
  for (const check of report.checks) say(`    ${check.ok ? green('✓') : red('✗')} ${check[language]}`);
  for (const signer of report.signers)
    say(`    · ${word.signer}: ${signer.holder ?? word.unlisted}（${signer.role}，${signer.levelLabel[language]}）`);
  if (report.asOf)
    say(
      `    · ${word.asOf}: ${report.asOf.origin} #${report.asOf.size}${report.asOf.time ? `，${report.asOf.time}` : ''}`,
    );
  say(dim(`    ${report.notice[language]}`));
};

type BundleResult = { file: string; report: BundleReport };
type PromiseResult = { file: string; report: PromiseReport; verdict?: PromiseVerdict };
const isBundle = (one: BundleResult | PromiseResult): one is BundleResult => 'signers' in one.report;

export const run = async (args: string[], context: Context): Promise<number> => {
  const { values, positionals } = parseArgs({
    args,
    options: { trust: { type: 'string' }, log: { type: 'string' }, json: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  if (positionals.length === 0) throw new Error('verify: name at least one bundle');
  const files = positionals.map((one) => resolve(context.cwd, one));
  const trust = await readTrust(values.trust, files[0]!, context);
  const reports: (BundleResult | PromiseResult)[] = [];
  for (const file of files) {
    const bytes = await readFile(file).catch(() => {
      throw new Error(`${file}: cannot be read`);
    });
    const promise = readPromise(bytes, trust);
    if (promise) {
      const asked = promise.promise && values.log ? await askLog(promise.promise, trust, values.log) : undefined;
      reports.push({ file, report: promise, ...(asked ? { verdict: asked } : {}) });
    } else reports.push({ file, report: await verifyBundle(bytes, trust, { files: await besides(bytes, file) }) });
  }
  const ok = reports.every((one) => one.report.ok && promiseHolds('verdict' in one ? one.verdict : undefined));
  if (values.json) say(JSON.stringify({ ok, files: reports.map(({ file, report }) => ({ file, ...report })) }));
  else
    for (const one of reports)
      if (isBundle(one)) print(one.file, one.report, context);
      else printPromise(one.file, one.report, one.verdict, context);
  return ok ? 0 : 1;
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
