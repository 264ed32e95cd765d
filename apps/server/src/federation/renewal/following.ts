/**
 * As consumer: the access token in a data address is renewed before it ends, as long as the transfer runs, by one try at a time, which is
 * claimed in the database: with providers of other makes a refresh token may be good only once. A data plane outside that carries the
 * transfer renews it itself.
 */
import {
  type DataAddress,
  propertyOf,
  type Refreshed,
  readRefreshed,
  refreshedAddress,
  renewalOf,
} from '@shugu/dataspace';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import type { Act, Connector, Process } from '../model.ts';
import { flowOf } from '../planes/store.ts';
import { connectorOf } from '../reads.ts';
import { backoff, claimedUntil, isOver } from '../rules.ts';
import { answerFault, postTo } from '../service/posting.ts';
import { actorOf, type Room } from '../service/room.ts';
import { openAddress, sealAddress } from '../service/secrets.ts';
import { lockProcess, saveProcess } from '../store.ts';
import { renewalLimits as limits, type Renewal } from './model.ts';
import { digestOfToken, renewAt } from './rules.ts';
import { dueRenewals, endRenewal, endRenewals, renewalOfProcess, saveDataAddress, saveRenewal } from './store.ts';

const addressIn = async (room: Pick<Room, 'seal'>, read: Reader, process: Process): Promise<DataAddress> =>
  (await openAddress(room, read, process, process.data_address)) as DataAddress;

const later = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000);

/** Of the address as it stands now: `before` goes on where it is the same. */
const begin = async (tx: Tx, process: Process, address: DataAddress, before: Renewal | undefined): Promise<void> => {
  const renewal = renewalOf(address);
  if (!renewal) return void (await endRenewal(tx, process.id));
  const digest = digestOfToken(renewal.refreshToken);
  const same = before?.digest === digest;
  const expires_at = same ? before.expires_at : later(tx.now, renewal.expiresIn);
  const { id, participant } = process;
  const fresh = { process: id, participant, digest, attempts: 0, fault: null };
  await saveRenewal(tx, { ...fresh, expires_at, due_at: renewAt(expires_at, renewal.expiresIn) });
};

/** After a move of a transfer, in its transaction. */
export const followRenewal = async (room: Room, tx: Tx, process: Process, act: Act): Promise<void> => {
  if (process.kind !== 'transfer') return;
  if (isOver(process)) return endRenewals(tx, process.id);
  if (process.side !== 'consumer' || (act !== 'start' && act !== 'suspend')) return;
  const before = await renewalOfProcess(tx, process.id);
  if (act === 'suspend') {
    if (before) await saveRenewal(tx, { ...before, due_at: null });
    return;
  }
  if (await flowOf(tx, process.id)) return;
  await begin(tx, process, await addressIn(room, tx, process), before);
};

interface Claimed {
  connector: Connector;
  process: Process;
  address: DataAddress;
  renewal: Renewal;
}

const claim = (room: Room, id: string): Promise<Claimed | undefined> =>
  room.database.tx(systemActor('federation'), async (tx) => {
    const process = await lockProcess(tx, id);
    const renewal = process && (await renewalOfProcess(tx, id));
    if (!process || !renewal?.due_at || renewal.due_at > tx.now) return undefined;
    const connector = await connectorOf(tx, process.participant);
    const address = await addressIn(room, tx, process);
    // Its owner's key has been destroyed, or the connector closed: there is nothing that could be renewed.
    if (!connector || process.state !== 'STARTED' || !renewalOf(address)) {
      await endRenewal(tx, id);
      return undefined;
    }
    const attempts = renewal.attempts + 1;
    const claimed = { ...renewal, attempts, due_at: claimedUntil(tx.now, attempts) };
    await saveRenewal(tx, claimed);
    return { connector, process, address, renewal: claimed };
  });

type Outcome = { refreshed: Refreshed } | { again: boolean; fault: string };

const refreshedBy = (text: string): Refreshed | undefined => {
  try {
    return readRefreshed(JSON.parse(text));
  } catch {
    return undefined;
  }
};

const ask = async (room: Room, { connector, process, address }: Claimed): Promise<Outcome> => {
  const { refreshToken, refreshEndpoint } = renewalOf(address)!;
  const accessToken = propertyOf(address, 'authorization') ?? '';
  const make = async () => ({
    url: new URL(refreshEndpoint),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      authorization: await room.proofs.prove(
        connector,
        { name: process.counterparty, address: process.address },
        accessToken,
      ),
    },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }).toString(),
  });
  const posted = await postTo(room.outgoing, refreshEndpoint, make, limits.answerBytesMax);
  if ('fault' in posted) return posted;
  if (posted.status !== 200) return answerFault(posted);
  const refreshed = refreshedBy(posted.text);
  // What was renewed once is not renewed again: another try would only be refused.
  return refreshed ? { refreshed } : { again: false, fault: 'its answer gives no token' };
};

/** A refusal ends the renewal, not the transfer: what was given goes on to its end, and a person is asked. */
const giveUp = async (tx: Tx, process: Process, renewal: Renewal, fault: string): Promise<void> => {
  await saveRenewal(tx, { ...renewal, due_at: null, fault });
  process.held = { act: 'start', by: 'self', fault: `token renewal: ${fault}`.slice(0, 500) };
  saveProcess(tx, process);
};

const settle = async (room: Room, tx: Tx, { renewal }: Claimed, outcome: Outcome): Promise<void> => {
  const process = (await lockProcess(tx, renewal.process))!;
  const now = await renewalOfProcess(tx, process.id);
  // It is over, or another address has come meanwhile.
  if (!now || now.digest !== renewal.digest || now.attempts !== renewal.attempts) return;
  if ('refreshed' in outcome) {
    const address = refreshedAddress(await addressIn(room, tx, process), outcome.refreshed);
    await saveDataAddress(tx, process.id, await sealAddress(room, tx, process, address));
    await begin(tx, process, address, undefined);
    // Suspended meanwhile: it goes on when the transfer does.
    if (process.state !== 'STARTED')
      await saveRenewal(tx, { ...(await renewalOfProcess(tx, process.id))!, due_at: null });
    return;
  }
  const { again, fault } = outcome;
  if (now.due_at === null) return;
  if (!again || renewal.attempts >= limits.attemptsMax) return giveUp(tx, process, now, fault);
  const due_at = new Date(tx.now.getTime() + backoff(renewal.attempts));
  await saveRenewal(tx, { ...now, due_at, fault });
};

const renewOne = async (room: Room, id: string): Promise<void> => {
  const claimed = await claim(room, id);
  if (!claimed) return;
  const outcome = await ask(room, claimed);
  await room.database.tx(actorOf(claimed.connector), (tx) => settle(room, tx, claimed, outcome));
};

export interface Renewer {
  /** Renews what is due; the number of transfers looked at. */
  drain(): Promise<number>;
  stop(): Promise<void>;
}

export const makeRenewer = (roomOf: () => Room): Renewer => {
  const running = new Map<string, Promise<void>>();
  let stopped = false;
  const start = (id: string): void => {
    if (stopped || running.has(id)) return;
    const work = renewOne(roomOf(), id)
      .catch((error) => roomOf().log.error({ err: error, process: id }, 'an access token could not be renewed'))
      .finally(() => running.delete(id));
    running.set(id, work);
  };
  return {
    drain: async () => {
      const { database, now } = roomOf();
      const due = await dueRenewals(database, now(), limits.perTurn);
      due.forEach(start);
      await Promise.all(running.values());
      return due.length;
    },
    stop: async () => {
      stopped = true;
      await Promise.all(running.values());
    },
  };
};
