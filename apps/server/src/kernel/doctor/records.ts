/** What is looked at in the database and the object store. Reads only. */
import { createHash } from 'node:crypto';
import { vkeyOf } from '@shugu/evidence';
import { settledObjects } from '../bucket-objects.ts';
import type { Config } from '../config.ts';
import { type Reader, raw, sql } from '../db/db.ts';
import type { Migration } from '../db/migrate.ts';
import { makeKeys } from '../keys.ts';
import { nodeSecret, readState } from '../node.ts';
import type { ObjectStore } from '../objects.ts';
import { origins } from '../publiclog/store.ts';
import type { ExtraCheck, Finding } from './doctor.ts';
import { logFault } from './log.ts';

export const limits = {
  objectsSampled: 50,
  paperLateSeconds: 600,
  shown: 3,
  pendingLateSeconds: 300,
  clockSkewSeconds: 60,
} as const;

const shown = (all: readonly string[]): string =>
  `${all.slice(0, limits.shown).join('; ')}${all.length > limits.shown ? ' …' : ''}`;

export const checkMigrations = async (read: Reader, own: readonly Migration[]): Promise<Finding> => {
  const rows = await read.rows<{ room: string; name: string; digest: string }>(
    sql`select room, name, digest from migrations`,
  );
  const applied = new Map(rows.map((one) => [`${one.room}/${one.name}`, one.digest]));
  const known = new Map(own.map((one) => [`${one.room}/${one.name}`, one.digest]));
  const foreign = [...applied].filter(([key, digest]) => known.get(key) !== digest).map(([key]) => key);
  const pending = [...known.keys()].filter((key) => !applied.has(key));
  if (foreign.length)
    return {
      id: 'migrations',
      level: 'error',
      zh: `数据库由另一版本迁移：${shown(foreign)}`,
      en: `another version migrated this database: ${shown(foreign)}`,
      next: { zh: '使用与数据相同或更新的版本', en: 'run the version the data belongs to, or a newer one' },
    };
  if (pending.length)
    return {
      id: 'migrations',
      level: 'warning',
      zh: `有 ${pending.length} 项迁移将在下次启动时执行`,
      en: `${pending.length} migrations will run at the next start`,
      next: { zh: '升级前先备份', en: 'make a backup first' },
    };
  return {
    id: 'migrations',
    level: 'ok',
    zh: `数据库结构为当前版本（${applied.size} 项迁移）`,
    en: `the schema is this version’s (${applied.size} migrations)`,
  };
};

export const checkClock = async (read: Reader, now: Date): Promise<Finding> => {
  const kept = await readState<{ now: string; simulated: boolean }>(read, 'clock');
  const { last } = await read.one<{ last: Date | null }>(sql`select max(at) as last from audit`);
  if (kept?.simulated)
    return {
      id: 'clock',
      level: 'ok',
      zh: `模拟日历，最近记录 ${last?.toISOString() ?? '无'}`,
      en: `a simulated calendar; last record ${last?.toISOString() ?? 'none'}`,
    };
  const latest = Math.max(last?.getTime() ?? 0, kept ? new Date(kept.now).getTime() : 0);
  const ahead = (latest - now.getTime()) / 1000;
  return ahead <= limits.clockSkewSeconds
    ? { id: 'clock', level: 'ok', zh: '时钟没有落后于记录', en: 'the clock is not behind the records' }
    : {
        id: 'clock',
        level: 'error',
        zh: `时钟落后于最近记录 ${Math.round(ahead)} 秒`,
        en: `the clock is ${Math.round(ahead)} s behind the last record`,
        next: {
          zh: '校准系统时间：此前节点时钟停走，落后超过 SHUGU_CLOCK_BEHIND_SECONDS 时拒绝启动；演示数据请设置 SHUGU_CLOCK',
          en: 'set the system time: until then the node’s clock stands still, and beyond SHUGU_CLOCK_BEHIND_SECONDS it does not start; for demo data set SHUGU_CLOCK',
        },
      };
};

