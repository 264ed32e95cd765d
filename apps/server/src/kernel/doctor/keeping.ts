/** Where the records lie, how long they are kept, and what is held. Reads only. */
import { type Reader, raw, sql } from '../db/db.ts';
import { readState } from '../node.ts';
import { inForce } from '../retention/legal-holds.ts';
import { type Pruned, prunedKey } from '../retention/prune.ts';
import type { Finding } from './doctor.ts';

export const limits = { pruneLateDays: 3 } as const;

const dayMilliseconds = 86_400_000;

/** Each table with the regions that its rows were stored in. */
const regionsOf = async (read: Reader): Promise<Map<string, string[]>> => {
  const tables = await read.rows<{ name: string }>(sql`select table_name as name from information_schema.columns
    where table_schema = current_schema() and column_name = 'stored_region' order by 1`);
  const found = new Map<string, string[]>();
  for (const { name } of tables)
    for (const { region } of await read.rows<{ region: string }>(
      sql`select distinct stored_region as region from ${raw(`"${name}"`)}`,
    ))
      found.set(region, [...(found.get(region) ?? []), name]);
  return found;
};

export const checkRegion = async (read: Reader, region: string): Promise<Finding> => {
  const found = await regionsOf(read);
  const elsewhere = [...found].filter(([name]) => name !== region);
  if (elsewhere.length === 0)
    return { id: 'region', level: 'ok', zh: `数据存储地区 ${region}`, en: `data is stored in ${region}` };
  const listed = elsewhere.map(([name, tables]) => `${name} (${tables.length})`).join(', ');
  return {
    id: 'region',
    level: 'warning',
    zh: `存储地区为 ${region}，另有记录写于其他地区（表数）：${listed}`,
    en: `the region is ${region}, and rows were written in others (tables): ${listed}`,
    next: {
      zh: '核对 SHUGU_REGION；如数据已迁移，确认迁移依据齐备',
      en: 'check SHUGU_REGION; if the data was moved, see that the move was allowed',
    },
  };
};

/** `now` is the records' own clock. */
export const checkKeeping = async (read: Reader, now: Date): Promise<Finding> => {
  const { there } = await read.one<{ there: boolean }>(sql`select to_regclass('legal_holds') is not null as there`);
  const last = await readState<Pruned>(read, prunedKey);
  const { holds } = there
    ? await read.one<{ holds: number }>(sql`select count(*)::int as holds from legal_holds where ${inForce(now)}`)
    : { holds: 0 };
  const rows = Object.entries(last?.rows ?? {});
  const told = rows.map(([table, count]) => `${table} ${count}`).join(', ');
  const zh = `封存 ${holds} 件；${last ? `${last.day} 清理 ${told || '无'}` : '尚未清理'}`;
  const en = `${holds} legal holds in force; ${last ? `pruned on ${last.day}: ${told || 'nothing'}` : 'nothing pruned yet'}`;
  const late = last && now.getTime() - new Date(last.at).getTime() > limits.pruneLateDays * dayMilliseconds;
  return late
    ? {
        id: 'retention',
        level: 'warning',
        zh,
        en,
        next: { zh: '启动节点；清理每天进行一次', en: 'start the node; it prunes once a day' },
      }
    : { id: 'retention', level: 'ok', zh, en };
};
