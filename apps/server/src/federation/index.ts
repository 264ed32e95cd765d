/** The door of federation: organisations as connectors of the Dataspace Protocol. Protocol only; what spans rooms is in flows. */
import type { Dataset } from '@shugu/dataspace';
import type { ReactionRule } from '@shugu/wire/federation';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Database, Tx } from '../kernel/db/db.ts';
import type { Route } from '../kernel/http/route.ts';
import type { Keys } from '../kernel/keys.ts';
import type { RateLimit } from '../kernel/limits.ts';
import { guardedOutgoing } from '../kernel/outgoing.ts';
import type { Tick } from '../kernel/ticker.ts';
import type { IdentityProvider } from './identity/identity.ts';
import { platformTokens } from './identity/platform.ts';
import { digestOf } from './messages.ts';
import { type Act, type Connector, limits, type Process, type Terms } from './model.ts';
import { mountProtocol } from './mount.ts';
import { makeRoutes } from './routes.ts';
import { type Asking, actOn, offerContract, requestContract, requestTransfer } from './service/beginning.ts';
import { openConnector, setRules } from './service/connectors.ts';
import type { Saying } from './service/moves.ts';
import type { Room } from './service/room.ts';
import { makeSender } from './service/sending.ts';
import { removeDataset, saveDataset } from './store.ts';

export type { FederationEvents } from './events.ts';
export type { Identified, IdentityProvider } from './identity/identity.ts';
export type * from './model.ts';
export { permissions } from './permissions.ts';
export { serviceOf } from './service/room.ts';
export { termsOf } from './terms.ts';

export interface FederationDeps {
  database: Database;
  now(): Date;
  log: Logger;
  keys: Pick<Keys, 'signer' | 'find'>;
  publicUrl(): string;
  /** Private addresses or networks at which counter-parties' connectors may lie. */
  privateConnectors: readonly string[];
  /** Instead of the node's own tokens. */
  identity?: IdentityProvider;
}

/** Unless a participant is named, in the name of `tx.actor.participant`. */
export interface Federation {
  routes: Route[];
  ticks: Tick[];
  /** Opens its connector, under a name of its own where one is given. */
  open(tx: Tx, name?: string): Promise<Connector>;
  setRules(tx: Tx, rules: ReactionRule[]): Promise<Connector>;
  /** Shows a data set in a participant's catalogue, or its newer version, whether or not its connector is open. */
  publish(tx: Tx, participant: string, dataset: Dataset): Promise<void>;
  withdraw(tx: Tx, participant: string, dataset: string): Promise<void>;
  requestContract(tx: Tx, asked: Asking & { offer: string; terms: Terms }): Promise<Process>;
  offerContract(tx: Tx, asked: Asking & { terms?: Terms }): Promise<Process>;
  requestTransfer(tx: Tx, asked: Parameters<typeof requestTransfer>[2]): Promise<Process>;
  act(tx: Tx, process: string, act: Act, saying?: Saying): Promise<Process>;
  /** The protocol's addresses, on the server's own port. */
  mount(app: FastifyInstance, perSource: RateLimit): Promise<void>;
  close(): Promise<void>;
}

export const makeFederation = (deps: FederationDeps): Federation => {
  const outgoing = guardedOutgoing(deps.privateConnectors, limits.patienceSeconds);
  const identity = deps.identity ?? platformTokens(deps);
  const sender = makeSender({ ...deps, outgoing, identity });
  const room: Room = { ...deps, outgoing, identity, wake: sender.wake };
  return {
    routes: makeRoutes(room),
    open: openConnector,
    setRules,
    publish: async (tx, participant, dataset) => {
      const offers = dataset.hasPolicy.map((one) => one['@id']);
      await saveDataset(tx, { participant, id: dataset['@id'], body: dataset, offers, digest: digestOf(dataset) });
    },
    withdraw: async (tx, participant, dataset) => void (await removeDataset(tx, participant, dataset)),
    requestContract: (tx, asked) => requestContract(room, tx, asked),
    offerContract: (tx, asked) => offerContract(room, tx, asked),
    requestTransfer: (tx, asked) => requestTransfer(room, tx, asked),
    act: (tx, process, act, saying = {}) => actOn(room, tx, process, act, saying),
    ticks: [{ name: 'federation.outbox', everySeconds: 2, run: () => sender.drain() }],
    mount: (app, perSource) => mountProtocol(app, room, sender, perSource),
    close: async () => {
      await sender.stop();
      await outgoing.agent.destroy();
    },
  };
};
