/** The door of data flows that control planes outside steer, for what stands between rooms. */
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { type PushAddress, pushAddressIn } from '../service/bringing.ts';
import type { Room } from '../service/room.ts';
import { openAddress } from '../service/secrets.ts';
import { completeFlow, failFlow, noteBrought, proceedFlow } from './flows.ts';
import type { ServedFlow } from './model.ts';
import { findFlow, runningUnder } from './store.ts';

export interface Served {
  flow(read: Reader, id: string): Promise<ServedFlow | undefined>;
  /** Those under a contract that are not over. */
  under(read: Reader, contract: string): Promise<Pick<ServedFlow, 'id' | 'state'>[]>;
  /** Its grant is open by now. Harmless to repeat. */
  proceed(tx: Tx, id: string): Promise<void>;
  /** It cannot go on by itself: its control plane is told, and decides. */
  fail(tx: Tx, id: string, fault: string): Promise<void>;
  /** A push has brought all. */
  complete(tx: Tx, id: string): Promise<void>;
  pushAddress(read: Reader, flow: ServedFlow): Promise<PushAddress | undefined>;
  /** A file of a push was taken. */
  noteTaken(tx: Tx, id: string, name: string): Promise<void>;
}

export const servedBy = (roomOf: () => Room): Served => ({
  flow: findFlow,
  under: runningUnder,
  proceed: (tx, id) => proceedFlow(roomOf(), tx, id),
  fail: (tx, id, fault) => failFlow(roomOf(), tx, id, fault),
  complete: (tx, id) => completeFlow(roomOf(), tx, id),
  pushAddress: async (read, flow) => pushAddressIn(await openAddress(roomOf(), read, flow, flow.data_address)),
  noteTaken: noteBrought,
});
