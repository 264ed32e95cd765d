/** What each party learns, in plain words: read before signing. Pure. */
import { formatYuan, multiplyDecimal, parseDecimal } from '@shugu/ledger';
import {
  asksFirst,
  type CleanRoom,
  type Computation,
  columnsOf,
  engines,
  hasThird,
  type Intersecting,
  isUntested,
  ownersOf,
  roleAt,
  type SharedQuery,
} from '@shugu/private-compute';
import type { Text } from '@shugu/wire';
import type { Shape } from './model.ts';

const list = (items: readonly string[], language: 'zh' | 'en'): string => items.join(language === 'zh' ? '、' : ', ');

const percentOf = (share: string): string => `${multiplyDecimal(parseDecimal(share), parseDecimal('100'))}%`;

const paymentOf = ({ payment, priceFen }: Computation, nameOf: (participant: string) => string): Text[] => {
  if (!payment || priceFen === '0') return [];
  const yuan = formatYuan(BigInt(priceFen));
  const parts = (between: string) =>
    payment.shares.map(({ owner, share }) => `${nameOf(owner)}${between}${percentOf(share)}`);
  const free = payment.untouched === 'free';
  return [
    {
      zh: `每次使用 ${yuan} 元（含税），运行前在存管银行冻结；扣除平台服务费后，${list(parts(' '), 'zh')}。${free ? '确知没有读取数据的一次不收费' : '没有读取数据的一次也收费'}；因数据持有单位撤销或更换数据而未完成的，全额退回。`,
      en: `Each use costs CNY ${yuan}, tax included, frozen at the custodian bank before it runs; after the service fee ${list(parts(' gets '), 'en')}. A use of which it is known that it read no data ${free ? 'costs nothing' : 'costs the same'}; one that an owner prevented by revoking or by changing its data is given back.`,
    },
  ];
};

const thresholdOf = ({ release }: CleanRoom): Text => ({
  zh: `每一方在一组中少于 ${release.entitiesMin} 个不同主体，或被汇总的字段在其中少于 ${release.entitiesMin} 个主体有值时，该组不出现在结果中。`,
  en: `A group with fewer than ${release.entitiesMin} distinct entities of any owner, or with fewer that have a value in a column that is summed up, is left out of the result.`,
});

const noiseOf = ({ noise, release }: CleanRoom): Text[] => {
  if (!noise || release.rho === null) return [];
  const rows = (word: (table: string, most: number) => string) =>
    noise.rows.map(({ table, rowsMax }) => word(table, rowsMax));
  const bounds = noise.bounds.map(({ column, lower, upper }) => `${column} ${lower}…${upper}`);
  const clamped = bounds.length > 0;
  return [
    {
      zh: `每个汇总值都加入随机噪声（差分隐私），每次使用从每个数据持有单位的隐私预算中扣 ${release.rho}；同样的参数再次运行，给出同一结果，不再扣减、不计次、不收费。`,
      en: `Noise is added to every value (differential privacy). Each use takes ${release.rho} of every owner’s privacy budget; the same parameters give the same result again, which takes, counts and costs nothing.`,
    },
    {
      zh: `约定的组全部出现在结果中，没有人的组也出现；每个主体至多计入：${list(
        rows((table, most) => `${table} ${most} 行`),
        'zh',
      )}${clamped ? `；超出范围的值按界限计：${list(bounds, 'zh')}` : ''}。`,
      en: `All agreed groups are told, those with nobody in them too. Of each entity these rows count at most: ${list(
        rows((table, most) => `${rowsOf(most)} of ${table}`),
        'en',
      )}${clamped ? `; values are held within ${list(bounds, 'en')}` : ''}.`,
    },
    ...(noise.answerSeconds === undefined
      ? []
      : [
          {
            zh: `用时也会透露数据：每次使用的结局（结果，或没有结果的原因）只在登记后的第 ${noise.answerSeconds} 秒或其整倍数时给出，在此之前只见运行中。`,
            en: `How long it took would tell of the data, too: how a use ended, by a result or the reason for none, is told ${noise.answerSeconds} seconds after it was reserved, or a multiple of that, and until then it is seen to run.`,
          },
        ]),
  ];
};

