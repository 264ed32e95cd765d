/** A catalogue in DCAT (JSON-LD) as a source, page by page where it has pages: Hydra's link to the next, or the Link header's. */
import { harvestLimits as limits } from '@shugu/wire/catalogue';
import type { Far, FarAnswer } from './far.ts';
import { type Graph, isNode, type Node, readGraph, TooDeep, typeOf } from './jsonld.ts';
import type { ForeignPage, ForeignRecord, Presence, Validators } from './model.ts';
import { problems } from './problems.ts';
import { addressIn, bytesIn, isObject, keywordsOf, listIn, readOne, reasons, textIn, timeIn } from './rules.ts';

const datasetType = typeOf('dcat:Dataset');

const plain = (value: unknown): unknown => (isObject(value) && '@value' in value ? value['@value'] : value);
const languageOf = (value: unknown): string => (isObject(value) ? String(value['@language'] ?? '') : '');

/** Chinese first, then what names no language, then English, then whatever there is. */
const preferred = (values: readonly unknown[]): unknown => {
  const literals = values.filter((value) => !isNode(value));
  const wanted = [
    (one: string) => one.startsWith('zh'),
    (one: string) => one === '',
    (one: string) => one.startsWith('en'),
  ];
  for (const fits of wanted) {
    const found = literals.find((value) => fits(languageOf(value)));
    if (found !== undefined) return plain(found);
  }
  return plain(literals[0]);
};

const reader = (graph: Graph) => {
  const text = (node: Node, property: string, most?: number): string =>
    textIn(preferred(graph.valuesOf(node, property)), property, most);
  /** An address, whether it stands as a node, a literal, or plain. */
  const address = (node: Node, property: string): string | null => {
    for (const value of graph.valuesOf(node, property)) {
      const found = addressIn(isNode(value) ? value.id : plain(value));
      if (found) return found;
    }
    return null;
  };
  /** Title and address of what a property leads to: a node with a label, or only its name. */
  const labelled = (node: Node, property: string, labels: readonly string[]) => {
    const [value] = graph.valuesOf(node, property);
    if (value === undefined) return null;
    if (!isNode(value)) {
      const title = textIn(plain(value), property, limits.titleCharactersMax);
      return title ? { title, address: addressIn(title) } : null;
    }
    const title = labels.map((label) => text(value, label, limits.titleCharactersMax)).find(Boolean) ?? value.id ?? '';
    return title ? { title, address: addressIn(value.id) } : null;
  };
  const labels = ['rdfs:label', 'dct:title', 'skos:prefLabel', 'foaf:name'];
  /** Names of formats are often addresses of an authority's list: its last part is what people call it. */
  const format = (node: Node): string | null => {
    const found = labelled(node, 'dct:format', labels) ?? labelled(node, 'dcat:mediaType', labels);
    if (!found) return null;
    const isAddress = /^https?:/.test(found.title);
    return (isAddress ? found.title.split('/').at(-1)! : found.title).toUpperCase();
  };
  const distribution = (value: unknown): ForeignRecord['content']['distributions'][number] => {
    if (!isNode(value)) throw reasons.wrongType('dcat:distribution');
    return {
      title: text(value, 'dct:title', limits.titleCharactersMax),
      format: format(value),
      access: address(value, 'dcat:accessURL'),
      download: address(value, 'dcat:downloadURL'),
      bytes: bytesIn(plain(graph.valuesOf(value, 'dcat:byteSize')[0])),
    };
  };
  const record = (node: Node): ForeignRecord => {
    const named = node.id?.startsWith('_:') ? '' : (node.id ?? '');
    const foreignId =
      textIn(plain(graph.valuesOf(node, 'dct:identifier').find((one) => !isNode(one))), 'dct:identifier', 300) ||
      textIn(named, '@id', 300);
    const parts = listIn(graph.valuesOf(node, 'dcat:distribution'), 'dcat:distribution', limits.distributionsMax);
    const publisher = labelled(node, 'dct:publisher', ['foaf:name', 'rdfs:label', 'vcard:fn']);
    const licence = [node, ...parts.filter(isNode)].map((one) => labelled(one, 'dct:license', labels)).find(Boolean);
    return {
      foreignId,
      foreignName: named || foreignId,
      content: {
        title: text(node, 'dct:title', limits.titleCharactersMax),
        summary: text(node, 'dct:description'),
        publisher: publisher && { name: publisher.title, address: publisher.address },
        licence: licence ?? null,
        modified: timeIn(plain(graph.valuesOf(node, 'dct:modified')[0])),
        keywords: keywordsOf(
          listIn(graph.valuesOf(node, 'dcat:keyword'), 'dcat:keyword', limits.keywordsMax).map((word) =>
            textIn(plain(word), 'dcat:keyword', 200),
          ),
        ),
        page: address(node, 'dcat:landingPage') ?? addressIn(named),
        distributions: parts.map(distribution),
      },
    };
  };
  return record;
};

