import { type DataAddress, withoutRenewal } from '@shugu/dataspace';
import * as wire from '@shugu/wire/federation';
import * as controlPlanesWire from '@shugu/wire/federation-control-planes';
import * as elsewhereWire from '@shugu/wire/federation-elsewhere';
import * as holdersWire from '@shugu/wire/federation-holders';
import * as planesWire from '@shugu/wire/federation-planes';
import { termLimits } from '@shugu/wire/federation-terms';
import { audit } from '../kernel/audit.ts';
import type { Reader, Tx } from '../kernel/db/db.ts';
import { actorOf } from '../kernel/http/principal.ts';
import { on, onReady, type Route, type RouteRequest } from '../kernel/http/route.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { Claims } from './claims/claims.ts';
import { NODE, rotateKey } from './claims/keys.ts';
import { askIssuer } from './claims/requests.ts';
import { identityView, issuersView } from './claims/views.ts';
import { counterTerms, ownTerms, told } from './counter.ts';
import { holderView, provenDid, registerHolder, removeHolder } from './issuing/holders.ts';
import type { Connector, Json, Message, Process, Terms } from './model.ts';
import { admitPlane } from './planes/passes.ts';
import { planesView, registerPlane, unregisterPlane } from './planes/registration.ts';
import { problems } from './problems.ts';
import {
  type About,
  aboutOf,
  connectorOf,
  type ForeignPurchase,
  findConnector,
  findMessage,
  findProcess,
  foreignPurchases,
  lastNegotiations,
  listProcesses,
  messagesOf,
  negotiationOf,
  type Standing,
  transfersBy,
} from './reads.ts';
import { recordRoutes } from './records/routes.ts';
import { renewalOfProcess } from './renewal/store.ts';
import { possible, retold, type Tried, tryOn } from './rules.ts';
import { actOn, addressBehind, offerContract, requestContract, requestTransfer } from './service/beginning.ts';
import { abandonUnbegun } from './service/clearing.ts';
import { closeConnector, openConnector, setRules } from './service/connectors.ts';
import { catalogueElsewhere, formatsElsewhere } from './service/elsewhere.ts';
import { addressOf, type Room, rootOf } from './service/room.ts';
import { keyless, openAddress } from './service/secrets.ts';
import {
  controlPlanesView,
  registerControlPlane,
  renewControlPlane,
  unregisterControlPlane,
} from './serving/registration.ts';

const { transfersShownMax } = wire.federationLimits;

/** As the schemas of replies have JSON. */
type Told = never;

const connectorView = (room: Room, one: Connector) => ({
  name: one.name,
  did: room.dids.of(one.participant),
  root: rootOf(room, one.participant),
  address: addressOf(room, one.participant),
  openedAt: one.opened_at.toISOString(),
  closedAt: one.closed_at?.toISOString() ?? null,
  rules: one.rules,
});

/** With the key to the data only where its owner asks for this one. */
const processView = (one: Process, dataAddress = keyless(one.data_address)) => ({
  id: one.id,
  kind: one.kind,
  side: one.side,
  counterparty: one.counterparty,
  address: one.address,
  theirPid: one.their_pid,
  state: one.state,
  subject: one.subject,
  offer: one.offer as Told,
  agreement: one.agreement as Told,
  format: one.format,
  dataAddress: dataAddress as Told,
  held: one.held,
  clearance: one.clearance?.act ?? null,
  acts: possible(one),
  order: one.reference,
  createdAt: one.created_at.toISOString(),
  changedAt: one.changed_at.toISOString(),
});

/** With the terms on the table and our own last ones; of a negotiation. */
const aboutView = (one: Process, about: About, dataAddress?: unknown) => {
  const ours = ownTerms(one);
  const negotiated = one.kind === 'negotiation';
  return {
    ...processView(one, dataAddress),
    ...about,
    proposed: negotiated && one.offer ? told(one, one.offer) : null,
    ours: negotiated && ours ? told(one, ours) : null,
  };
};

/**
 * To read by, for whom it was sent to. The token of a receiver is the gateway's alone where that pushes there; renewals are ours to
 * make.
 */
const readableAddress = async (room: Room, read: Reader, process: Process): Promise<unknown> => {
  const { side, traded, data_address } = process;
  if (data_address === null || (side === 'provider' && traded)) return keyless(data_address);
  return withoutRenewal((await openAddress(room, read, process, process.data_address)) as DataAddress);
};

const standingView = ({ id, state, created_at, changed_at }: Standing) => ({
  id,
  state,
  createdAt: created_at.toISOString(),
  changedAt: changed_at.toISOString(),
});

const endpointOf = (address: unknown): string | null => {
  const { endpoint } = (address ?? {}) as { endpoint?: unknown };
  return typeof endpoint === 'string' ? endpoint : null;
};

