/**
 * Where a node is found is what its members' credentials are believed by (did:web), and its log's origin what its papers are: each is
 * one node's alone, and a node that has moved is believed once its new address answers with its key.
 */

import type { Reader } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import type { NodesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import type { HubLine } from '../uplink/hub.ts';
import * as store from './store.ts';

export interface Moved {
  /** Id of the registration. */
  id: string;
  keyId: string;
  url: string;
}

const originOf = (url: string): string => new URL(url).origin;

/** @throws nodes.addressTaken where the hub itself, or a node that takes part under another key, has the address or the log */
export const requireOwnPlace = async (
  deps: NodesDeps,
  read: Reader,
  { keyId, url, origin }: { keyId: string; url: string; origin: string },
): Promise<void> => {
  const own = await deps.identity(read);
  const taken = [{ url: deps.publicUrl(), origin: own.origin }, ...(await store.placesTaken(read, keyId))];
  if (taken.some((one) => originOf(one.url) === originOf(url))) throw problems.addressTaken({ detail: originOf(url) });
  if (taken.some((one) => one.origin === origin)) throw problems.addressTaken({ detail: origin });
};

/** What a heartbeat says of a new address is looked at outside the transaction, one look a node at a time; the next heartbeat says it again. */
export const makeMoves = (deps: NodesDeps, line: HubLine) => {
  const looks = new Map<string, Promise<void>>();
  const look = async ({ id, keyId, url }: Moved): Promise<void> => {
    const self = await line.self(url);
    if (self.keyId !== keyId) throw problems.signatureInvalid({ detail: `${url}: ${self.keyId}` });
    await deps.database.tx(systemActor('nodes'), async (tx) => {
      const one = await store.nodeOfKey(tx, keyId, true);
      if (one?.id !== id || one.state !== 'active') return;
      await requireOwnPlace(deps, tx, { keyId, url, origin: one.origin });
      await store.moveAddress(tx, id, url);
    });
  };
  return {
    look: (moved: Moved): void => {
      if (looks.has(moved.id)) return;
      const done = look(moved)
        .catch((error) =>
          deps.log.warn({ err: error, node: moved.id, url: moved.url }, 'a new address does not show the node'),
        )
        .finally(() => looks.delete(moved.id));
      looks.set(moved.id, done);
    },
    close: async (): Promise<void> => {
      await Promise.all(looks.values());
    },
  };
};
