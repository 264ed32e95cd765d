/** `shugu compute psi … --sum`: count and sum over the keys that two tables have in common, and nothing of which keys those are. */
import { rename, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type Answer,
  planLimits,
  queryHere,
  type Recipient,
  type SharesOutcome,
  sharesLimits,
  sumPlan,
  sumTrust,
} from '@shugu/private-compute';
import type { Context } from '../command.ts';
import { Misuse, readArgs } from '../misuse.ts';
import { dim, note, say } from '../say.ts';
import { reasonIn } from './reason.ts';
import { printCosts, readDecimals, readRecipient, readTables } from './sql.ts';

/** With two in a group, either of them sees the other. */
const commonLeast = 3;

const words = {
  zh: {
    tables: '请给出双方的表：A.csv B.csv，B.csv 有要汇总的字段',
    key: '请用 --key COLUMN 给出标识所在的字段',
    sum: '请用 --sum COLUMN 给出 B 方要汇总的字段',
    mode: '--sum 只用于 --mode helper',
    least: `--common-min 是 ${commonLeast} 到 ${planLimits.atLeast} 之间的整数`,
    withheld: (count: number, least: number) => `${count} 组的相同标识少于 ${least} 个，未予开放`,
    none: (least: number) => `相同标识少于 ${least} 个，未予开放`,
    empty: '（空）',
    written: (path: string) => `结果写入 ${path}`,
  },
  en: {
    tables: 'name the tables of both owners, A.csv B.csv; B.csv has the column that is summed up',
    key: 'name the column of the key with --key COLUMN',
    sum: 'name the column of B that is summed up with --sum COLUMN',
    mode: '--sum goes with --mode helper only',
    least: `--common-min is a whole number from ${commonLeast} to ${planLimits.atLeast}`,
    withheld: (count: number, least: number) => `${count} groups have fewer than ${least} common keys and stay closed`,
    none: (least: number) => `fewer than ${least} keys are common: the result stays closed`,
    empty: '(none)',
    written: (path: string) => `the result is in ${path}`,
  },
} as const;

const options = {
  key: { type: 'string' },
  sum: { type: 'string' },
  group: { type: 'string' },
  'common-min': { type: 'string', default: '5' },
  mode: { type: 'string', default: 'helper' },
  recipient: { type: 'string', default: 'first' },
  decimals: { type: 'string', default: '2' },
  out: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

interface Asked {
  key: string;
  sum: string;
  group: string | undefined;
  atLeast: number;
  recipient: Recipient;
  decimals: number;
  tables: { a: string; b: string };
  out: string | undefined;
  json: boolean;
}

const readAsked = async (args: string[], { language, cwd }: Context): Promise<Asked> => {
  const { values, positionals } = readArgs({ args, allowPositionals: true, options }, language);
  const word = words[language];
  const tables = await readTables(positionals, language, cwd, word.tables);
  if (!values.key) throw new Misuse(word.key);
  if (!values.sum) throw new Misuse(word.sum);
  if (values.mode !== 'helper') throw new Misuse(word.mode);
  const least = values['common-min'];
  const atLeast = /^\d{1,7}$/.test(least) ? Number(least) : 0;
  if (atLeast < commonLeast || atLeast > planLimits.atLeast) throw new Misuse(word.least);
  return {
    key: values.key,
    sum: values.sum,
    group: values.group,
    atLeast,
    recipient: readRecipient(values.recipient, language),
    decimals: readDecimals(values.decimals, language),
    tables,
    out: values.out === undefined ? undefined : resolve(cwd, values.out),
    json: values.json,
  };
};

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** Whole or not at all. */
const writeAnswer = async ({ columns, rows }: Answer, out: string): Promise<void> => {
  const lines = [columns, ...rows].map((row) => `${row.map((cell) => quoted(cell ?? '')).join(',')}\n`);
  await writeFile(`${out}.part`, lines.join(''), { mode: 0o600 });
  await rename(`${out}.part`, out);
};

const print = (asked: Asked, answer: Answer, outcome: SharesOutcome, language: Context['language']): void => {
  const word = words[language];
  const { group, atLeast, out } = asked;
  for (const line of [answer.columns, ...answer.rows]) say(line.map((cell) => cell ?? word.empty).join('\t'));
  const { withheld = 0 } = answer;
  if (withheld > 0) say(group === undefined ? word.none(atLeast) : word.withheld(withheld, atLeast));
  if (out) say(dim(word.written(out)));
  printCosts(outcome, language);
  say(sumTrust[language]);
};

export const run = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  const asked = await readAsked(args, context);
  const { key, sum, group, atLeast, recipient, decimals, tables } = asked;
  if (asked.json) note(sumTrust[language]);
  const begun = performance.now();
  try {
    const plan = sumPlan({ first: key, second: key, payload: 'second', sum, group, atLeast });
    const outcome = await queryHere({
      plan,
      recipient,
      decimals,
      rowsMax: sharesLimits.rows,
      first: tables.a,
      second: tables.b,
    });
    const answer = (outcome.first.answer ?? outcome.second.answer)!;
    if (asked.out) await writeAnswer(answer, asked.out);
    if (!asked.json) print(asked, answer, outcome, language);
    else {
      const { terms, ...parties } = outcome;
      const milliseconds = Math.round(performance.now() - begun);
      const told = { mode: 'sum', job: terms.job, recipient, atLeast, milliseconds };
      say(JSON.stringify({ ok: true, ...told, ...answer, ...parties, trust: sumTrust }));
    }
    return 0;
  } catch (error) {
    throw reasonIn(error, language);
  }
};
