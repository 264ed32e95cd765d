/** A supplier's query: SQL over the product's tables, with named parameters of stated types and limits. */
export type QueryTemplate = {
  /** Stands in the address. */
  name: string;
  title: string;
  sql: string;
  parameters: readonly Parameter[];
};

type Common = { name: string; title: string };
/** Bounds are inclusive and written as the value itself is: `'12.50'`, `'2026-01-31'`. A default makes a parameter optional. */
export type Parameter =
  | (Common & { type: 'integer'; min?: number; max?: number; default?: string })
  | (Common & { type: 'decimal'; scale: number; min?: string; max?: string; default?: string })
  | (Common & { type: 'text'; lengthMax: number; default?: string })
  | (Common & { type: 'date'; min?: string; max?: string; default?: string })
  | (Common & { type: 'boolean'; default?: string })
  | (Common & { type: 'enumeration'; values: readonly string[]; default?: string });

/** A template that has passed the gate. `sql` is written anew from the checked tree, each parameter cast to its type. */
export type CheckedTemplate = QueryTemplate & {
  /** Columns that it reads, by table. */
  reads: Readonly<Record<string, readonly string[]>>;
  /** Columns of its answer. */
  answer: readonly AnswerColumn[];
};
export type AnswerColumn = { name: string; type: string };

export const QUERY_LIMITS = {
  templatesMax: 20,
  sqlCharactersMax: 8000,
  /** Nodes of the parsed tree. */
  nodesMax: 2000,
  parametersMax: 20,
  textLengthMax: 200,
  enumerationMax: 100,
  decimalDigitsMax: 18,
  rowsMax: 1_000_000,
  secondsMax: 60,
  bytesMax: 2 ** 30,
} as const;

/** A value ready to be bound: of its type, whatever was typed. */
export type BoundValue =
  | { type: 'BIGINT'; value: bigint }
  | { type: 'DECIMAL'; scale: number; unscaled: bigint }
  | { type: 'VARCHAR'; value: string }
  | { type: 'DATE'; days: number }
  | { type: 'BOOLEAN'; value: boolean };
export type BoundValues = Record<string, BoundValue>;

/** The engine's type of a parameter, as SQL and as the parser's tree has it. */
export function sqlTypeOf(parameter: Parameter): { id: string; width?: number; scale?: number } {
  switch (parameter.type) {
    case 'integer':
      return { id: 'BIGINT' };
    case 'decimal':
      return { id: 'DECIMAL', width: QUERY_LIMITS.decimalDigitsMax, scale: parameter.scale };
    case 'text':
    case 'enumeration':
      return { id: 'VARCHAR' };
    case 'date':
      return { id: 'DATE' };
    case 'boolean':
      return { id: 'BOOLEAN' };
  }
}

export type ParameterFault = { field: string; zh: string; en: string };

/** Reads every declared parameter from what a caller sent; what is not declared is a fault too. Pure. */
export function readParameters(
  parameters: readonly Parameter[],
  given: Readonly<Record<string, string>>,
): { values: BoundValues } | { fault: ParameterFault } {
  const known = new Set(parameters.map(({ name }) => name));
  const extra = Object.keys(given).find((name) => !known.has(name));
  if (extra !== undefined) return { fault: fault(extra, '没有这个参数', 'There is no such parameter') };
  const values: BoundValues = Object.create(null);
  for (const parameter of parameters) {
    const text = Object.hasOwn(given, parameter.name) ? given[parameter.name] : parameter.default;
    if (text === undefined) return { fault: fault(parameter.name, '缺少参数', 'The parameter is missing') };
    const value = readValue(parameter, text);
    if ('zh' in value) return { fault: value };
    values[parameter.name] = value;
  }
  return { values };
}

