/** What a data plane says, at once or later: its flow moves, and the act of ours that waited for it is said. */
import {
  answered,
  type DataFlowNotice,
  type DataFlowSignal,
  type DataFlowStatus,
  type Fault,
  noticed,
  signalled,
} from '@shugu/dataspace';
import type { Tx } from '../../kernel/db/db.ts';
import type { Connector, Process } from '../model.ts';
import { waitingOf } from '../reads.ts';
import { isFault, isOver, step } from '../rules.ts';
import { queueAct, writeAct } from '../service/moves.ts';
import type { Room } from '../service/room.ts';
import { openAddress } from '../service/secrets.ts';
import { saveProcess } from '../store.ts';
import type { Flow } from './model.ts';
import { endSignal, nextSignal, saveFlow } from './store.ts';

export interface Of {
  connector: Connector;
  process: Process;
  flow: Flow;
}

/** The data plane is ready: what waited for it is said, unless something else is by now. */
const proceed = async (room: Room, tx: Tx, { connector, process, flow }: Of, status: DataFlowStatus): Promise<void> => {
  const { pending } = flow;
  await saveFlow(tx, { ...flow, pending: null });
  if (!pending || isOver(process) || (await waitingOf(tx, process.id))) return;
  if (isFault(step(process, pending.act, process.side))) return;
  const asked = await openAddress(room, tx, process, pending.dataAddress);
  const dataAddress = status.dataAddress ?? asked;
  await writeAct(room, tx, { connector, process }, pending.act, dataAddress === undefined ? {} : { dataAddress });
};

/** Nobody but a person can go on: what waited is not said, and the counter-party hears nothing of it. */
export const planeFailed = async (tx: Tx, { process, flow }: Of, fault: string): Promise<void> => {
  await saveFlow(tx, { ...flow, pending: null, fault });
  if (isOver(process)) return;
  process.held = { act: flow.pending?.act ?? 'start', by: 'self', fault: `data plane: ${fault}`.slice(0, 500) };
  saveProcess(tx, process);
};

/** The answer to a signal; without a body where it has none to give. A fault where it is none to this signal. */
export const planeAnswered = async (
  room: Room,
  tx: Tx,
  of: Of,
  signal: DataFlowSignal,
  status: DataFlowStatus | undefined,
): Promise<Fault | undefined> => {
  const { flow, process } = of;
  const move = signalled(flow.state, signal);
  if ('code' in move) return move;
  const state = status ? answered(flow.state, signal, status.state) : move.to;
  if (typeof state !== 'string') return state;
  const known = flow.flow ?? status?.dataFlowId ?? process.id;
  const moved = { ...flow, flow: known, state, fault: null };
  if (state === move.to && flow.pending) await proceed(room, tx, { ...of, flow: moved }, status ?? { state });
  else await saveFlow(tx, moved);
  return undefined;
};

const announced = { prepared: 'prepare', started: 'start' } as const;

/** A notice may come before the answer to its signal has been written, or where that got lost: it shows that the signal arrived. */
const withArrived = async (tx: Tx, flow: Flow, notice: DataFlowNotice, status: DataFlowStatus): Promise<Flow> => {
  const signal = notice === 'prepared' || notice === 'started' ? announced[notice] : undefined;
  const waiting = signal && (await nextSignal(tx, flow.process));
  if (!signal || waiting?.signal !== signal || waiting.attempts === 0) return flow;
  const move = signalled(flow.state, signal);
  if ('code' in move || !move.meanwhile) return flow;
  await endSignal(tx, waiting.id, 'sent');
  return { ...flow, flow: flow.flow ?? status.dataFlowId ?? flow.process, state: move.meanwhile };
};

/** A notice; the same again changes nothing. A fault where it does not fit. */
export const planeNoticed = async (
  room: Room,
  tx: Tx,
  of: Of,
  notice: DataFlowNotice,
  status: DataFlowStatus,
): Promise<Fault | undefined> => {
  const { connector, process } = of;
  const flow = await withArrived(tx, of.flow, notice, status);
  const state = noticed(flow.state, notice);
  if (typeof state !== 'string') return state;
  if (notice === 'errored') {
    const fault = status.error ?? 'it failed for good';
    if (flow.fault !== fault) await planeFailed(tx, of, fault);
    return undefined;
  }
  const moved = { ...flow, state };
  if (state === flow.state && !flow.pending) return undefined;
  if (notice !== 'completed') await proceed(room, tx, { connector, process, flow: moved }, status);
  else {
    await saveFlow(tx, moved);
    const says = !isFault(step(process, 'complete', process.side)) && !(await waitingOf(tx, process.id));
    if (says) await queueAct(room, tx, { connector, process }, 'complete', {});
  }
  return undefined;
};
