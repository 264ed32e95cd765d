/**
 * `shugu compute sql`: one query over two owners' tables on secret shares, three processes on this machine; for a first try. The third holds
 * shares, too, or with `--mode dealer` deals randomness and leaves.
 */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type Answer,
  type Plan,
  planOf,
  queryHere,
  type Recipient,
  type SharesOutcome,
  type SharesProtocol,
  sharesLimits,
  sharesProtocols,
  trustOfProtocol,
} from '@shugu/private-compute';
import type { Context } from '../command.ts';
import { Misuse, readArgs } from '../misuse.ts';
import { dim, note, say } from '../say.ts';
import { inPlaintext, type Plaintext, sameRows, treeOf } from './plaintext.ts';
import { reasonIn } from './reason.ts';

const recipients: readonly Recipient[] = ['first', 'second', 'both'];

const words = {
  zh: {
    tables: '请给出双方的表：A.csv B.csv，查询中称为 a 与 b',
    query: '请用 --query "SELECT …" 给出查询',
    choice: `--recipient 只能是 ${recipients.join('、')}`,
    mode: `--mode 只能是 ${sharesProtocols.join('、')}`,
    decimals: `--decimals 是 0 到 ${sharesLimits.decimals} 之间的整数`,
    unreadable: (name: string) => `${name}：无法读取`,
    none: '（空）',
    withheld: (count: number) => `${count} 组行数不足，未予开放`,
    cost: (side: string, compute: number, cpu: number, peak: number, out: number, back: number) =>
      `${side}：份额计算 ${compute} 毫秒，全程 ${cpu} CPU 秒，内存峰值 ${peak} MiB，发出 ${out} MiB，收到 ${back} MiB`,
    sides: { first: 'A 方', second: 'B 方', helper: '交易所' },
    plain: (ms: number, whole: number) => `同一查询以明文计算 ${ms} 毫秒，以份额计算全程 ${whole} 毫秒`,
    same: '两者结果一致',
    differs: '两者结果不一致',
  },
  en: {
    tables: 'name the tables of both owners, A.csv B.csv; the query calls them a and b',
    query: 'give the query with --query "SELECT …"',
    choice: `--recipient is one of ${recipients.join(', ')}`,
    mode: `--mode is one of ${sharesProtocols.join(', ')}`,
    decimals: `--decimals is a whole number from 0 to ${sharesLimits.decimals}`,
    unreadable: (name: string) => `${name}: cannot be read`,
    none: '(none)',
    withheld: (count: number) => `${count} groups have too few rows and stay closed`,
    cost: (side: string, compute: number, cpu: number, peak: number, out: number, back: number) =>
      `${side}: ${compute} ms on shares, ${cpu} CPU seconds in all, at most ${peak} MiB of memory, ${out} MiB sent, ${back} MiB received`,
    sides: { first: 'A', second: 'B', helper: 'exchange' },
    plain: (ms: number, whole: number) => `the same query in plaintext takes ${ms} ms, on shares ${whole} ms in all`,
    same: 'both give the same result',
    differs: 'the results differ',
  },
} as const;

