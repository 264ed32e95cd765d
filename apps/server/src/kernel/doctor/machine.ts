/** What is looked at without a database: the program, the machine, the data folder. */
import { access, constants, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { restoreMark, secretName } from '../backup/files.ts';
import type { Config } from '../config.ts';
import { installedBinaries } from '../postgres/binaries.ts';
import type { Finding } from './doctor.ts';

export const limits = { nodeMajorMin: 24, freeBytesMin: 1024 ** 3 } as const;

export const checkProgram = (nodeVersion: string): Finding => {
  const ok = Number(nodeVersion.split('.')[0]) >= limits.nodeMajorMin;
  return {
    id: 'node',
    level: ok ? 'ok' : 'error',
    zh: `Node ${nodeVersion}`,
    en: `Node ${nodeVersion}`,
    ...(ok
      ? {}
      : {
          next: {
            zh: `使用 Node ${limits.nodeMajorMin} 或更高版本（npm start 会自动选用）`,
            en: `use Node ${limits.nodeMajorMin} or newer (npm start finds one)`,
          },
        }),
  };
};

export const checkPlatform = (config: Config): Finding => {
  const place = `${process.platform}-${process.arch}`;
  if (config.databaseUrl)
    return { id: 'platform', level: 'ok', zh: `${place}，使用外部数据库`, en: `${place}, with a database of its own` };
  const found = installedBinaries();
  return found
    ? {
        id: 'platform',
        level: 'ok',
        zh: `${place}，内置 PostgreSQL ${found.major}`,
        en: `${place}, with the embedded PostgreSQL ${found.major}`,
      }
    : {
        id: 'platform',
        level: 'error',
        zh: `${place} 没有内置数据库程序`,
        en: `${place} has no embedded database server`,
        next: {
          zh: '用 SHUGU_DATABASE_URL 指定 PostgreSQL 15 及以上',
          en: 'name a PostgreSQL 15 or newer in SHUGU_DATABASE_URL',
        },
      };
};

export const checkFolder = async ({ home }: Config): Promise<Finding[]> => {
  const found = await stat(home).catch(() => undefined);
  if (!found?.isDirectory())
    return [
      {
        id: 'folder',
        level: 'error',
        zh: `没有数据目录 ${home}`,
        en: `there is no data folder ${home}`,
        next: { zh: '先启动一次，或用 --home 指明', en: 'start once, or name it with --home' },
      },
    ];
  const findings: Finding[] = [];
  const writable = await access(home, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  findings.push(
    writable
      ? { id: 'folder', level: 'ok', zh: `数据目录 ${home}`, en: `data folder ${home}` }
      : {
          id: 'folder',
          level: 'error',
          zh: `无权读写 ${home}`,
          en: `${home} can't be read and written`,
          next: { zh: '以数据目录的所有者运行', en: 'run as the owner of the folder' },
        },
  );
  const unfinished = await stat(join(home, restoreMark)).then(
    () => true,
    () => false,
  );
  if (unfinished)
    findings.push({
      id: 'restore',
      level: 'error',
      zh: '恢复没有做完',
      en: 'a restore was not finished',
      next: { zh: '删除该目录后重新恢复', en: 'delete the folder and restore again' },
    });
  return findings;
};

/** The secret's file is there, whole, and closed to others. */
export const checkSecretFile = async (config: Config): Promise<Finding> => {
  if (config.keySecret)
    return {
      id: 'secret',
      level: 'ok',
      zh: '节点密钥来自 SHUGU_KEY_SECRET',
      en: 'the node’s secret comes from SHUGU_KEY_SECRET',
    };
  const path = join(config.home, secretName);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined || !/^[0-9a-f]{64}\s*$/.test(text))
    return {
      id: 'secret',
      level: 'error',
      zh: `${secretName} 缺失或损坏`,
      en: `${secretName} is missing or damaged`,
      next: {
        zh: '由备份恢复该文件；没有它无法签署，也无法读取密封字段',
        en: 'bring it back from a backup; without it nothing can be signed and sealed fields can’t be read',
      },
    };
  const open = ((await stat(path)).mode & 0o077) !== 0 && process.platform !== 'win32';
  return open
    ? {
        id: 'secretMode',
        level: 'error',
        zh: `${secretName} 对其他用户可读`,
        en: `${secretName} can be read by other users`,
        next: { zh: `chmod 600 ${path}`, en: `chmod 600 ${path}` },
      }
    : {
        id: 'secret',
        level: 'ok',
        zh: '节点密钥在位，仅本人可读',
        en: 'the node’s secret is there and closed to others',
      };
};

export const checkDisk = async ({ home }: Config, freeBytesMin: number = limits.freeBytesMin): Promise<Finding> => {
  const { bavail, bsize } = await statfs(home);
  const free = bavail * bsize;
  const text = `${(free / 1024 ** 3).toFixed(1)} GiB`;
  return free >= freeBytesMin
    ? { id: 'disk', level: 'ok', zh: `磁盘剩余 ${text}`, en: `${text} free on the disk` }
    : {
        id: 'disk',
        level: 'error',
        zh: `磁盘仅剩 ${text}`,
        en: `only ${text} free on the disk`,
        next: { zh: '清理磁盘或扩容；写满后数据库会停止', en: 'make room; a full disk stops the database' },
      };
};