type Names = (participant: string) => string;

const periods = { day: ['自然日', 'day'], month: ['自然月', 'month'], year: ['自然年', 'year'] } as const;

const usesOf = ({ uses, usesPer }: Computation): Text[] => {
  if (!usesPer) return [];
  const { period, most, timeZone } = usesPer;
  const [zh, en] = periods[period];
  return [
    {
      zh: `共可使用 ${uses} 次，每个${zh}（${timeZone}）至多 ${most} 次；未触及数据而退回的不计。`,
      en: `It may be used ${uses} times in all, and ${most} at most in each ${en} (${timeZone}); what is given back untouched does not count.`,
    },
  ];
};

const explainMode = (terms: Computation, shape: Pick<Shape, 'joint' | 'reads'>, nameOf: Names): Text[] =>
  terms.mode === 'cleanRoom'
    ? explainRoom(terms, shape, nameOf)
    : terms.mode === 'psi'
      ? explainIntersection(terms, nameOf)
      : explainShares(terms, nameOf);

export const explain = (terms: Computation, shape: Pick<Shape, 'joint' | 'reads'>, nameOf: Names): Text[] => [
  ...explainMode(terms, shape, nameOf),
  ...usesOf(terms),
];

const summedIn = (plan: SharedQuery['plan'], at: number): string[] => [
  ...new Set(
    plan.outputs.flatMap((one) =>
      one.of !== 'group' && one.of !== 'rows' && one.column.owner === roleAt(at) ? [one.column.name] : [],
    ),
  ),
];

/** Of an owner's columns: those whose values enter, as shares; those that it alone looks at. */
const columnsTold = (plan: SharedQuery['plan'], at: number): { entering: string[]; alone: string[]; key: string[] } => {
  const role = roleAt(at);
  const { numbers, texts } = columnsOf(plan, role);
  const compared = plan.compared.flatMap(({ left, right }) =>
    [left, right].filter(({ owner }) => owner === role).map(({ name }) => name),
  );
  const entering = [...new Set([...summedIn(plan, at), ...compared])];
  return {
    entering,
    alone: [...numbers, ...texts].filter((name) => !entering.includes(name)),
    key: plan.align === 'place' ? [] : [plan.align[role]],
  };
};

const floorOf = ({ atLeast = 1, groups }: SharedQuery['plan'], third: boolean): Text => ({
  zh: `${groups ? '组内' : '结果'}少于 ${atLeast} 个共同标识的不打开：由${third ? '三方' : '双方'}在份额上判断，任何一方都不能单独放宽。`,
  en: `${groups ? 'A group' : 'A result'} of fewer than ${atLeast} common keys does not open: that is decided on shares, by ${third ? 'all three' : 'both'} and by none alone.`,
});

const firstOf = ({ top, outputs }: SharedQuery['plan']): Text =>
  top
    ? {
        zh: `只打开按 ${outputs[top.output]!.name} ${top.descending ? '从大到小' : '从小到大'}的前 ${top.count} 组。`,
        en: ` Only the first ${top.count} groups open, by ${outputs[top.output]!.name}, ${top.descending ? 'largest' : 'smallest'} first.`,
      }
    : { zh: '', en: '' };

const thirdTold = (plan: SharedQuery['plan']): Text => ({
  zh: `本交易所是第三方节点：只看到随机份额${plan.align === 'place' ? '和行数' : '、双方标识各有多少、有多少能对上'}。双方每次各自核对数据文件与所签承诺，文件变了就不算。`,
  en: `This exchange is the third node: it sees random shares${plan.align === 'place' ? ' and the number of rows' : ', how many keys each has and how many match'}. Both owners check their file against the signed commitment each time; another file is not computed on.`,
});

