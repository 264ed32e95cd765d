/** The demo market: played through the public API like everything else, so that whatever it shows can be done by hand. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exchange } from '@shugu/server';
import { addSpaceEntry, applyToSpace } from '@shugu/wire/spaces';
import { listGood, registerGood } from './goods/listing.ts';
import { demoGoods } from './goods/products.ts';
import { say } from './say.ts';
import { readCast } from './scenario/cast.ts';
import { placeOrder, stateScenario } from './scenario/order.ts';
import type { Listing } from './scenario/product.ts';
import { admitSpace, joinSpace, spaceSeen } from './scenario/space.ts';
import { makeStage, type Stage } from './scenario/stage.ts';
import { makeWalk } from './steps.ts';
import { makeFolder } from './trade/folder.ts';
import { walkTrade } from './trade/walk.ts';

const cast = [
  'xingsha',
  'mapping',
  'merchant',
  'lawfirm',
  'tester',
  'appraiser',
  'bank',
  'citylogistics',
  'creditagency',
];

/** Suppliers of a trade and their buyers under rules of their own; somebody waits to be let in. */
const makeSpace = async (stage: Stage, listings: readonly Listing[]): Promise<string> => {
  const operator = 'merchant.trader';
  const { id } = await admitSpace(stage, operator, {
    kind: 'industry',
    name: { zh: '道路货运数据空间（样例）', en: 'Road freight data space (specimen)' },
    purpose: {
      zh: '货运车辆、工作日与行政区划数据在成员间依约流通，各项产品的策略均须列明用途。',
      en: 'Data on trucks, working days and divisions among members; every policy names its purposes.',
    },
    rules: {
      text: {
        zh: '一、成员签署本规则后生效。二、提供方对数据来源与权利负责。三、使用方按所签合同使用，不得超出用途。四、违反规则的，由空间运营方除名。',
        en: '1. Who signs is a member. 2. Providers answer for source and rights. 3. Consumers use data as contracted, for no other purpose. 4. Who breaks the rules is expelled by the operator.',
      },
      terms: { catalogue: 'members', joinRoles: [], policy: ['purposes'] },
    },
  });
  await joinSpace(stage, { id, operator }, 'xingsha.trader', 'provider');
  await joinSpace(stage, { id, operator }, 'mapping.trader', 'provider');
  await joinSpace(stage, { id, operator }, 'bank.trader', 'consumer');
  const suppliers = ['xingsha.trader', operator, 'mapping.trader'];
  for (const [place, { product }] of listings.entries())
    await (await stage.as(suppliers[place]!)).call(addSpaceEntry, { params: { id }, body: { product } });
  const applicant = await stage.as('citylogistics.trader');
  await applicant.call(applyToSpace, { params: { id }, body: { roles: ['consumer'], note: '城市配送线路规划' } });
  return id;
};

/** Work left waiting, so that every desk has something on it. */
const leaveWork = async (stage: Stage, listings: Listing[]): Promise<void> => {
  const now = await stage.now();
  const day = (days: number) => new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 10);
  const scenario = await stateScenario(stage, 'bank.trader', {
    title: '货运客户安全核验',
    purposes: ['safety'],
    endUser: '湘江样例银行信贷科技有限公司（样例）',
    personalData: true,
    onwardUse: '',
    licence: '',
    region: '430100',
    from: day(0),
    until: day(180),
    authorisation: '客户签署授权书，逐次留存授权凭证号',
  });
  await placeOrder(stage, 'bank.trader', {
    listing: listings[0]!,
    scenario,
    quantity: 1000,
    way: 'custody',
    months: 6,
  });
  const mapping = await stateScenario(stage, 'citylogistics.trader', {
    title: '省内地址库更新',
    purposes: ['logistics'],
    endUser: '城配通达物流有限公司（样例）',
    personalData: false,
    onwardUse: '',
    licence: '',
    region: '430100',
    from: day(0),
    until: day(300),
    authorisation: '',
  });
  await placeOrder(stage, 'citylogistics.trader', {
    listing: listings[2]!,
    scenario: mapping,
    quantity: 1,
    way: 'custody',
    months: 6,
  });
};

export const playDemo = async (exchange: Exchange, language: 'zh' | 'en'): Promise<void> => {
  const stage = makeStage(exchange.url, await readCast());
  const walk = makeWalk(language, say);
  const papers = join(exchange.kernel.config.home, 'demo-papers');
  await mkdir(papers, { recursive: true });
  const { kernel } = exchange;
  await walkTrade({
    stage,
    walk,
    folder: makeFolder(papers),
    setupToken: kernel.setupToken,
    suite: kernel.config.suite,
    admit: cast,
  });
  const listings: Listing[] = [];
  for (const good of await demoGoods())
    await walk.step(
      `good.${good.supplier}`,
      { zh: `上架：${good.product.name}`, en: `Listed: ${good.product.name}` },
      async (prove) => {
        const listing = await listGood(stage, good, await registerGood(stage, good));
        listings.push(listing);
        prove(
          { zh: `上架凭证 ${listing.number}`, en: `listing voucher ${listing.number}` },
          listing.state === 'listed',
        );
      },
    );
  await walk.step(
    'space',
    {
      zh: '数据空间：三家提供方、一家使用方签署规则，目录三项，一家待准入',
      en: 'A data space: three providers and a consumer under its rules, three entries, one applicant',
    },
    async (prove) => {
      const space = await makeSpace(stage, listings);
      const { members, entries, waiting } = await spaceSeen(stage, space, 'merchant.trader');
      prove({ zh: `成员 ${members}，目录 ${entries} 项`, en: `${members} members, ${entries} entries` }, waiting === 1);
    },
  );
  await walk.step(
    'desk',
    {
      zh: '留下待办：一单待人工审核，一单待签约',
      en: 'Work is left: one order for a person to review, one contract to sign',
    },
    async () => leaveWork(stage, listings),
  );
};
