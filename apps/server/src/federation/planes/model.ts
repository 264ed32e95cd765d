/** Words of data planes outside: who is registered, whose a flow is, what it is told. */
import type { DataFlowSignal, DataFlowState } from '@shugu/dataspace';
import type { DataPlaneAccess } from '@shugu/wire/federation-planes';
import type { Act } from '../model.ts';

/** Without its secret, which lies apart. */
export type Access =
  | Pick<Extract<DataPlaneAccess, { type: 'bearer' }>, 'type'>
  | Omit<Extract<DataPlaneAccess, { type: 'oauth2_client_credentials' }>, 'clientSecret'>;

export interface DataPlane {
  participant: string;
  id: string;
  endpoint: string;
  profiles: string[];
  labels: string[];
  access: Access;
  sealed_secret: string;
  registered_at: Date;
  changed_at: Date;
  /** Since when it does not answer; null while it does. */
  away_since: Date | null;
}

/** By which a data plane registers itself. */
export interface Pass {
  participant: string;
  id: string;
  profiles: string[];
}

/** A pass as its organisation sees it. */
export interface Admission extends Pass {
  /** Who admitted it; null: not known of those made before that was kept. */
  made_by: string | null;
  made_at: Date;
}

export interface Flow {
  process: string;
  participant: string;
  plane: string;
  flow: string | null;
  state: DataFlowState | null;
  /** The act of ours that waits for the data plane; of a push, with the address to which it is to go. */
  pending: { act: Act; dataAddress?: unknown } | null;
  fault: string | null;
}

export interface Signal {
  id: string;
  process: string;
  participant: string;
  signal: DataFlowSignal;
  sealed_body: string | null;
  attempts: number;
  due_at: Date | null;
}

export const planeLimits = {
  planesMax: 20,
  bodyBytesMax: 65_536,
  answerBytesMax: 65_536,
  patienceSeconds: 10,
  /** Tries of one signal before a person is asked. */
  attemptsMax: 12,
  /** Tries without an answer after which it counts as away. */
  awayAfterAttempts: 4,
  /** A token is not used any more so long before its end. */
  tokenMarginSeconds: 30,
  tokensKeptMax: 1000,
} as const;

/** Below the root of a participant's addresses. */
export const SIGNALING_PATH = '/signaling';
