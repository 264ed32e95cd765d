/** The protocol's addresses below `/dsp/{participant}`, outside the JSON routes: its own messages, its own errors. */
import { CONTEXT_URL, checkMessage, type Dataset, VERSION_PATH, versionDocument } from '@shugu/dataspace';
import { isKnown, tagOf } from '@shugu/gateway';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RateLimit } from '../kernel/limits.ts';
import { nameTowards } from './claims/dids.ts';
import { makeDoor } from './door.ts';
import { wantedOf } from './filter.ts';
import { alikeFormats, servedFormats } from './formats.ts';
import type { Attested } from './identity/identity.ts';
import { type Door, doors, errorOf, standingOf } from './messages.ts';
import { type Connector, type Kind, limits } from './model.ts';
import { nestedCatalogs } from './nested.ts';
import { makePages, type Page, type PageOf } from './pages.ts';
import { type FindPlace, makePlaces } from './places.ts';
import type { DataPlane } from './planes/model.ts';
import { planesOf } from './planes/store.ts';
import {
  catalogueChanges,
  connectorOf,
  findDataset,
  findProcess,
  listDatasets,
  type PublishedDataset,
} from './reads.ts';
import { addressOf, PATH, type Room, serviceOf, spacesOfCounterparty } from './service/room.ts';
import type { Sender } from './service/sending.ts';
import { type Answer, take, unknownAnswer } from './service/taking.ts';

type Params = { participant: string; pid?: string; dataset?: string };
type Asked = FastifyRequest<{ Params: Params; Querystring: { after?: string } }>;

const noPids = (pid: string) => ({ consumerPid: pid, providerPid: pid });

interface Who {
  connector: Connector;
  sender: string;
  attested?: Attested | undefined;
}

/** A connector that is closed or never was, and whoever shows no identity, meet the same answers everywhere. */
const caller = async (room: Room, request: Asked, kind: Kind | 'catalog'): Promise<Who | Answer> => {
  const { participant, pid = '' } = request.params;
  const connector = await connectorOf(room.database, participant);
  if (!connector) return unknownAnswer(kind, pid, request.body);
  const sender = await room.identity.identify(connector, request.headers.authorization);
  if (!sender) return { status: 401, body: errorOf(kind, noPids(pid), { code: 'unauthorized' }) };
  return { connector, sender: sender.name, attested: sender.attested };
};

const filterUnsupported = {
  code: 'filterUnsupported',
  reason: [
    `仅支持偏移量（至多 ${limits.datasetsPassedMax}）、条数和按数据集标识筛选，其余请沿 Link 翻页`,
    `understood are an offset (at most ${limits.datasetsPassedMax}), a limit and a data set's id; else follow Link`,
  ],
};

/**
 * What is traded here, with the types of transfers that somebody serves now: the gateway's, and those of the provider's own data
 * planes. Undefined where nobody serves any.
 */
const offered = (
  { body, traded }: PublishedDataset,
  participant: string,
  planes: readonly DataPlane[],
): Dataset | undefined => {
  if (!traded) return body;
  const formats = servedFormats(alikeFormats(body.distribution.map(({ format }) => format)), planes);
  if (formats.length === 0) return undefined;
  const accessService = serviceOf(participant);
  const distribution = formats.map((format) => ({ '@type': 'Distribution' as const, format, accessService }));
  return { ...body, distribution };
};

const catalogPage = async (
  room: Room,
  { connector, sender }: { connector: Connector; sender: string },
  request: Asked,
  { findPlace, pageOf }: { findPlace: FindPlace; pageOf: PageOf },
): Promise<Answer | Tagged> => {
  const checked = checkMessage('CatalogRequestMessage', request.body);
  if (!checked.ok) {
    const { code, path, zh, en } = checked.fault;
    return { status: 400, body: errorOf('catalog', noPids(''), { code, reason: [`${path} ${zh}`, `${path} ${en}`] }) };
  }
  const wanted = wantedOf(checked.message.filter);
  if (!wanted) return { status: 400, body: errorOf('catalog', noPids(''), filterUnsupported) };
  const after = Buffer.from(request.query.after ?? '', 'base64url').toString('utf8');
  const { size, ids } = wanted;
  // What was passed over lies before the link.
  const offset = after === '' ? wanted.offset : 0;
  const { participant } = connector;
  // Before what it counts: a page that is newer than its tag is told once more, one that is older would stay.
  const changes = await catalogueChanges(room.database, participant);
  const spaces = await spacesOfCounterparty(room, room.database, sender);
  const planes = await planesOf(room.database, participant);
  // Once, with the first page of what is not filtered.
  const whole = after === '' && ids === undefined && offset === 0;
  const catalogs = whole ? await nestedCatalogs(room, room.database, connector, spaces) : [];
  const address = addressOf(room, participant);
  const participantId = nameTowards(room.dids, connector, sender);
  const serving = planes.map(({ profiles, away_since }) => [profiles, away_since === null]);
  const tag = tagOf(
    JSON.stringify([participant, participantId, address, changes, after, offset, wanted, spaces, serving, catalogs]),
  );
  const page = await pageOf(tag, async () => {
    // Places are counted of what is for everybody.
    const place = ids || spaces.length ? { from: '', offset } : await findPlace(participant, offset);
    const rows = await listDatasets(room.database, participant, {
      ...{ after, ...place, ids, spaces },
      size: size + 1,
    });
    const shown = rows.slice(0, size);
    const datasets = shown.flatMap((one) => offered(one, participant, planes) ?? []);
    const next = Buffer.from(shown.at(-1)?.id ?? '').toString('base64url');
    const body = {
      '@context': [CONTEXT_URL],
      '@id': `${address}/catalog`,
      '@type': 'Catalog',
      participantId,
      service: [{ '@id': serviceOf(participant), '@type': 'DataService', endpointURL: address }],
      ...(datasets.length ? { dataset: datasets } : {}),
      ...(catalogs.length ? { catalog: catalogs } : {}),
    };
    const link = rows.length > size ? `<${address}/catalog/request?after=${next}>; rel="next"` : undefined;
    return { text: JSON.stringify(body), link };
  });
  return { tag, page: () => page };
};

