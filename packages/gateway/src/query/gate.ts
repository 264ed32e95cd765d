import { ENGINE_VERSION, TYPES } from './allowed.ts';
import { type Finding, finding } from './finding.ts';
import { columnsRead } from './plan.ts';
import { checkSyntax } from './syntax.ts';
import { type CheckedTemplate, type Parameter, QUERY_LIMITS, type QueryTemplate, sqlTypeOf } from './template.ts';

/**
 * The engine that the gate asks, with one empty table for each table of the product, of the same name and columns, and
 * nothing else. A driver provides it; nothing here opens, reads or runs anything.
 */
export type GateEngine = {
  version: string;
  /** One text for one text, bound as a parameter: `select json_serialize_sql($1)` and the like. */
  ask(sql: string, text: string): Promise<string>;
  /** Columns of a prepared query's answer. Throws with the engine's words. */
  answerOf(sql: string): Promise<{ name: string; type: string }[]>;
};

/**
 * Whether a template may be run, whatever its parameters. In two steps, as each alone can be led astray: the parsed tree
 * for its shape, the bound plan for what is really read. What is run later is never the supplier's text but the SQL
 * written anew from the checked tree, each parameter cast to its type.
 */
export async function passGate(
  engine: GateEngine,
  template: QueryTemplate,
  tables: readonly string[],
): Promise<CheckedTemplate | Finding> {
  if (engine.version !== ENGINE_VERSION) throw new Error(`the query gate is not made for ${engine.version}`);
  if (template.sql.length > QUERY_LIMITS.sqlCharactersMax) return finding('tooLarge');
  const tree = await engine.ask('select json_serialize_sql($1::varchar)', template.sql);
  const syntax = checkSyntax(tree, tables);
  if ('code' in syntax) return syntax;
  const parameters = checkNames(syntax.parameters, template.parameters);
  if (parameters) return parameters;
  const sql = await engine.ask('select json_deserialize_sql($1::json)', withTypes(tree, template.parameters));
  const plan = await engine.ask('select json_serialize_plan($1::varchar, optimize := false)', sql);
  const reads = columnsRead(plan, tables);
  if (isFinding(reads)) return reads;
  const answer = await engine
    .answerOf(sql)
    .catch((error: Error) => finding('meaning', error.message.split('\n')[0]?.slice(0, 300)));
  if (isFinding(answer)) return answer;
  return checkAnswer(answer) ?? { ...template, sql, reads, answer };
}

export const isFinding = (one: object): one is Finding =>
  'code' in one && 'zh' in one && typeof (one as Finding).code === 'string' && typeof (one as Finding).zh === 'string';

function checkNames(used: ReadonlySet<string>, declared: readonly Parameter[]): Finding | null {
  const names = new Set(declared.map(({ name }) => name));
  const unknown = [...used].find((name) => !names.has(name));
  if (unknown !== undefined) return finding('parameterUnknown', `$${unknown}`);
  const unused = [...names].find((name) => !used.has(name));
  return unused === undefined ? null : finding('parameterUnused', `$${unused}`);
}

/**
 * The node of a parameter as the serialiser writes it. It is replaced in the text, not in a parsed tree: a number of more
 * than 53 bits would come back changed from JSON.parse. Inside a JSON string every quote is escaped, so that no constant
 * of the template can look like this.
 */
const PARAMETER =
  /\{"class":"PARAMETER","type":"VALUE_PARAMETER","alias":"((?:[^"\\]|\\.)*)","query_location":\d+,"identifier":"(\w+)"\}/g;

function withTypes(tree: string, parameters: readonly Parameter[]): string {
  return tree.replace(PARAMETER, (node, alias: string, name: string, at: number) => {
    const parameter = parameters.find((one) => one.name === name) as Parameter;
    const { id, width, scale } = sqlTypeOf(parameter);
    const info =
      width === undefined ? null : { type: 'DECIMAL_TYPE_INFO', alias: '', extension_info: null, width, scale };
    const type = JSON.stringify({ id, type_info: info });
    // SQL that the gate itself wrote passes it unchanged.
    if (tree.startsWith(`,"cast_type":${type},"try_cast":false}`, at + node.length)) return node;
    return `{"class":"CAST","type":"OPERATOR_CAST","alias":"${alias}","query_location":0,"child":${node},"cast_type":${type},"try_cast":false}`;
  });
}

function checkAnswer(answer: readonly { name: string; type: string }[]): Finding | null {
  const seen = new Set<string>();
  for (const { name, type } of answer) {
    if (name.trim() === '' || seen.has(name)) return finding('outputName', name);
    seen.add(name);
    if (!TYPES.has(type.replace(/\(.*\)$/, ''))) return finding('outputType', `${name} ${type}`);
  }
  return null;
}