const dealerTold: Text = {
  zh: '本交易所是分发方：双方说明行数等大小后，它分发计算用的随机数并离场，之后双方的数值才以随机份额往来；它看不到份额和结果。双方每次各自核对数据文件与所签承诺，文件变了就不算。',
  en: 'This exchange is the dealer: told sizes, as the number of rows, it deals the randomness for the computation and leaves, before any value moves between the owners as a random share; it sees no share and no result. Both owners check their file against the signed commitment each time; another file is not computed on.',
};

const engineName = ({ engine }: Computation): string =>
  engine ? `${engines[engine.name].title} ${engine.version}` : '';

const untested = ({ engine }: Computation): Text | undefined =>
  engine && isUntested(engine.name)
    ? {
        zh: `本系统从未与真实的 ${engines[engine.name].title} 一起运行过，未经实测。`,
        en: ` Untested: this program was never run against a real ${engines[engine.name].title}.`,
      }
    : undefined;

const withoutThird = (terms: SharedQuery): Text => ({
  zh: `由双方各自机器上的 ${engineName(terms)} 计算，版本不同即不运行；本交易所不参与计算，只登记次数和双方的签名陈述。双方每次各自核对数据文件与所签承诺，文件变了就不算。${untested(terms)?.zh ?? ''}`,
  en: `${engineName(terms)} computes on both owners’ own machines, and nothing runs where it has another version. This exchange takes no part: it counts uses and keeps what both state, signed. Both owners check their file against the signed commitment each time; another file is not computed on.${untested(terms)?.en ?? ''}`,
});

const engineTold = (terms: CleanRoom): Text[] =>
  terms.engine
    ? [
        {
          zh: `由${terms.engine.name === 'trino' ? '本节点运营方所用' : '本节点上'}的 ${engineName(terms)} 计算，版本不同即不运行；发布前的规则不变。`,
          en: `${engineName(terms)} ${terms.engine.name === 'trino' ? 'of this node’s operator' : 'on this node'} computes it, and nothing runs where it has another version; what is released passes the same rules.`,
        },
      ]
    : [];

const explainShares = (terms: SharedQuery, nameOf: Names): Text[] => {
  const { recipients, dataSets, plan, output } = terms;
  const names = output.map(({ name }) => name);
  const [floor, first] = [floorOf(plan, hasThird(terms) && terms.protocol !== 'dealer'), firstOf(plan)];
  return [
    {
      zh: `结果只在${list(recipients.map(nameOf), 'zh')}自己的机器上打开：${list(names, 'zh')}；交易所和其他人得不到。${floor.zh}${first.zh}`,
      en: `The result opens at ${list(recipients.map(nameOf), 'en')} alone, on its own machine: ${list(names, 'en')}. The exchange and all others do not get it. ${floor.en}${first.en}`,
    },
    ...dataSets.map(({ owner, table }, at) => {
      const { entering, alone, key } = columnsTold(plan, at);
      const needed = summedIn(plan, at);
      return {
        zh: `${nameOf(owner)} 的 ${table} 留在其自己的机器上${key.length ? `，以 ${list(key, 'zh')} 对齐，得知自己哪些行能对上` : '，按行号对齐'}${entering.length ? `；${list(entering, 'zh')} 的值只以随机份额参与` : ''}${alone.length ? `；${list(alone, 'zh')} 只由它自己查看` : ''}${needed.length ? `；没有 ${list(needed, 'zh')} 的行不计` : ''}。`,
        en: `${table} of ${nameOf(owner)} stays on its own machine${key.length ? `; rows are matched by ${list(key, 'en')}, and it learns which of its rows match` : '; rows are matched by place'}${entering.length ? `. Values of ${list(entering, 'en')} enter as random shares alone` : ''}${alone.length ? `. It alone looks at ${list(alone, 'en')}` : ''}${needed.length ? `. Rows without ${list(needed, 'en')} do not count` : ''}.`,
      };
    }),
    ...(plan.groups
      ? [
          {
            zh: `按 ${list(plan.groups.columns, 'zh')} 分组：组由其持有单位自己分，另一方只知道有几组。`,
            en: `Groups of ${list(plan.groups.columns, 'en')} are made by their owner; the other learns how many there are.`,
          },
        ]
      : []),
    terms.protocol === 'dealer' ? dealerTold : hasThird(terms) ? thirdTold(plan) : withoutThird(terms),
    exactTold,
    ...paymentOf(terms, nameOf),
  ];
};

