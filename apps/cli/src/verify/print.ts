/** What was found of each file, in lines for people. */
import { basename } from 'node:path';
import type { BundleReport, Check, ReceiptsReport, ReportedSigner } from '@shugu/evidence';
import type { Context } from '../command.ts';
import { dim, green, red, say } from '../say.ts';
import type { NotEvidence } from './files.ts';

type Language = Context['language'];

const words = {
  zh: {
    valid: '有效',
    invalid: '无效',
    asOf: '截至检查点',
    signer: '签署',
    unlisted: '未列入信任文件',
    receipts: '使用回执包',
    of: (grant: string, contracts: string, products: string) => `授权 ${grant}，合同 ${contracts}，产品 ${products}`,
    period: (from: string, until: string) => `期间（北京时间）：${from} 起，${until} 之前`,
    uses: (first: string, last: string) => `首次使用 ${first}，末次 ${last}`,
    total: (calls: number, cut: number, rows: number, bytes: number, receipts: number) =>
      `合计：${calls} 次调用${cut ? `（其中 ${cut} 次中断）` : ''}，${rows} 行，${bytes} 字节；回执 ${receipts} 条`,
    range: (source: string, after: number, through: number) => `已查记录：${source} 第 ${after + 1} 至 ${through} 条`,
    more: '当时另有后续回执，见下一个回执包',
    not: '不是证据',
  },
  en: {
    valid: 'VALID',
    invalid: 'NOT VALID',
    asOf: 'as of checkpoint',
    signer: 'signed',
    unlisted: 'not in the trust file',
    receipts: 'receipts of use',
    of: (grant: string, contracts: string, products: string) =>
      `grant ${grant}, contract ${contracts}, product ${products}`,
    period: (from: string, until: string) => `period (Beijing time): from ${from} until before ${until}`,
    uses: (first: string, last: string) => `first use ${first}, last ${last}`,
    total: (calls: number, cut: number, rows: number, bytes: number, receipts: number) =>
      `in all: ${calls} calls${cut ? ` (${cut} cut short)` : ''}, ${rows} rows, ${bytes} bytes; ${receipts} receipts`,
    range: (source: string, after: number, through: number) =>
      `records looked through: ${after + 1} to ${through} of ${source}`,
    more: 'more receipts were known: they are in a next file',
    not: 'not evidence',
  },
} as const;

export const reasons: Record<NotEvidence, { zh: string; en: string }> = {
  trust: { zh: '信任文件：核验所依据的公钥', en: 'a trust file: the keys that evidence is checked against' },
  empty: { zh: '空文件', en: 'an empty file' },
  pdf: {
    zh: 'PDF：供人阅读，能自证的是同名的 .bundle.json',
    en: 'a PDF, for reading: what proves itself is the .bundle.json of the same name',
  },
  sheet: { zh: '电子表格或压缩包', en: 'a spreadsheet or archive' },
  json: { zh: 'JSON 数据，不是证据格式', en: 'JSON, but in no format of evidence' },
  text: { zh: '文本', en: 'a text' },
  binary: { zh: '二进制文件', en: 'a binary file' },
  large: { zh: '文件过大，证据不超过 64 MB', en: 'too large: evidence has at most 64 MB' },
  folder: { zh: '文件夹，未进入', en: 'a folder, not looked into' },
  special: { zh: '不是普通文件', en: 'no ordinary file' },
};

/** To the second in Beijing time, which is that of the papers. */
const beijing = (at: string): string =>
  `${new Date(Date.parse(at) + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')}`;

const headline = (ok: boolean, file: string, title: string, language: Language): void => {
  const word = words[language];
  say(`${ok ? green(`✓ ${word.valid}`) : red(`✗ ${word.invalid}`)}  ${basename(file)}  ${title}`);
};

const listChecks = (checks: readonly Check[], language: Language): void => {
  for (const check of checks) say(`    ${check.ok ? green('✓') : red('✗')} ${check[language]}`);
};

const sayAsOf = (asOf: { origin: string; size: number; time?: string }, language: Language): void =>
  say(`    · ${words[language].asOf}: ${asOf.origin} #${asOf.size}${asOf.time ? `，${asOf.time}` : ''}`);

const signerLine = (
  { holder, levelLabel }: Pick<ReportedSigner, 'holder' | 'levelLabel'>,
  role: string,
  language: Language,
) => {
  const word = words[language];
  say(`    · ${word.signer}: ${holder ?? word.unlisted}（${role}${levelLabel[language]}）`);
};

export const printBundle = (file: string, report: BundleReport, language: Language): void => {
  headline(report.ok, file, report.title?.[language] ?? '', language);
  listChecks(report.checks, language);
  for (const signer of report.signers) signerLine(signer, `${signer.role}，`, language);
  if (report.asOf) sayAsOf(report.asOf, language);
  say(dim(`    ${report.notice[language]}`));
};

export const printReceipts = (file: string, report: ReceiptsReport, language: Language): void => {
  const word = words[language];
  headline(report.ok, file, word.receipts, language);
  // Nothing of a file that does not hold is shown as if it were true.
  if (report.ok) sayUses(report, language);
  listChecks(report.checks, language);
  if (report.signer) signerLine(report.signer, '', language);
  for (const one of report.asOf) sayAsOf(one, language);
  say(dim(`    ${report.notice[language]}`));
};

const sayUses = (report: ReceiptsReport, language: Language): void => {
  const word = words[language];
  const { grant, contracts = [], products = [], period, range, total, firstAt, lastAt } = report;
  const few = (all: string[]) => (all.length > 3 ? `${all.slice(0, 3).join(' ')} … (${all.length})` : all.join(' '));
  say(`    ${word.of(grant!, few(contracts), few(products))}`);
  say(`    ${word.period(beijing(period!.from), beijing(period!.until))}`);
  if (firstAt && lastAt) say(`    ${word.uses(beijing(firstAt), beijing(lastAt))}`);
  say(`    ${word.total(total!.calls, total!.incompleteCalls, total!.rows, total!.bytes, total!.receipts)}`);
  for (const { source, after, through } of range!.sources) say(`    ${word.range(source, after, through)}`);
  if (!range!.complete) say(`    ${word.more}`);
};

export const printOther = (file: string, not: NotEvidence, language: Language): void =>
  say(dim(`–  ${basename(file)}  ${words[language].not}: ${reasons[not][language]}`));
