/** Doors of the control link, and of the registry of gateways for the operator. */
import type { SegmentManifest, TracesSettings } from '@shugu/gateway';
import * as wire from '@shugu/wire/gateways';
import type { Reader } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Metering, Slice } from '../../metering/index.ts';
import { problems } from '../problems.ts';
import { openContent } from './contents.ts';
import {
  createGateway,
  findGateway,
  type GatewayRow,
  gatewayPage,
  noteConnected,
  revokeGateway,
  rotateGateway,
} from './gateways.ts';
import type { Session } from './hub.ts';
import { answerTurn, orDoubt, type TurnDeps } from './turn.ts';

export interface LinkRouteDeps extends Omit<TurnDeps, 'metering'> {
  metering: Pick<Metering, 'slices' | 'remote'>;
  node: string;
  suite: 'intl' | 'sm';
  graceMs: number;
  beatMs: number;
  allowedUpstreams: readonly string[];
  traces: TracesSettings | null;
  storesFolder(): Promise<string>;
  secret(): Promise<Uint8Array>;
  upstreamHeaders(endpoint: string): Promise<Record<string, string>>;
}

const none = () => ({ calls: 0, rows: 0, bytes: 0 });

const bytesOf = async (stream: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    bytes += piece.length;
    if (bytes > bytesMax) throw kernelProblems.tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
};

const manifestOf = (header: string | undefined): SegmentManifest => {
  try {
    const manifest = JSON.parse(Buffer.from(header ?? '', 'base64url').toString('utf8')) as SegmentManifest;
    if (!Number.isSafeInteger(manifest.segment) || manifest.segment < 1 || typeof manifest.keyId !== 'string')
      throw new RangeError('no manifest');
    return manifest;
  } catch {
    throw kernelProblems.invalid({ field: 'headers.x-segment-manifest' });
  }
};