/** Each log by its entries, and the secret by opening the log's key. */
export const checkLogs = async (read: Reader, config: Config, suite: 'intl' | 'sm'): Promise<Finding[]> => {
  const keys = makeKeys(await nodeSecret(config.home, config.keySecret), suite);
  const findings: Finding[] = [];
  for (const origin of await origins(read)) {
    const signer = await keys.signerById(read, origin.key).catch(() => undefined);
    if (!signer) {
      findings.push({
        id: 'keys',
        level: 'error',
        zh: `节点密钥打不开日志私钥 ${origin.key}`,
        en: `the node’s secret does not open the log’s key ${origin.key}`,
        next: { zh: '换回与此数据对应的 node.secret', en: 'bring back the node.secret that belongs to this data' },
      });
      continue;
    }
    const fault = await logFault(read, origin, vkeyOf(origin.origin, signer.publicKey)).catch(
      (error: Error) => error.message,
    );
    findings.push(
      fault
        ? {
            id: 'log',
            level: 'error',
            zh: `公开日志 ${origin.origin} 不一致：${fault}`,
            en: `the log ${origin.origin} is not consistent: ${fault}`,
            next: {
              zh: '停止签发，由备份恢复并保留现场',
              en: 'stop issuing, keep this folder as evidence, restore from a backup',
            },
          }
        : {
            id: 'log',
            level: 'ok',
            zh: `公开日志 ${origin.origin} #${origin.size} 与全部条目一致`,
            en: `the log ${origin.origin} #${origin.size} agrees with every entry`,
          },
    );
  }
  return findings;
};

export const checkPending = async (read: Reader, { commitmentSeconds }: Config, now: Date): Promise<Finding> => {
  const before = new Date(now.getTime() - (limits.pendingLateSeconds + commitmentSeconds) * 1000);
  const { count } = await read.one<{ count: number }>(
    sql`select count(*)::int as count from log_entries where position is null and created_at < ${before}`,
  );
  return count === 0
    ? { id: 'sequencing', level: 'ok', zh: '没有久未收录的条目', en: 'no entry waits too long for the log' }
    : {
        id: 'sequencing',
        level: 'error',
        zh: `${count} 条记录久未收录`,
        en: `${count} entries wait too long for the log`,
        next: { zh: '启动节点；仍不收录则查看日志', en: 'start the node; if they stay, look at its log' },
      };
};

const missingFiles = async (read: Reader, objects: Pick<ObjectStore, 'size'>): Promise<string[]> => {
  const rows = await read.rows<{ number: string; digest: string }>(
    sql`select number, digest from papers, lateral (values (pdf_digest), (bundle_digest)) as file (digest) where digest is not null order by number`,
  );
  const missing: string[] = [];
  for (const { number, digest } of rows) if ((await objects.size(digest)) === undefined) missing.push(number);
  return [...new Set(missing)];
};

export const checkPapers = async (read: Reader, config: Config, now: Date): Promise<Finding> => {
  const objects = await settledObjects(config);
  const missing = await missingFiles(read, objects).finally(() => objects.close());
  const before = new Date(now.getTime() - limits.paperLateSeconds * 1000);
  const late = await read.rows<{ number: string }>(
    sql`select number from papers join log_entries on log_entries.id = papers.log_entry where bundle_digest is null and sequenced_at < ${before} order by number`,
  );
  if (missing.length)
    return {
      id: 'papers',
      level: 'error',
      zh: `${missing.length} 份凭证缺文件：${shown(missing)}`,
      en: `${missing.length} papers miss their files: ${shown(missing)}`,
      next: { zh: '由备份取回 objects 目录中的文件', en: 'bring the files of the folder objects back from a backup' },
    };
  if (late.length)
    return {
      id: 'papers',
      level: 'error',
      zh: `${late.length} 份凭证久未生成：${shown(late.map((one) => one.number))}`,
      en: `${late.length} papers were not made: ${shown(late.map((one) => one.number))}`,
      next: { zh: '在任务页重试“生成”任务', en: 'retry the job that makes them' },
    };
  return { id: 'papers', level: 'ok', zh: '每份凭证都有文件', en: 'every paper has its files' };
};

