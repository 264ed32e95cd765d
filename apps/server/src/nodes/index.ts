/** The door of nodes: a hub's register and what its nodes publish; a node's registration and what it publishes. */

import type { Reader, Sql, Tx } from '../kernel/db/db.ts';
import type { Route } from '../kernel/http/route.ts';
import type { Consumer, StoredEvent } from '../kernel/outbox.ts';
import { Problem } from '../kernel/problem.ts';
import type { Prunable } from '../kernel/retention/prune.ts';
import { type Tick, limits as tickLimits } from '../kernel/ticker.ts';
import { makeMoves } from './hub/address.ts';
import { relayOwn } from './hub/own.ts';
import { registerCases } from './hub/registration.ts';
import { listedEntry, takingPart } from './hub/store.ts';
import type { NodesDeps } from './model.ts';
import { prunables } from './prunables.ts';
import { makeRoutes } from './routes.ts';
import { restSeconds, takesNodes } from './rules.ts';
import { namedPeers } from './trade/peers.ts';
import { bought, fail, moneyHeld, settled, withdraw } from './trade/purchases.ts';
import { sayDue } from './trade/sending.ts';
import { drawingDue, drawUpDue } from './trade/statements.ts';
import {
  anyBound,
  bindGuarantee,
  findPurchase,
  type GuaranteeRow,
  guaranteeOfNegotiation,
  guaranteeOfOrder,
  lockGuarantee,
  lockPurchase,
  negotiatedOf,
  negotiatingPurchases,
  type PurchaseRow,
  purchaseOfNegotiation,
  sayingDue,
  withdrawGuarantee,
} from './trade/store.ts';
import { watch } from './trade/watch.ts';
import { readApplication } from './uplink/application.ts';
import { publishSubject } from './uplink/changes.ts';
import { makeHubLine } from './uplink/hub.ts';
import { joinHub, type Turned, turn } from './uplink/service.ts';
import { latestUplink } from './uplink/store.ts';

export type { NodesEvents } from './events.ts';
export { permissions as nodesPermissions } from './permissions.ts';
export { isClosing } from './trade/rules.ts';

export interface Nodes {
  routes: Route[];
  consumers: Consumer[];
  ticks: Tick[];
  prunables: Prunable[];
  /** Nodes whose word about their members counts: at a hub those that take part, at a node its hub and whom the hub names. */
  /** What its supplier's listings say, of where it is found, is another. Harmless to repeat. */
  publishOf(tx: Tx, product: string): Promise<void>;
  purchase(read: Reader, id: string): Promise<PurchaseRow | undefined>;
  /** Of negotiations, those that belong to a purchase. */
  purchasesNegotiated(read: Reader, negotiations: readonly string[]): Promise<ReadonlySet<string>>;
  purchaseOfNegotiation(tx: Tx, negotiation: string): Promise<PurchaseRow | undefined>;
  /** The bank has frozen the money of a purchase. Harmless to repeat. */
  moneyHeld(tx: Tx, purchase: string): Promise<void>;
  bought(tx: Tx, negotiation: string, agreement: string): Promise<void>;
  purchaseFailed(tx: Tx, purchase: string, reason: string): Promise<void>;
  /** Those that a participant is negotiating. */
  negotiating(read: Reader, participant: string): Promise<PurchaseRow[]>;
  /** The seller's node is asked what came of it. Harmless to repeat. */
  withdraw(tx: Tx, purchase: string, reason: string): Promise<void>;
  purchaseSettled(tx: Tx, purchase: string): Promise<void>;
  /** Money that another node holds for a negotiation of its member here. */
  guaranteeFor(tx: Tx, of: { buyer: string; negotiation: string }): Promise<GuaranteeRow | undefined>;
  bindGuarantee(tx: Tx, id: string, order: string): Promise<void>;
  guaranteeOfOrder(read: Reader, order: string): Promise<GuaranteeRow | undefined>;
  guarantee(tx: Tx, id: string): Promise<GuaranteeRow | undefined>;
  /** What became of a guarantee: nothing, or the agreement that is in force. */
  concludeGuarantee(tx: Tx, id: string, agreement: string | null): Promise<void>;
  trusted(read: Reader): Promise<{ name: string; url: string; why: 'hub' | 'node' }[]>;
  /**
   * At a hub, SQL that finds what one of its nodes lists, while it does: title, summary, industry, by (its supplier), origin (the node),
   * url (its page there), traded (whether it can be bought from another node).
   */
  listedEntry(node: Sql, subject: Sql): Sql;
  /** At a hub: of these nodes those that take part, each with how much it lists. */
  takingPart(
    read: Reader,
    ids: readonly string[],
  ): Promise<{ id: string; name: string; url: string; listings: number }[]>;
  close(): Promise<void>;
}

