/**
 * Tables whose cells are labelled with the kind they were made as, drawn by a seeded generator: every person, number and
 * address is SYNTHETIC and belongs to nobody. Tables are small (10 to 300 rows) and many, and half of the columns have names
 * that say nothing, so that a verdict cannot lean on one lucky column.
 */
import { checkVin, isCreditCode, isResidentId, passesLuhn } from '../apps/server/src/registry/identifiers.ts';
import type { IdentifierKind } from '../apps/server/src/registry/scan/kinds.ts';

/** Small tables are the hard ones: ten values prove little. */
const tableSizes = [10, 30, 100, 300];
const columnsPerTable = 8;

/** mulberry32: small, seeded, good enough to draw test data. */
function generator(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Draw {
  chance(): number;
  below(max: number): number;
  pick<T>(list: readonly T[]): T;
  digits(count: number): string;
}

const drawFrom = (seed: number): Draw => {
  const chance = generator(seed);
  const below = (max: number) => Math.floor(chance() * max);
  return {
    chance,
    below,
    pick: (list) => list[below(list.length)]!,
    digits: (count) => Array.from({ length: count }, () => below(10)).join(''),
  };
};

const letters = [...'ABCDEFGHJKLMNPRSTUVWXYZ'];
const two = (value: number) => String(value).padStart(2, '0');

const surnames = [
  ...'王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董袁潘蒋蔡余杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤',
  '欧阳',
  '司马',
  '诸葛',
  '蔺',
  '亓',
];
const given = [
  ...'伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂文辉玲红梅建华国志海波宁浩宇轩子涵梓晨欣怡佳琪思雨嘉豪俊熙㼆䶮',
];
const regions = ['110105', '310104', '430102', '430103', '440305', '510107', '330106', '420111', '610113', '650102'];
const places = [
  '长沙市岳麓区麓山南路',
  '株洲市天元区长江北路',
  '广州市天河区体育西路',
  '成都市武侯区人民南路',
  '杭州市西湖区文三路',
  '常德市鼎城区善卷大道',
];

const residentId = ({ pick, below, digits }: Draw): string => {
  const head = `${pick(regions)}${1950 + below(60)}${two(1 + below(12))}${two(1 + below(28))}${digits(3)}`;
  return head + [...'0123456789X'].find((check) => isResidentId(head + check))!;
};
const luhn = ({ digits }: Draw, prefix: string, length: number): string => {
  const head = prefix + digits(length - prefix.length - 1);
  return head + [...'0123456789'].find((check) => passesLuhn(head + check))!;
};
const creditCode = ({ pick }: Draw): string => {
  const head = `91${pick(regions)}${Array.from({ length: 9 }, () => pick([...'0123456789ABCDEFGHJKLMNPQRTUWXY'])).join('')}`;
  return head + [...'0123456789ABCDEFGHJKLMNPQRTUWXY'].find((check) => isCreditCode(head + check))!;
};
const vin = ({ pick, digits }: Draw): string => {
  for (;;) {
    const place = () => pick([...letters, ...'0123456789'].filter((letter) => letter !== 'Q'));
    const start = `L${Array.from({ length: 7 }, place).join('')}`;
    const end = `${pick([...'KLMNPRST'])}${place()}${digits(6)}`;
    for (const check of '0123456789X') if (checkVin(start + check + end) === 'valid') return start + check + end;
  }
};
const personName = ({ pick, chance }: Draw) => pick(surnames) + pick(given) + (chance() < 0.7 ? pick(given) : '');
const mobile = ({ pick, digits }: Draw) => `1${pick(['3', '5', '7', '8', '9'])}${digits(9)}`;
const address = ({ pick, below }: Draw) =>
  `湖南省${pick(places)}${1 + below(400)}号${1 + below(30)}栋${1 + below(40)}0${1 + below(4)}室`;

interface Maker {
  kind: IdentifierKind | null;
  /** Names that tell, and for negatives: names that such a column has in life. */
  names: string[];
  /** Whether the column may also bear a name that says nothing. */
  anonymous: boolean;
  make(draw: Draw, row: number, base: number): string;
  /** Part of the cells that are empty or unlike the rest. */
  dirt?: number;
}

const plateLetters = [...'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789'];
const positives: Maker[] = [
  { kind: 'residentId', names: ['身份证号', 'id_card', '证件号码', 'sfzh'], anonymous: true, make: residentId },
  // Typing errors in one of twenty.
  {
    kind: 'residentId',
    names: ['司机身份证号', 'idCardNo'],
    anonymous: true,
    make: (draw) =>
      draw.chance() < 0.05
        ? residentId(draw).replace(/\d(?=.$)/, (digit) => String((Number(digit) + 1) % 10))
        : residentId(draw),
  },
  { kind: 'mobile', names: ['手机号', 'mobile', '联系电话', 'phone_no'], anonymous: true, make: mobile },
  { kind: 'mobile', names: ['联系方式', 'tel'], anonymous: false, make: (draw) => `+86 ${mobile(draw)}`, dirt: 0.5 },
  {
    kind: 'bankCard',
    names: ['银行卡号', 'card_no', '收款账号'],
    anonymous: true,
    make: (draw) => luhn(draw, draw.pick(['621700', '622848', '623058']), 19),
  },
  {
    kind: 'plate',
    names: ['车牌号', 'plate_no', '号牌号码'],
    anonymous: true,
    make: ({ pick, digits, chance }) =>
      `${pick([...'湘粤京沪川鄂'])}${pick([...'ABCDEFGHJ'])}${chance() < 0.2 ? `D${digits(5)}` : Array.from({ length: 5 }, () => pick(plateLetters)).join('')}`,
  },
  { kind: 'vin', names: ['车架号', 'vin'], anonymous: true, make: vin },
  {
    kind: 'email',
    names: ['邮箱', 'email'],
    anonymous: true,
    make: ({ pick, digits }, row) => `user${row}${digits(2)}@example.${pick(['cn', 'com', 'org'])}`,
  },
  {
    kind: 'ipv4',
    names: ['ip', 'client_ip', 'IP地址'],
    anonymous: true,
    make: ({ below }) => `${1 + below(223)}.${below(256)}.${below(256)}.${1 + below(254)}`,
  },
  {
    kind: 'mac',
    names: ['mac', 'MAC地址'],
    anonymous: true,
    make: ({ below }) => Array.from({ length: 6 }, () => below(256).toString(16).padStart(2, '0')).join(':'),
  },
  {
    kind: 'position',
    names: ['经纬度', 'gps', '定位'],
    anonymous: true,
    make: ({ chance }) => `${(111 + chance() * 3).toFixed(6)},${(26 + chance() * 3).toFixed(6)}`,
  },
  { kind: 'personName', names: ['姓名', '联系人', 'real_name', '驾驶员'], anonymous: true, make: personName },
  { kind: 'address', names: ['家庭住址', '收货地址', 'home_address'], anonymous: true, make: address },
  { kind: 'creditCode', names: ['统一社会信用代码', 'uscc'], anonymous: true, make: creditCode },
  {
    kind: 'passport',
    names: ['护照号', 'passport_no'],
    anonymous: true,
    make: ({ pick, digits }) => `E${pick([...'ABCDEFGHJ'])}${digits(7)}`,
  },
  // One remark in five holds a phone, the others talk of numbers that are none.
  {
    kind: 'mobile',
    names: ['备注', 'remark'],
    anonymous: true,
    make: (draw) => `请致电 ${mobile(draw)} 联系收货`,
    dirt: 0.8,
  },
];

const towns = [
  '张家界市',
  '常德市',
  '石家庄市',
  '温州市',
  '武汉市',
  '黄石市',
  '长沙市',
  '金华市',
  '苏州市',
  '江门市',
  '马鞍山市',
  '安康市',
];
const things = [
  '高速',
  '黄色',
  '白色',
  '金色',
  '石油',
  '毛巾',
  '江鲜',
  '龙虾',
  '白菜',
  '方案',
  '马达',
  '汤圆',
  '水泥',
  '钢材',
  '纸箱',
];
const negatives: Maker[] = [
  { kind: null, names: ['订单号', 'order_no', '运单号'], anonymous: false, make: mobile },
  {
    kind: null,
    names: ['流水号', 'serial_no'],
    anonymous: true,
    make: (_, row, base) => String(13_800_000_000 + base * 1_000_000 + row * 3),
  },
  { kind: null, names: ['设备编号', 'device_id'], anonymous: true, make: ({ digits }) => digits(11) },
  {
    kind: null,
    names: ['业务编号', 'trace_no'],
    anonymous: true,
    make: ({ pick, below, digits }) =>
      `${pick(regions)}${2000 + below(26)}${two(1 + below(12))}${two(1 + below(28))}${digits(4)}`,
  },
  { kind: null, names: ['批次号', 'seq'], anonymous: true, make: ({ digits }) => digits(18).replace(/^0/, '1') },
  { kind: null, names: ['订单编号', 'txn_no'], anonymous: false, make: (draw) => luhn(draw, '62', 18) },
  { kind: null, names: ['IMEI', 'imei'], anonymous: true, make: (draw) => luhn(draw, '86', 15) },
  { kind: null, names: ['会员编号', 'points_id'], anonymous: true, make: (draw) => luhn(draw, '88', 16) },
  { kind: null, names: ['条码', 'barcode'], anonymous: true, make: ({ digits }) => `69${digits(11)}` },
  {
    kind: null,
    names: ['版本', 'version'],
    anonymous: true,
    make: ({ below }) => `${1 + below(4)}.${below(20)}.${below(20)}.${below(10)}`,
  },
  {
    kind: null,
    names: ['时间戳', 'epoch'],
    anonymous: true,
    make: ({ below }, row) => String(1_750_000_000_000 + row * 1_000 + below(1_000)),
  },
  { kind: null, names: ['城市', 'city'], anonymous: true, make: ({ pick }) => pick(towns) },
  { kind: null, names: ['品名', 'goods'], anonymous: true, make: ({ pick }) => pick(things) },
  {
    kind: null,
    names: ['公司名称', 'company'],
    anonymous: true,
    make: ({ pick }) => `${pick(surnames)}氏${pick(['物流', '贸易', '科技'])}有限公司`,
  },
  {
    kind: null,
    names: ['金额', 'amount'],
    anonymous: true,
    make: ({ below, digits }) => `${below(1_000_000)}.${digits(2)}`,
  },
  {
    kind: null,
    names: ['零件号', 'part_no'],
    anonymous: true,
    make: ({ pick }) =>
      Array.from({ length: 17 }, () => pick([...letters.filter((letter) => letter !== 'O'), ...'0123456789'])).join(''),
  },
  {
    kind: null,
    names: ['合同号', 'contract'],
    anonymous: true,
    make: (_, row, base) => `G${String(20_000_000 + base * 1_000 + row)}`,
  },
  {
    kind: null,
    names: ['资质码', 'permit'],
    anonymous: true,
    make: ({ pick, digits }) => `91${pick(regions)}${digits(10)}`,
  },
  {
    kind: null,
    names: ['说明', 'note'],
    anonymous: true,
    make: (draw) => `订单号：${mobile(draw)}，编号 ${draw.digits(18)}，已签收`,
  },
];

const silentNames = ['c', 'col', '字段', 'f_', 'attr'];
const notes = ['缺', '/', '-', '未填', '同上', '另见附件', '座机 0731-8455'];

export interface LabelledColumn {
  name: string;
  kind: IdentifierKind | null;
  values: string[];
  labels: (IdentifierKind | null)[];
}

const makeColumn = (draw: Draw, at: number, rowsPerTable: number): LabelledColumn => {
  const { chance, pick, below } = draw;
  const maker = pick(chance() < 0.5 ? positives : negatives);
  const silent = maker.anonymous && chance() < 0.5;
  const dirt = maker.dirt ?? (chance() < 0.3 ? 0.1 : 0);
  const base = below(90);
  const column: LabelledColumn = {
    name: silent ? `${pick(silentNames)}${at}` : pick(maker.names),
    kind: maker.kind,
    values: [],
    labels: [],
  };
  for (let row = 0; row < rowsPerTable; row += 1) {
    const dirty = chance() < dirt;
    column.values.push(dirty ? pick(notes) : maker.make(draw, row, base));
    column.labels.push(dirty ? null : maker.kind);
  }
  return column;
};

/** Tables, each as its columns, until there are `rows` rows. */
export function* labelledTables(rows: number, seed: number): Generator<LabelledColumn[]> {
  const draw = drawFrom(seed);
  for (let made = 0; made < rows; ) {
    const rowsPerTable = draw.pick(tableSizes);
    made += rowsPerTable;
    yield Array.from({ length: columnsPerTable }, (_, at) => makeColumn(draw, at, rowsPerTable));
  }
}