/** A sample of what papers point to, hashed again. */
export const checkObjects = async (read: Reader, config: Config): Promise<Finding> => {
  const objects = await settledObjects(config);
  const rows = await read.rows<{ digest: string }>(
    sql`select digest from papers, lateral (values (pdf_digest), (bundle_digest)) as file (digest) where digest is not null order by random() limit ${limits.objectsSampled}`,
  );
  const damaged: string[] = [];
  for (const { digest } of rows) {
    const bytes = await objects.bytes(digest).catch(() => undefined);
    // A missing one is told by the papers' own check.
    if (bytes && `sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest) damaged.push(digest);
  }
  objects.close();
  return damaged.length === 0
    ? {
        id: 'objects',
        level: 'ok',
        zh: `抽查 ${rows.length} 个文件，摘要相符`,
        en: `${rows.length} files sampled, all digests hold`,
      }
    : {
        id: 'objects',
        level: 'error',
        zh: `${damaged.length} 个文件摘要不符：${shown(damaged)}`,
        en: `${damaged.length} files are not what they were: ${shown(damaged)}`,
        next: { zh: '检查磁盘，由备份取回', en: 'check the disk; bring them back from a backup' },
      };
};

export const checkJobs = async (read: Reader): Promise<Finding> => {
  const rows = await read.rows<{ id: string; kind: string }>(
    sql`select id, kind from jobs where state = 'dead' order by id`,
  );
  return rows.length === 0
    ? { id: 'jobs', level: 'ok', zh: '没有失败终止的任务', en: 'no job has died' }
    : {
        id: 'jobs',
        level: 'error',
        zh: `${rows.length} 个任务失败终止：${shown(rows.map((one) => `${one.kind} ${one.id}`))}`,
        en: `${rows.length} jobs have died: ${shown(rows.map((one) => `${one.kind} ${one.id}`))}`,
        next: { zh: '在任务页查看原因并重试', en: 'read the reason on the page of jobs and retry' },
      };
};

/** Dead ones wait for a person; the others are tried again by themselves, and may tell of something that goes wrong now. */
export const checkStalled = async (read: Reader): Promise<Finding> => {
  const rows = await read.rows<{ consumer: string; event: number; state: string; reason: string | null }>(
    sql`select consumer, event, state, reason from stalled_events where state <> 'queued' order by event, consumer`,
  );
  const told = (all: typeof rows) =>
    shown(all.map((one) => `${one.consumer} #${one.event} (${one.reason?.slice(0, 120) ?? ''})`));
  const dead = rows.filter((one) => one.state === 'dead');
  if (dead.length)
    return {
      id: 'events',
      level: 'error',
      zh: `${dead.length} 个事件停止重试，需人工处理：${told(dead)}`,
      en: `${dead.length} events wait for a person: ${told(dead)}`,
      next: { zh: '按原因修复，再到任务页重试', en: 'mend the cause, then retry them on the page of jobs' },
    };
  return rows.length === 0
    ? { id: 'events', level: 'ok', zh: '没有滞留事件', en: 'no event stalls' }
    : {
        id: 'events',
        level: 'warning',
        zh: `${rows.length} 个事件处理失败，正在自动重试：${told(rows)}`,
        en: `${rows.length} events failed and are being tried again: ${told(rows)}`,
        next: { zh: '在任务页查看原因', en: 'read the reason on the page of jobs' },
      };
};

export const checkExtra = async (read: Reader, extra: ExtraCheck): Promise<Finding | undefined> => {
  const { there } = await read.one<{ there: boolean }>(sql`select to_regclass(${extra.table}) is not null as there`);
  if (!there) return undefined;
  const rows = await read.rows<{ fault: string }>(sql`${raw(extra.faults)}`);
  return rows.length === 0
    ? { id: extra.id, level: 'ok', ...extra.well }
    : {
        id: extra.id,
        level: 'error',
        zh: `${extra.wrong.zh}：${shown(rows.map((one) => one.fault))}`,
        en: `${extra.wrong.en}: ${shown(rows.map((one) => one.fault))}`,
        next: extra.next,
      };
};
