/** The part of `shugu demo --compute` about common keys: who overlaps, and what the common customers spend, on the data of its first part. */
import { readFile, stat } from 'node:fs/promises';
import { type Answer, planOf } from '@shugu/private-compute';
import type { Stage } from '../scenario/stage.ts';
import type { Walk } from '../steps.ts';
import {
  type Learned,
  type Owner,
  type Owners,
  type Played,
  type Price,
  playBoth,
  priceOf,
  signedByBoth,
} from './demo-parties.ts';
import { commonInPlaintext, inPlaintext, sameRows, treeOf } from './plaintext.ts';
import { preparedSet } from './prepare.ts';

const key = 'person';
const decimals = 2;
/** Fewer common customers in a city open nothing. */
const atLeast = 5;

const keyed = async ({ id, table, folder, input }: Owner) => ({
  ...{ owner: id, table, key },
  ...(await preparedSet(folder, input, key)),
});
/** What both contracts agree alike: the exchange helps, and the first owner gets what opens. */
const helpedTerms = async (owners: Owners, rows: number) => ({
  mode: 'psi' as const,
  protocol: 'helper' as const,
  dataSets: [await keyed(owners[0]), await keyed(owners[1])],
  recipients: [owners[0].id],
  keysMax: rows,
});
const pathsOf = ([a, b]: Owners) => ({ a: a.input, b: b.input });
const nameAt = ({ contract }: Played, at: 0 | 1): string => contract.owners[at]!.name;
const exchange = { zh: '交易所（协助方）', en: 'the exchange, as the helper' } as const;

export interface Overlap {
  common: number;
  price: Price;
  played: Played;
  learned: Learned[];
}

/** Which of my customers are yours, too? The first owner gets its own rows of them. */
export const overlap = async (
  stage: Stage,
  walk: Walk,
  owners: Owners,
  rows: number,
  language: 'zh' | 'en',
): Promise<Overlap> => {
  const contract = await walk.step(
    'overlap.contract',
    {
      zh: '谁是共同客户：一份隐私求交的计算合约，双方签署',
      en: 'Who overlaps: a computation contract on a private intersection, signed by both',
    },
    (prove) =>
      signedByBoth(
        stage,
        owners,
        async (term) => ({
          title: '共同客户（合成数据）',
          purpose: '演示：只让一方知道自己的哪些客户对方也有',
          ...(await helpedTerms(owners, rows)),
          opens: 'rows',
          ...term,
        }),
        prove,
      ),
  );
  return walk.step(
    'overlap.use',
    {
      zh: '运行一次：双方各为独立进程，交易所协助；与明文结果对照',
      en: 'One use: each owner a process of its own, the exchange helps; held against the same in plaintext',
    },
    async (prove) => {
      const played = await playBoth(stage, owners, contract);
      const [mine, theirs] = played.outcomes;
      const lines = (await readFile(mine.opened.rows!, 'utf8')).trimEnd().split('\n').slice(1);
      const { keys, milliseconds } = await commonInPlaintext(pathsOf(owners), key);
      const ours = lines.map((line) => line.split(',')[0]!.toLowerCase()).sort();
      prove(
        {
          zh: `${ours.length} 个共同客户，与明文求交相同`,
          en: `${ours.length} common customers, the same as in plaintext`,
        },
        mine.ended.state === 'released' && JSON.stringify(ours) === JSON.stringify(keys),
      );
      prove(
        { zh: '另一方没有得到结果', en: 'the other owner got no result' },
        theirs.opened.rows === null && theirs.opened.answer === null,
      );
      const plaintext = { milliseconds, bytes: (await stat(owners[1].input)).size };
      return {
        common: ours.length,
        price: priceOf(played, plaintext),
        played,
        learned: learnedOfRows(played, ours.length, language),
      };
    },
  );
};