export const makeLinkRoutes = (deps: LinkRouteDeps): Route[] => {
  const { database, clock, hub, metering } = deps;

  const views = async (read: Reader, rows: readonly GatewayRow[]) => {
    const slices = Map.groupBy(await metering.slices.openSlices(read), ({ source }) => source);
    const held = await metering.slices.recordsOf(
      read,
      rows.map(({ source }) => source),
    );
    return rows.map((row) => viewOf(row, hub.sessionOf(row.id), slices.get(row.source) ?? [], held.get(row.source)));
  };
  const view = async (read: Reader, row: GatewayRow) => (await views(read, [row]))[0]!;

  /** The session that a request names. A superseded one must not act: what it says is no longer true. */
  const sessionOf = (gateway: string, id: string): Session => {
    const session = hub.session(gateway, id);
    if (!session) throw problems.linkSuperseded();
    return session;
  };
  const sourceOf = async (read: Reader, id: string): Promise<string> => {
    const gateway = await findGateway(read, id);
    if (!gateway) throw kernelProblems.notSignedIn();
    return gateway.source;
  };

  // Statements of one gateway are heard one after the other.
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = <T>(gateway: string, run: () => Promise<T>): Promise<T> => {
    const next = (turns.get(gateway) ?? Promise.resolve()).then(run, run);
    turns.set(
      gateway,
      next.catch(() => undefined),
    );
    return next;
  };
  const outside = { ownTransaction: true };

  return [
    on(wire.listGateways, async ({ read, query }) => {
      const page = await gatewayPage(read, query);
      return { ...page, items: await views(read, page.items) };
    }),
    on(wire.createGateway, async ({ tx, body }) => {
      const { gateway, key } = await createGateway(tx, body.name, deps.node);
      return { gateway: await view(tx, gateway), key };
    }),
    on(wire.rotateGateway, async ({ tx, params }) => {
      const { gateway, key } = await rotateGateway(tx, params.id);
      tx.afterCommit(() => hub.drop(params.id));
      return { gateway: await view(tx, gateway), key };
    }),
    on(wire.revokeGateway, async ({ tx, params }) => {
      const gateway = await revokeGateway(tx, params.id);
      const changes = await metering.slices.giveUpSlices(tx, gateway.source);
      tx.afterCommit(() => {
        hub.drop(params.id);
        for (const change of changes) deps.plane().quota.change(change, clock.now().getTime());
      });
      return view(tx, gateway);
    }),

    on(
      wire.startLink,
      ({ principal, body }) =>
        inTurn(principal.id, async () => {
          const source = await sourceOf(database, principal.id);
          await database.tx(systemActor('delivery'), (tx) => noteConnected(tx, principal.id, body.version));
          const session = hub.start(principal.id, body.version, clock.now());
          return {
            session: session.id,
            gateway: principal.id,
            source,
            suite: deps.suite,
            secret: Buffer.from(await deps.secret()).toString('base64'),
            graceMs: deps.graceMs,
            beatMs: deps.beatMs,
            time: clock.now().getTime(),
            storesFolder: await deps.storesFolder(),
            allowedUpstreams: [...deps.allowedUpstreams],
            traces: deps.traces,
          };
        }),
      outside,
    ),
    on(
      wire.streamLink,
      async ({ principal, body, setHeader }) => {
        const session = sessionOf(principal.id, body.session);
        if (session.stream) throw problems.linkSuperseded();
        setHeader('cache-control', 'no-store');
        setHeader('x-accel-buffering', 'no');
        return { body: hub.open(session, body.held) };
      },
      outside,
    ),
    on(
      wire.syncLink,
      ({ principal, body }) =>
        inTurn(principal.id, async () => {
          const session = sessionOf(principal.id, body.session);
          if (body.turn <= session.turn) throw problems.linkSuperseded();
          session.turn = body.turn;
          session.acknowledged = body.acknowledged;
          if (body.flushed !== undefined) session.flushed = body.flushed;
          const answer = await hub.hear(session, () =>
            orDoubt(deps, principal.id, () => answerTurn(deps, principal.id, body)),
          );
          return { ...answer, pushed: session.stream ? session.pushed : null, time: clock.now().getTime() };
        }),
      outside,
    ),
    on(wire.shippedLink, async ({ principal }) => metering.remote().held(await sourceOf(database, principal.id))),
    on(
      wire.recordsLink,
      async ({ principal, stream }) => {
        const bytes = await bytesOf(stream, wire.gatewayLimits.recordsBytesMax);
        const source = await sourceOf(database, principal.id);
        return orDoubt(deps, principal.id, () => metering.remote().takeRecords(source, bytes));
      },
      outside,
    ),
    on(
      wire.segmentsLink,
      async ({ principal, stream, headers }) => {
        const manifest = manifestOf(headers['x-segment-manifest']);
        const bytes = await bytesOf(stream, wire.gatewayLimits.segmentBytesMax);
        const source = await sourceOf(database, principal.id);
        return orDoubt(deps, principal.id, () => metering.remote().takeSegment(source, manifest, bytes));
      },
      outside,
    ),
    on(
      wire.contentLink,
      async ({ query, setHeader }) => {
        const content = await openContent(query.path, deps.plane().book, await deps.storesFolder());
        if (!content) throw kernelProblems.unknown();
        setHeader('content-length', String(content.bytes));
        setHeader('repr-digest', content.digest);
        setHeader('cache-control', 'no-store');
        return { body: content.body };
      },
      outside,
    ),
    on(wire.secretLink, async ({ params }) => ({ headers: await deps.upstreamHeaders(params.endpoint) })),
  ];
};

const viewOf = (
  row: GatewayRow,
  session: Session | undefined,
  slices: readonly Slice[],
  records = { sequence: 0, segment: 0 },
) => {
  const add = (key: 'amount' | 'used') =>
    slices.reduce(
      (sum, slice) => ({
        calls: sum.calls + slice[key].calls,
        rows: sum.rows + slice[key].rows,
        bytes: sum.bytes + slice[key].bytes,
      }),
      none(),
    );
  const connected = session?.stream != null;
  const state = row.revokedAt ? 'revoked' : connected ? 'connected' : row.connectedAt ? 'away' : 'never';
  return {
    id: row.id,
    name: row.name,
    source: row.source,
    prefix: row.prefix,
    state: state as 'revoked' | 'connected' | 'away' | 'never',
    softwareVersion: row.softwareVersion,
    connectedAt: row.connectedAt?.toISOString() ?? null,
    unacknowledged: connected ? session.pushed - session.acknowledged : null,
    slices: { count: slices.length, amount: add('amount'), used: add('used') },
    records,
    createdAt: row.createdAt.toISOString(),
    rotatedAt: row.rotatedAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
  };
};