const options = {
  query: { type: 'string' },
  mode: { type: 'string', default: 'replicated' },
  recipient: { type: 'string', default: 'first' },
  decimals: { type: 'string', default: '2' },
  compare: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

interface Asked {
  query: string;
  protocol: SharesProtocol;
  recipient: Recipient;
  decimals: number;
  tables: { a: string; b: string };
  compare: boolean;
  json: boolean;
}

type Language = Context['language'];

export const readTables = async (
  positionals: readonly string[],
  language: Language,
  cwd: string,
  missing: string = words[language].tables,
): Promise<{ a: string; b: string }> => {
  const [a, b, ...more] = positionals;
  if (a === undefined || b === undefined || more.length > 0) throw new Misuse(missing);
  for (const name of [a, b]) {
    await access(resolve(cwd, name)).catch(() => {
      throw new Misuse(words[language].unreadable(name));
    });
  }
  return { a: resolve(cwd, a), b: resolve(cwd, b) };
};

export const readRecipient = (given: string, language: Language): Recipient => {
  const recipient = recipients.find((one) => one === given);
  if (!recipient) throw new Misuse(words[language].choice);
  return recipient;
};

export const readDecimals = (given: string, language: Language): number => {
  const decimals = /^\d$/.test(given) ? Number(given) : -1;
  if (decimals < 0 || decimals > sharesLimits.decimals) throw new Misuse(words[language].decimals);
  return decimals;
};

const readAsked = async (args: string[], { language, cwd }: Context): Promise<Asked> => {
  const { values, positionals } = readArgs({ args, allowPositionals: true, options }, language);
  const tables = await readTables(positionals, language, cwd);
  const { query, compare, json } = values;
  if (!query) throw new Misuse(words[language].query);
  const protocol = sharesProtocols.find((one) => one === values.mode);
  if (!protocol) throw new Misuse(words[language].mode);
  const recipient = readRecipient(values.recipient, language);
  return { query, protocol, recipient, decimals: readDecimals(values.decimals, language), tables, compare, json };
};

const mebibytes = (bytes: number): number => Math.round((bytes / 2 ** 20) * 10) / 10;

const print = (answer: Answer, outcome: SharesOutcome, language: Language): void => {
  const word = words[language];
  const lines = [answer.columns, ...answer.rows.map((row) => row.map((cell) => cell ?? word.none))];
  for (const line of lines) say(line.join('\t'));
  if (answer.withheld) say(word.withheld(answer.withheld));
  printCosts(outcome, language);
};

export const printCosts = (outcome: SharesOutcome, language: Language): void => {
  const word = words[language];
  for (const side of ['first', 'second', 'helper'] as const) {
    const { cost, bytes, milliseconds } = outcome[side];
    const [peak, out, back] = [cost.peakBytes, bytes.sent, bytes.received].map(mebibytes) as [number, number, number];
    say(dim(word.cost(word.sides[side], milliseconds.compute, cost.cpuSeconds, peak, out, back)));
  }
};

export const run = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  const asked = await readAsked(args, context);
  const { query, protocol, recipient, decimals, tables } = asked;
  if (asked.json) note(trustOfProtocol(protocol)[language]);
  const begun = performance.now();
  try {
    const plan = planOf(await treeOf(query), ['a', 'b']);
    const outcome = await queryHere({
      plan,
      protocol,
      recipient,
      decimals,
      rowsMax: sharesLimits.rows,
      first: tables.a,
      second: tables.b,
    });
    const milliseconds = Math.round(performance.now() - begun);
    const answer = (outcome.first.answer ?? outcome.second.answer)!;
    const plaintext = asked.compare ? await inPlaintext(query, plan, tables, decimals) : undefined;
    return tell(asked, plan, answer, outcome, milliseconds, plaintext, language);
  } catch (error) {
    throw reasonIn(error, language);
  }
};

const tell = (
  asked: Asked,
  plan: Plan,
  answer: Answer,
  outcome: SharesOutcome,
  milliseconds: number,
  plaintext: Plaintext | undefined,
  language: Language,
): number => {
  const word = words[language];
  const same = plaintext === undefined || sameRows(plan, answer.rows, plaintext.rows);
  if (asked.json) {
    const { terms, ...parties } = outcome;
    const compared = plaintext && { milliseconds: plaintext.milliseconds, same };
    const { job, recipient } = terms;
    say(
      JSON.stringify({
        ok: same,
        mode: 'shares',
        protocol: asked.protocol,
        job,
        recipient,
        milliseconds,
        ...answer,
        ...parties,
        plaintext: compared,
        trust: trustOfProtocol(asked.protocol),
      }),
    );
  } else {
    print(answer, outcome, language);
    if (plaintext) {
      say(word.plain(plaintext.milliseconds, milliseconds));
      say(same ? word.same : word.differs);
    }
    say(trustOfProtocol(asked.protocol)[language]);
  }
  return same ? 0 : 1;
};
