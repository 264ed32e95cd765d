/** Reading a counter-party's catalogue as one of our participants. */
import { CONTEXT_URL } from '@shugu/dataspace';
import { GatewayProblem } from '@shugu/gateway';
import { elsewhereLimits, type ForeignDataset } from '@shugu/wire/federation-elsewhere';
import type { Reader } from '../../kernel/db/db.ts';
import { told, understood } from '../counter.ts';
import { formatsBy, wayOf } from '../formats.ts';
import { type Json, limits, type Process, type Terms } from '../model.ts';
import { planesOf } from '../planes/store.ts';
import { keptPrices, listedPrices } from '../prices.ts';
import { problems } from '../problems.ts';
import { connectorOf } from '../reads.ts';
import { termsOf } from '../terms.ts';
import type { Asking } from './beginning.ts';
import { readBytes } from './posting.ts';
import type { Room } from './room.ts';

export type Reading = Pick<Room, 'outgoing' | 'identity'>;
export type Line = Pick<Asking, 'counterparty' | 'address'>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface Question {
  url: URL;
  message?: object;
  /** What is said where nobody answers as it should. */
  away?: typeof problems.providerAway;
  answerBytesMax?: number;
}

/** Undefined: unknown there. @throws federation.connectorClosed, federation.addressRefused, and `away` */
const answerFrom = async <T>(
  room: Reading,
  read: Reader,
  participant: string,
  { counterparty, address }: Line,
  { url, message, away = problems.providerAway, answerBytesMax = limits.answerBytesMax }: Question,
  understand: (body: Buffer, link: string) => T,
): Promise<T | undefined> => {
  const connector = await connectorOf(read, participant);
  if (!connector) throw problems.connectorClosed();
  if (room.outgoing.fault(url.href)) throw problems.addressRefused({ field: 'body.address' });
  try {
    const answer = await room.outgoing.agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: message ? 'POST' : 'GET',
      headers: {
        accept: 'application/json',
        authorization: await room.identity.authorize(connector, { name: counterparty, address }),
        ...(message ? { 'content-type': 'application/json' } : {}),
      },
      ...(message ? { body: JSON.stringify(message) } : {}),
      signal: AbortSignal.timeout(limits.patienceSeconds * 1000),
    });
    const body = await readBytes(answer.body, answerBytesMax);
    if (answer.statusCode === 404) return undefined;
    if (answer.statusCode !== 200) throw new Error(`HTTP ${answer.statusCode}`);
    return understand(body, [answer.headers.link ?? ''].flat().join(','));
  } catch (error) {
    if (error instanceof GatewayProblem) throw problems.addressRefused({ field: 'body.address' });
    throw away({ detail: (error as Error).message.slice(0, 200) });
  }
};

const readFrom = (room: Reading, read: Reader, participant: string, line: Line, asked: Question) =>
  answerFrom(room, read, participant, line, asked, (body, link): { told: Json; link: string } | undefined => {
    const said: unknown = JSON.parse(body.toString('utf8'));
    return isObject(said) ? { told: said, link } : undefined;
  });

/** As they came. */
export const bytesFrom = (room: Reading, read: Reader, participant: string, line: Line, asked: Question) =>
  answerFrom(room, read, participant, line, asked, (body) => body);

/**
 * One data set as its provider offers it to this participant now; undefined where it offers it to nobody, or not to this one.
 * @throws federation.connectorClosed, federation.addressRefused, federation.providerAway
 */
export const datasetElsewhere = async (
  room: Reading,
  read: Reader,
  participant: string,
  { dataset, ...line }: Asking,
): Promise<Json | undefined> => {
  if (room.outgoing.fault(line.address)) throw problems.addressRefused();
  const url = new URL(`${line.address}/catalog/datasets/${encodeURIComponent(dataset)}`);
  return (await readFrom(room, read, participant, line, { url }))?.told;
};

/** A text under one of these names, with or without a language. */
const textIn = (from: Json, names: readonly string[], charactersMax: number): string | null => {
  for (const name of names) {
    const [first] = [from[name] ?? []].flat();
    const text = isObject(first) ? first['@value'] : first;
    if (typeof text === 'string' && text.trim() !== '') return text.trim().slice(0, charactersMax);
  }
  return null;
};
const titles = ['title', 'dct:title', 'dcterms:title', 'name'];
const summaries = ['description', 'dct:description', 'dcterms:description'];

const formatsIn = (dataset: Json): string[] => {
  const named = [dataset.distribution ?? []].flat().flatMap((one) => {
    const format = isObject(one) ? (one.format ?? one['dct:format']) : undefined;
    const text = isObject(format) ? format['@id'] : format;
    return typeof text === 'string' && text !== '' && text.length <= 1000 ? [text] : [];
  });
  return [...new Set(named)].slice(0, elsewhereLimits.formatsMax);
};

