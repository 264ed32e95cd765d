/**
 * What control planes outside are told later: of each flow in order, at once after the commit, again with back-off, each try claimed in
 * the database. A plain no ends it: its flow stands as it is, and can be asked for.
 */
import { randomUUID } from 'node:crypto';
import { type DataFlowNotice, type DataFlowStatus, flowStatusBody } from '@shugu/dataspace';
import { type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import type { PlaneAccess } from '../planes/access.ts';
import { subjectOf } from '../planes/signals.ts';
import { backoff, claimedUntil } from '../rules.ts';
import { answerFault, postTo } from '../service/posting.ts';
import type { Room } from '../service/room.ts';
import { type ControlPlane, type FlowNotice, servingLimits as limits, type ServedFlow } from './model.ts';
import {
  claimNotice,
  delayNotice,
  dueNotices,
  endNotice,
  findControlPlane,
  findFlow,
  insertNotice,
  noticesDue,
} from './store.ts';

/** In the transaction of what happened; a control plane that named no address asks for itself. */
export const notice = async (
  room: Pick<Room, 'seal' | 'wakeNotices'>,
  tx: Tx,
  { id: flow, participant, control_plane, state }: ServedFlow,
  what: DataFlowNotice,
  more: Pick<DataFlowStatus, 'dataAddress' | 'error'> = {},
): Promise<void> => {
  if (!(await findControlPlane(tx, participant, control_plane))?.endpoint) return;
  const id = randomUUID();
  const body = flowStatusBody(id, { dataFlowId: flow, state, ...more });
  const sealed_body = await room.seal.seal(tx, subjectOf(participant), JSON.stringify(body));
  await insertNotice(tx, { id, flow, participant, notice: what, sealed_body });
  tx.afterCommit(() => room.wakeNotices());
};

export interface NoticeSender {
  wake(): void;
  /** Sends what is due; number of notices tried. */
  drain(): Promise<number>;
  /** Whether it would find something to do or to wait for, as SQL. */
  due(at: Sql): Sql;
  stop(): Promise<void>;
}

interface Claimed {
  notice: FlowNotice;
  flow: ServedFlow;
  plane: ControlPlane & Required<Pick<ControlPlane, 'endpoint'>>;
}

export const makeNoticeSender = (roomOf: () => Room, access: PlaneAccess): NoticeSender => {
  let running: Promise<number> | undefined;
  let again = false;
  let stopped = false;
  const timers = new Set<NodeJS.Timeout>();
  const asSystem = systemActor('federation');

  const claim = (id: string): Promise<Claimed | undefined> =>
    roomOf().database.tx(asSystem, async (tx) => {
      const claimed = await claimNotice(tx, id, claimedUntil(tx.now, 1));
      if (!claimed) return undefined;
      const flow = (await findFlow(tx, claimed.flow))!;
      const plane = await findControlPlane(tx, flow.participant, flow.control_plane);
      if (plane?.endpoint) return { notice: claimed, flow, plane };
      await endNotice(tx, id, 'dropped', 'nobody is there to be told');
      return undefined;
    });

  const sendOne = async (id: string): Promise<void> => {
    const room = roomOf();
    const claimed = await claim(id);
    if (!claimed) return;
    const { notice: one, flow, plane } = claimed;
    const endpoint = plane.endpoint!;
    const make = async () => ({
      url: new URL(`${endpoint}/transfers/${encodeURIComponent(flow.process)}/dataflow/${one.notice}`),
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        authorization: await access.authorization(room.database, {
          ...{ participant: plane.participant, id: `control plane ${plane.id}`, changed_at: plane.changed_at },
          ...{ access: plane.access!, sealed_secret: plane.sealed_secret! },
        }),
      },
      body: await room.seal.open(room.database, subjectOf(plane.participant), one.sealed_body),
    });
    const posted = await postTo(room.outgoing, endpoint, make, limits.answerBytesMax);
    const taken = 'status' in posted && posted.status >= 200 && posted.status < 300;
    await room.database.tx(asSystem, async (tx) => {
      if (taken) return void (await endNotice(tx, id, 'sent'));
      const outcome = 'fault' in posted ? posted : answerFault(posted);
      if (!outcome.again || one.attempts >= limits.attemptsMax)
        return void (await endNotice(tx, id, 'dropped', outcome.fault));
      const wait = backoff(one.attempts);
      await delayNotice(tx, id, new Date(tx.now.getTime() + wait), outcome.fault);
      tx.afterCommit(() => later(wait));
    });
  };

  const later = (milliseconds: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      wake();
    }, milliseconds + 1);
    timer.unref();
    timers.add(timer);
  };

  const turn = async (): Promise<number> => {
    let tried = 0;
    do {
      again = false;
      const room = roomOf();
      const ids = await dueNotices(room.database, room.now(), limits.perTurn);
      await Promise.all(ids.map((id) => sendOne(id)));
      tried += ids.length;
      // The next of the same flow has its turn now.
      again ||= ids.length > 0;
    } while (again && !stopped);
    return tried;
  };

  const drain = async (): Promise<number> => {
    if (stopped) return 0;
    if (running) {
      again = true;
      return running;
    }
    running = turn().finally(() => {
      running = undefined;
      if (again) wake();
    });
    return running;
  };

  const wake = (): void =>
    void drain().catch((error) => roomOf().log.error({ err: error }, 'control planes could not be told'));

  return {
    wake,
    drain,
    due: (at) => sql`(${running !== undefined}::boolean or ${noticesDue(at)})`,
    stop: async () => {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      await running?.catch(() => undefined);
    },
  };
};
