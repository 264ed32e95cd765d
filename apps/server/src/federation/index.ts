/** The door of federation: organisations as connectors of the Dataspace Protocol. Protocol only; what spans rooms is in flows. */
import type { Dataset, TokenRenewal } from '@shugu/dataspace';
import { guardedOutgoing } from '@shugu/gateway';
import type { ReactionRule } from '@shugu/wire/federation';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Database, Reader, Tx } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import type { Route } from '../kernel/http/route.ts';
import type { Keys } from '../kernel/keys.ts';
import type { RateLimit } from '../kernel/limits.ts';
import type { Seal } from '../kernel/seal.ts';
import type { Tick } from '../kernel/ticker.ts';
import { type Claims, makeClaims } from './claims/claims.ts';
import { didsOf, isDid } from './claims/dids.ts';
import { mountClaims } from './claims/mount.ts';
import type { ClaimsDeps } from './claims/room.ts';
import { gatewayFormatOf } from './formats.ts';
import { claimsTokens } from './identity/claims.ts';
import { eitherIdentity, type IdentityProvider } from './identity/identity.ts';
import { platformTokens } from './identity/platform.ts';
import { mountIssuer } from './issuing/mount.ts';
import { digestOf } from './messages.ts';
import { type Act, type Connector, type Json, limits, type Message, type Process, type Saying } from './model.ts';
import { mountProtocol } from './mount.ts';
import { makePlaneAccess } from './planes/access.ts';
import { lookForAway } from './planes/liveness.ts';
import { mountSignaling } from './planes/mount.ts';
import { registerPlane } from './planes/registration.ts';
import { makePlaneSender } from './planes/sending.ts';
import { forgetSignalTries, planeFor, planesAway } from './planes/store.ts';
import {
  aboutOf,
  attestationOf,
  connectorNamed,
  connectorOf,
  findProcessOf,
  lastMessage,
  negotiationWith,
  parcelsOf,
  waitingOfReference,
  wasTried,
} from './reads.ts';
import type { Records } from './records/model.ts';
import { mountRecords } from './records/mount.ts';
import { makeRenewer } from './renewal/following.ts';
import { giveRenewal } from './renewal/giving.ts';
import { mountRenewal } from './renewal/mount.ts';
import { makeProofs } from './renewal/proof.ts';
import { forgetRenewalTries, renewalsDue } from './renewal/store.ts';
import { makeRoutes } from './routes.ts';
import {
  type Asking,
  actOn,
  type Offering,
  offerContract,
  requestContract,
  requestTransfer,
} from './service/beginning.ts';
import { type Brought, bring, noteTaken, type Parcel, type PushAddress, pushAddress } from './service/bringing.ts';
import { abandon, clear, endAgreements, refer, refuse, waitingClearance } from './service/clearing.ts';
import { openConnector, setRules } from './service/connectors.ts';
import { makeDiscovery } from './service/discovery.ts';
import { datasetElsewhere, formatsTold, policiesTold } from './service/elsewhere.ts';
import { addressOf, type Room } from './service/room.ts';
import { makeSender } from './service/sending.ts';
import { mountDataPlane } from './serving/mount.ts';
import { makeNoticeSender } from './serving/notices.ts';
import { type Served, servedBy } from './serving/served.ts';
import { forgetNoticeTries } from './serving/store.ts';
import { forgetTries, removeDataset, saveDataset } from './store.ts';

export type { FederationEvents } from './events.ts';
export { formatsBy, gatewayFormatOf } from './formats.ts';
export type { Attested, Identified, IdentityProvider } from './identity/identity.ts';
export type * from './model.ts';
export { permissions } from './permissions.ts';
export { keptPrices, listedPrices, priced } from './prices.ts';
export type { Records } from './records/model.ts';
export type { Brought, PushAddress } from './service/bringing.ts';
export { serviceOf } from './service/room.ts';
export type { FlowGateway, Opened, ServedFlow } from './serving/model.ts';
export { onWire, sameTerms, termsOf } from './terms.ts';

