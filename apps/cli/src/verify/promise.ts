/** `shugu verify` of a promise: offline, whether a trusted log gave it; with `--log URL`, whether that log has kept it. */
import { basename } from 'node:path';
import { judgePromise, type LogPromise, type PromiseReport, type PromiseVerdict, type Trust } from '@shugu/evidence';
import type { Context } from '../command.ts';
import { green, red, say } from '../say.ts';

const limits = { patienceSeconds: 20, fileBytesMax: 524_288 } as const;

const words = {
  zh: {
    kept: '已兑现：条目在日志之中',
    open: '尚未收录，期限未到',
    broken: '违约：期限已过，日志之中没有该条目；本承诺、日志的 dated 文件与全部叶子即为证据',
    unproven: '日志所示前后不符，无法判断',
    offline: '加上 --log URL 可向日志核对是否已兑现',
  },
  en: {
    kept: 'kept: the entry is in the log',
    open: 'not in the log yet; its time is not over',
    broken:
      'BROKEN: its time is over and the log does not hold the entry; this promise, the log’s file “dated” and its leaves are the proof',
    unproven: 'what the log shows does not hold together',
    offline: 'with --log URL the log is asked whether it was kept',
  },
} as const;

export const askLog = (promise: LogPromise, trust: Trust, url: string): Promise<PromiseVerdict> => {
  const base = `${url.replace(/\/+$/, '')}/log/${promise.origin}`;
  const get = async (path: string): Promise<Uint8Array | undefined> => {
    const signal = AbortSignal.timeout(limits.patienceSeconds * 1000);
    const response = await fetch(`${base}/${path}`, { redirect: 'error', signal });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${base}/${path}: ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length > limits.fileBytesMax) throw new Error(`${base}/${path}: too large`);
    return bytes;
  };
  return get('dated').then((dated) =>
    dated ? judgePromise(promise, trust, { dated, store: { read: get } }) : 'unproven',
  );
};

export const printPromise = (
  file: string,
  report: PromiseReport,
  verdict: PromiseVerdict | undefined,
  { language }: Context,
): void => {
  for (const check of report.checks) say(`${check.ok ? green('✓') : red('✗')}  ${basename(file)}  ${check[language]}`);
  if (!report.ok) return;
  if (!verdict) say(`    · ${words[language].offline}`);
  else say(`    ${promiseHolds(verdict) ? green('✓') : red('✗')} ${words[language][verdict]}`);
};

export const promiseHolds = (verdict: PromiseVerdict | undefined): boolean =>
  verdict === undefined || verdict === 'kept' || verdict === 'open';