const purchaseView = ({ finalized_at, transfer, ...one }: ForeignPurchase) => ({
  kind: 'foreign' as const,
  ...one,
  finalizedAt: finalized_at.toISOString(),
  transfer: transfer && {
    id: transfer.id,
    state: transfer.state,
    format: transfer.format,
    endpoint: transfer.state === 'STARTED' ? endpointOf(transfer.data_address) : null,
  },
});

const reasonOf = ({ reason }: Json): string | null =>
  Array.isArray(reason) && reason.length > 0 ? reason.map(String).join('; ').slice(0, 2000) : null;

const messageView = (one: Message, moves: ReturnType<typeof retold>) => ({
  id: one.id,
  direction: one.direction,
  act: one.act,
  state: one.state,
  attempts: one.attempts,
  fault: one.fault,
  reason: reasonOf(one.body),
  before: moves.get(one.id)?.before ?? null,
  after: moves.get(one.id)?.after ?? null,
  createdAt: one.created_at.toISOString(),
  doneAt: one.done_at?.toISOString() ?? null,
});

const pricesTold = (process: Process, terms: Terms | null | undefined) => {
  const { price, tiers } = terms ? told(process, terms) : { price: null, tiers: null };
  return { price, tiers };
};

const triedView = ({ process, act, at, reaction, rule, changes, said }: Tried, { title }: About) => ({
  process: process.id,
  title,
  counterparty: process.counterparty,
  side: process.side,
  act,
  at: at.toISOString(),
  ...pricesTold(process, process.offer),
  answer: changes ? pricesTold(process, counterTerms(process, changes)) : null,
  rule: rule ?? null,
  reaction,
  said,
});

/** Who names no address has it found by the counter-party's DID. */
const addressedIn =
  (room: Room) =>
  async <Body extends { counterparty: string; address?: string | undefined }>({
    read,
    principal,
    body,
  }: RouteRequest<unknown, unknown, Body>): Promise<Body & { address: string }> => {
    if (body.address !== undefined) return { ...body, address: body.address };
    if (!(await connectorOf(read, principal.participant))) throw problems.connectorClosed();
    return { ...body, address: await room.discover(read, body.counterparty, 'body.counterparty') };
  };

