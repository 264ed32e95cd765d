/** A file that somebody was handed, checked against what this node itself would tell others to trust. */
import { claimedFormat, type ReceiptsReport, type Trust, verifyBundle, verifyReceipts } from '@shugu/evidence';
import type * as wire from '@shugu/wire/kernel';
import type { z } from 'zod';
import type { Reader } from '../db/db.ts';
import * as store from './store.ts';

type Verdict = z.input<typeof wire.verifyFile.reply>;

const provenUses = ({ grant, contracts, products, period, total, range, ...report }: ReceiptsReport) => ({
  grant: grant!,
  contracts: contracts!,
  products: products!,
  ...period!,
  firstAt: report.firstAt ?? null,
  lastAt: report.lastAt ?? null,
  ...total!,
  complete: range!.complete,
});

const receiptsVerdict = async (bytes: Uint8Array, trust: Trust): Promise<Verdict> => {
  const report = await verifyReceipts(bytes, trust);
  return {
    ok: report.ok,
    kind: 'receipts',
    title: { zh: '使用回执包', en: 'Receipts of use' },
    checks: report.checks,
    notice: report.notice,
    withdrawn: null,
    number: null,
    receipts: report.ok ? provenUses(report) : null,
  };
};

const bundleVerdict = async (read: Reader, bytes: Uint8Array, trust: Trust): Promise<Verdict> => {
  const report = await verifyBundle(bytes, trust);
  const row = report.ok && report.asOf ? await store.paperInLog(read, report.asOf) : undefined;
  return {
    ok: report.ok,
    kind: 'bundle',
    title: report.title ?? { zh: '未能识别的文件', en: 'Not a bundle' },
    checks: report.checks,
    notice: report.notice,
    withdrawn: row ? row.withdrawn_at !== null : null,
    number: row?.number ?? null,
    receipts: null,
  };
};

export const verdictOn = (read: Reader, file: string, trust: Trust): Promise<Verdict> => {
  const bytes = Buffer.from(file, 'utf8');
  return claimedFormat(file) === 'receipts' ? receiptsVerdict(bytes, trust) : bundleVerdict(read, bytes, trust);
};