export const makeNodes = (deps: NodesDeps): Nodes => {
  registerCases(deps);
  const line = makeHubLine(deps.settings.privateNodes);
  // One turn at a time: sequences are sent in their order.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (beat: boolean): ReturnType<typeof turn> => {
    const next = last.then(() => turn(deps, line, beat));
    last = next.catch(() => undefined);
    return next;
  };
  let beating = false;
  let joinTries = 0;
  let joinAt = 0;
  /** The settings name a hub: once set up, this node applies there by itself, once; after a refusal only when a person asks. */
  const joinNamed = async (): Promise<void> => {
    const { database, members, settings } = deps;
    if (!settings.hubUrl || performance.now() < joinAt || (await latestUplink(database))) return;
    const operator = await members.operatorIfAny(database);
    if (!operator) return;
    joinAt = performance.now() + restSeconds(++joinTries) * 1000;
    await joinHub(deps, line, await readApplication(deps, operator.id));
  };
  /** A look that found nothing to say before `until`, in monotonic ms. */
  let quiet = { since: Number.NEGATIVE_INFINITY, until: Number.NEGATIVE_INFINITY };
  /** Until somebody writes otherwise, here or at another server. */
  const rests = (): boolean => deps.database.wroteAt() < quiet.since && performance.now() < quiet.until;
  /** A node that has no hub looks seldom, unless its settings name one: that may be away for now. */
  const quietFor = (said: Turned): number => {
    if (said === 'noHub') return deps.settings.hubUrl === '' ? tickLimits.safetySeconds * 1000 : 0;
    return said instanceof Date ? Math.min(said.getTime() - deps.now().getTime(), tickLimits.safetySeconds * 1000) : 0;
  };
  const beat = async (): Promise<void> => {
    if (beating || rests()) return;
    beating = true;
    const since = performance.now();
    await joinNamed()
      .then(() => inTurn(true))
      .then((said) => {
        quiet = { since, until: since + quietFor(said) };
      })
      // A hub that does not answer, or refuses, is no defect of this node.
      .catch((error) =>
        deps.log[error instanceof Problem ? 'warn' : 'error']({ err: error }, 'the turn with the hub failed'),
      )
      .finally(() => {
        beating = false;
      });
  };
  // One round at a time, so that nothing is said twice at once; what came meanwhile is said by the next.
  let saying: Promise<number> = Promise.resolve(0);
  const sayAll = (): Promise<number> => {
    saying = saying.catch(() => 0).then(() => sayDue(deps, line));
    return saying;
  };
  const say = (): void =>
    void sayAll().catch((error) => deps.log.error({ err: error }, 'another node could not be told'));
  const moves = makeMoves(deps, line);
  let waiting = false;
  // Many changes at once make one turn more, not many.
  const push = (): void => {
    if (waiting) return;
    waiting = true;
    void last
      .then(() => {
        waiting = false;
        return inTurn(false);
      })
      .catch((error) => deps.log.error({ err: error }, 'what is new could not be sent'));
  };
  const aboutOf = ({ type, data }: StoredEvent) =>
    type.startsWith('market.listing.')
      ? { kind: 'listing' as const, subject: String(data.product) }
      : { kind: 'demand' as const, subject: String(data.demand) };
  return {
    routes: makeRoutes(deps, line, say, moves.look),
    publishOf: async (tx, product) => {
      if (await publishSubject(deps, tx, { kind: 'listing', subject: product })) tx.afterCommit(push);
    },
    purchase: findPurchase,
    purchasesNegotiated: negotiatedOf,
    purchaseOfNegotiation,
    moneyHeld: (tx, id) => moneyHeld(deps, tx, id, say),
    bought,
    purchaseFailed: async (tx, id, reason) => {
      const one = await lockPurchase(tx, id);
      if (one) await fail(tx, one, reason);
    },
    purchaseSettled: settled,
    negotiating: (read, participant) => negotiatingPurchases(read, participant),
    withdraw: async (tx, id, reason) => {
      const one = await lockPurchase(tx, id);
      if (one) await withdraw(tx, one, reason, say);
    },
    guaranteeFor: guaranteeOfNegotiation,
    guarantee: lockGuarantee,
    concludeGuarantee: async (tx, id, agreement) =>
      void (await withdrawGuarantee(tx, id, agreement === null ? 'void' : 'bought', agreement)),
    bindGuarantee,
    guaranteeOfOrder,
    trusted: namedPeers,
    listedEntry,
    takingPart,
    consumers: [
      {
        name: 'nodes.publish',
        types: [
          'market.listing.listed',
          'market.listing.resumed',
          'market.listing.suspended',
          'market.listing.delisted',
          'market.demand.published',
          'market.demand.closed',
        ],
        handle: async (tx, event) => {
          const about = aboutOf(event);
          if (takesNodes(deps.settings.kind) && about.kind === 'demand') await relayOwn(deps, tx, about.subject);
          if (!(await publishSubject(deps, tx, about))) return;
          // Lost in a crash, and while the hub is away: the next heartbeat sends what waits.
          tx.afterCommit(push);
        },
      },
    ],
    ticks: [
      {
        name: 'nodes.beat',
        everySeconds: 1,
        restless: true,
        // Not waited for: a hub that does not answer holds up nothing.
        run: async () => {
          void beat();
          return 0;
        },
      },
      { name: 'nodes.say', everySeconds: 2, due: sayingDue, run: sayAll },
      {
        name: 'nodes.statements',
        everySeconds: 60,
        due: (_, now) => drawingDue(deps, now),
        run: async (now) => {
          const made = await drawUpDue(deps, now);
          if (made > 0) say();
          return made;
        },
      },
      { name: 'nodes.watch', everySeconds: 5, due: anyBound, run: (now) => watch(deps, now, say) },
    ],
    prunables,
    close: async () => {
      await last;
      await saying.catch(() => 0);
      await moves.close();
      await line.close();
    },
  };
};
