/** Why a query shows more than its owners permit: a stable code, both languages, and the words that it is about. */
export interface JointFinding {
  code: JointFault;
  zh: string;
  en: string;
}

const catalogue = {
  form: [
    '联合查询只能是对若干数据集的一次汇总（SELECT … FROM … JOIN … WHERE … GROUP BY）',
    'A joint query is one aggregation over joined data sets and nothing else',
  ],
  join: [
    '数据集之间只能以类型相同的连接键等值内连接（JOIN … ON 甲.键 = 乙.键）',
    'Data sets are joined by equal keys of one type only (JOIN … ON a.key = b.key)',
  ],
  show: ['该字段不允许显示、分组或筛选', 'This column may not be shown, grouped by or filtered by'],
  aggregate: [
    '汇总只能是对单个可汇总字段的 count、sum、avg，其中不能有条件或运算',
    'Only count, sum and avg of one plain column that may be summed up',
  ],
  hidden: ['该字段未在合约中公开', 'This column is hidden by the contract'],
  column: ['字段须写作 数据集.字段', 'Columns are written as table.column'],
  filter: ['筛选只能比较一个公开字段与常量', 'A filter compares one open column with constants'],
  notGrouped: ['结果列须在 GROUP BY 中', 'A column of the result must be grouped by'],
  noAggregate: ['联合查询须有汇总值', 'A joint query has an aggregate'],
  tableTwice: ['同一数据集只能使用一次', 'A data set is read once'],
  tableUnused: ['合约中的数据集未被使用', 'A data set of the contract is not used'],
  parameter: [
    '参数只能在 WHERE 的最外层以“公开字段 = $参数”出现一次',
    'A parameter stands once, at the outermost level of WHERE, as open column = $parameter',
  ],
  byPlace: [
    '双方的表须以标识连接（JOIN … ON 甲.标识 = 乙.标识）：按行号对齐时一个主体可占多行，人数下限不成立',
    'Tables are joined by keys (JOIN … ON a.key = b.key): by place one entity may fill many rows, and a least number of rows says nothing',
  ],
  keyShown: [
    '连接用的标识只用于连接，不得筛选、分组、排序或汇总',
    'A key joins and does nothing else: no filter, group, order or sum is made of it',
  ],
  tooFew: ['所要求的人数低于下限', 'Fewer entities are asked for than the least number'],
} as const;
export type JointFault = keyof typeof catalogue;

class JointRefused extends Error {
  readonly finding: JointFinding;
  constructor(finding: JointFinding) {
    super(finding.en);
    this.finding = finding;
  }
}

/** Thrown within the check, given back by it. */
export const refuse = (code: JointFault, detail?: string): Error => {
  const [zh, en] = catalogue[code];
  return new JointRefused(detail ? { code, zh: `${zh}：${detail}`, en: `${en}: ${detail}` } : { code, zh, en });
};

export const jointFinding = (error: unknown): JointFinding | undefined =>
  error instanceof JointRefused ? error.finding : undefined;
