/**
 * `shugu demo --compute`: two owners and an exchange of its own on this machine, with synthetic data: a contract on shares from draft to
 * evidence, and what the same costs who has both tables in the open.
 */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SharesReport } from '@shugu/private-compute';
import { untilStopped } from '@shugu/server';
import type { CallOutput } from '@shugu/wire';
import { draftComputation, getComputation, signComputation } from '@shugu/wire/compute';
import type { Context } from '../command.ts';
import { reasonOf } from '../failure.ts';
import { Misuse, readArgs } from '../misuse.ts';
import { dim, green, note, red, say } from '../say.ts';
import { readCast } from '../scenario/cast.ts';
import { makeStage, type Stage } from '../scenario/stage.ts';
import { startTemporary, type Temporary } from '../server.ts';
import { makeWalk, type Walk } from '../steps.ts';
import { makeFolder } from '../trade/folder.ts';
import { openMarket } from '../trade/walk.ts';
import { openFolder, type PartyFolder } from './folder.ts';
import { csvOf } from './opening.ts';
import { keepPapers } from './papers.ts';
import { type PartOutcome, PartRefused, playPart } from './part.ts';
import { inPlaintext, sameRows } from './plaintext.ts';
import { preparedSet } from './prepare.ts';
import { check } from './verify.ts';

const limits = { rowsDefault: 20_000, rowsMax: 1_000_000 } as const;
const query = `SELECT b.city, sum(a.balance) AS balance, count(*) AS customers
FROM a JOIN b ON a.person = b.person WHERE a.balance >= b.spending GROUP BY b.city`;
const decimals = 2;

const words = {
  zh: {
    rows: `--rows 是 1 到 ${limits.rowsMax} 之间的整数`,
    data: (rows: number) => `数据为合成：每方 ${rows} 行，人物、金额、城市均由公式生成`,
    price: '不让对方看到数据的代价（同一查询）',
    shares: (ms: number, cpu: number, bytes: string) =>
      `份额计算：从占用到陈述 ${ms} 毫秒，双方共 ${cpu} CPU 秒；对齐之后双方收发 ${bytes}`,
    plain: (ms: number, bytes: string) => `明文计算：${ms} 毫秒，须把一方的整个文件交给另一方，${bytes}`,
    times: (time: string, bytes: string) => `耗时约 ${time} 倍，字节约 ${bytes} 倍`,
    ok: '每一步都成立；交易所与数据随之清除',
  },
  en: {
    rows: `--rows is a whole number from 1 to ${limits.rowsMax}`,
    data: (rows: number) =>
      `the data are synthetic: ${rows} rows of each owner; people, amounts and cities come from a formula`,
    price: 'the price of not showing each other the data (for the same query)',
    shares: (ms: number, cpu: number, bytes: string) =>
      `on shares: ${ms} ms from taking the use to its end, ${cpu} CPU seconds of both owners; ${bytes} to and from them once rows are matched`,
    plain: (ms: number, bytes: string) =>
      `in plaintext: ${ms} ms, and one owner hands its whole file to the other, ${bytes}`,
    times: (time: string, bytes: string) => `about ${time} times the time, ${bytes} times the bytes`,
    ok: 'every step holds; the exchange and the data are gone with it',
  },
} as const;

interface Owner {
  login: string;
  id: string;
  table: 'a' | 'b';
  input: string;
  folder: PartyFolder;
}

