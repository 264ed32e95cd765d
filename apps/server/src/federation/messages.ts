/** Messages as they stand on the wire, and the paths that they go to. */
import { createHash } from 'node:crypto';
import { CONTEXT_URL, type MessageType, type Side } from '@shugu/dataspace';
import { canonicalBytes } from '@shugu/evidence';
import type { Act, AgreementBody, Json, Kind, OfferBody, Process } from './model.ts';

const context = [CONTEXT_URL];

export const digestOf = (body: unknown): string =>
  createHash('sha256')
    .update(canonicalBytes(asTold(body)))
    .digest('hex');

/** Numbers have no place in these messages but where nobody looks; as text they have one spelling. */
const asTold = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(asTold);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, asTold(one)]));
  return typeof value === 'number' ? String(value) : value;
};

export const pidsOf = (
  process: Pick<Process, 'id' | 'side' | 'their_pid'>,
): { consumerPid: string; providerPid: string } => {
  const theirs = process.their_pid ?? '';
  return process.side === 'consumer'
    ? { consumerPid: process.id, providerPid: theirs }
    : { consumerPid: theirs, providerPid: process.id };
};

/** The state of a process, as anybody in it may ask for it. */
export const standingOf = (process: Process): Json => ({
  '@context': context,
  '@type': process.kind === 'negotiation' ? 'ContractNegotiation' : 'TransferProcess',
  ...pidsOf(process),
  state: process.state,
});

export interface ErrorTold {
  code: string;
  reason?: string[];
}

/**
 * In an error, where no process has the pid that its schema asks for, as our own in the refusal of a first message: the nil UUID
 * (RFC 9562 5.9). An empty text would pass the schema, but names, being an `@id`, whatever address the message was read at.
 */
export const NO_PID = 'urn:uuid:00000000-0000-0000-0000-000000000000';
export const errorOf = (
  kind: Kind | 'catalog',
  pids: { consumerPid: string; providerPid: string },
  { code, reason }: ErrorTold,
): Json => ({
  '@context': context,
  '@type': { catalog: 'CatalogError', negotiation: 'ContractNegotiationError', transfer: 'TransferError' }[kind],
  ...(kind === 'catalog' ? {} : { consumerPid: pids.consumerPid || NO_PID, providerPid: pids.providerPid || NO_PID }),
  code,
  ...(reason ? { reason } : {}),
});

interface Carried {
  offer?: OfferBody;
  agreement?: AgreementBody;
  callbackAddress?: string;
  dataAddress?: unknown;
  reason?: string;
}

const reasonOf = ({ reason }: Carried): Json => (reason ? { code: 'declined', reason: [reason] } : {});

/** The body of a message of ours. Until the counter-party has a pid for the process, it is told where to call back. */
export const bodyOf = (process: Process, act: Act, carried: Carried): Json => {
  const { consumerPid, providerPid } = pidsOf(process);
  const begun = process.their_pid !== null;
  const pids = { consumerPid, providerPid };
  const own = process.side === 'consumer' ? { consumerPid } : { providerPid };
  const addressed = begun ? pids : { ...own, callbackAddress: carried.callbackAddress };
  const typed = (type: MessageType, more: Json): Json => ({ '@context': context, '@type': type, ...more });
  const { offer, agreement, dataAddress } = carried;
  const address = dataAddress === undefined || dataAddress === null ? {} : { dataAddress };
  if (process.kind === 'negotiation')
    switch (act) {
      case 'request':
        return typed('ContractRequestMessage', { ...addressed, offer });
      case 'offer':
        return typed('ContractOfferMessage', { ...addressed, offer });
      case 'accept':
        return typed('ContractNegotiationEventMessage', { ...pids, eventType: 'ACCEPTED' });
      case 'agree':
        return typed('ContractAgreementMessage', { ...pids, agreement });
      case 'verify':
        return typed('ContractAgreementVerificationMessage', pids);
      case 'finalize':
        return typed('ContractNegotiationEventMessage', { ...pids, eventType: 'FINALIZED' });
      default:
        return typed('ContractNegotiationTerminationMessage', { ...pids, ...reasonOf(carried) });
    }
  switch (act) {
    case 'request':
      return typed('TransferRequestMessage', {
        consumerPid,
        agreementId: process.subject,
        format: process.format,
        callbackAddress: carried.callbackAddress,
        ...address,
      });
    case 'start':
      return typed('TransferStartMessage', { ...pids, ...address });
    case 'suspend':
      return typed('TransferSuspensionMessage', { ...pids, ...reasonOf(carried) });
    case 'complete':
      return typed('TransferCompletionMessage', pids);
    default:
      return typed('TransferTerminationMessage', { ...pids, ...reasonOf(carried) });
  }
};

