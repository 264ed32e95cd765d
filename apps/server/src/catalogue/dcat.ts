/**
 * Listed products in the vocabulary that other catalogues harvest: DCAT-AP 3 (SEMIC), with Hydra for pages. One small graph
 * of nodes is built and written twice, as JSON-LD and as Turtle, so that the two cannot say different things.
 */
import { licence } from './ckan/view.ts';
import type { Listed } from './reads.ts';

const namespaces = {
  adms: 'http://www.w3.org/ns/adms#',
  dcat: 'http://www.w3.org/ns/dcat#',
  dct: 'http://purl.org/dc/terms/',
  foaf: 'http://xmlns.com/foaf/0.1/',
  hydra: 'http://www.w3.org/ns/hydra/core#',
  rdfs: 'http://www.w3.org/2000/01/rdf-schema#',
  spdx: 'http://spdx.org/rdf/terms#',
  xsd: 'http://www.w3.org/2001/XMLSchema#',
} as const;

const euAuthority = 'http://publications.europa.eu/resource/authority';

interface Iri {
  iri: string;
}
interface Literal {
  text: string;
  language?: string;
  /** Prefixed name of the datatype. */
  type?: string;
}
type Term = Iri | Literal | GraphNode;
/** A node with its properties by prefixed name; without `iri` it is blank and written in place. */
export interface GraphNode {
  iri?: string;
  type: string;
  properties: [name: string, values: Term[]][];
}

const iri = (value: string): Iri => ({ iri: value });
const literal = (text: string, language?: string): Literal => (language ? { text, language } : { text });
const typed = (text: string, type: string): Literal => ({ text, type });
const isNode = (term: Term): term is GraphNode => 'properties' in term;

/** Frequencies of the EU authority list, which DCAT-AP asks for. */
const frequencies: Record<string, string> = {
  once: 'NEVER',
  realtime: 'UPDATE_CONT',
  hourly: 'HOURLY',
  daily: 'DAILY',
  weekly: 'WEEKLY',
  monthly: 'MONTHLY',
  quarterly: 'QUARTERLY',
  yearly: 'ANNUAL',
  irregular: 'IRREG',
};
const languages: Record<string, string | undefined> = { zh: 'ZHO', en: 'ENG' };

export interface DcatContext {
  /** Outside address of the portal, without a slash at the end. */
  url: string;
  /** Name and identifier of the operator, the catalogue's publisher. */
  title: string;
  supplierName(participant: string): string;
}

const agent = (address: string, name: string): GraphNode => ({
  iri: address,
  type: 'foaf:Agent',
  properties: [['foaf:name', [literal(name, 'zh')]]],
});

const labelled = (type: string, label: Literal): GraphNode => ({ type, properties: [['rdfs:label', [label]]] });

const period = (from: string | null, until: string | null): GraphNode[] =>
  from || until
    ? [
        {
          type: 'dct:PeriodOfTime',
          properties: [
            ['dcat:startDate', from ? [typed(from, 'xsd:date')] : []],
            ['dcat:endDate', until ? [typed(until, 'xsd:date')] : []],
          ],
        },
      ]
    : [];

const distributions = ({ version }: Listed, page: string): GraphNode[] =>
  version.about.deliveryModes.map((mode) => ({
    iri: `${page}#${mode}`,
    type: 'dcat:Distribution',
    properties: [
      ['dct:title', [literal(`${version.about.name} (${mode})`, 'zh')]],
      ['dcat:accessURL', [iri(page)]],
      ['dct:format', [labelled('dct:MediaTypeOrExtent', literal(mode.toUpperCase()))]],
      ['dct:license', [labelled('dct:LicenseDocument', literal(licence.title, 'zh'))]],
      ['dcat:byteSize', mode === 'file' ? bytesOf(version.tables) : []],
      ['spdx:checksum', mode === 'file' ? version.tables.flatMap(checksum) : []],
    ],
  }));

const bytesOf = (tables: Listed['version']['tables']): Literal[] => {
  const known = tables.flatMap((table) => table.bytes ?? []);
  return known.length === tables.length && known.length > 0
    ? [typed(String(known.reduce((sum, bytes) => sum + bytes, 0)), 'xsd:nonNegativeInteger')]
    : [];
};

const checksum = (table: Listed['version']['tables'][number]): GraphNode[] => {
  const hex = /^sha256:(.+)$/.exec(table.objects.original ?? '')?.[1];
  if (!hex) return [];
  return [
    {
      type: 'spdx:Checksum',
      properties: [
        ['spdx:algorithm', [iri(`${namespaces.spdx}checksumAlgorithm_sha256`)]],
        ['spdx:checksumValue', [typed(hex, 'xsd:hexBinary')]],
      ],
    },
  ];
};