/** What a clean room could add, and is not to be had where data stay with their owners. */
const exactTold: Text = {
  zh: '打开的数值是准确的，不加噪声；除接收单位外没有人先看，各数据持有单位以参与或不参与每次运行表示同意。',
  en: 'What opens is exact: no noise is added. Nobody looks at it before its recipients; an owner agrees to each use by taking part in it, or does not.',
};

const protocolNames = {
  helper: { zh: '经交易所协助的隐私求交', en: 'private intersection with the exchange’s help' },
  ecdh: {
    zh: '双方之间的隐私求交（ECDH，Curve25519）',
    en: 'private intersection of the two alone (ECDH, Curve25519)',
  },
  sm2: { zh: '双方之间的隐私求交（国密 SM2）', en: 'private intersection of the two alone (SM2)' },
  kkrt: {
    zh: '双方之间的隐私求交（KKRT16，预览，待独立评审）',
    en: 'private intersection of the two alone (KKRT16, preview until reviewed)',
  },
} as const;

/** What opens of an intersection, and to whom. */
const openedOf = (terms: Intersecting, nameOf: Names): Text => {
  const names = terms.recipients.map(nameOf);
  if (terms.opens === 'rows')
    return {
      zh: `${list(names, 'zh')}得知自己的表里哪些行的标识对方也有，在自己的机器上得到这些行；看不到对方的任何字段。`,
      en: `${list(names, 'en')} learn which rows of the own table have a key that the other has, and get those rows on the own machine; nothing of the other’s columns.`,
    };
  const { count } = terms;
  if (terms.opens === 'count' && count)
    return {
      zh: `双方只得到一个数：有多少标识相同；是哪些，双方都不知道。少于 ${count.atLeast} 个时不打开，双方只知道少于 ${count.atLeast}；协助方看到这个数，由它在打开之前拒绝，这次使用仍然计次。`,
      en: `Both get one number: how many keys are common; which those are, neither learns. Fewer than ${count.atLeast} do not open: both learn that there are fewer than ${count.atLeast}, and no more. The helper sees the number and refuses before it opens; the use counts all the same.`,
    };
  if (terms.opens === 'count')
    return {
      zh: `双方只得到一个数：有多少标识相同；是哪些，双方都不知道。没有人数下限：这个数再小也打开，本身说明什么就说明什么${hasThird(terms) ? '' : '；双方各自算出它，没有人能在打开之前扣下'}。`,
      en: `Both get one number: how many keys are common; which those are, neither learns. No least number applies: however small it is it opens, and what it says, it says${hasThird(terms) ? '' : '. Each works it out by itself, so nobody could keep it back'}.`,
    };
  const { table, column, group, atLeast } = terms.sums!;
  return {
    zh: `${list(names, 'zh')}只得到相同标识的个数与 ${table} 的 ${column} 合计${group ? `，按 ${group} 分组` : ''}；没有该值的行不计；${group ? '组内' : ''}相同标识少于 ${atLeast} 个的不打开；哪些标识相同，除协助方看到的标签外无人得知。`,
    en: `${list(names, 'en')} get how many keys are common and the sum of ${column} of ${table}${group ? `, by ${group}` : ''}, and no more; rows without a value do not count; ${group ? 'a group' : 'a result'} of fewer than ${atLeast} common keys does not open. Nobody learns which those are, but for the tags that the helper sees.`,
  };
};

/** Who learns how many keys the owner of this table has. */
const sizeTold = (terms: Intersecting, table: string): Text => {
  if (!hasThird(terms)) return { zh: '对方', en: 'the other learns' };
  return terms.sums?.table === table
    ? { zh: '协助方和对方', en: 'the helper and the other learn' }
    : { zh: '协助方', en: 'the helper learns' };
};

