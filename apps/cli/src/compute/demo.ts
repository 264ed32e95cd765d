/**
 * `shugu demo --compute`: two owners and an exchange of its own on this machine, with synthetic data: a query on shares from the contract's
 * draft to its evidence, then who overlaps, then sums over whoever does; each with what every party learned of it, and with what the same
 * costs who has both tables in the open. Last a clean room: overloaded trucks of those whom an insurer insures.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilStopped } from '@shugu/server';
import { getComputation } from '@shugu/wire/compute';
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
import { type Overlap, overlap, type Sums, sumOverCommon } from './demo-keys.ts';
import {
  type Learned,
  listen,
  type Owner,
  type Owners,
  ownerOf,
  type Played,
  type Price,
  playBoth,
  priceOf,
  printOutcome,
  signedByBoth,
  tableOf,
} from './demo-parties.ts';
import { insuredTrucks, type TrucksTold } from './demo-trucks.ts';
import { csvOf } from './opening.ts';
import { keepPapers } from './papers.ts';
import { PartRefused, playPart } from './part.ts';
import { inPlaintext, sameRows } from './plaintext.ts';
import { preparedSet } from './prepare.ts';
import { check } from './verify.ts';

const limits = { rowsDefault: 20_000, rowsMax: 1_000_000 } as const;
const query = `SELECT b.city, sum(a.balance) AS balance, count(*) AS customers
FROM a JOIN b ON a.person = b.person WHERE a.balance >= b.spending GROUP BY b.city HAVING count(*) >= 5`;
/** What each owner permits of its columns; groups of fewer people than in HAVING stay closed. */
const columns = {
  a: [
    { name: 'person', rule: 'join' },
    { name: 'balance', rule: 'aggregate' },
  ],
  b: [
    { name: 'person', rule: 'join' },
    { name: 'city', rule: 'open' },
    { name: 'spending', rule: 'aggregate' },
  ],
} as const;
const decimals = 2;

const words = {
  zh: {
    rows: `--rows 是 1 到 ${limits.rowsMax} 之间的整数`,
    data: (rows: number) => `数据为合成：每方 ${rows} 行，人物、金额、城市均由公式生成`,
    ok: '每一步都成立；交易所与数据随之清除',
  },
  en: {
    rows: `--rows is a whole number from 1 to ${limits.rowsMax}`,
    data: (rows: number) =>
      `the data are synthetic: ${rows} rows of each owner; people, amounts and cities come from a formula`,
    ok: 'every step holds; the exchange and the data are gone with it',
  },
} as const;

const draftAndSign = (stage: Stage, walk: Walk, owners: Owners, rows: number) =>
  walk.step(
    'contract',
    {
      zh: '计算合约：双方给出文件的承诺与密钥，起草，双方签署',
      en: 'A computation contract: both commit to their file and name their keys; drafted, signed by both',
    },
    (prove) =>
      signedByBoth(
        stage,
        owners,
        async (term) => {
          const set = async ({ id, table, folder, input }: Owner) => ({
            ...{ owner: id, table },
            ...(await preparedSet(folder, input, 'person')),
            columns: [...columns[table]],
          });
          return {
            title: '按城市统计共同客户的存款（合成数据）',
            purpose: '演示：数据不出各自的机器，只得到约定的汇总',
            mode: 'shares',
            dataSets: [await set(owners[0]), await set(owners[1])],
            recipients: [owners[0].id],
            query: { sql: query },
            release: { entitiesMin: 5 },
            decimals,
            rowsMax: rows,
            ...term,
          };
        },
        prove,
      ),
  );

const play = (stage: Stage, walk: Walk, owners: Owners, contract: Played['contract']) =>
  walk.step(
    'use',
    {
      zh: '运行一次：双方各在自己的数据旁，交易所为第三方，各为独立进程',
      en: 'One use: each owner beside its own data, the exchange as the third, each a process of its own',
    },
    async (prove): Promise<Played> => {
      const played = await playBoth(stage, owners, contract);
      const [mine, theirs] = played.outcomes;
      prove(
        { zh: '三方都完成，双方签名陈述一致', en: 'all three came to the end, and both signed the same' },
        mine.ended.state === 'released' && theirs.ended.id === mine.use,
      );
      prove(
        { zh: '结果只在接收单位打开；另一方与交易所没有', en: 'the result opened at its recipient alone' },
        mine.report?.answer != null && theirs.report?.answer == null,
      );
      return played;
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

const comparePlain = (walk: Walk, owners: Owners, played: Played) =>
  walk.step(
    'plaintext',
    { zh: '同一查询以明文计算，两者对照', en: 'The same query in plaintext, and both compared' },
    async (prove): Promise<Price> => {
      const [mine] = played.outcomes;
      const { terms } = mine;
      if (terms.mode !== 'shares') throw new Error('not on shares');
      const { plan } = terms;
      const plain = await inPlaintext(query, plan, { a: owners[0].input, b: owners[1].input }, decimals);
      prove({ zh: '结果一致', en: 'both give the same result' }, sameRows(plan, mine.report!.answer!.rows, plain.rows));
      return priceOf(played, { milliseconds: plain.milliseconds, bytes: (await stat(owners[1].input)).size });
    },
  );

const learnedOfQuery = ({ contract: { owners } }: Played, language: Context['language']): Learned[] => [
  {
    who: owners[0]!.name,
    learned: {
      zh: '各城市的合计与人数，自己的哪些客户对方也有，对方有几个城市',
      en: 'sums and numbers by city, which of its customers are the other’s, too, and how many cities the other has',
    },
    not: { zh: '任何一个人的消费或城市', en: 'anybody’s spending or city' },
  },
  {
    who: owners[1]!.name,
    learned: { zh: '自己的哪些客户对方也有', en: 'which of its customers are the other’s, too' },
    not: { zh: '任何一个人的存款，结果', en: 'anybody’s balance, the result' },
  },
  {
    who: { zh: '交易所（第三方）', en: 'the exchange, as the third party' }[language],
    learned: {
      zh: '双方各有多少标识、有多少能对上、数值要比较多少位',
      en: 'how many keys each has and how many match, and how many bits the comparison needs',
    },
    not: { zh: '任何标识、任何数值、结果', en: 'any key, any value, the result' },
  },
];

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
  let told: { price: Price; played: Played; overlap: Overlap; sums: Sums; trucks: TrucksTold[] } | undefined;
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
    const price = await comparePlain(walk, owners, played);
    printOutcome(played, learnedOfQuery(played, language), price, language, print);
    const common = await overlap(stage, walk, owners, rows, language);
    printOutcome(common.played, common.learned, common.price, language, print);
    const sums = await sumOverCommon(stage, walk, owners, rows, language);
    print(csvOf(sums.answer).trimEnd());
    printOutcome(sums.played, sums.learned, sums.price, language, print);
    const trucks = await insuredTrucks(stage, walk, owners, language);
    print(trucks.text);
    told = { played, price, overlap: common, sums, trucks: trucks.told };
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
      JSON.stringify({
        ...{ ok, failure, synthetic: true, rows, answer, price: told?.price ?? null },
        overlap: told ? { common: told.overlap.common, price: told.overlap.price } : null,
        sums: told ? { answer: told.sums.answer, price: told.sums.price } : null,
        trucks: told?.trucks ?? null,
        steps: walk.results,
      }),
    );
  } else say(ok ? green(`✓ ${word.ok}`) : red(`✗ ${failure}`));
  return ok ? 0 : 1;
};
