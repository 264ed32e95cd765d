/** `shugu compute`: an owner's part under a contract, or, for a first try, all owners on this machine, each as a process of its own. */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type IntersectionOutcome, intersectHere, keysMaxOf, mayReveal, trustOf } from '@shugu/private-compute';
import type { Context } from './command.ts';
import { reasonIn } from './compute/reason.ts';
import { Misuse, readArgs } from './misuse.ts';
import { dim, green, note, say } from './say.ts';

const modes = ['helper', 'ecdh', 'sm2', 'kkrt'] as const;
const reveals = ['first', 'both', 'size'] as const;
type Mode = (typeof modes)[number];
type Reveal = (typeof reveals)[number];

const words = {
  zh: {
    what: '请说明要做什么：draft、show、sign、take、result、outputs、approve、refuse、revoke（计算合约），prepare、confirm、run（在自己的数据旁），verify，或本机试用 psi（隐私求交）、sql（份额上的查询）',
    tables: '请给出双方的表：A.csv B.csv',
    key: '请用 --key COLUMN 给出标识所在的字段',
    out: '请用 --out FILE 给出 A 方结果的文件',
    outNone: '--reveal size 没有行可写，不带 --out',
    sizeNone: (mode: string) =>
      `--mode ${mode} 会让 A 方知道是哪些行，不能与 --reveal size 同用；只要数量请用 helper、ecdh 或 sm2`,
    outSecond: '--out-second 只与 --reveal both 同用',
    choice: (option: string, choices: readonly string[]) => `${option} 只能是 ${choices.join('、')}`,
    number: (most: number) => `--keys-max 是 1 到 ${most} 之间的整数`,
    unreadable: (name: string) => `${name}：无法读取`,
    common: (count: number) => `共有 ${count} 个相同的标识`,
    written: (side: string, rows: number, path: string) => `${side} 方的 ${rows} 行写入 ${path}`,
    cost: (side: string, rows: number, keys: number, cpu: number, peak: number, [sent, received]: readonly number[]) =>
      `${side} 方：${rows} 行，${keys} 个不同的标识，${cpu} CPU 秒，内存峰值 ${peak} MiB，发 ${sent}、收 ${received} MiB`,
    helper: (cpu: number, peak: number) => `协助方：${cpu} CPU 秒，内存峰值 ${peak} MiB`,
  },
  en: {
    what: 'say what to do: draft, show, sign, take, result, outputs, approve, refuse, revoke (a computation contract), prepare, confirm, run (beside the own data), verify, or for a try here psi (private intersection), sql (a query on shares)',
    tables: 'name the tables of both owners: A.csv B.csv',
    key: 'name the column of the key with --key COLUMN',
    out: 'name the file for the result of A with --out FILE',
    outNone: '--reveal size tells no rows; leave --out away',
    sizeNone: (mode: string) =>
      `--mode ${mode} shows A which rows they are and cannot go with --reveal size; for the number alone take helper, ecdh or sm2`,
    outSecond: '--out-second goes with --reveal both only',
    choice: (option: string, choices: readonly string[]) => `${option} is one of ${choices.join(', ')}`,
    number: (most: number) => `--keys-max is a whole number from 1 to ${most}`,
    unreadable: (name: string) => `${name}: cannot be read`,
    common: (count: number) => `${count} keys are common`,
    written: (side: string, rows: number, path: string) => `${rows} rows of ${side} are in ${path}`,
    cost: (side: string, rows: number, keys: number, cpu: number, peak: number, [sent, received]: readonly number[]) =>
      `${side}: ${rows} rows, ${keys} distinct keys, ${cpu} CPU seconds, at most ${peak} MiB of memory, ${sent} MiB sent, ${received} received`,
    helper: (cpu: number, peak: number) => `helper: ${cpu} CPU seconds, at most ${peak} MiB of memory`,
  },
} as const;

const oneOf = <Value extends string>(
  option: string,
  choices: readonly Value[],
  given: string,
  language: Context['language'],
): Value => {
  const found = choices.find((choice) => choice === given);
  if (found === undefined) throw new Misuse(words[language].choice(option, choices));
  return found;
};

const readKeysMax = (text: string | undefined, mode: Mode, language: Context['language']): number => {
  const most = keysMaxOf[mode];
  if (text === undefined) return most;
  const count = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > most) throw new Misuse(words[language].number(most));
  return count;
};

