/**
 * The catalogue as other catalogues harvest it, against the SHACL shapes of DCAT-AP 3.0.1. What the profile only recommends is
 * counted, not demanded. The shapes themselves are held to account: a catalogue without its title must not conform.
 */
// needs packages
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { until } from '../apps/cli/src/scenario/resource.ts';
import { type Outcome, tally } from './check.ts';
import { listProduct, onExchange, openMarket } from './exchange.ts';

export const about = 'DCAT output against the SHACL shapes of DCAT-AP 3.0.1';

export const needs = async (): Promise<string | undefined> => undefined;

const shapesOf = (name: string) => readFile(join(import.meta.dirname, 'shapes', `dcat-ap-3.0.1-${name}.ttl`), 'utf8');

interface Result {
  severity: { value: string };
  path?: { value: string };
  focusNode?: { value: string };
  message: { value: string }[];
}

/** What the shapes have to say; empty when the text conforms. */
const validate = async (
  shapes: string,
  turtle: string,
): Promise<{ conforms: boolean; triples: number; results: Result[] }> => {
  const { default: rdf } = await import('@zazuko/env-node');
  const { default: Validator } = await import('rdf-validate-shacl');
  const read = (text: string) =>
    rdf.dataset().import(rdf.formats.parsers.import('text/turtle', Readable.from([text]))!);
  const data = await read(turtle);
  const report = await new Validator(await read(shapes), { factory: rdf }).validate(data);
  return { conforms: report.conforms, triples: data.size, results: report.results as unknown as Result[] };
};

const lineOf = ({ focusNode, path, message }: Result) =>
  `${focusNode?.value} ${path?.value ?? ''}: ${message.map(({ value }) => value).join(', ')}`;

export const run = (): Promise<Outcome> =>
  onExchange(async (exchange) => {
    const counts = tally();
    const stage = await openMarket(exchange);
    const listing = await listProduct(stage);
    // Listing and catalogue are two rooms: the event between them takes a moment.
    await until(
      'the product in the catalogue',
      async () => (await fetch(`${exchange.url}/api/products/${listing.product}/dcat.ttl`)).ok,
    );
    const get = async (path: string) => {
      const response = await fetch(`${exchange.url}${path}`);
      counts.expect(response.ok, `${path}: status ${response.status}`);
      counts.expect((response.headers.get('content-type') ?? '').startsWith('text/turtle'), `${path}: media type`);
      return response.text();
    };
    const [must, should] = await Promise.all([shapesOf('shapes'), shapesOf('shapes-recommended')]);
    for (const path of ['/api/catalogue/dcat.ttl', `/api/products/${listing.product}/dcat.ttl`]) {
      const text = await get(path);
      counts.expect(
        text.includes(`/products/${listing.product}> a dcat:Dataset`),
        `${path}: the listed product is in it`,
      );
      const found = await validate(must, text);
      counts.expect(found.conforms, `${path}: ${found.results.slice(0, 5).map(lineOf).join('; ')}`);
      counts.note(
        `${path}: ${found.triples} statements; of what is only recommended ${(await validate(should, text)).results.length} are absent`,
      );
      const untitled = text.replace(/\n {2}dct:title [^\n]+/g, '');
      counts.expect(
        untitled !== text && !(await validate(must, untitled)).conforms,
        `${path}: conforms without a title, so the shapes look at nothing`,
      );
    }
    return counts.outcome();
  });