/** One listed product as a dcat:Dataset. Dates of the version shown, not of later drafts. */
export const datasetNode = (listed: Listed, context: DcatContext): GraphNode => {
  const { product, version } = listed;
  const { about } = version;
  const page = `${context.url}/products/${product.id}`;
  const language = languages[about.language];
  return {
    iri: page,
    type: 'dcat:Dataset',
    properties: [
      ['dct:identifier', [literal(product.id)]],
      ['dct:title', [literal(about.name, 'zh')]],
      ['dct:description', [literal(about.description || about.summary, 'zh')]],
      [
        'dct:publisher',
        [agent(`${context.url}/organisations/${product.participant}`, context.supplierName(product.participant))],
      ],
      ['dct:issued', [typed(product.publishedAt!.toISOString(), 'xsd:dateTime')]],
      ['dct:modified', [typed(version.createdAt.toISOString(), 'xsd:dateTime')]],
      ['dcat:version', [literal(String(version.number))]],
      ['dcat:keyword', about.keywords.map((word) => literal(word, 'zh'))],
      ['dct:language', language ? [iri(`${euAuthority}/language/${language}`)] : []],
      ['dct:accrualPeriodicity', [iri(`${euAuthority}/frequency/${frequencies[about.updateCycle]}`)]],
      ['dct:accessRights', [iri(`${euAuthority}/access-right/RESTRICTED`)]],
      ['dct:spatial', [{ type: 'dct:Location', properties: [['dct:identifier', [literal(about.region)]]] }]],
      ['dct:temporal', period(about.coverageFrom, about.coverageUntil)],
      ['dct:conformsTo', [iri(`${context.url}/api/products/${product.id}/versions/${version.id}/contract.yaml`)]],
      ['dcat:landingPage', [iri(page)]],
      ['dcat:distribution', distributions(listed, page)],
    ],
  };
};

/** Since when the product stands in this catalogue, apart from when its data changed. */
const recordNode = ({ product }: Listed, context: DcatContext): GraphNode => {
  const page = `${context.url}/products/${product.id}`;
  const listedAt = typed(product.publishedAt!.toISOString(), 'xsd:dateTime');
  return {
    iri: `${page}#record`,
    type: 'dcat:CatalogRecord',
    properties: [
      ['foaf:primaryTopic', [iri(page)]],
      ['dct:issued', [listedAt]],
      ['dct:modified', [listedAt]],
    ],
  };
};

export interface CataloguePage {
  items: Listed[];
  total: number;
  /** Address of this page and of the next one. */
  self: string;
  first: string;
  next: string | null;
}

/** The catalogue with one page of its datasets and the Hydra link to the next. */
export const catalogueNodes = (page: CataloguePage, context: DcatContext): GraphNode[] => [
  {
    iri: `${context.url}/catalogue`,
    type: 'dcat:Catalog',
    properties: [
      ['dct:title', [literal(context.title, 'zh')]],
      [
        'dct:description',
        [literal(`${context.title}：已上架数据产品目录`, 'zh'), literal('Catalogue of listed data products', 'en')],
      ],
      ['dct:publisher', [agent(`${context.url}/about`, context.title)]],
      ['dct:language', [iri(`${euAuthority}/language/ZHO`)]],
      ['dcat:dataset', page.items.map((listed) => datasetNode(listed, context))],
      ['dcat:record', page.items.map((listed) => recordNode(listed, context))],
    ],
  },
  {
    iri: page.self,
    type: 'hydra:PartialCollectionView',
    properties: [
      ['hydra:totalItems', [typed(String(page.total), 'xsd:integer')]],
      ['hydra:first', [iri(page.first)]],
      ['hydra:next', page.next ? [iri(page.next)] : []],
    ],
  },
];

type JsonLd = Record<string, unknown>;

const jsonTerm = (term: Term): unknown => {
  if (isNode(term)) return jsonNode(term);
  if ('iri' in term) return { '@id': term.iri };
  if (term.language) return { '@value': term.text, '@language': term.language };
  return term.type ? { '@value': term.text, '@type': term.type } : term.text;
};

const jsonNode = (node: GraphNode): JsonLd => ({
  ...(node.iri ? { '@id': node.iri } : {}),
  '@type': node.type,
  ...Object.fromEntries(
    node.properties
      .filter(([, values]) => values.length > 0)
      .map(([name, values]) => [name, values.length === 1 ? jsonTerm(values[0]!) : values.map(jsonTerm)]),
  ),
});

export const jsonLd = (nodes: GraphNode[]): JsonLd => ({ '@context': namespaces, '@graph': nodes.map(jsonNode) });

// Turtle's short string: everything outside these escapes may stand as it is.
const escapes: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
};
const quoted = (text: string): string => `"${text.replace(/["\\\n\r\t\b\f]/g, (found) => escapes[found]!)}"`;
// IRIREF excludes these characters; they can only come from settings, and a percent form keeps the file readable.
const bracketed = (value: string): string =>
  `<${value.replace(/[^!-~\u0080-\uffff]|[<>"{}|^`\\]/g, (found) => encodeURIComponent(found))}>`;

/** Named nodes become statements of their own; blank ones are written in place. */
export const turtle = (nodes: GraphNode[]): string => {
  const statements: string[] = [];
  const done = new Set<string>();
  const term = (value: Term): string => {
    if (isNode(value)) return value.iri ? named(value) : `[ ${body(value, ' ; ')} ]`;
    if ('iri' in value) return bracketed(value.iri);
    if (value.language) return `${quoted(value.text)}@${value.language}`;
    return value.type ? `${quoted(value.text)}^^${value.type}` : quoted(value.text);
  };
  const body = (node: GraphNode, separator: string): string =>
    [
      `a ${node.type}`,
      ...node.properties
        .filter(([, values]) => values.length > 0)
        .map(([name, values]) => `${name} ${values.map(term).join(', ')}`),
    ].join(separator);
  const named = (node: GraphNode): string => {
    const subject = bracketed(node.iri!);
    if (!done.has(subject)) {
      done.add(subject);
      statements.push(`${subject} ${body(node, ' ;\n  ')} .`);
    }
    return subject;
  };
  for (const node of nodes) named(node);
  const prefixes = Object.entries(namespaces).map(([prefix, address]) => `@prefix ${prefix}: <${address}> .`);
  return `${prefixes.join('\n')}\n\n${statements.join('\n\n')}\n`;
};