export interface FederationDeps {
  database: Database;
  now(): Date;
  log: Logger;
  keys: Pick<Keys, 'signer' | 'signerById' | 'standing' | 'find'>;
  /** For keys to data in the addresses that transfers carry. */
  seal: Pick<Seal, 'seal' | 'open'>;
  publicUrl(): string;
  /** Private addresses or networks at which counter-parties' connectors may lie. */
  privateConnectors: readonly string[];
  /** How long an access token lives that its consumer renews. */
  accessSeconds: number;
  renewAccess: Room['renewAccess'];
  gateway: Room['gateway'];
  holdsContract: Room['holdsContract'];
  namesOf: Room['namesOf'];
  /** Instead of the node's own tokens and of claims. */
  identity?: IdentityProvider;
  member: ClaimsDeps['member'];
  suspended: Room['suspended'];
  spacesOf: Room['spacesOf'];
  catalogues: Room['catalogues'];
  /** DIDs that the operator names. */
  trustedIssuers: readonly string[];
  peers: ClaimsDeps['peers'];
  /** What counter-parties may read of their own. */
  records: Records;
  /** No other server works on this database: what was on its way when a process died is sent again at once. */
  alone: boolean;
}

/** Unless a participant is named, in the name of `tx.actor.participant`. */
export interface Federation {
  routes: Route[];
  ticks: Tick[];
  /** Opens its connector, under a name of its own where one is given. What waited for a trade while it was closed is asked again. */
  open(tx: Tx, name?: string): Promise<Connector>;
  setRules(tx: Tx, rules: ReactionRule[]): Promise<Connector>;
  /**
   * Shows a data set in a participant's catalogue, or its newer version, whether or not its connector is open. `traded`: before
   * an agreement about it is made or final, and before data of it flows, `federation.clearance.asked` is told, and `clear` or
   * `refuse` answers. `space`: only counter-parties that are members of this data space meet it.
   */
  publish(
    tx: Tx,
    participant: string,
    dataset: Dataset,
    more?: { traded: boolean; space?: string | null },
  ): Promise<void>;
  withdraw(tx: Tx, participant: string, dataset: string): Promise<void>;
  /** Under an id that was made before, where one is named; `title`: of the data set, as its provider told it. */
  requestContract(tx: Tx, asked: Parameters<typeof requestContract>[2]): Promise<Process>;
  /** What a provider elsewhere offers of a data set. @throws federation.connectorClosed, addressRefused, providerAway */
  datasetElsewhere(read: Reader, participant: string, asked: Asking): Promise<Json | undefined>;
  /** What its offers say, as policies here have it. */
  policiesTold: typeof policiesTold;
  /** In which types it can be had, and how here; undefined: all that can be received here. */
  formatsTold: typeof formatsTold;
  /** Where an organisation with an open connector is found; undefined: it has none. */
  connectorAddress(read: Reader, participant: string): Promise<{ participant: string; address: string } | undefined>;
  offerContract(tx: Tx, asked: Offering): Promise<Process>;
  requestTransfer(tx: Tx, asked: Parameters<typeof requestTransfer>[2]): Promise<Process>;
  act(tx: Tx, process: string, act: Act, saying?: Saying): Promise<Process>;
  process(read: Reader, id: string): Promise<Process | undefined>;
  /** Of the data set that a process is about, as far as it is known. */
  titleOf(read: Reader, process: string): Promise<string | null>;
  /** How long access tokens of a transfer live that are renewed; null: as long as it runs, for whoever asks by a type that knows no renewal. */
  accessSeconds(process: Pick<Process, 'format'>): number | null;
  /** What its consumer renews an access token by, in the data address beside it; in the place of what it had before. */
  giveRenewal(tx: Tx, process: Process, accessToken: string): Promise<TokenRenewal>;
  /** Registers a data plane outside at its connector; what it shows us in turn is told once. */
  registerPlane(tx: Tx, draft: Parameters<typeof registerPlane>[2]): ReturnType<typeof registerPlane>;
  /** Data flows that control planes outside steer. */
  served: Served;
  /** Whether a data plane outside takes transfers of this type for the organisation. */
  takesFormat(read: Reader, process: Pick<Process, 'participant' | 'format'>): Promise<boolean>;
  /** The organisation here whose connector has that name. */
  connectorNamed(read: Reader, name: string): Promise<string | undefined>;
  /** What a trusted issuer said of a counter-party when it began; undefined: nobody did. */
  attested(read: Reader, process: Pick<Process, 'participant' | 'counterparty'>): ReturnType<typeof attestationOf>;
  /** The last message of an act that was taken or sent. */
  lastMessage(read: Reader, process: string, act: Act): Promise<Message | undefined>;
  /** Whether a message of ours of that act was given to the line. */
  wasTried(read: Reader, process: string, act: Act): Promise<boolean>;
  /** In which an organisation here is the provider, by the consumer and its pid. */
  negotiationWith(read: Reader, of: { consumer: string; theirPid: string }): Promise<Process | undefined>;
  /** Ends a negotiation here, and says nothing of it to the counter-party. Harmless to repeat. */
  abandon(tx: Tx, process: string): Promise<void>;
  /** The process, locked, whose act waits to be cleared; undefined where it does not any more, or its connector is closed. */
  waitingClearance(tx: Tx, process: string): Promise<Process | undefined>;
  /** All that wait of one trade. */
  waitingOfReference(read: Reader, reference: string): Promise<{ id: string; act: Act }[]>;
  /** Names the trade behind a process. */
  refer(tx: Tx, process: string, reference: string): Promise<void>;
  clear(tx: Tx, process: string, more?: Saying): Promise<void>;
  refuse(tx: Tx, process: string, reason: string): Promise<void>;
  /** Where the consumer of a push transfer wants the data; undefined: nowhere that can be called. */
  pushAddress(read: Reader, process: Process): Promise<PushAddress | undefined>;
  /** One file to there. */
  bring(to: PushAddress, parcel: Parcel, signal: AbortSignal): Promise<Brought>;
  /** Which files of a transfer were taken, by the names under which that was noted. */
  takenOf(read: Reader, process: string): Promise<Set<string>>;
  /** Nothing is noted of a transfer that is over. */
  noteTaken(tx: Tx, process: string, name: string): Promise<void>;
  /** The contract behind its agreements has ended. */
  endAgreements(tx: Tx, reference: string, reason: string): Promise<void>;
  /** A member's credential, where its connector is open; harmless to repeat. */
  admit(tx: Tx, participant: string): Promise<void>;
  /** It is a member no longer, or not for now: its credentials are revoked. */
  dismiss(tx: Tx, participant: string, reason: string): Promise<void>;
  /** The protocol's addresses, on the server's own port. */
  mount(app: FastifyInstance, perSource: RateLimit): Promise<void>;
  beforeListen(): Promise<void>;
  close(): Promise<void>;
}