const options = {
  key: { type: 'string' },
  mode: { type: 'string', default: 'helper' },
  reveal: { type: 'string', default: 'first' },
  out: { type: 'string' },
  'out-second': { type: 'string' },
  'keys-max': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

interface Asked {
  mode: Mode;
  reveal: Reveal;
  key: string;
  keysMax: number;
  tables: [string, string];
  out?: string;
  outSecond?: string;
  json: boolean;
}

const readAsked = async (args: string[], { language, cwd }: Context): Promise<Asked> => {
  const { values, positionals } = readArgs({ args, allowPositionals: true, options }, language);
  const word = words[language];
  const [what, first, second, ...more] = positionals;
  if (what !== 'psi') throw new Misuse(word.what);
  if (first === undefined || second === undefined || more.length > 0) throw new Misuse(word.tables);
  if (!values.key) throw new Misuse(word.key);
  const mode = oneOf('--mode', modes, values.mode, language);
  const reveal = oneOf('--reveal', reveals, values.reveal, language);
  if (!mayReveal(mode, reveal)) throw new Misuse(word.sizeNone(mode));
  if (reveal === 'size' && values.out) throw new Misuse(word.outNone);
  if (reveal !== 'size' && !values.out) throw new Misuse(word.out);
  if (reveal !== 'both' && values['out-second']) throw new Misuse(word.outSecond);
  for (const name of [first, second]) {
    await access(resolve(cwd, name)).catch(() => {
      throw new Misuse(word.unreadable(name));
    });
  }
  const keysMax = readKeysMax(values['keys-max'], mode, language);
  const at = (name: string | undefined) => (name === undefined ? undefined : resolve(cwd, name));
  return {
    mode,
    reveal,
    key: values.key,
    keysMax,
    tables: [resolve(cwd, first), resolve(cwd, second)],
    out: at(values.out),
    outSecond: at(values['out-second']),
    json: values.json,
  };
};

const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

const print = (asked: Asked, outcome: IntersectionOutcome, language: Context['language']): void => {
  const word = words[language];
  const { first, second, helper } = outcome;
  if (first.common !== null) say(green(word.common(first.common)));
  if (asked.out) say(word.written('A', first.rowsOut ?? 0, asked.out));
  if (asked.outSecond) say(word.written('B', second.rowsOut ?? 0, asked.outSecond));
  for (const [side, { rows, keys, cost, bytes }] of Object.entries({ A: first, B: second })) {
    const carried = [bytes?.sent ?? 0, bytes?.received ?? 0].map((one) => Math.round((one / 2 ** 20) * 10) / 10);
    say(dim(word.cost(side, rows, keys, cost.cpuSeconds, mebibytes(cost.peakBytes), carried)));
  }
  if (helper) say(dim(word.helper(helper.cost.cpuSeconds, mebibytes(helper.cost.peakBytes))));
  say(trustOf[asked.mode][language]);
};

type Part = (args: string[], context: Context) => Promise<number>;

/** Loaded only when asked for. */
const parts: Record<string, () => Promise<Part>> = {
  draft: async () => (await import('./compute/draft.ts')).draft,
  show: async () => (await import('./compute/contract.ts')).show,
  sign: async () => (await import('./compute/contract.ts')).sign,
  revoke: async () => (await import('./compute/contract.ts')).revoke,
  take: async () => (await import('./compute/use.ts')).take,
  result: async () => (await import('./compute/use.ts')).result,
  outputs: async () => (await import('./compute/held.ts')).outputs,
  approve: async () => (await import('./compute/held.ts')).approve,
  refuse: async () => (await import('./compute/held.ts')).refuse,
  prepare: async () => (await import('./compute/prepare.ts')).run,
  confirm: async () => (await import('./compute/confirm.ts')).run,
  run: async () => (await import('./compute/run.ts')).run,
  verify: async () => (await import('./compute/verify.ts')).run,
  sql: async () => (await import('./compute/sql.ts')).run,
};

export const run = async (args: string[], context: Context): Promise<number> => {
  const [verb = '', ...more] = args;
  if (Object.hasOwn(parts, verb)) return (await parts[verb]!())(more, context);
  if (verb !== 'psi' && !verb.startsWith('-')) throw new Misuse(words[context.language].what);
  if (more.some((one) => one === '--sum' || one.startsWith('--sum='))) {
    if (verb !== 'psi') throw new Misuse(words[context.language].what);
    return (await import('./compute/sum.ts')).run(more, context);
  }
  const asked = await readAsked(args, context);
  const { mode, reveal, key, keysMax, tables } = asked;
  if (asked.json) note(trustOf[mode][context.language]);
  const begun = performance.now();
  const outcome = await intersectHere({
    mode,
    reveal,
    keysMax,
    first: { path: tables[0], column: key, out: asked.out },
    second: { path: tables[1], column: key, out: asked.outSecond },
  }).catch((error: unknown) => {
    throw reasonIn(error, context.language);
  });
  if (!asked.json) print(asked, outcome, context.language);
  else {
    const milliseconds = Math.round(performance.now() - begun);
    const { terms, ...parties } = outcome;
    say(JSON.stringify({ ok: true, mode, reveal, job: terms.job, milliseconds, ...parties, trust: trustOf[mode] }));
  }
  return 0;
};