/** Half of each owner's people are the other's, too. */
const tableOf = (which: 'a' | 'b', rows: number): string => {
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

const ownerOf = async (stage: Stage, place: string, key: string, table: 'a' | 'b', rows: number): Promise<Owner> => {
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

interface Price {
  shares: { milliseconds: number; cpuSeconds: number; bytes: number };
  plaintext: { milliseconds: number; bytes: number };
}
interface Played {
  contract: CallOutput<typeof getComputation>;
  outcomes: readonly [PartOutcome, PartOutcome];
  milliseconds: number;
}

const sums = ({ read, align, compute }: SharesReport['cpuSeconds']): number => read + align + compute;

const draftAndSign = (stage: Stage, walk: Walk, owners: readonly [Owner, Owner], rows: number) =>
  walk.step(
    'contract',
    {
      zh: '计算合约：双方给出文件的承诺与密钥，起草，双方签署',
      en: 'A computation contract: both commit to their file and name their keys; drafted, signed by both',
    },
    async (prove) => {
      const now = await stage.now();
      const client = await stage.as(owners[0].login);
      const set = async ({ id, table, folder, input }: Owner) => ({
        ...{ owner: id, table },
        ...(await preparedSet(folder, input, 'person')),
      });
      let contract = await client.call(draftComputation, {
        body: {
          title: '按城市统计共同客户的存款（合成数据）',
          purpose: '演示：数据不出各自的机器，只得到约定的汇总',
          mode: 'shares',
          dataSets: [await set(owners[0]), await set(owners[1])],
          recipients: [owners[0].id],
          query: { sql: query },
          decimals,
          rowsMax: rows,
          uses: 2,
          from: now.toISOString(),
          until: new Date(now.getTime() + 30 * 86_400_000).toISOString(),
          priceFen: '0',
        },
      });
      for (const { zh, en } of contract.explained) prove({ zh, en });
      for (const { login } of owners) {
        const owner = await stage.as(login);
        contract = await owner.call(signComputation, {
          params: { id: contract.id },
          body: { digest: contract.digest },
        });
      }
      prove(
        { zh: `合约 ${contract.digest} 生效`, en: `contract ${contract.digest} is active` },
        contract.state === 'active',
      );
      return contract;
    },
  );

const listen = { host: '127.0.0.1', port: 0, address: '127.0.0.1' };

const play = (stage: Stage, walk: Walk, owners: readonly [Owner, Owner], contract: Played['contract']) =>
  walk.step(
    'use',
    {
      zh: '运行一次：双方各在自己的数据旁，交易所为第三方，各为独立进程',
      en: 'One use: each owner beside its own data, the exchange as the third, each a process of its own',
    },
    async (prove): Promise<Played> => {
      const asked = async ({ login, folder, input }: Owner, take: boolean) => ({
        ...{ client: await stage.as(login), folder, contract: contract.id, input, take, listen, waitSeconds: 300 },
        lookMilliseconds: 100,
      });
      const begun = performance.now();
      const outcomes = await Promise.all([
        playPart(await asked(owners[0], true)),
        playPart(await asked(owners[1], false)),
      ]);
      const milliseconds = Math.round(performance.now() - begun);
      const [mine, theirs] = outcomes;
      prove(
        { zh: '三方都完成，双方签名陈述一致', en: 'all three came to the end, and both signed the same' },
        mine.ended.state === 'released' && theirs.ended.id === mine.use,
      );
      prove(
        { zh: '结果只在接收单位打开；另一方与交易所没有', en: 'the result opened at its recipient alone' },
        mine.report?.answer != null && theirs.report?.answer == null,
      );
      return { contract, outcomes, milliseconds };
    },
  );

const refuse = (stage: Stage, walk: Walk, owner: Owner, contract: Played['contract']) =>
  walk.step(
    'refused',
    {
      zh: '换一个文件：本方的进程不运行，也不计次',
      en: 'Another file: the owner’s own process refuses, and nothing counts',
    },
    async (prove) => {
      const other = `${owner.input}.other`;
      await writeFile(other, `${tableOf(owner.table, 10)}SYN0,1\n`);
      const client = await stage.as(owner.login);
      const asked = {
        client,
        folder: owner.folder,
        contract: contract.id,
        input: other,
        take: true,
        listen,
        waitSeconds: 5,
      };
      const why = await playPart(asked).then(
        () => undefined,
        (error: unknown) => (error instanceof PartRefused ? error.why : undefined),
      );
      const { uses } = await client.call(getComputation, { params: { id: contract.id } });
      prove(
        {
          zh: '不是签署时承诺的文件：不运行；已用次数仍为 1',
          en: 'not the file that was committed to: refused; still one use taken',
        },
        why === 'input' && uses.taken === 1,
      );
    },
  );

const verifyUse = (
  stage: Stage,
  walk: Walk,
  owner: Owner,
  { contract, outcomes }: Played,
  out: string,
  context: Context,
) =>
  walk.step(
    'evidence',
    { zh: '离线核验：记录、各方签名、合约', en: 'Checked offline: the record, what each party signed, the contract' },
    async (prove) => {
      const [{ use, opened }] = outcomes;
      await keepPapers(await stage.as(owner.login), { contract: contract.id, use, opened, out });
      const { ok, uses } = await check([join(out, `${use}.json`)], context);
      prove(
        {
          zh: '使用记录有效，两份陈述由合约所列密钥签名',
          en: 'the record holds; both statements are signed by the contract’s keys',
        },
        ok && uses.length === 1 && uses[0]!.contract === true && uses[0]!.ending === true,
      );
    },
  );

const comparePlain = (walk: Walk, owners: readonly [Owner, Owner], { outcomes, milliseconds }: Played) =>
  walk.step(
    'plaintext',
    { zh: '同一查询以明文计算，两者对照', en: 'The same query in plaintext, and both compared' },
    async (prove): Promise<Price> => {
      const [mine, theirs] = outcomes;
      const { terms } = mine;
      if (terms.mode !== 'shares') throw new Error('not on shares');
      const { plan } = terms;
      const plain = await inPlaintext(query, plan, { a: owners[0].input, b: owners[1].input }, decimals);
      prove({ zh: '结果一致', en: 'both give the same result' }, sameRows(plan, mine.report!.answer!.rows, plain.rows));
      const reports = [mine.report!, theirs.report!];
      const cpu = reports.reduce((sum, { cpuSeconds }) => sum + sums(cpuSeconds), 0);
      const bytes = reports.reduce((sum, { bytes }) => sum + (bytes ? bytes.sent + bytes.received : 0), 0);
      return {
        shares: { milliseconds, cpuSeconds: Math.round(cpu * 100) / 100, bytes },
        plaintext: { milliseconds: plain.milliseconds, bytes: (await stat(owners[1].input)).size },
      };
    },
  );

const size = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
const ratio = (a: number, b: number): string => (a / Math.max(b, 1)).toPrecision(2);

const printPrice = (
  { shares, plaintext }: Price,
  language: Context['language'],
  print: (line: string) => void,
): void => {
  const word = words[language];
  print('');
  print(word.price);
  print(`  ${word.shares(shares.milliseconds, shares.cpuSeconds, size(shares.bytes))}`);
  print(`  ${word.plain(plaintext.milliseconds, size(plaintext.bytes))}`);
  print(`  ${word.times(ratio(shares.milliseconds, plaintext.milliseconds), ratio(shares.bytes, plaintext.bytes))}`);
};

const readRows = (text: string | undefined, language: Context['language']): number => {
  if (text === undefined) return limits.rowsDefault;
  const rows = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (rows < 1 || rows > limits.rowsMax) throw new Misuse(words[language].rows);
  return rows;
};

export const run = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  const { values } = readArgs(
    { args, options: { rows: { type: 'string' }, json: { type: 'boolean', default: false } } },
    language,
  );
  const word = words[language];
  const rows = readRows(values.rows, language);
  const print = values.json ? note : say;
  const walk = makeWalk(language, print);
  const place = await mkdtemp(join(tmpdir(), 'shugu-together-'));
  void untilStopped().then(() => rm(place, { recursive: true, force: true, maxRetries: 3 }));
  let temporary: Temporary | undefined;
  let failure: string | undefined;
  let told: { price: Price; played: Played } | undefined;
  try {
    print(dim(word.data(rows)));
    temporary = await startTemporary();
    const { url, kernel } = temporary.exchange;
    const stage = makeStage(url, await readCast());
    const setupToken = kernel.setupToken;
    await openMarket({ stage, walk, folder: makeFolder(place), setupToken, suite: 'intl' });
    const owners = [
      await ownerOf(stage, place, 'mapping', 'a', rows),
      await ownerOf(stage, place, 'xingsha', 'b', rows),
    ] as const;
    const played = await play(stage, walk, owners, await draftAndSign(stage, walk, owners, rows));
    print(csvOf(played.outcomes[0].report!.answer!).trimEnd());
    await refuse(stage, walk, owners[0], played.contract);
    await verifyUse(stage, walk, owners[0], played, join(place, 'papers'), context);
    told = { played, price: await comparePlain(walk, owners, played) };
    printPrice(told.price, language, print);
    print(played.contract.trust[language]);
  } catch (error) {
    if (error instanceof Misuse) throw error;
    failure = reasonOf(error, language);
  } finally {
    await temporary?.end();
    await rm(place, { recursive: true, force: true, maxRetries: 3 });
  }
  const ok = failure === undefined && walk.results.every((step) => step.ok);
  if (values.json) {
    const answer = told?.played.outcomes[0].report?.answer ?? null;
    say(
      JSON.stringify({ ok, failure, synthetic: true, rows, answer, price: told?.price ?? null, steps: walk.results }),
    );
  } else say(ok ? green(`✓ ${word.ok}`) : red(`✗ ${failure}`));
  return ok ? 0 : 1;
};
