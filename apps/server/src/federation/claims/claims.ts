/** Claims of the node and of its participants, put together. */
import { setTimeout } from 'node:timers/promises';
import { type Fetch, makeResolver } from '@shugu/claims';
import type { Outgoing } from '@shugu/gateway';
import { fetch as undiciFetch } from 'undici';
import { sql, type Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import type { Tick } from '../../kernel/ticker.ts';
import { offerWhereNone } from '../issuing/holders.ts';
import { handToHolders, offerAgain } from '../issuing/issuer.ts';
import { issuingLimits } from '../issuing/model.ts';
import { offersDue, requestsDue } from '../issuing/store.ts';
import { makeDidKeys } from './did-keys.ts';
import { ensureMembership, renewMemberships, revokeMembership } from './membership.ts';
import { handOver } from './requests.ts';
import type { ClaimsDeps, ClaimsRoom } from './room.ts';
import { forgetReplays, issuancesDue, replaysOver } from './store.ts';

export interface Claims {
  room: ClaimsRoom;
  admit(tx: Tx, participant: string): Promise<void>;
  dismiss(tx: Tx, participant: string, reason: string): Promise<void>;
  ticks: Tick[];
  /** Once calls have been ended: until what they were for is written. */
  close(): Promise<void>;
}

/** Strangers name the addresses: each is looked at before it is called, and when connecting. */
const guardedFetch =
  (outgoing: Outgoing): Fetch =>
  async (address, init) => {
    const fault = outgoing.fault(address);
    if (fault) throw new Error(`that address may not be called: ${fault}`);
    const more = { ...init, dispatcher: outgoing.agent } as Parameters<typeof undiciFetch>[1];
    return (await undiciFetch(address, more)) as unknown as Response;
  };

/** In small transactions, until nothing is left that is over. */
const forgetAll = async ({ database }: Pick<ClaimsDeps, 'database'>): Promise<number> => {
  for (let gone = 0; ; ) {
    const now = await database.tx(systemActor('federation'), forgetReplays);
    gone += now;
    if (now === 0) return gone;
  }
};

export const makeClaims = (deps: ClaimsDeps, outgoing: Outgoing): Claims => {
  const fetch = guardedFetch(outgoing);
  // Where the operator has opened a private address, and nowhere else.
  const plainHttp = (host: string) => outgoing.fault(`http://${host}`) === undefined;
  const resolver = makeResolver({ fetch, now: deps.now, plainHttp });
  const running = new Set<Promise<unknown>>();
  let closed = false;
  const run = (begin: () => Promise<unknown>, fault: string): void => {
    if (closed) return;
    const work = begin()
      .catch((error) => deps.log.error({ err: error }, fault))
      .finally(() => running.delete(work));
    running.add(work);
  };
  const wake = () => run(() => handOver(room), 'a credential could not be requested');
  // Not before the holder has read the answer that names its request.
  const wakeIssuing = () =>
    run(
      () => setTimeout(issuingLimits.courtesyMilliseconds).then(() => (closed ? 0 : handToHolders(room))),
      'a credential could not be delivered',
    );
  const room: ClaimsRoom = { ...deps, didKeys: makeDidKeys(deps), resolver, fetch, plainHttp, wake, wakeIssuing };
  return {
    room,
    admit: async (tx, participant) => {
      await ensureMembership(room, tx, participant);
      await offerWhereNone(room, tx, participant);
    },
    dismiss: revokeMembership,
    ticks: [
      {
        name: 'federation.memberships',
        everySeconds: 600,
        run: async () => (await renewMemberships(room)) + (await offerAgain(room)),
      },
      {
        name: 'federation.deliveries',
        everySeconds: 30,
        due: (at) => sql`(${requestsDue(at)} or ${offersDue(at)})`,
        // Nor for a holder.
        run: async () => {
          room.wakeIssuing();
          return 0;
        },
      },
      {
        name: 'federation.issuances',
        everySeconds: 30,
        due: issuancesDue,
        // Not waited for: an issuer that is slow holds up nothing.
        run: async () => {
          room.wake();
          return 0;
        },
      },
      {
        name: 'federation.replays',
        everySeconds: 600,
        due: replaysOver,
        run: () => forgetAll(deps),
      },
    ],
    close: async () => {
      closed = true;
      await Promise.all(running);
    },
  };
};
