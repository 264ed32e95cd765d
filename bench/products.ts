/**
 * A market of made-up products for the benches: suppliers, products, versions and listings written straight into a fresh
 * database, search documents made by the market's own rebuild. Names and texts are drawn by a seed and belong to nobody.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase, raw, sql, type Tx } from '../apps/server/src/kernel/db/db.ts';
import { migrate, readMigrations } from '../apps/server/src/kernel/db/migrate.ts';
import { systemActor } from '../apps/server/src/kernel/http/principal.ts';
import { newId } from '../apps/server/src/kernel/ids.ts';
import { startPostgres } from '../apps/server/src/kernel/postgres/start.ts';
import { rebuildSearch } from '../apps/server/src/market/search/index.ts';

/** mulberry32. */
export const drawer = (start: number) => {
  let state = start >>> 0;
  const chance = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (max: number) => Math.floor(chance() * max);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  /** The first of a list are drawn far more often, as words of a market are. */
  const common = <T>(list: readonly T[]): T => list[Math.floor(list.length * chance() ** 2.5)]!;
  return { chance, below, pick, common };
};

const words = (text: string) => text.split(/\s+/u).filter(Boolean);

export const subjects =
  words(`道路货运 高速公路通行 城市公交 网约车 物流园区 港口集装箱 铁路货运 航空货运 冷链运输 快递末端 危险品运输 仓储库存
  企业工商登记 企业信用 司法涉诉 招投标 税务开票 社保缴纳 公积金缴存 用电负荷 用水用气 不动产登记 土地出让 建筑施工 工程机械 装备制造 钢铁产能
  有色金属 化工园区 碳排放 空气质量 水文监测 气象观测 遥感影像 森林资源 耕地地块 水稻种植 生猪养殖 农产品批发 种业 茶叶产销 医保结算 门诊就诊 药品流通
  疫苗接种 养老机构 学籍学历 职业资格 人才流动 文旅客流 酒店入住 景区票务 餐饮消费 零售商圈 电商交易 跨境贸易 海关通关 外汇结算 保险理赔 贷款还款
  信用卡消费 证券行情 期货行情 供应链应收 融资租赁 充电桩运行 新能源车运行 车联网 卡口过车 停车场 加油站 北斗定位 无人机巡检 工业互联网 设备振动
  语音标注 医学影像标注 方言语料 法律文书 专利文献 科技论文 地方志 非遗影像 短视频舆情 新闻资讯`);
const objects =
  words(`轨迹 运单 里程 时长 频次 价格 指数 评分 画像 标签 明细 汇总 预测 预警 核验 比对 统计 分布 关联 图谱 样本 影像 台账 目录 热力
  强度 缺陷 风险 景气 产量 销量 库存 客流 流向 时效 异常 归集 报表 清单`);
const forms = words('数据集 查询接口 分析报告 核验服务 指数产品 月度报表 年度报告 实时数据流 标注语料 模型工具');
const scenes =
  words(`信贷风控 反欺诈 保险定价 理赔核验 选址评估 产业监测 供应链金融 车辆调度 运力匹配 税源分析 城市治理 应急指挥 环境评价 农业保险 精准营销 科研分析
  价格监测 企业尽调 贷后管理 政策评估 大模型训练 智能客服 公共服务 碳核算`);
const places =
  words(`湖南 长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西 广东 广州 深圳 湖北 武汉 江西 南昌 贵州 贵阳 四川 成都 浙江 杭州
  江苏 南京 上海 北京 重庆 福建 山东 河南 全国`);
const latin = words('ETC GPS API NDVI POI OCR GIS SKU LBS IoT VIN CSV B2B RFID ESG GDP');
const columns = words(
  `统计日期 行政区划代码 企业名称 统一社会信用代码 车牌号 道路名称 起点 终点 平均速度 数量 金额 更新时间 设备编号 经度 纬度 等级 类别 来源`,
);
const surnames = words('星沙 麓谷 浏阳河 湘浦 橘洲 云麓 岳峰 沩水 南岳 洞庭 资水 沅澧 银盆 梅溪 圭塘 捞刀');
const trades = words('物流 数据 信息 科技 交通 农业 医疗 金融 能源 文化');
const regionCodes = words(
  '430100 430200 430300 430400 430600 430700 430000 440100 440300 420100 360100 520100 510100 330100 320100 310000 110000 500000 350100 370100',
);
const industries = words('G54 G58 I64 I65 J66 J69 A01 A03 C35 C36 D44 N77 O81 Q84 R90 F51 L72 M74 E47 K70');
const kinds = words('dataset dataset dataset api api report service tool');
const cycles = words('daily daily monthly monthly weekly quarterly yearly realtime hourly once irregular');
const modes = ['file', 'api', 'proxy', 'query', 'share', 'compute'];

