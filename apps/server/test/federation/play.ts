/** One negotiation or transfer between us and a counter-party, step by step. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Exchange } from '../../src/app.ts';
import {
  type Answered,
  agreement,
  type Body,
  type Counterpart,
  call,
  type Heard,
  messageOf,
  offer,
  type Pids,
  pathOfAct,
} from './counterpart.ts';
import { actor, format, kitParticipant, offerIdOf, ourName } from './profile.ts';

export interface World {
  exchange: Exchange;
  /** Of the connector under test. */
  address: string;
  other: Counterpart;
}

export interface Play {
  pids: Pids;
  /** Ours, as it stands in addresses. */
  pid(): string;
  send(act: string, more?: Body): Promise<Answered>;
  /** The next message of ours of this kind. */
  hear(act: string): Promise<Heard>;
  state(): Promise<unknown>;
}

const isTransfer = (act: string): boolean => ['begin', 'start', 'suspend', 'complete', 'end'].includes(act);

const contentOf = (act: string, subject: string, callbackAddress: string | undefined): Body => {
  const back = callbackAddress ? { callbackAddress } : {};
  if (act === 'request' || act === 'offer') return { offer: offer(offerIdOf(subject), subject), ...back };
  if (act === 'agree') return { agreement: agreement(subject, kitParticipant, ourName) };
  return act === 'begin' ? { agreementId: subject, ...back } : {};
};

const make = ({ address, other }: World, side: 'consumer' | 'provider', subject: string, pids: Pids): Play => {
  const counts = new Map<string, number>();
  let transfers = false;
  const pid = () => (side === 'consumer' ? pids.consumerPid : pids.providerPid);
  const ofThis =
    (act: string) =>
    ({ path, body }: Heard) => {
      const [theirs, own] =
        side === 'consumer' ? (['providerPid', 'consumerPid'] as const) : (['consumerPid', 'providerPid'] as const);
      const mine = body[own] === pids[own] || body[theirs] === pids[theirs];
      return mine && [pathOfAct(act, ''), pathOfAct(act, pids[theirs])].includes(path);
    };
  return {
    pids,
    pid,
    send: async (act, more = {}) => {
      transfers = isTransfer(act);
      const first = pid() === '';
      const told = first
        ? side === 'provider'
          ? { consumerPid: pids.consumerPid }
          : { providerPid: pids.providerPid }
        : pids;
      const content = contentOf(act, subject, first ? other.address : undefined);
      const answer = await call(address + pathOfAct(act, pid()), messageOf(act, told, { ...content, ...more }));
      if (first && answer.status === 201)
        Object.assign(pids, { consumerPid: answer.body.consumerPid, providerPid: answer.body.providerPid });
      return answer;
    },
    hear: async (act) => {
      transfers = isTransfer(act);
      const place = counts.get(act) ?? 0;
      counts.set(act, place + 1);
      await expect
        .poll(() => other.heard.filter(ofThis(act)).length, { timeout: 20_000, interval: 5 })
        .toBeGreaterThan(place);
      const found = other.heard.filter(ofThis(act))[place]!;
      if (side === 'consumer') pids.providerPid = String(found.body.providerPid ?? pids.providerPid);
      return found;
    },
    state: async () => (await call(`${address}/${transfers ? 'transfers' : 'negotiations'}/${pid()}`)).body.state,
  };
};

/** The counter-party begins, as consumer unless said. */
export const theirPlay = (world: World, subject: string, side: 'consumer' | 'provider' = 'provider'): Play => {
  const theirs = `urn:uuid:${randomUUID()}`;
  return make(
    world,
    side,
    subject,
    side === 'provider' ? { consumerPid: theirs, providerPid: '' } : { consumerPid: '', providerPid: theirs },
  );
};

/** We begin: a contract request, or a transfer by an agreement. */
export const ourPlay = async (world: World, kind: 'negotiation' | 'transfer', subject: string): Promise<Play> => {
  const { kernel, rooms } = world.exchange;
  const asking = { counterparty: kitParticipant, address: world.other.address };
  const { id } = await kernel.database.tx(actor, (tx) =>
    kind === 'negotiation'
      ? rooms.federation.requestContract(tx, {
          ...asking,
          dataset: subject,
          offer: offerIdOf(subject),
          terms: { permission: [{ action: 'use' }] },
        })
      : rooms.federation.requestTransfer(tx, { address: world.other.address, agreement: subject, format }),
  );
  return make(world, 'consumer', subject, { consumerPid: id, providerPid: '' });
};

/** Steps as cases.ts writes them. */
export const walk = async (play: Play, steps: string): Promise<void> => {
  for (const [, sign, word = ''] of steps.matchAll(/([<>!=]) (\w+)/g)) {
    if (sign === '<') await play.hear(word);
    else if (sign === '=') await expect.poll(() => play.state(), { timeout: 20_000, interval: 5 }).toBe(word);
    else {
      const { status, body } = await play.send(word);
      if (sign === '>') expect(status, `${word}: ${JSON.stringify(body)}`).toBeLessThan(300);
      else expect([status, body['@type']], word).toEqual([400, expect.stringMatching(/Error$/)]);
    }
  }
};