const explainIntersection = (terms: Intersecting, nameOf: Names): Text[] => {
  const { dataSets, recipients, protocol, keysMax } = terms;
  const third = hasThird(terms);
  const others = ownersOf(terms).filter((owner) => !recipients.includes(owner));
  const how = terms.engine
    ? {
        zh: `双方各自机器上的 ${engineName(terms)} 隐私求交（KKRT），版本不同即不运行`,
        en: `private intersection by ${engineName(terms)} (KKRT) on both owners’ own machines; nothing runs where it has another version`,
      }
    : protocolNames[protocol];
  return [
    openedOf(terms, nameOf),
    ...dataSets.map(({ owner, table, key }) => ({
      zh: `${nameOf(owner)} 的 ${table} 留在其自己的机器上，以 ${key} 为标识，至多 ${keysMax} 个不同的标识；${sizeTold(terms, table).zh}得知其数量。`,
      en: `${table} of ${nameOf(owner)} stays on its own machine; its key is ${key}, of which it brings ${keysMax} distinct values at most. How many, ${sizeTold(terms, table).en}.`,
    })),
    ...others.map((owner) => ({
      zh: `${nameOf(owner)} 得不到结果，只看到每次使用的时间与计次。`,
      en: `${nameOf(owner)} gets no result, only when each use was taken.`,
    })),
    {
      zh: `方式：${how.zh}。${third ? '本交易所是协助方，看到双方标识数量与交集数量，看不到标识' : '本交易所不参与计算，只核对各方签名陈述并计次'}。双方每次各自核对数据文件与所签承诺，文件变了就不算。记录不写有多少标识相同，只有结果接收单位加盐的承诺。${untested(terms)?.zh ?? ''}`,
      en: `How: ${how.en}. ${third ? 'This exchange helps: it sees how many keys each has and how many are common, and no key' : 'This exchange takes no part in it; it counts uses and holds what the owners sign'}. Both owners check their file against the signed commitment each time; another file is not computed on. A record does not say how many keys were common: it has a salted commitment of whom the result opened to.${untested(terms)?.en ?? ''}`,
    },
    ...(terms.opens === 'rows' ? [] : [exactTold]),
    ...paymentOf(terms, nameOf),
  ];
};

/** In English. */
const rowsOf = (count: number): string => `${count} ${count === 1 ? 'row' : 'rows'}`;
const sizeOf = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;

/** What a foreign program does with what it reads is known to nobody: what it may read, and who looks at what it wrote. */
const explainModule = (terms: CleanRoom, reads: Shape['reads'], nameOf: Names): Text[] => {
  const { recipients, dataSets, output, release, query } = terms;
  const { name, bytes, release: how, seconds, memoryMB } = terms.module!;
  const [names, owners] = [recipients.map(nameOf), ownersOf(terms).map(nameOf)];
  const columns = output.map((one) => `${one.name} (${one.type})`);
  const ask = how === 'ask';
  return [
    {
      zh: `运行外来程序“${name}”（WebAssembly 模块，${sizeOf(bytes)}，摘要 ${query.digest}）；至多 ${seconds} 秒、${memoryMB} MB 内存，没有网络、文件、时钟和随机数。`,
      en: `The foreign program “${name}” runs (a WebAssembly module of ${sizeOf(bytes)}, digest ${query.digest}): at most ${seconds} seconds and ${memoryMB} MB, without network, files, clock or chance.`,
    },
    {
      zh: `${list(names, 'zh')}得到至多 ${release.rowsMax} 行输出：${list(columns, 'zh')}。程序可以把读到的任何内容写进输出，人数下限对它不起作用。`,
      en: `${list(names, 'en')} get at most ${rowsOf(release.rowsMax)}: ${list(columns, 'en')}. It can write whatever it reads into them; a least number of entities holds nothing back.`,
    },
    ask
      ? {
          zh: `每次输出先由${list(owners, 'zh')}各一名人员看过并按摘要批准，之后才交给接收单位；任何一家拒绝，输出不给任何人。`,
          en: `A person of each of ${list(owners, 'en')} looks at every output and approves it by its digest before recipients get it; if one refuses, nobody gets it.`,
        }
      : {
          zh: '输出不经查看，直接交给接收单位。',
          en: 'Recipients get the output at once: nobody looks at it before.',
        },
    ...dataSets.map(({ owner, table }) => {
      const read = reads[table] ?? [];
      return {
        zh: `${nameOf(owner)} 的数据集 ${table}：程序逐行读取 ${list(read, 'zh')}，其他字段读不到。`,
        en: `${table} of ${nameOf(owner)}: it reads ${list(read, 'en')} of every row, and no other column.`,
      };
    }),
  ];
};