export const makeRoutes = (room: Room, claims: Claims): Route[] => {
  const addressed = addressedIn(room);
  return [
    on(wire.getConnector, async ({ read, principal }) => {
      const found = await findConnector(read, principal.participant);
      return { connector: found ? connectorView(room, found) : null };
    }),
    on(wire.openConnector, async ({ tx }) => {
      const opened = await openConnector(room, tx);
      await claims.admit(tx, opened.participant);
      return connectorView(room, opened);
    }),
    on(wire.getIdentity, async ({ read, principal }) => {
      const found = await connectorOf(read, principal.participant);
      return { identity: found ? await identityView(claims.room, read, found) : null };
    }),
    on(wire.rotateDidKey, async ({ tx }) => {
      const connector = await openOne(tx);
      await rotateKey(claims.room, tx, connector.participant);
      return identityView(claims.room, tx, connector);
    }),
    on(wire.requestCredential, async ({ tx, body }) => {
      const connector = await openOne(tx);
      await askIssuer(claims.room, tx, body);
      return identityView(claims.room, tx, connector);
    }),
    on(holdersWire.getHolder, ({ read, principal }) => holderView(claims.room, read, principal.participant)),
    on(
      holdersWire.registerHolder,
      // Documents of others are asked for: no transaction waits for them.
      async ({ principal, body, requestId }) => {
        const did = await provenDid(claims.room, body.token);
        return room.database.tx(actorOf(principal, requestId), async (tx) => {
          await registerHolder(claims.room, tx, did);
          return holderView(claims.room, tx, principal.participant);
        });
      },
      { ownTransaction: true },
    ),
    on(holdersWire.removeHolder, async ({ tx, principal }) => {
      await removeHolder(tx);
      return holderView(claims.room, tx, principal.participant);
    }),
    on(wire.listTrustedIssuers, ({ read }) => issuersView(claims.room, read)),
    on(wire.rotateIssuerKey, async ({ tx }) => {
      await rotateKey(claims.room, tx, NODE);
      return issuersView(claims.room, tx);
    }),
    on(wire.closeConnector, async ({ tx }) => connectorView(room, await closeConnector(tx))),
    on(wire.setRules, async ({ tx, body }) => connectorView(room, await setRules(tx, body.rules))),
    on(wire.tryRules, async ({ read, principal, body }) => {
      const processes = await lastNegotiations(read, principal.participant, termLimits.triedMax);
      const about = await aboutOf(
        read,
        processes.map(({ id }) => id),
      );
      const items = [];
      for (const one of processes)
        items.push(
          ...tryOn(body.rules, one, await messagesOf(read, one.id)).map((each) => triedView(each, about.get(one.id)!)),
        );
      return { items };
    }),
    on(wire.listProcesses, async ({ read, principal, query }) => {
      const page = await listProcesses(read, principal.participant, query);
      const about = await aboutOf(
        read,
        page.items.map(({ id }) => id),
      );
      return { ...page, items: page.items.map((one) => aboutView(one, about.get(one.id)!)) };
    }),
    on(wire.listForeignPurchases, async ({ read, principal, query }) => {
      const page = await foreignPurchases(read, principal.participant, query);
      return { ...page, items: page.items.map(purchaseView) };
    }),
    on(wire.getProcess, async ({ read, principal, params }) => {
      const process = await findProcess(read, principal.participant, params.id);
      if (!process) throw kernelProblems.unknown();
      const { id, kind, participant, agreement } = process;
      const isTransfer = kind === 'transfer';
      const [messages, about, from, renewal, transfers] = await Promise.all([
        messagesOf(read, id),
        aboutOf(read, [id]),
        isTransfer ? negotiationOf(read, process) : undefined,
        isTransfer ? renewalOfProcess(read, id) : undefined,
        agreement ? transfersBy(read, participant, agreement['@id'], transfersShownMax) : [],
      ]);
      const moves = retold(process, messages);
      return {
        process: aboutView(process, about.get(id)!, await readableAddress(room, read, process)),
        renewal: renewal ? { expiresAt: renewal.expires_at.toISOString(), fault: renewal.fault } : null,
        messages: messages.map((one) => messageView(one, moves)),
        negotiation: from ? standingView(from) : null,
        transfers: transfers.map(standingView),
      };
    }),
    on(wire.getMessage, async ({ read, principal, params }) => {
      const process = await findProcess(read, principal.participant, params.id);
      const message = process && (await findMessage(read, process.id, params.message));
      if (!message) throw kernelProblems.unknown();
      const { id, body } = message;
      if (!('dataAddress' in body)) return { id, body: body as Told, keyless: false };
      return { id, body: { ...body, dataAddress: keyless(body.dataAddress) } as Told, keyless: true };
    }),
    on(wire.actOnProcess, async ({ tx, params, body: { act, ...saying } }) => {
      const process = await actOn(room, tx, params.id, act, saying);
      await audit(tx, { action: 'federation.process.act', subject: process.id, data: { act } });
      return processView(process);
    }),
    on(wire.abandonProcess, async ({ tx, params }) => {
      const process = await abandonUnbegun(room, tx, params.id);
      await audit(tx, { action: 'federation.process.abandon', subject: process.id });
      return processView(process);
    }),
    on(
      elsewhereWire.readCatalogueElsewhere,
      async (request) =>
        catalogueElsewhere(room, request.read, request.principal.participant, await addressed(request)),
      { ownTransaction: true },
    ),
    on(elsewhereWire.listFormats, async ({ read, principal, params }) => {
      const process = await findProcess(read, principal.participant, params.id);
      if (process?.kind !== 'negotiation' || process.side !== 'consumer') throw kernelProblems.unknown();
      return formatsElsewhere(room, read, process);
    }),
    ...recordRoutes(room),
    onReady(wire.requestContract, addressed, async ({ tx, body }) => began(tx, await requestContract(room, tx, body))),
    onReady(wire.offerContract, addressed, async ({ tx, body }) => began(tx, await offerContract(room, tx, body))),
    onReady(
      wire.requestTransfer,
      async ({ read, principal, body }) => {
        const address = body.address ?? (await addressBehind(room, read, principal.participant, body.agreement));
        return { ...body, address };
      },
      async ({ tx, body }) => began(tx, await requestTransfer(room, tx, body)),
    ),
    on(planesWire.listDataPlanes, ({ read, principal }) => planesView(room, read, principal.participant)),
    on(planesWire.admitDataPlane, ({ tx, body }) => admitPlane(room, tx, body)),
    on(planesWire.registerDataPlane, ({ tx, body }) => registerPlane(room, tx, body)),
    on(planesWire.removeDataPlane, async ({ tx, params, principal }) => {
      await unregisterPlane(tx, params.id);
      return planesView(room, tx, principal.participant);
    }),
    on(controlPlanesWire.listControlPlanes, ({ read, principal }) =>
      controlPlanesView(room, read, principal.participant),
    ),
    on(controlPlanesWire.registerControlPlane, ({ tx, body }) => registerControlPlane(room, tx, body)),
    on(controlPlanesWire.renewControlPlane, ({ tx, params, body }) =>
      renewControlPlane(room, tx, { id: params.id, minutes: body.minutes }),
    ),
    on(controlPlanesWire.removeControlPlane, async ({ tx, params, principal }) => {
      await unregisterControlPlane(room, tx, params.id);
      return controlPlanesView(room, tx, principal.participant);
    }),
  ];
};

const openOne = async (tx: Tx): Promise<Connector> => {
  const found = await connectorOf(tx, tx.actor.participant);
  if (!found) throw problems.connectorClosed();
  return found;
};

const began = async (tx: Parameters<typeof audit>[0], process: Process) => {
  const { id, kind, side, counterparty, subject } = process;
  await audit(tx, { action: 'federation.process.begin', subject: id, data: { kind, side, counterparty, subject } });
  return processView(process);
};
