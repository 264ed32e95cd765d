/**
 * What a transfer asks of the data plane that carries it: acts of ours that wait until it is ready, and what it is told once something
 * has happened. In the transaction of the change; sent after the commit.
 */
import { randomUUID } from 'node:crypto';
import { type DataAddress, type DataFlowSaid, type DataFlowSignal, signalBody } from '@shugu/dataspace';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { nameTowards } from '../claims/dids.ts';
import type { Act, By, Connector, Process, Saying } from '../model.ts';
import { findAgreement } from '../reads.ts';
import type { Room } from '../service/room.ts';
import { openAddress, sealAddress } from '../service/secrets.ts';
import { dropUntriedSignals, flowOf, insertSignal, planeFor, saveFlow, wasSignalled } from './store.ts';

/** Under which what a data plane is told, and what we show it, lies sealed. */
export const subjectOf = (participant: string): string => `dataspace:${participant}`;

const queue = async (
  room: Room,
  tx: Tx,
  { id: process, participant }: Pick<Process, 'id' | 'participant'>,
  signal: DataFlowSignal,
  said: DataFlowSaid = {},
): Promise<void> => {
  const id = randomUUID();
  const body = signalBody(signal, id, said);
  const sealed_body = body ? await room.seal.seal(tx, subjectOf(participant), JSON.stringify(body)) : null;
  await insertSignal(tx, { id, process, participant, signal, sealed_body });
  tx.afterCommit(() => room.wakeFlow(process));
};

/** The one of our data planes outside that takes this transfer; undefined: the node's own gateway, or nobody. */
const planeOf = (read: Reader, { participant, format }: Process) =>
  format === null ? Promise.resolve(undefined) : planeFor(read, participant, format);

/** Which signal has to be answered before our act may be said. */
const gate = ({ kind, side, state }: Process, act: Act): DataFlowSignal | undefined => {
  if (kind !== 'transfer') return undefined;
  if (act === 'request' && side === 'consumer' && state === null) return 'prepare';
  if (act !== 'start') return undefined;
  return state === 'SUSPENDED' ? 'resume' : 'start';
};

const baseOf = async (
  room: Room,
  tx: Tx,
  { connector, process }: { connector: Connector; process: Process },
  source: unknown,
): Promise<DataFlowSaid['base']> => {
  const agreement = await findAgreement(tx, process.participant, process.subject);
  return {
    participantId: nameTowards(room.dids, connector, process.counterparty),
    counterPartyId: process.counterparty,
    dataspaceContext: room.dids.node(),
    processId: process.id,
    agreementId: process.subject,
    datasetId: agreement?.dataset ?? '',
    profile: process.format!,
    claims: { sub: process.counterparty },
    // Of what is traded here: what the contract grants is read from the gateway, which decides, counts and ends it.
    ...(source === undefined ? {} : { metadata: { source } }),
  };
};

/**
 * Whether an act of ours waits for a data plane: then it is told, and what it answers says the act. Any act takes the place of one
 * that waits.
 */
export const handOver = async (
  room: Room,
  tx: Tx,
  of: { connector: Connector; process: Process },
  act: Act,
  { dataAddress }: Saying,
): Promise<boolean> => {
  const { process } = of;
  if (process.kind !== 'transfer') return false;
  const before = await flowOf(tx, process.id);
  if (before?.pending) await saveFlow(tx, { ...before, pending: null });
  const signal = gate(process, act);
  const plane = signal && (before ? { id: before.plane } : await planeOf(tx, process));
  if (!signal || !plane) return false;
  const kept = signal === 'prepare' ? await sealAddress(room, tx, process, dataAddress) : undefined;
  const { id, participant } = process;
  await saveFlow(tx, {
    ...{ process: id, participant, plane: plane.id, flow: null, state: null, ...before, fault: null },
    pending: { act, ...(kept === undefined ? {} : { dataAddress: kept }) },
  });
  if (signal === 'resume') await queue(room, tx, process, signal);
  else {
    const base = (await baseOf(room, tx, of, signal === 'start' ? dataAddress : undefined))!;
    // Where the consumer wants it sent, if it does.
    const target = signal === 'start' ? await openAddress(room, tx, process, process.data_address) : undefined;
    await queue(room, tx, process, signal, { base, dataAddress: (target ?? undefined) as DataAddress | undefined });
  }
  return true;
};

/** After a move: the data plane is told. What it began itself it knows. */
export const follow = async (
  room: Room,
  tx: Tx,
  process: Process,
  { act, by }: { act: Act; by: By },
): Promise<void> => {
  if (process.kind !== 'transfer') return;
  const flow = await flowOf(tx, process.id);
  if (!flow) return;
  if (flow.pending) await saveFlow(tx, { ...flow, pending: null });
  if (act === 'start' && by === 'other') {
    const first = process.side === 'consumer' && !(await wasSignalled(tx, process.id, 'started'));
    const dataAddress = (await openAddress(room, tx, process, process.data_address)) as DataAddress | null;
    return queue(room, tx, process, first ? 'started' : 'resume', {
      dataAddress: process.side === 'consumer' ? (dataAddress ?? undefined) : undefined,
    });
  }
  if (act === 'suspend') return queue(room, tx, process, 'suspend');
  if (act === 'complete' && flow.state !== 'COMPLETED') return queue(room, tx, process, 'complete');
  if (act === 'terminate') {
    await dropUntriedSignals(tx, process.id);
    if (await wasSignalled(tx, process.id)) await queue(room, tx, process, 'terminate');
  }
};