const endings: Record<Kind, Partial<Record<Act, string>>> = {
  negotiation: {
    request: 'request',
    offer: 'offers',
    accept: 'events',
    finalize: 'events',
    agree: 'agreement',
    verify: 'agreement/verification',
    terminate: 'termination',
  },
  transfer: {
    request: 'request',
    start: 'start',
    suspend: 'suspension',
    complete: 'completion',
    terminate: 'termination',
  },
};

/** Where a message goes, below the counter-party's base. Their pid is theirs: it is put in as one segment. */
export const pathOf = (process: Pick<Process, 'kind' | 'their_pid'>, act: Act): string => {
  const noun = process.kind === 'negotiation' ? 'negotiations' : 'transfers';
  const pid = process.their_pid === null ? '' : `/${encodeURIComponent(process.their_pid).replaceAll('%3A', ':')}`;
  return `/${noun}${pid}/${endings[process.kind][act]}`;
};

export interface Door {
  kind: Kind;
  path: string;
  type: MessageType;
  /** What it does; of events it stands in the message. */
  act?: Act;
  /** The first message of a process names no pid of ours in its path. */
  first?: Side;
}

/** Every address at which a message is taken, in either role. */
export const doors: readonly Door[] = [
  {
    kind: 'negotiation',
    path: '/negotiations/request',
    type: 'ContractRequestMessage',
    act: 'request',
    first: 'provider',
  },
  { kind: 'negotiation', path: '/negotiations/offers', type: 'ContractOfferMessage', act: 'offer', first: 'consumer' },
  { kind: 'negotiation', path: '/negotiations/:pid/request', type: 'ContractRequestMessage', act: 'request' },
  { kind: 'negotiation', path: '/negotiations/:pid/offers', type: 'ContractOfferMessage', act: 'offer' },
  { kind: 'negotiation', path: '/negotiations/:pid/events', type: 'ContractNegotiationEventMessage' },
  { kind: 'negotiation', path: '/negotiations/:pid/agreement', type: 'ContractAgreementMessage', act: 'agree' },
  {
    kind: 'negotiation',
    path: '/negotiations/:pid/agreement/verification',
    type: 'ContractAgreementVerificationMessage',
    act: 'verify',
  },
  {
    kind: 'negotiation',
    path: '/negotiations/:pid/termination',
    type: 'ContractNegotiationTerminationMessage',
    act: 'terminate',
  },
  { kind: 'transfer', path: '/transfers/request', type: 'TransferRequestMessage', act: 'request', first: 'provider' },
  { kind: 'transfer', path: '/transfers/:pid/start', type: 'TransferStartMessage', act: 'start' },
  { kind: 'transfer', path: '/transfers/:pid/suspension', type: 'TransferSuspensionMessage', act: 'suspend' },
  { kind: 'transfer', path: '/transfers/:pid/completion', type: 'TransferCompletionMessage', act: 'complete' },
  { kind: 'transfer', path: '/transfers/:pid/termination', type: 'TransferTerminationMessage', act: 'terminate' },
];
