/** A pin stands for one text: what a case was filed under does not change beneath it. */
import type { Logger } from 'pino';
import { type Database, type Reader, sql, type Tx } from '../db/db.ts';
import { systemActor } from '../http/principal.ts';
import { StartProblem } from '../start-problem.ts';
import type { RulePack } from './model.ts';
import type { RuleBook } from './rulebook.ts';

const keptDigest = async (read: Reader, pin: string): Promise<string | undefined> =>
  (await read.first<{ digest: string }>(sql`select digest from rule_packs where pin = ${pin}`))?.digest;

const casesOn = async (read: Reader, pin: string): Promise<{ all: number; open: number }> =>
  read.one(
    sql`select count(*)::int as all, (count(*) filter (where ended_at is null))::int as open from cases where pack = ${pin}`,
  );

const keepPin = async (tx: Tx, { pin, digest }: RulePack, log: Logger): Promise<void> => {
  const before = await keptDigest(tx, pin);
  if (before === digest) return;
  const { all, open } = before === undefined ? { all: 0, open: 0 } : await casesOn(tx, pin);
  if (all > 0)
    throw new StartProblem(
      'rule_pack_changed',
      `规则包 ${pin} 的内容已改变，但已有 ${all} 件办件（其中 ${open} 件未办结）按原内容受理；请恢复原文件，并把修改写入新版本（新文件、新 version）`,
      `rule pack ${pin} has changed, but ${all} cases (${open} of them open) were filed under what it said; bring the file back and put the change into a new version (a new file with a new version)`,
    );
  if (before !== undefined) log.warn({ pin }, 'a rule pack changed under its version; no case pins it yet');
  await tx.exec(sql`insert into rule_packs (pin, digest, since) values (${pin}, ${digest}, ${tx.now})
    on conflict (pin) do update set digest = excluded.digest, since = excluded.since`);
};

/** At start: remembers what each pin says, and refuses a pin that says something else than it said to its cases. */
export const keepPins = (database: Database, { packs }: RuleBook, log: Logger): Promise<void> =>
  database.tx(systemActor('rulepack'), async (tx) => {
    for (const pack of packs) await keepPin(tx, pack, log);
  });
