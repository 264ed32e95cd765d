/** What a reader is told of a bundle's time stamp, and when the bundle is refused for it. */
import { decodeBase64 } from '@shugu/tlog';
import type { BundleLog } from '../bundle.ts';
import { EvidenceError } from '../problem.ts';
import type { Label } from '../suites.ts';
import { stampAuthorities, type Trust } from '../trust.ts';
import type { BundleReport } from '../verify-bundle.ts';
import { type Stamp, stampAhead, stampAheadSecondsMax, stampedBytes, verifyStamp } from './stamp.ts';

export const unstampedNotice: Label = {
  zh: '未附外部时间戳：检查点的时间仅由签发节点及其见证方所述。',
  en: 'It carries no outside time stamp: of the time of the checkpoint only the issuing node and its witnesses speak.',
};

export const missingStamp: Label = {
  zh: '信任文件要求外部时间戳，本文件未附',
  en: 'the trust file requires an outside time stamp, and there is none',
};

const unchecked: Label = {
  zh: '凭证包附有时间戳，而信任文件未列时间戳机构。请加入其证书，或索取不附时间戳的凭证包',
  en: 'the bundle carries a time stamp, and the trust file names no authority for it. Add its certificate, or ask for a bundle without it',
};

const witnessed = ({ authority, time, accuracySeconds: within }: Stamp): Label => {
  const at = time.toISOString();
  return {
    zh: `时间戳机构${authority}见证：检查点于${at}${within === undefined ? '' : `（误差不超过${within}秒）`}已存在`,
    en: `the time stamping authority ${authority} witnessed that the checkpoint existed at ${at}${within === undefined ? '' : ` (± ${within} s)`}`,
  };
};

/** Call it once the checkpoint is known to be the log's. */
export function checkStamp(log: BundleLog, issued: string, trust: Trust, report: BundleReport): void {
  const add = (id: string, ok: boolean, text: Label) => report.checks.push({ id, ok, ...text });
  if (log.stamp === undefined) {
    const { zh, en } = unstampedNotice;
    report.notice = { zh: `${zh}${report.notice.zh}`, en: `${en} ${report.notice.en}` };
    if (trust.stampRequired) add('stamp', false, missingStamp);
    return;
  }
  const authorities = stampAuthorities(trust);
  if (authorities.length === 0) {
    add('stamp', false, unchecked);
    return;
  }
  try {
    const stamp = verifyStamp(decodeBase64(log.stamp), stampedBytes(log.checkpoint, log.origin), authorities);
    report.stamp = stamp;
    add('stamp', true, witnessed(stamp));
    if (stampAhead(new Date(issued), stamp) > stampAheadSecondsMax)
      add('stamp.order', false, {
        zh: `凭证自称签发于${issued}，晚于时间戳：签发节点的时钟不可信`,
        en: `the paper says it was issued at ${issued}, later than it was stamped: the issuing node's clock is not to be believed`,
      });
  } catch (problem) {
    if (!(problem instanceof EvidenceError)) throw problem;
    const { message } = problem;
    add('stamp', false, { zh: `时间戳无效：${message}`, en: `the time stamp is not valid: ${message}` });
  }
}