export const makeFederation = (deps: FederationDeps): Federation => {
  const outgoing = guardedOutgoing(deps.privateConnectors, limits.patienceSeconds);
  const dids = didsOf(deps.publicUrl);
  const claims: Claims = makeClaims({ ...deps, dids }, outgoing);
  const isForeign = (name: string) => isDid(name) && dids.participantOf(name) === undefined;
  const identity =
    deps.identity ?? eitherIdentity(claimsTokens(claims.room), platformTokens({ ...deps, dids }), isForeign);
  const planes = makePlaneSender(() => room, makePlaneAccess({ ...deps, outgoing }));
  const notices = makeNoticeSender(() => room, makePlaneAccess({ ...deps, outgoing }));
  const byDid = (name: string) => deps.identity === undefined && isForeign(name);
  const proofs = makeProofs(claims.room, identity, byDid);
  const renewer = makeRenewer(() => room);
  const discover = makeDiscovery({ ...deps, outgoing, identity, dids, resolver: claims.room.resolver });
  const parts = {
    ...deps,
    outgoing,
    identity,
    proofs,
    dids,
    discover,
    wakeFlow: planes.wake,
    wakeNotices: notices.wake,
  };
  const sender = makeSender(parts);
  const room: Room = { ...parts, wake: sender.wake, send: sender.send, spare: sender.spare, taking: sender.taking };
  return {
    routes: makeRoutes(room, claims),
    open: async (tx, name) => {
      const opened = await openConnector(room, tx, name);
      await claims.admit(tx, opened.participant);
      return opened;
    },
    setRules,
    publish: async (tx, participant, dataset, { traded, space = null } = { traded: false }) => {
      const offers = dataset.hasPolicy.map((one) => one['@id']);
      await saveDataset(tx, {
        participant,
        id: dataset['@id'],
        body: dataset,
        offers,
        digest: digestOf(dataset),
        traded,
        space,
      });
    },
    withdraw: async (tx, participant, dataset) => void (await removeDataset(tx, participant, dataset)),
    requestContract: (tx, asked) => requestContract(room, tx, asked),
    datasetElsewhere: (read, participant, asked) => datasetElsewhere(room, read, participant, asked),
    formatsTold,
    policiesTold,
    connectorAddress: async (read, participant) =>
      (await connectorOf(read, participant)) && {
        participant: dids.of(participant),
        address: addressOf(room, participant),
      },
    offerContract: (tx, asked) => offerContract(room, tx, asked),
    requestTransfer: (tx, asked) => requestTransfer(room, tx, asked),
    act: (tx, process, act, saying = {}) => actOn(room, tx, process, act, saying),
    process: findProcessOf,
    titleOf: async (read, process) => (await aboutOf(read, [process])).get(process)?.title ?? null,
    accessSeconds: ({ format }) => (gatewayFormatOf(format)?.renews ? deps.accessSeconds : null),
    giveRenewal: (tx, process, accessToken) => giveRenewal(room, tx, process, accessToken),
    registerPlane: (tx, draft) => registerPlane(room, tx, draft),
    served: servedBy(() => room),
    takesFormat: async (read, { participant, format }) =>
      format !== null && (await planeFor(read, participant, format)) !== undefined,
    connectorNamed: (read, name) => connectorNamed(read, name, dids.participantOf(name)),
    attested: attestationOf,
    lastMessage,
    wasTried,
    negotiationWith,
    abandon: (tx, process) => abandon(room, tx, process),
    waitingClearance,
    waitingOfReference,
    refer,
    clear: (tx, process, more) => clear(room, tx, process, more),
    refuse: (tx, process, reason) => refuse(room, tx, process, reason),
    pushAddress: (read, process) => pushAddress(room, read, process),
    bring: (to, parcel, signal) => bring(room, to, parcel, signal),
    takenOf: parcelsOf,
    noteTaken,
    endAgreements: (tx, reference, reason) => endAgreements(room, tx, reference, reason),
    admit: (tx, participant) => claims.admit(tx, participant),
    dismiss: (tx, participant, reason) => claims.dismiss(tx, participant, reason),
    ticks: [
      { name: 'federation.outbox', everySeconds: 2, due: sender.due, run: () => sender.drain() },
      { name: 'federation.signals', everySeconds: 2, due: planes.due, run: () => planes.drain() },
      { name: 'federation.notices', everySeconds: 2, due: notices.due, run: () => notices.drain() },
      { name: 'federation.planesAway', everySeconds: 30, due: planesAway, run: () => lookForAway(room) },
      { name: 'federation.renewals', everySeconds: 5, due: renewalsDue, run: () => renewer.drain() },
      ...claims.ticks,
    ],
    mount: async (app, perSource) => {
      await mountProtocol(app, room, sender, perSource);
      await mountClaims(app, claims, perSource);
      await mountIssuer(app, claims, perSource);
      await mountSignaling(app, room, perSource);
      await mountDataPlane(app, room, perSource);
      await mountRenewal(app, room, perSource);
      await mountRecords(app, room, perSource);
    },
    beforeListen: async () => {
      if (!deps.alone) return;
      await deps.database.tx(systemActor('federation'), async (tx) => {
        await forgetTries(tx);
        await forgetSignalTries(tx);
        await forgetNoticeTries(tx);
        await forgetRenewalTries(tx);
      });
    },
    close: async () => {
      await sender.stop();
      await planes.stop();
      await notices.stop();
      await renewer.stop();
      await outgoing.agent.destroy();
      await claims.close();
    },
  };
};
