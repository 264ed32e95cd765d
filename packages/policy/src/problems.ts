import type { PolicyProblem } from './model.ts';

/** Every problem that reading, compiling or comparing a policy can raise. Codes are stable. `{}` takes the detail. */
const CATALOGUE = {
  policyMalformed: ['策略格式不正确：{}', 'The policy is malformed: {}'],
  permissionsDiffer: [
    '各项许可的限制不一致，请拆成多个合同行',
    'Permissions carry different limits; split them into contract lines',
  ],
  constraintTwice: ['同一限制给出了两次：{}', 'The limit is given twice: {}'],
  valueNotInteger: ['应为正整数：{}', 'Expected a positive integer: {}'],
  valueNotNumber: ['应为正数：{}', 'Expected a positive number: {}'],
  valueNotTime: ['应为带时区的时间（RFC 3339）：{}', 'Expected a time with its zone offset (RFC 3339): {}'],
  valueNotHours: ['应为 09:00-18:00 形式的时段：{}', 'Expected hours such as 09:00-18:00: {}'],
  valueNotZone: ['未知时区：{}', 'Unknown time zone: {}'],
  valueNotCodes: ['代码列表不正确：{}', 'Malformed list of codes: {}'],
  valueNotSpace: ['应为一个数据空间的标识：{}', 'Expected the id of one data space: {}'],
  valueNotRegions: ['应为 GB/T 2260 行政区划代码或其前缀：{}', 'Expected GB/T 2260 codes or their prefixes: {}'],
  valueNotColumns: ['字段名列表不正确：{}', 'Malformed list of columns: {}'],
  valueNotMasks: ['脱敏规则不正确：{}', 'Malformed mask: {}'],
  valueNotFilter: ['行过滤条件超出允许的写法：{}', 'The row filter is outside the permitted grammar: {}'],
  valueNotAltered: [
    '水印改动列表不正确，应为 字段=最大改动量：{}',
    'Malformed list of altered columns, expected column=largest change: {}',
  ],
  valueNotSyntheticRows: ['合成行数应为 1 至 100：{}', 'Synthetic rows must be 1 to 100: {}'],
  valueNotRequired: ['只能为 required：{}', 'Only "required" is known: {}'],
  timeEmpty: ['开始时间不早于结束时间', 'The period ends before it starts'],
  computeOnlyContradicted: ['“仅供计算”与其他许可矛盾：{}', 'Computation only contradicts other permissions: {}'],
  permittedAndProhibited: ['同一用法既许可又禁止：{}', 'Both permitted and prohibited: {}'],
  maskOutsideColumns: ['脱敏字段不在许可字段内：{}', 'Masked columns are not among the permitted ones: {}'],
  watermarkOutsideColumns: [
    '水印改动的字段须为许可且未脱敏的字段：{}',
    'A watermark may alter only columns that are permitted and not masked: {}',
  ],
  burstWithoutRate: ['给出突发上限但没有速率', 'A burst without a rate'],
  conditionNotSupported: ['不支持此种条件：{}', 'Conditions of this kind are not supported: {}'],
  dutyUnknown: ['未知义务：{}', 'Unknown duty: {}'],
  actionUnknown: ['未知用法：{}', 'Unknown action: {}'],
  constraintUnknown: ['未知限制：{}', 'Unknown constraint: {}'],
  operatorUnknown: ['此限制不支持该比较：{}', 'The constraint does not take this operator: {}'],
  profileUnknown: ['未知的策略规范：{}', 'Unknown profile: {}'],
  memberUnknown: ['未知成员：{}', 'Unknown member: {}'],
  noAction: ['没有许可任何用法', 'No action is permitted'],
  notEnforceable: ['该交付方式无法执行：{}', 'This delivery path cannot enforce: {}'],
  exceedsOffer: ['超出报价策略：{}', 'Exceeds the offer: {}'],
} as const;

export type ProblemCode = keyof typeof CATALOGUE;

export function problem(
  code: ProblemCode,
  path: string,
  { detail = '', en = detail }: { detail?: string; en?: string } = {},
): PolicyProblem {
  const [zh, english] = CATALOGUE[code];
  const filled = (text: string, value: string) => text.replace('{}', value).replace(/[:：]\s*$/, '');
  return { code, path, zh: filled(zh, detail), en: filled(english, en) };
}