export interface MadeProduct {
  product: string;
  /** Everything of it that is searched, as LIKE would look at it. */
  text: string;
  subject: string;
  object: string;
  place: string;
  scene: string;
  latin: string;
  certificate: string;
}

const policy = { '@type': 'Offer', permission: [{ action: 'use' }], prohibition: [{ action: 'distribute' }] };
const explanation = {
  zh: ['可使用', '不得转让或向第三方提供', '每日调用不超过 10,000 次', '仅限中国境内使用'],
  en: ['May be used', 'No redistribution', 'At most 10,000 calls a day', 'Within China only'],
};

export interface BenchMarket {
  database: Database;
  products: MadeProduct[];
  seconds: { seed: number; index: number };
  close(): Promise<void>;
}

const suppliersMade = 400;
const start = new Date('2026-01-05T01:00:00Z');

type Row = Record<string, unknown>;
/** One statement a table and batch: the rows travel as one JSON text. */
const insertAll = (tx: Tx, table: string, rows: readonly Row[]): Promise<number> => {
  const columns = raw(Object.keys(rows[0]!).join(', '));
  return tx.exec(
    sql`insert into ${raw(table)} (${columns}) select ${columns} from jsonb_populate_recordset(null::${raw(table)}, ${JSON.stringify(rows)}::jsonb)`,
  );
};

const owned = { node: 'bench', market: 'main' };

const organisationRows = (draw: ReturnType<typeof drawer>): Row[] =>
  Array.from({ length: suppliersMade }, (_, place) => {
    const id = newId('org', start);
    return {
      id,
      ...owned,
      participant: id,
      name: `${draw.pick(surnames)}${draw.pick(surnames)}${draw.pick(trades)}有限公司`,
      credit_code: `91430100MA${String(place).padStart(8, '0')}`,
      kind: 'company',
      legal_representative: '样例',
      status: 'active',
      bank_name: '',
      bank_holder: '',
      bank_account_masked: '',
      created_at: start,
      since: start,
      retention_class: 'member-file',
    };
  });

const planOf = (draw: ReturnType<typeof drawer>) => {
  const price = (1 + draw.below(90_000)) / 100;
  const kind = draw.pick(['free', 'oneOff', 'subscription', 'perCall', 'perCall', 'perRow', 'quotation'] as const);
  const plan = {
    free: { kind },
    oneOff: { kind, price: price.toFixed(2) },
    subscription: { kind, period: draw.pick(['month', 'year']), price: price.toFixed(2) },
    perCall: { kind, unitPrice: (price / 1000).toFixed(4) },
    perRow: { kind, unitPrice: (price / 10_000).toFixed(6) },
    quotation: { kind },
  }[kind];
  return { offer: newId('off', start), title: '标准方案', plan, settlementWays: ['custody'], taxRate: '0.06' };
};

