/** What a supplier says of its own interface in OpenAPI, and what of that a contract permits. Pure. */
import type { Plan } from '@shugu/policy';
import type { Text } from '@shugu/wire';

export type Json = { [member: string]: unknown };

/** What the gateway lets through to an upstream of what a buyer's program sends (package gateway, drivers/upstream/request.ts). */
const passedHeaders = new Set(['accept', 'accept-language', 'content-type', 'if-none-match', 'if-modified-since']);
const depthMax = 60;
const operationsMax = 500;
/** Of an operation or a path item: where the supplier's servers are, what opens them, and what they call, is nobody's business. */
const withheld = new Set(['servers', 'security', 'callbacks', 'links', 'externalDocs']);

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Every reference leads into the document's own components, and nothing lies deeper than anybody writes. */
const shapeFault = (value: unknown, depth = 0): Text | undefined => {
  if (depth > depthMax) return { zh: `嵌套超过 ${depthMax} 层`, en: `deeper than ${depthMax} levels` };
  if (Array.isArray(value)) return firstFault(value, depth);
  if (!isObject(value)) return undefined;
  const { $ref } = value;
  if (typeof $ref === 'string' && !/^#\/components\/\w+\/[^/]+$/.test($ref))
    return {
      zh: `引用只能指向 #/components/…：${$ref.slice(0, 100)}`,
      en: `references lead to #/components/… only: ${$ref.slice(0, 100)}`,
    };
  return firstFault(Object.values(value), depth);
};
const firstFault = (values: readonly unknown[], depth: number): Text | undefined => {
  for (const value of values) {
    const fault = shapeFault(value, depth + 1);
    if (fault) return fault;
  }
  return undefined;
};

/** Why a text is no document that can be used; undefined when it is one. */
export const documentFault = (text: string): Text | undefined => {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { zh: `不是 JSON：${(error as Error).message}`, en: `not JSON: ${(error as Error).message}` };
  }
  if (!isObject(document) || !/^3\.[01]\.\d+$/.test(String(document.openapi)))
    return { zh: '不是 OpenAPI 3.0 或 3.1', en: 'neither OpenAPI 3.0 nor 3.1' };
  if (!isObject(document.paths) || Object.keys(document.paths).length === 0)
    return { zh: '没有 paths', en: 'it has no paths' };
  const operations = Object.values(document.paths).reduce<number>(
    (sum, item) => sum + Object.keys(objectOf(item)).length,
    0,
  );
  if (operations > operationsMax)
    return { zh: `操作多于 ${operationsMax} 个`, en: `more than ${operationsMax} operations` };
  return shapeFault(document);
};

/** A copy in the words of OpenAPI 3.1, without extensions: they tell of the supplier's machinery. */
const copied = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(copied);
  if (!isObject(value)) return value;
  const { nullable, ...rest } = value;
  const copy: Json = {};
  for (const [name, member] of Object.entries(rest)) if (!name.startsWith('x-')) copy[name] = copied(member);
  // What 3.0 said in words of its own.
  if (nullable === true && typeof copy.type === 'string') copy.type = [copy.type, 'null'];
  for (const [exclusive, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof copy[exclusive] !== 'boolean') continue;
    if (copy[exclusive]) {
      copy[exclusive] = copy[bound];
      delete copy[bound];
    } else delete copy[exclusive];
  }
  return copy;
};

const componentOf = (document: Json, reference: string): unknown => {
  const [section = '', name = ''] = reference.slice('#/components/'.length).split('/');
  return objectOf(objectOf(document.components)[section])[name.replaceAll('~1', '/').replaceAll('~0', '~')];
};

/** What stands behind a reference, however many lead there; an empty object where they lead in a circle. */
const resolved = (document: Json, value: unknown): Json => {
  let found = value;
  for (let hops = 0; hops < 20; hops++) {
    const { $ref } = objectOf(found);
    if (typeof $ref !== 'string') return objectOf(found);
    found = componentOf(document, $ref);
  }
  return {};
};

export interface Permitted {
  /** Path of the grant's address. */
  base: string;
  upstream: string;
  methods: readonly string[];
  rowsMember: string | undefined;
  plan: Pick<Plan, 'columns' | 'masks' | 'rowFilter' | 'quotas'>;
  /** Stands where the gateway refuses. */
  refusal: Json;
  /** What a call states about its caller. */
  callerParameters: readonly Json[];
}

const isCut = ({ columns, masks, rowFilter, quotas }: Permitted['plan']): boolean =>
  columns !== null ||
  Object.keys(masks).length > 0 ||
  rowFilter.length > 0 ||
  quotas.some(({ metric }) => metric === 'rows');

const masked = { type: ['string', 'null'], description: '按合同脱敏 / Masked by the contract' };

/** A row as the buyer gets it: of what the supplier says of it, the columns that the contract gives. */
const rowSchema = (document: Json, schema: unknown, { columns, masks }: Permitted['plan']): Json => {
  const said = objectOf(resolved(document, schema).properties);
  const names = Object.keys(said).length > 0 ? Object.keys(said) : (columns ?? []);
  const properties = names
    .filter((name) => columns === null || columns.includes(name))
    .map((name) => [name, masks[name] ? masked : withoutValues(copied(said[name] ?? {}))]);
  return { type: 'object', properties: Object.fromEntries(properties) };
};

/** Examples may show what the contract withholds. */
const withoutValues = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutValues);
  if (!isObject(value)) return value;
  const { example: _, examples: __, default: ___, ...rest } = value;
  return Object.fromEntries(Object.entries(rest).map(([name, member]) => [name, withoutValues(member)]));
};

