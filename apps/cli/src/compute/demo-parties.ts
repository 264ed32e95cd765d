/** The two owners of `shugu demo --compute`: their synthetic data, a contract that both sign, one use of it, and what that cost. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallInput, CallOutput } from '@shugu/wire';
import { draftComputation, type getComputation, signComputation } from '@shugu/wire/compute';
import type { Context } from '../command.ts';
import type { Stage } from '../scenario/stage.ts';
import type { Prove } from '../steps.ts';
import { openFolder, type PartyFolder } from './folder.ts';
import { type PartOutcome, playPart } from './part.ts';

export interface Owner {
  login: string;
  id: string;
  table: 'a' | 'b';
  input: string;
  folder: PartyFolder;
}
export type Owners = readonly [Owner, Owner];

/** Half of each owner's people are the other's, too. */
export const tableOf = (which: 'a' | 'b', rows: number): string => {
  const from = which === 'a' ? 0 : Math.floor(rows / 2);
  const lines = Array.from({ length: rows }, (_, at) => {
    const person = from + at;
    const fen = (person * 7919) % 1_000_003;
    return which === 'a'
      ? `SYN${person},${(fen / 100).toFixed(2)}`
      : `SYN${person},${['长沙', '株洲', '湘潭', '岳阳'][person % 4]},${((fen * 31) % 500_000) / 100}`;
  });
  return [which === 'a' ? 'person,balance' : 'person,city,spending', ...lines, ''].join('\n');
};

export const ownerOf = async (
  stage: Stage,
  place: string,
  key: string,
  table: 'a' | 'b',
  rows: number,
): Promise<Owner> => {
  const home = join(place, key);
  await mkdir(home);
  const input = join(home, 'synthetic.csv');
  await writeFile(input, tableOf(table, rows));
  return {
    login: `${key}.trader`,
    id: await stage.organisation(key),
    table,
    input,
    folder: await openFolder(join(home, 'party')),
  };
};

type Draft = CallInput<typeof draftComputation>['body'];
type Term = Pick<Draft, 'uses' | 'from' | 'until' | 'priceFen'>;
type Contract = CallOutput<typeof getComputation>;

/** Drafted by the first owner, signed by both; what each party will learn is said before. */
export const signedByBoth = async (
  stage: Stage,
  owners: Owners,
  draft: (term: Term) => Promise<Draft>,
  prove: Prove,
): Promise<Contract> => {
  const now = await stage.now();
  const client = await stage.as(owners[0].login);
  const until = new Date(now.getTime() + 30 * 86_400_000).toISOString();
  const body = await draft({ uses: 2, from: now.toISOString(), until, priceFen: '0' });
  let contract = await client.call(draftComputation, { body });
  for (const { zh, en } of contract.explained) prove({ zh, en });
  for (const { login } of owners) {
    const owner = await stage.as(login);
    contract = await owner.call(signComputation, { params: { id: contract.id }, body: { digest: contract.digest } });
  }
  prove(
    { zh: `合约 ${contract.digest} 生效`, en: `contract ${contract.digest} is active` },
    contract.state === 'active',
  );
  return contract;
};

export const listen = { host: '127.0.0.1', port: 0, address: '127.0.0.1' };

export interface Played {
  contract: Contract;
  outcomes: readonly [PartOutcome, PartOutcome];
  milliseconds: number;
}

/** The first takes a use, the second comes to it. */
export const playBoth = async (stage: Stage, owners: Owners, contract: Contract): Promise<Played> => {
  const asked = async ({ login, folder, input }: Owner, take: boolean) => ({
    ...{ client: await stage.as(login), folder, contract: contract.id, input, take, listen, waitSeconds: 300 },
    lookMilliseconds: 100,
  });
  const begun = performance.now();
  const outcomes = await Promise.all([playPart(await asked(owners[0], true)), playPart(await asked(owners[1], false))]);
  return { contract, outcomes, milliseconds: Math.round(performance.now() - begun) };
};

/** Of what is computed without showing the data, beside the same by somebody who has both tables. */
export interface Price {
  /** `matched`: bytes are those that go once rows are side by side. */
  private: { milliseconds: number; cpuSeconds: number; bytes: number; matched: boolean };
  plaintext: { milliseconds: number; bytes: number };
}

export const priceOf = ({ outcomes, milliseconds }: Played, plaintext: Price['plaintext']): Price => {
  const sum = (of: (one: PartOutcome) => number) => outcomes.reduce((all, one) => all + of(one), 0);
  const bytes = sum(({ report, found }) => {
    const told = report?.bytes ?? found?.bytes;
    return told ? told.sent + told.received : 0;
  });
  const cpuSeconds = Math.round(sum(({ cost }) => cost?.cpuSeconds ?? 0) * 100) / 100;
  const matched = outcomes.some(({ report }) => report !== null);
  return { private: { milliseconds, cpuSeconds, bytes, matched }, plaintext };
};

const words = {
  zh: {
    price: '不让对方看到数据的代价（同一结果）',
    private: (ms: number, cpu: number, bytes: string, matched: boolean) =>
      `保密计算：从占用到陈述 ${ms} 毫秒，双方进程共 ${cpu} CPU 秒；${matched ? '对齐之后' : ''}双方收发 ${bytes}`,
    plain: (ms: number, bytes: string) => `明文计算：${ms} 毫秒，须把一方的整个文件交给另一方，${bytes}`,
    times: (time: string, bytes: string) => `耗时约 ${time} 倍，字节约 ${bytes} 倍`,
    learned: '各方得知什么，不知道什么',
  },
  en: {
    price: 'the price of not showing each other the data (for the same result)',
    private: (ms: number, cpu: number, bytes: string, matched: boolean) =>
      `in private: ${ms} ms from taking the use to its end, ${cpu} CPU seconds of both owners’ processes; ${bytes} to and from them${matched ? ' once rows are matched' : ''}`,
    plain: (ms: number, bytes: string) =>
      `in plaintext: ${ms} ms, and one owner hands its whole file to the other, ${bytes}`,
    times: (time: string, bytes: string) => `about ${time} times the time, ${bytes} times the bytes`,
    learned: 'what each party learned, and what it did not',
  },
} as const;

/** Of one party: what it knows now that it did not know before, and what it still does not. */
export interface Learned {
  who: string;
  learned: { zh: string; en: string };
  not: { zh: string; en: string };
}

const size = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
const ratio = (a: number, b: number): string => (a / Math.max(b, 1)).toPrecision(2);

/** What came of a use, as people read it: who learned what, what that rests on, and what it cost. */
export const printOutcome = (
  { contract: { trust } }: Played,
  learned: readonly Learned[],
  price: Price,
  language: Context['language'],
  print: (line: string) => void,
): void => {
  const word = words[language];
  print(word.learned);
  for (const one of learned) {
    print(`  ${one.who}`);
    print(`    + ${one.learned[language]}`);
    print(`    − ${one.not[language]}`);
  }
  print(trust[language]);
  print(word.price);
  const { private: hidden, plaintext } = price;
  print(`  ${word.private(hidden.milliseconds, hidden.cpuSeconds, size(hidden.bytes), hidden.matched)}`);
  print(`  ${word.plain(plaintext.milliseconds, size(plaintext.bytes))}`);
  print(`  ${word.times(ratio(hidden.milliseconds, plaintext.milliseconds), ratio(hidden.bytes, plaintext.bytes))}`);
  print('');
};
