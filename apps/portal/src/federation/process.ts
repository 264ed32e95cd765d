/** What a page says of a negotiation or transfer, worked out from what the exchange tells of it. */
import type { getProcess, listProcesses } from '@shugu/wire/federation';
import type { Reply } from '../api.ts';

export type Told = Reply<typeof getProcess>;
export type Process = Told['process'];
export type Message = Told['messages'][number];
export type ListedProcess = Reply<typeof listProcesses>['items'][number];
export type Side = Process['side'];

export const otherSide = (side: Side): Side => (side === 'consumer' ? 'provider' : 'consumer');

export const saidBy = (process: Process, { direction }: Message): Side =>
  direction === 'out' ? process.side : otherSide(process.side);

export const isOver = ({ kind, state }: Pick<Process, 'kind' | 'state'>): boolean =>
  state === 'TERMINATED' || (kind === 'negotiation' ? state === 'FINALIZED' : state === 'COMPLETED');

/** Where a participant is at home, as far as its name says: the host of a did:web, the node of a name of ours. */
export const homeOf = (name: string): string => {
  const [, host] = /^did:web:([^:]+)/.exec(name) ?? [];
  if (host) return decodeURIComponent(host);
  const [, node] = /^urn:shugu:participant:([^:]+):/.exec(name) ?? [];
  return node ?? name;
};

export interface Next {
  /** Whose move it is: a side, the exchange behind the provider, or nobody's. */
  who: Side | 'exchange' | 'nobody';
  /** Which words say it. */
  key: string;
}

/** Whom each state waits for, by the protocol. */
const movers: Record<Process['kind'], Partial<Record<NonNullable<Process['state']>, Next['who']>>> = {
  negotiation: {
    REQUESTED: 'provider',
    OFFERED: 'consumer',
    ACCEPTED: 'provider',
    AGREED: 'consumer',
    VERIFIED: 'provider',
    FINALIZED: 'consumer',
  },
  transfer: { REQUESTED: 'provider', STARTED: 'consumer' },
};

export const nextOf = ({ process, messages, transfers }: Told): Next => {
  const { kind, side, state, held, clearance } = process;
  if (held) return { who: side, key: held.fault ? 'heldFault' : 'held' };
  if (clearance) return { who: 'exchange', key: `clearance.${clearance}` };
  if (messages.some((one) => one.state === 'waiting')) return { who: side, key: 'waiting' };
  if (state === null) return { who: otherSide(side), key: 'unacknowledged' };
  if (state === 'FINALIZED' && transfers.length > 0) return { who: 'nobody', key: 'negotiation.used' };
  return { who: movers[kind][state] ?? 'nobody', key: `${kind}.${state}` };
};
