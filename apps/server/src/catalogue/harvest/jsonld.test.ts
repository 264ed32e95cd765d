import { expect, test } from 'vitest';
import { isNode, readGraph, TooDeep, typeOf } from './jsonld.ts';

const base = 'https://a.example/catalogue/';
const datasets = (document: unknown) => {
  const graph = readGraph(document, base);
  return graph.nodes
    .filter(({ types }) => types.includes(typeOf('dcat:Dataset')))
    .map((node) => [node.id, graph.valuesOf(node, 'dct:title')[0]]);
};

test('one statement is read alike in every way of writing it', () => {
  const title = 'http://purl.org/dc/terms/title';
  const documents = [
    { '@id': 'https://a.example/catalogue/1', '@type': 'http://www.w3.org/ns/dcat#Dataset', [title]: 'x' },
    { '@context': { d: 'http://www.w3.org/ns/dcat#', t: title }, '@id': '1', '@type': 'd:Dataset', t: 'x' },
    {
      '@context': [{ id: '@id', type: '@type', title: { '@id': 'dct:title' } }],
      id: '1',
      type: 'dcat:Dataset',
      title: 'x',
    },
    {
      '@context': { '@vocab': 'http://www.w3.org/ns/dcat#' },
      '@graph': [{ '@id': '1', '@type': 'Dataset', 'dct:title': 'x' }],
    },
    // A context elsewhere is not fetched; words without one are DCAT's.
    { '@context': 'https://elsewhere.example/context', dataset: [{ '@id': '1', '@type': 'dcat:Dataset', title: 'x' }] },
    [
      { '@id': '1', '@type': ['dcat:Dataset'] },
      { '@id': '1', 'dct:title': ['x'] },
    ],
  ];
  for (const document of documents) expect(datasets(document)).toEqual([['https://a.example/catalogue/1', 'x']]);
});

test('references lead to what is said of the node elsewhere', () => {
  const graph = readGraph(
    [
      { '@id': 'a', 'dct:publisher': { '@id': 'b' } },
      { '@id': 'b', 'foaf:name': '某局' },
    ],
    base,
  );
  const [publisher] = graph.valuesOf(graph.nodes[0]!, 'dct:publisher');
  expect(isNode(publisher) && graph.valuesOf(publisher, 'foaf:name')).toEqual(['某局']);
});

test('contexts in a circle, bottomless nesting and one node said over and over come to an end', () => {
  expect(datasets({ '@context': { a: 'b:x', b: 'a:y' }, '@type': 'a', 'a:b': 1 })).toEqual([]);
  expect(datasets({ constructor: 1, toString: { '@id': 'valueOf:x' }, '@type': 'hasOwnProperty' })).toEqual([]);
  let nested: unknown = {};
  for (let depth = 0; depth < 100; depth++) nested = { a: nested };
  expect(() => readGraph(nested, base)).toThrow(TooDeep);
  const often = Array.from({ length: 100_000 }, (_, at) => ({ '@id': 'one', 'dct:title': at }));
  const graph = readGraph(often, base);
  expect(graph.nodes).toHaveLength(1);
  expect(graph.valuesOf(graph.nodes[0]!, 'dct:title')).toHaveLength(100_000);
});
