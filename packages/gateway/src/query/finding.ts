/** Why the gate does not let a template pass: a stable code, both languages, and the words of the template it is about. */
export type Finding = { code: FindingCode; zh: string; en: string };

const CATALOGUE = {
  syntax: ['SQL 有语法错误', 'The SQL is not well formed'],
  notSelect: ['只允许一条查询语句（SELECT）', 'Only a single SELECT is allowed'],
  tooLarge: ['SQL 过于复杂', 'The SQL is too complex'],
  construct: ['不允许使用该语法', 'This construct is not allowed'],
  function: ['不允许使用该函数', 'This function is not allowed'],
  type: ['不允许使用该数据类型', 'This data type is not allowed'],
  table: ['只能查询本产品的数据表', 'Only tables of the product can be read'],
  parameterUnknown: ['SQL 使用了未声明的参数', 'The SQL uses a parameter that is not declared'],
  parameterUnused: ['声明的参数未在 SQL 中使用', 'A declared parameter is not used in the SQL'],
  parameterUnnamed: ['参数须写作 $名称', 'Parameters are written as $name'],
  meaning: ['SQL 无法执行', 'The SQL cannot be run'],
  outputName: ['每个结果列须有唯一且非空的名称', 'Every column of the answer needs a name of its own'],
  outputType: [
    '结果列不能是列表、结构等嵌套类型',
    'A column of the answer cannot be a list, structure or other nested type',
  ],
} as const;

export type FindingCode = keyof typeof CATALOGUE;

export function finding(code: FindingCode, detail?: string): Finding {
  const [zh, en] = CATALOGUE[code];
  return detail === undefined ? { code, zh, en } : { code, zh: `${zh}：${detail}`, en: `${en}: ${detail}` };
}