/** Whether a declaration makes sense: its default passes, its bounds are values of its type and in order. */
export function checkParameter(parameter: Parameter): ParameterFault | null {
  if ('min' in parameter || 'max' in parameter) {
    const plain = { ...parameter, min: undefined, max: undefined, default: undefined } as Parameter;
    const bounds = [parameter.min, parameter.max].map((bound) =>
      bound === undefined ? null : readValue(plain, String(bound)),
    );
    const wrong = bounds.find((bound) => bound !== null && 'zh' in bound);
    if (wrong && 'zh' in wrong) return wrong;
    const [min, max] = bounds as (BoundValue | null)[];
    if (min && max && order(min) > order(max))
      return fault(parameter.name, '下限大于上限', 'The lower bound exceeds the upper');
  }
  if (parameter.default === undefined) return null;
  const value = readValue(parameter, parameter.default);
  return 'zh' in value ? value : null;
}

function readValue(parameter: Parameter, text: string): BoundValue | ParameterFault {
  const { name } = parameter;
  switch (parameter.type) {
    case 'integer': {
      if (!/^-?\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text)))
        return fault(name, '须为整数', 'Must be an integer');
      return within(parameter, { type: 'BIGINT', value: BigInt(text) }, String);
    }
    case 'decimal':
      return readDecimal(parameter, text);
    case 'text': {
      const length = [...text].length;
      if (length > parameter.lengthMax)
        return fault(name, `不超过 ${parameter.lengthMax} 个字符`, `At most ${parameter.lengthMax} characters`);
      // Neither can be text of a table; half a surrogate pair would reach the engine as another character.
      if (text.includes('\0') || !text.isWellFormed())
        return fault(name, '含有无效字符', 'Holds characters that are no text');
      return { type: 'VARCHAR', value: text };
    }
    case 'date': {
      const days = daysOf(text);
      if (days === null) return fault(name, '须为日期，如 2026-01-31', 'Must be a date such as 2026-01-31');
      return within(parameter, { type: 'DATE', days }, (bound) => bound);
    }
    case 'boolean':
      if (text !== 'true' && text !== 'false') return fault(name, '须为 true 或 false', 'Must be true or false');
      return { type: 'BOOLEAN', value: text === 'true' };
    case 'enumeration':
      if (!parameter.values.includes(text))
        return fault(name, `须为：${parameter.values.join('、')}`, `Must be one of: ${parameter.values.join(', ')}`);
      return { type: 'VARCHAR', value: text };
  }
}

function readDecimal(parameter: Extract<Parameter, { type: 'decimal' }>, text: string): BoundValue | ParameterFault {
  const { name, scale } = parameter;
  const [, sign = '', whole = '', part = ''] = /^(-?)(\d{1,18})(?:\.(\d{1,18}))?$/.exec(text) ?? [];
  if (whole === '' || part.length > scale || whole.replace(/^0+/, '').length + scale > QUERY_LIMITS.decimalDigitsMax)
    return fault(name, `须为小数，最多 ${scale} 位小数`, `Must be a number with at most ${scale} decimals`);
  const unscaled = BigInt(`${sign}${whole}${part.padEnd(scale, '0')}`);
  return within(parameter, { type: 'DECIMAL', scale, unscaled }, (bound) => bound);
}

function within<Bound extends string | number>(
  parameter: Extract<Parameter, { min?: unknown }> & { min?: Bound; max?: Bound },
  value: BoundValue,
  text: (bound: Bound) => string,
): BoundValue | ParameterFault {
  const { name, min, max } = parameter;
  const plain = { ...parameter, min: undefined, max: undefined } as Parameter;
  const orderOf = (bound: Bound) => order(readValue(plain, text(bound)) as BoundValue);
  if (min !== undefined && order(value) < orderOf(min)) return fault(name, `不小于 ${min}`, `At least ${min}`);
  if (max !== undefined && order(value) > orderOf(max)) return fault(name, `不大于 ${max}`, `At most ${max}`);
  return value;
}

function order(value: BoundValue): bigint {
  if (value.type === 'DECIMAL') return value.unscaled;
  if (value.type === 'BIGINT') return value.value;
  return value.type === 'DATE' ? BigInt(value.days) : 0n;
}

function daysOf(text: string): number | null {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined) return null;
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  // 31 February would come back as March.
  return at.getUTCMonth() === month - 1 && at.getUTCDate() === day ? at.getTime() / 86_400_000 : null;
}

function fault(field: string, zh: string, en: string): ParameterFault {
  return { field, zh, en };
}
