/** Words of what the gateway carries for control planes outside: who they are, their data flows, what they are told of them. */
import type { DataFlowNotice, DataFlowState } from '@shugu/dataspace';
import type { Tx } from '../../kernel/db/db.ts';
import type { Access } from '../planes/model.ts';

export interface ControlPlane {
  participant: string;
  id: string;
  /** Of the organisation as buyer: under no others it may have anything. */
  contracts: string[];
  /** Where it hears of what happens later, and what we show it there; null: nowhere. */
  endpoint: string | null;
  access: Access | null;
  sealed_secret: string | null;
  /** Until when the token before holds, too. */
  before_until: Date | null;
  renewed_at: Date | null;
  registered_at: Date;
  changed_at: Date;
}

export interface ServedFlow {
  id: string;
  participant: string;
  control_plane: string;
  /** Its own id of the transfer. */
  process: string;
  counterparty: string;
  contract: string;
  /** The product, as the control plane names it. */
  dataset: string;
  profile: string;
  state: DataFlowState;
  version: number;
  data_address: unknown;
  sealed_answer: string | null;
  messages: string[];
  taken: string[];
  fault: string | null;
  refresh_digest: string | null;
  access_digest: string | null;
  before_digest: string | null;
  before_access_digest: string | null;
  renewed_at: Date | null;
  created_at: Date;
}

export interface FlowNotice {
  id: string;
  flow: string;
  participant: string;
  notice: DataFlowNotice;
  sealed_body: string | null;
  attempts: number;
  due_at: Date | null;
}

/** `waiting`: its grant is not open yet, it is told when it is. `access`: of what is fetched; a push has none. */
export type Opened =
  | { state: 'open'; access?: { address: string; secret: string } }
  | { state: 'waiting' }
  | { state: 'refused'; reason: string };

/** The gateway as these flows see it: what stands behind a contract is for flows between rooms. All in the transaction of the change. */
export interface FlowGateway {
  open(tx: Tx, flow: ServedFlow): Promise<Opened>;
  /** It flows, for the first time or again. */
  run(tx: Tx, flow: ServedFlow): Promise<void>;
  /** Nothing flows any more, for now or for good. */
  stop(tx: Tx, flow: ServedFlow): Promise<void>;
  /** The next short-lived key; undefined where there is none to be given. */
  renew(tx: Tx, flow: ServedFlow, of: { seconds: number; again: boolean }): Promise<string | undefined>;
}

export const servingLimits = {
  controlPlanesMax: 20,
  bodyBytesMax: 65_536,
  answerBytesMax: 65_536,
  /** Flows of one control plane that are not over. */
  flowsMax: 1000,
  /** Signals of one flow; ends are taken beyond it. */
  messagesMax: 500,
  /** Tries of one notice. */
  attemptsMax: 12,
  perTurn: 50,
} as const;

/** Below the root of a participant's addresses. */
export const DATA_PLANE_PATH = '/dataplane';

export const isRunning = ({ state }: Pick<ServedFlow, 'state'>): boolean =>
  state === 'STARTING' || state === 'STARTED' || state === 'SUSPENDED';