const makeOne = (draw: ReturnType<typeof drawer>, supplier: Row, at: Date) => {
  const [product, version, listing] = [newId('prd', at), newId('ver', at), newId('lst', at)];
  const drawn = {
    subject: draw.common(subjects),
    object: draw.common(objects),
    place: draw.common(places),
    scene: draw.common(scenes),
    latin: draw.common(latin),
    certificate: `SJ99${draw.below(10)}${202601 + draw.below(9)}${String(draw.below(9999)).padStart(4, '0')}${draw.below(10)}`,
  };
  const second = draw.common(subjects);
  const about = {
    kind: draw.pick(kinds),
    name: `${drawn.place}${drawn.subject}${drawn.object}${draw.common(forms)}`,
    summary: `面向${drawn.scene}与${draw.common(scenes)}，提供${drawn.place}范围内${drawn.subject}的${drawn.object}与${draw.common(objects)}，可与${second}数据关联使用。`,
    description: `数据来自${drawn.latin}采集与业务系统，经脱敏、清洗与质量检查，覆盖${draw.common(places)}、${draw.common(places)}等地，含${draw.common(objects)}、${draw.common(objects)}字段，适用于${draw.common(scenes)}。`,
    industry: draw.common(industries),
    region: draw.common(regionCodes),
    keywords: [drawn.subject, drawn.object],
    scenarios: [drawn.scene],
    deliveryModes: modes.slice(0, 1 + draw.below(3)),
    updateCycle: draw.pick(cycles),
    coverageFrom: null,
    coverageUntil: null,
    language: 'zh',
  };
  const titles = Array.from({ length: 4 + draw.below(8) }, () => draw.pick(columns));
  const table = {
    name: 'main',
    resource: null,
    columns: titles.map((title, place) => ({
      name: `c${place}`,
      title,
      type: 'text',
      description: '',
      sensitivity: 'general',
      unit: '',
      nullable: true,
    })),
    rowCount: draw.below(1_000_000),
    bytes: null,
    objects: { original: null, normal: null },
    quality: { completeness: '0.99' },
    sample: {
      columns: titles.map((_, place) => `c${place}`),
      rows: Array.from({ length: 5 }, () => titles.map(() => String(draw.below(1000)))),
    },
  };
  const owner = { ...owned, participant: supplier.participant };
  const kept = { retention_class: 'trade', created_at: at };
  return {
    made: {
      product,
      ...drawn,
      text: [
        about.name,
        drawn.certificate,
        ...about.keywords,
        ...about.scenarios,
        about.summary,
        supplier.name,
        about.description,
        ...titles,
      ]
        .join(' ')
        .toLowerCase(),
    } satisfies MadeProduct,
    product: {
      id: product,
      ...owner,
      ...kept,
      kind: about.kind,
      name: about.name,
      summary: about.summary,
      description: about.description,
      resources: [],
      industry: about.industry,
      region: about.region,
      keywords: about.keywords,
      scenarios: about.scenarios,
      delivery_modes: about.deliveryModes,
      update_cycle: about.updateCycle,
      language: 'zh',
      state: 'ready',
      revision: 1,
      updated_at: at,
    },
    version: {
      id: version,
      ...owner,
      ...kept,
      product,
      number: 1,
      note: '',
      about,
      tables: [table],
      contract: '',
      contract_digest: `sha256:${'0'.repeat(64)}`,
      created_by: 'bench',
    },
    listing: {
      id: listing,
      ...owner,
      ...kept,
      number: `SJ-${listing}`,
      product,
      version,
      state: 'listed',
      plans: [planOf(draw)],
      policy,
      explanation,
      delivery_modes: about.deliveryModes,
      acceptance_days: 5,
      basis: { kind: 'certificate', certificates: [drawn.certificate], reports: [] },
      purposes: [],
      security_statement: '样例',
      source_statement: '样例',
      listed_at: at,
      updated_at: at,
    },
  };
};

const rowsPerBatch = 2000;
const rooms = ['kernel', 'members', 'registry', 'catalogue', 'agreements', 'market'];

/** The exchange's own database server with its own settings: a test's has less memory. */
const freshServer = async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'shugu-bench-'));
  const log = { error: () => undefined, info: () => undefined, warn: () => undefined };
  const server = await startPostgres({ dataDirectory, log, durability: 'full' });
  const stop = async () => {
    await server.stop();
    await rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 });
  };
  return { connection: server.connection, stop };
};

/** A fresh database that holds `count` listed products; closed by its `close`. */
export const benchMarket = async (count: number, seed = 20_260_701): Promise<BenchMarket> => {
  const fresh = await freshServer();
  const database = openDatabase({ connection: fresh.connection, tenancy: owned, now: () => start, clientsMax: 8 });
  await migrate(database, await readMigrations(join(import.meta.dirname, '../apps/server/src'), rooms));
  const draw = drawer(seed);
  const actor = systemActor('bench');
  const suppliers = organisationRows(draw);
  await database.tx(actor, (tx) => insertAll(tx, 'organisations', suppliers));
  const products: MadeProduct[] = [];
  const began = performance.now();
  for (let from = 0; from < count; from += rowsPerBatch) {
    const size = Math.min(rowsPerBatch, count - from);
    const made = Array.from({ length: size }, (_, place) =>
      makeOne(draw, draw.common(suppliers), new Date(start.getTime() + (from + place) * 60_000)),
    );
    await database.tx(actor, async (tx) => {
      await insertAll(
        tx,
        'products',
        made.map((one) => one.product),
      );
      await insertAll(
        tx,
        'product_versions',
        made.map((one) => one.version),
      );
      await insertAll(
        tx,
        'listings',
        made.map((one) => one.listing),
      );
    });
    products.push(...made.map((one) => one.made));
  }
  const seeded = performance.now();
  await rebuildSearch(database);
  const indexed = performance.now();
  await database.pool.query('vacuum analyze');
  return {
    database,
    products,
    seconds: { seed: (seeded - began) / 1000, index: (indexed - seeded) / 1000 },
    close: async () => {
      await database.close();
      await fresh.stop();
    },
  };
};