const parametersOf = ({ query }: CleanRoom): Text[] =>
  query.parameters.map(({ name, title, values }) => ({
    zh: `每次运行可选${title}（$${name}）：${list(values, 'zh')}。`,
    en: `Each run chooses ${title} ($${name}): ${list(values, 'en')}.`,
  }));

/** Who looks sees: an owner that is no recipient learns by it what came of each use. */
const askedFirst = (terms: CleanRoom, nameOf: Names): Text[] => {
  const owners = ownersOf(terms).map(nameOf);
  return [
    {
      zh: `每次结果先由${list(owners, 'zh')}各一名人员看过并按摘要批准，之后才交给接收单位；看的人因此得知结果；任何一家拒绝，结果不给任何人，这次使用仍然计次${terms.noise ? '，已扣的隐私预算不退' : ''}。`,
      en: `A person of each of ${list(owners, 'en')} looks at every result and approves it by its digest before recipients get it, and so learns it. If one refuses, nobody gets it, and the use counts all the same${terms.noise ? '; what it took of privacy budgets stays taken' : ''}.`,
    },
  ];
};

const explainRoom = (terms: CleanRoom, { joint, reads }: Pick<Shape, 'joint' | 'reads'>, nameOf: Names): Text[] => {
  if (terms.module)
    return [...explainModule(terms, reads, nameOf), ...paymentOf(terms, nameOf), ...parametersOf(terms)];
  const { recipients, dataSets } = terms;
  const names = recipients.map(nameOf);
  const sums = joint.sums.map(({ name, of }) => `${name} = ${of}`);
  const grouped = joint.groups.length > 0;
  const ask = asksFirst(terms);
  return [
    {
      zh: `${list(names, 'zh')}得到${grouped ? `按 ${list(joint.groups, 'zh')} 分组的` : ''}汇总值：${list(sums, 'zh')}；除此之外看不到任何一方的数据。`,
      en: `${list(names, 'en')} get${grouped ? `, for each group of ${list(joint.groups, 'en')},` : ''} ${list(sums, 'en')}, and nothing else of anybody’s data.`,
    },
    ...noiseOf(terms),
    ...(terms.noise ? [] : [thresholdOf(terms)]),
    ...dataSets.map(({ owner, table, entity }) => {
      const used = (columns: string[]) => columns.filter((name) => name.startsWith(`${table}.`));
      const keys = used(joint.joins.flatMap(({ left, right }) => [left, right]));
      const filters = used(joint.filters);
      return {
        zh: `${nameOf(owner)} 的数据集 ${table}：以 ${entity} 计主体${keys.length ? `，以 ${list(keys, 'zh')} 连接` : ''}${filters.length ? `，以 ${list(filters, 'zh')} 筛选` : ''}；逐行数据不离开本节点。`,
        en: `${table} of ${nameOf(owner)}: entities are counted by ${entity}${keys.length ? `, joined by ${list(keys, 'en')}` : ''}${filters.length ? `, filtered by ${list(filters, 'en')}` : ''}; no row leaves this node.`,
      };
    }),
    ...(ask ? askedFirst(terms, nameOf) : []),
    ...ownersOf(terms)
      .filter((owner) => !ask && !recipients.includes(owner))
      .map((owner) => ({
        zh: `${nameOf(owner)} 得不到结果，只看到每次使用的时间、参数和计次。`,
        en: `${nameOf(owner)} gets no result, only when and with which parameters each use was taken.`,
      })),
    ...engineTold(terms),
    ...paymentOf(terms, nameOf),
    ...parametersOf(terms),
  ];
};
