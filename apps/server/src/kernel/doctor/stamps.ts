/** The outside time stamps, as an operator should see them: given in time, and by a clock that agrees with ours. */
import type { Config } from '../config.ts';
import type { Reader } from '../db/db.ts';
import { readState } from '../node.ts';
import { stampFailure } from '../publiclog/stamps.ts';
import { latestStamp, openOrigin, unstampedSince } from '../publiclog/store.ts';
import type { Finding } from './doctor.ts';

const limits = { lateIntervals: 2, lateSecondsMin: 600, clockDifferenceSeconds: 300 } as const;

/** Undefined where no authority is configured. */
export const checkStamps = async (read: Reader, config: Config, now: Date): Promise<Finding | undefined> => {
  const origin = config.tsaUrl ? await openOrigin(read, config.node) : undefined;
  if (!origin) return undefined;
  const since = await unstampedSince(read, origin.origin);
  const failure = await stampFailure(read);
  const waits = since ? Math.round((now.getTime() - since.getTime()) / 1000) : 0;
  const late = waits > Math.max(limits.lateSecondsMin, limits.lateIntervals * config.tsaSeconds);
  const next = {
    zh: '检查 SHUGU_TSA_URL、SHUGU_TSA_CERTIFICATES 与时间戳机构的服务；节点会自行重试',
    en: 'look at SHUGU_TSA_URL, SHUGU_TSA_CERTIFICATES and the authority’s service; the node tries again by itself',
  };
  if (late || failure)
    return {
      id: 'stamps',
      level: 'warning',
      zh: `公开日志已有 ${waits} 秒没有外部时间戳${failure ? `（连续失败 ${failure.failures} 次：${failure.reason}）` : ''}`,
      en: `the log has been without an outside time stamp for ${waits} s${failure ? ` (failed ${failure.failures} times: ${failure.reason})` : ''}`,
      next,
    };
  return (
    (await clockDifference(read, origin.origin)) ?? {
      id: 'stamps',
      level: 'ok',
      zh: '外部时间戳及时',
      en: 'outside time stamps are given in time',
    }
  );
};

/** A node whose clock is behind takes stamps all the same; one that is ahead does not (publiclog/stamps.ts). */
const clockDifference = async (read: Reader, origin: string): Promise<Finding | undefined> => {
  const last = await latestStamp(read, origin);
  const simulated = (await readState<{ simulated: boolean }>(read, 'clock'))?.simulated;
  const behind = last && !simulated ? Math.round((last.stamped_at.getTime() - last.taken_at.getTime()) / 1000) : 0;
  return behind <= limits.clockDifferenceSeconds
    ? undefined
    : {
        id: 'stamps',
        level: 'warning',
        zh: `节点时钟比时间戳机构落后 ${behind} 秒`,
        en: `the node’s clock is ${behind} s behind the time stamping authority’s`,
        next: { zh: '校准系统时间', en: 'set the system time' },
      };
};