const offersIn = (dataset: Json): ForeignDataset['offers'] =>
  [dataset.hasPolicy ?? []]
    .flat()
    .flatMap((one) => {
      const id = isObject(one) ? one['@id'] : undefined;
      if (!isObject(one) || typeof id !== 'string' || id === '' || id.length > 1000) return [];
      const terms = termsOf(one as Terms);
      // A price beside the offer, as our catalogues have it; others say it among the rules, or not at all.
      const prices = [dataset['shugu:price'] ?? []].flat().filter(isObject);
      const title = textIn(
        prices.find(({ offer }) => offer === id) ?? {},
        ['title'],
        elsewhereLimits.titleCharactersMax,
      );
      return [{ id, title, terms: terms as never, told: told(keptPrices(listedPrices(dataset, id)), terms) }];
    })
    .slice(0, elsewhereLimits.offersMax);

/** Its offers, with their terms as policies here have them; without where they are not understood. Without the duty to pay. */
export const policiesTold = (dataset: Json) =>
  offersIn(dataset).map(({ id, terms }) => ({ id, terms: understood(terms as unknown as Terms)?.terms }));

/** The next page, where it lies with the same connector. */
const nextIn = (link: string, address: string): string | null => {
  const found = /<([^<>]+)>\s*;\s*rel="?next"?/i.exec(link)?.[1];
  const url = found !== undefined && URL.canParse(found, `${address}/`) ? new URL(found, `${address}/`).href : null;
  return url?.startsWith(`${address}/`) && url.length <= 1000 ? url : null;
};

/**
 * A page of another's catalogue, as it is offered to this participant.
 * @throws federation.connectorClosed, federation.addressRefused, federation.noCatalogue
 */
export const catalogueElsewhere = async (
  room: Reading,
  read: Reader,
  participant: string,
  { counterparty, next, ...asked }: Line & { next?: string | undefined },
) => {
  const address = asked.address.replace(/\/+$/, '');
  if (next !== undefined && !next.startsWith(`${address}/`)) throw problems.addressRefused({ field: 'body.next' });
  const url = new URL(next ?? `${address}/catalog/request`);
  // The address is the caller's own word.
  const away: typeof problems.providerAway = (more) => problems.noCatalogue({ field: 'body.address', ...more });
  const message = { '@context': [CONTEXT_URL], '@type': 'CatalogRequestMessage' };
  const answer = await readFrom(room, read, participant, { counterparty, address }, { url, message, away });
  if (!answer) throw away({ detail: 'HTTP 404' });
  const wayHere = await waysHere(read, participant);
  const datasets = [answer.told.dataset ?? answer.told['dcat:dataset'] ?? []].flat().filter(isObject);
  const items = datasets.slice(0, elsewhereLimits.datasetsMax).flatMap((one): ForeignDataset[] => {
    const id = one['@id'];
    if (typeof id !== 'string' || id === '' || id.length > 1000) return [];
    return [
      {
        id,
        title: textIn(one, titles, elsewhereLimits.titleCharactersMax),
        summary: textIn(one, summaries, elsewhereLimits.summaryCharactersMax),
        formats: formatsIn(one).map(wayHere),
        offers: offersIn(one),
      },
    ];
  });
  const { participantId } = answer.told;
  return {
    participant: typeof participantId === 'string' ? participantId.slice(0, 1000) : null,
    items,
    next: nextIn(answer.link, address),
  };
};

/** How this organisation can receive a type: through a data plane of its own, or as the gateway's types are. */
const waysHere = async (read: Reader, participant: string) => {
  const planes = await planesOf(read, participant);
  return (format: string) => ({ format, way: wayOf(format, planes) });
};

/** The types of a data set as its provider tells it, or, where that tells nothing of it any more, all that can be received here. */
export const formatsTold = async (read: Reader, participant: string, found: Json | undefined) =>
  (found ? formatsIn(found) : formatsBy(['pull', 'push'])).map(await waysHere(read, participant));

/**
 * The types in which the provider of a negotiation of ours serves its data set now.
 * @throws federation.connectorClosed, federation.addressRefused, federation.providerAway
 */
export const formatsElsewhere = async (
  room: Reading,
  read: Reader,
  {
    participant,
    counterparty,
    address,
    subject,
  }: Pick<Process, 'participant' | 'counterparty' | 'address' | 'subject'>,
) => {
  const found = await datasetElsewhere(room, read, participant, { counterparty, address, dataset: subject });
  return { offered: found !== undefined, items: await formatsTold(read, participant, found) };
};