const graphOf = (body: unknown, address: string): Graph => {
  try {
    return readGraph(body, address);
  } catch (error) {
    if (error instanceof TooDeep)
      throw problems.sourceShape({ detail: { zh: `${address} 嵌套过深`, en: `${address} is nested too deep` } });
    throw error;
  }
};

/** data.json lists data sets that do not all say that they are such. */
const datasetsOf = (graph: Graph): Node[] => {
  const listed = graph.nodes.flatMap((node) => graph.valuesOf(node, 'dcat:dataset')).filter(isNode);
  const said = graph.nodes.filter(({ types }) => types.includes(datasetType));
  return [...new Set([...said, ...listed.filter(({ values }) => values.size > 0)])];
};

const pageOf = (graph: Graph, address: string): ForeignPage & { next: string | undefined; ids: string[] } => {
  const record = reader(graph);
  const datasets = datasetsOf(graph);
  const isCatalogue = graph.nodes.some(
    ({ types, values }) => types.includes(typeOf('dcat:Catalog')) || values.has(typeOf('dcat:dataset')),
  );
  if (datasets.length === 0 && !isCatalogue)
    throw problems.sourceShape({
      detail: {
        zh: `${address} 中没有 dcat:Catalog 或 dcat:Dataset`,
        en: `${address} holds no dcat:Catalog or dcat:Dataset`,
      },
    });
  const views = graph.nodes.filter(
    ({ values }) => values.has(typeOf('hydra:next')) || values.has(typeOf('hydra:totalItems')),
  );
  const total = views
    .map((view) => bytesIn(plain(graph.valuesOf(view, 'hydra:totalItems')[0])))
    .find((one) => one !== null);
  const records = datasets.map((node) => {
    const about = {
      foreignId: plain(graph.valuesOf(node, 'dct:identifier')[0]) ?? node.id,
      title: preferred(graph.valuesOf(node, 'dct:title')),
    };
    return readOne(about, () => record(node));
  });
  const next = views
    .flatMap((view) => graph.valuesOf(view, 'hydra:next'))
    .map((value) => (isNode(value) ? value.id : plain(value)))
    .find((value) => typeof value === 'string');
  return { records, total: total ?? null, next, ids: records.map(({ foreignId }) => foreignId ?? '') };
};

/** All pages; in the end the ids of all that was read, as a catalogue in DCAT is always read whole; unless it holds what it held. */
export async function* dcatPages(far: Far, from: string, known?: Validators): AsyncGenerator<ForeignPage, Presence> {
  const seen = new Set<string>();
  const visited = new Set<string>();
  let address: string | undefined = from;
  let pages = 0;
  let read = 0;
  let counted: number | null = null;
  while (address !== undefined) {
    if (visited.has(address)) throw problems.sourcePagesRepeat({ detail: address });
    visited.add(address);
    const answer: FarAnswer | undefined =
      known && pages === 0 ? await far.getNewer(address, known) : await far.get(address);
    if (!answer) return 'unmodified';
    visited.add(answer.address);
    const { next, ids, ...page } = pageOf(graphOf(answer.body, answer.address), answer.address);
    if (read > 0 && ids.length > 0 && ids.every((id) => seen.has(id)))
      throw problems.sourcePagesRepeat({ detail: address });
    for (const id of ids) seen.add(id);
    pages += 1;
    read += page.records.length;
    counted = page.total ?? counted;
    const following: string | undefined = next ?? answer.next;
    yield { ...page, validators: pages === 1 && following === undefined ? answer.validators : null };
    address = following === undefined ? undefined : new URL(following, answer.address).href;
  }
  // Fewer than the catalogue counts: nobody knows what else there is.
  return counted !== null && read < counted ? undefined : seen;
}