const oneDataset = async (
  room: Room,
  { connector: { participant }, sender }: { connector: Connector; sender: string },
  id: string,
): Promise<Answer | Tagged> => {
  const spaces = await spacesOfCounterparty(room, room.database, sender);
  const found = await findDataset(room.database, participant, id, spaces);
  const planes = await planesOf(room.database, participant);
  const dataset = found && offered(found, participant, planes);
  if (!dataset) return unknownAnswer('catalog', '');
  const formats = dataset.distribution.map(({ format }) => format);
  return {
    tag: tagOf(JSON.stringify([participant, id, found.digest, formats])),
    page: () => ({ text: JSON.stringify({ '@context': [CONTEXT_URL], ...dataset }), link: undefined }),
  };
};

const standing = async (
  room: Room,
  sender: Sender,
  kind: Kind,
  who: { connector: Connector; sender: string },
  pid: string,
): Promise<Answer> => {
  // The counter-party may ask before its own answer has been written here.
  await sender.settled(pid);
  const process = await findProcess(room.database, who.connector.participant, pid);
  return process?.kind === kind && process.state !== null && process.counterparty === who.sender
    ? { status: 200, body: standingOf(process) }
    : unknownAnswer(kind, pid);
};

/** What is told with a tag that was found before it. */
interface Tagged {
  tag: string;
  page(): Page;
}

const sendTagged = (request: FastifyRequest, reply: FastifyReply, { tag, page }: Tagged): FastifyReply => {
  reply.header('etag', tag).header('cache-control', 'private, no-cache');
  // Of a POST RFC 9110 knows no 304 (13.1.2): a catalogue is told again, as it was kept.
  if (request.method === 'GET' && isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send();
  const { text, link } = page();
  if (link !== undefined) reply.header('link', link);
  return reply.code(200).type('application/json').send(text);
};

const send = (request: FastifyRequest, reply: FastifyReply, answer: Answer | Tagged): FastifyReply => {
  if ('tag' in answer) return sendTagged(request, reply, answer);
  const { status, body } = answer;
  const text = JSON.stringify(body);
  if (status === 200) return sendTagged(request, reply, { tag: tagOf(text), page: () => ({ text, link: undefined }) });
  return reply.code(status).type('application/json').send(text);
};

const isAnswer = (value: object): value is Answer => 'status' in value;

export const mountProtocol = async (
  app: FastifyInstance,
  room: Room,
  sender: Sender,
  perSource: RateLimit,
): Promise<void> => {
  const root = '/dsp/:participant';
  await app.register(async (scope) => {
    const kindOf = (url: string): Kind | 'catalog' =>
      url.includes('/negotiations') ? 'negotiation' : url.includes('/transfers') ? 'transfer' : 'catalog';
    makeDoor(scope, {
      ...{ bodyBytesMax: limits.bodyBytesMax, perSource, log: room.log },
      refuse: (request, reply, status, code) => {
        const { pid = '' } = request.params as Params;
        return send(request, reply, {
          status,
          body: errorOf(kindOf(request.routeOptions.url ?? ''), noPids(pid), { code }),
        });
      },
    });
    const serve = (
      method: 'GET' | 'POST',
      path: string,
      kind: Kind | 'catalog',
      answer: (who: Who, request: Asked) => Promise<Answer | Tagged>,
    ) =>
      scope.route<{ Params: Params; Querystring: { after?: string } }>({
        method,
        url: `${root}${PATH}${path}`,
        exposeHeadRoute: false,
        handler: async (request, reply) => {
          const who = await caller(room, request, kind);
          return send(request, reply, isAnswer(who) ? who : await answer(who, request));
        },
      });

    // Public by the specification: it says nothing of the participant.
    scope.get<{ Params: Params }>(`${root}${VERSION_PATH}`, async (request, reply) => {
      const connector = await connectorOf(room.database, request.params.participant);
      if (!connector) return send(request, reply, unknownAnswer('catalog', ''));
      const serviceId = serviceOf(connector.participant);
      return reply.type('application/json').send(versionDocument(PATH, { serviceId, ...room.identity.shown }));
    });
    const pages = { findPlace: makePlaces(room.database), pageOf: makePages() };
    serve('POST', '/catalog/request', 'catalog', (who, request) => catalogPage(room, who, request, pages));
    serve('GET', '/catalog/datasets/:dataset', 'catalog', (who, request) =>
      oneDataset(room, who, request.params.dataset!),
    );
    for (const [kind, noun] of [
      ['negotiation', 'negotiations'],
      ['transfer', 'transfers'],
    ] as const)
      serve('GET', `/${noun}/:pid`, kind, (who, request) => standing(room, sender, kind, who, request.params.pid!));
    const takeAt = (door: Door) =>
      serve('POST', door.path, door.kind, (who, request) =>
        take(room, {
          ...{ ...who, door, body: request.body },
          pid: request.params.pid ?? '',
          userAgent: request.headers['user-agent'],
        }),
      );
    for (const door of doors) takeAt(door);
  });
};