const learnedOfRows = (played: Played, common: number, language: 'zh' | 'en'): Learned[] => [
  {
    who: nameAt(played, 0),
    learned: {
      zh: `自己的客户中有 ${common} 个也是对方的，是哪些`,
      en: `that ${common} of its own customers are the other’s, too, and which`,
    },
    not: {
      zh: '对方有多少客户、其余是谁、任何字段',
      en: 'how many customers the other has, who the rest are, any of their columns',
    },
  },
  {
    who: nameAt(played, 1),
    learned: { zh: '发生过一次使用', en: 'that one use was taken' },
    not: {
      zh: '对方有哪些客户、有多少、有几个是共同的',
      en: 'which customers the other has, how many, and how many are common',
    },
  },
  {
    who: exchange[language],
    learned: {
      zh: '双方各有多少标识、有多少相同、哪些标签相等',
      en: 'how many keys each has, how many are common, which tags are equal',
    },
    not: { zh: '任何标识、任何字段', en: 'any key, any column' },
  },
];

export interface Sums {
  answer: Answer;
  price: Price;
  played: Played;
  learned: Learned[];
}

/** What the second owner's customers who are the first's, too, spend by city; nobody learns who they are. */
export const sumOverCommon = async (
  stage: Stage,
  walk: Walk,
  owners: Owners,
  rows: number,
  language: 'zh' | 'en',
): Promise<Sums> => {
  const contract = await walk.step(
    'sums.contract',
    {
      zh: '共同客户花了多少：只打开合计的计算合约，双方签署',
      en: 'What the common customers spend: a computation contract under which sums alone open, signed by both',
    },
    (prove) =>
      signedByBoth(
        stage,
        owners,
        async (term) => ({
          title: '共同客户消费合计（合成数据）',
          purpose: '演示：不知道是谁，只知道各城市合计',
          ...(await helpedTerms(owners, rows)),
          opens: 'sums',
          sums: { table: 'b', column: 'spending', group: 'city', atLeast, decimals },
          ...term,
        }),
        prove,
      ),
  );
  return walk.step(
    'sums.use',
    {
      zh: '运行一次：谁是共同客户，双方都不知道；与明文合计对照',
      en: 'One use: neither owner learns who the common customers are; held against the same sums in plaintext',
    },
    async (prove) => {
      const played = await playBoth(stage, owners, contract);
      const [mine, theirs] = played.outcomes;
      const answer = mine.opened.answer!;
      const query = `SELECT b.city, count(*) AS count, sum(b.spending) AS sum FROM a JOIN b ON a.person = b.person
        GROUP BY b.city HAVING count(*) >= ${atLeast}`;
      const plan = planOf(await treeOf(query), ['a', 'b']);
      const plain = await inPlaintext(query, plan, pathsOf(owners), decimals);
      prove(
        { zh: '个数与合计同明文一致', en: 'counts and sums are the same as in plaintext' },
        mine.ended.state === 'released' && sameRows(plan, answer.rows, plain.rows),
      );
      prove(
        { zh: '双方都没有得到任何一行', en: 'neither owner got a row' },
        mine.opened.rows === null && theirs.opened.rows === null && theirs.opened.answer === null,
      );
      const plaintext = { milliseconds: plain.milliseconds, bytes: (await stat(owners[1].input)).size };
      return { answer, price: priceOf(played, plaintext), played, learned: learnedOfSums(played, answer, language) };
    },
  );
};

const learnedOfSums = (played: Played, { rows }: Answer, language: 'zh' | 'en'): Learned[] => [
  {
    who: nameAt(played, 0),
    learned: {
      zh: `${rows.length} 个城市的共同客户数与消费合计，对方有多少客户、几个城市`,
      en: `how many common customers ${rows.length} cities have and what they spend in all; how many customers and cities the other has`,
    },
    not: { zh: '哪些客户是共同的，任何一个人的消费', en: 'which customers are common, what any one of them spends' },
  },
  {
    who: nameAt(played, 1),
    learned: { zh: '发生过一次使用', en: 'that one use was taken' },
    not: {
      zh: '哪些客户是共同的、有几个，合计是多少',
      en: 'which customers are common, how many, and what the sums are',
    },
  },
  {
    who: exchange[language],
    learned: {
      zh: '双方各有多少标识、有多少相同、哪些标签相等、分几组',
      en: 'how many keys each has, how many are common, which tags are equal, how many groups there are',
    },
    not: { zh: '任何标识、任何消费、组名、合计', en: 'any key, any spending, any name of a group, the sums' },
  },
];