/** Only JSON passes where an answer must be cut: the rows, and nothing beside them. */
export const cutResponse = (
  document: Json,
  said: unknown,
  { rowsMember, plan }: Pick<Permitted, 'rowsMember' | 'plan'>,
): Json => {
  const content = objectOf(resolved(document, said).content);
  const media = Object.keys(content).find((type) => /^application\/(?:[\w.-]+\+)?json\b/i.test(type)) ?? '';
  const whole = resolved(document, objectOf(content[media]).schema);
  const rows = rowsMember === undefined ? whole : resolved(document, objectOf(whole.properties)[rowsMember]);
  const isOne = rows.type === 'object' || (rows.type === undefined && isObject(rows.properties));
  const row = rowSchema(document, isOne ? rows : rows.items, plan);
  const found = isOne ? row : { type: 'array', items: row };
  const schema =
    rowsMember === undefined ? found : { type: 'object', required: [rowsMember], properties: { [rowsMember]: found } };
  return {
    description: '按合同裁剪后的行 / Rows as the contract gives them',
    content: { 'application/json': { schema } },
  };
};

const responsesOf = (document: Json, operation: Json, permitted: Permitted): Json => {
  const said = Object.entries(objectOf(operation.responses)).filter(([status]) => /^2(\d\d|XX)$/.test(status));
  const cut = isCut(permitted.plan);
  const good = (said.length > 0 ? said : [['200', { description: '上游的应答 / The upstream’s answer' }] as const]).map(
    ([status, one]) => {
      if (cut) return [status, cutResponse(document, one, permitted)];
      const { description = '', content } = resolved(document, one);
      return [status, { description, ...(content ? { content: copied(content) } : {}) }];
    },
  );
  return { ...Object.fromEntries(good), default: permitted.refusal };
};

const parametersOf = (document: Json, item: Json, operation: Json, { callerParameters }: Permitted): unknown[] => {
  // What an operation says wins over what its path says of the same parameter.
  const all = [...listOf(item.parameters), ...listOf(operation.parameters)].map((one) => resolved(document, one));
  const each = new Map(all.map((one) => [`${one.in} ${String(one.name).toLowerCase()}`, one]));
  const passes = ({ in: place, name }: Json) =>
    place === 'path' || place === 'query' || (place === 'header' && passedHeaders.has(String(name).toLowerCase()));
  return [...[...each.values()].filter(passes).map(copied), ...callerParameters];
};

/** Below the upstream, as the gateway reads it; undefined for what lies elsewhere or is refused there for its form. */
const restOf = (document: Json, path: string, upstream: string): string | undefined => {
  const { pathname } = new URL(upstream);
  const below = pathname.replace(/\/+$/, '');
  const [server] = listOf(document.servers).map((one) => objectOf(one).url);
  // Without servers, paths are said of the very address that was registered.
  const root = typeof server === 'string' ? serverPath(server) : below;
  const whole = `${root}${path}`;
  if (whole !== below && !whole.startsWith(`${below}/`)) return undefined;
  const rest = whole.slice(below.length);
  if (rest === '' || rest === '/') return '';
  return /%2f|%5c|%2e|%00|\\|\/\.{0,2}(?:\/|$)/i.test(rest) ? undefined : rest;
};

const serverPath = (url: string): string => {
  const parsed = URL.parse(url, 'http://upstream.invalid/');
  return (parsed ? decodeURI(parsed.pathname) : '').replace(/\/+$/, '');
};

/** Everything in components that these lead to, however far. */
const reachable = (document: Json, from: unknown): Json => {
  const components: Record<string, Json> = {};
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return void value.forEach(visit);
    if (!isObject(value)) return;
    const { $ref } = value;
    if (typeof $ref === 'string') {
      const [section = '', name = ''] = $ref.slice('#/components/'.length).split('/');
      const found = componentOf(document, $ref);
      if (components[section]?.[name] !== undefined || found === undefined) return;
      const copy = copied(found);
      components[section] = { ...components[section], [name]: copy };
      visit(copy);
    } else Object.values(value).forEach(visit);
  };
  visit(from);
  return components;
};

/** Of the supplier's document (one without faults) what the contract lets a buyer call, at the grant's own address. */
export const permittedPaths = (text: string, permitted: Permitted): { paths: [string, Json][]; components: Json } => {
  const document = JSON.parse(text) as Json;
  const paths = Object.entries(objectOf(document.paths)).flatMap(([path, said]): [string, Json][] => {
    const item = resolved(document, said);
    const rest = restOf(document, path, permitted.upstream);
    const methods = permitted.methods.map((one) => one.toLowerCase()).filter((method) => isObject(item[method]));
    if (rest === undefined || methods.length === 0) return [];
    const operations = methods.map((method) => {
      const operation = objectOf(item[method]);
      const kept = Object.entries(operation).filter(
        ([name]) => !withheld.has(name) && !['parameters', 'responses', 'requestBody'].includes(name),
      );
      return [
        method,
        {
          ...(copied(Object.fromEntries(kept)) as Json),
          parameters: parametersOf(document, item, operation, permitted),
          ...(method === 'post' && operation.requestBody ? { requestBody: copied(operation.requestBody) } : {}),
          responses: responsesOf(document, operation, permitted),
        },
      ];
    });
    return [[`${permitted.base}${rest}`, Object.fromEntries(operations)]];
  });
  return { paths, components: reachable(document, paths) };
};
