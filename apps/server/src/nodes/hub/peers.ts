/** Which node a log belongs to, as the hub that let it in says. */
import { type PublicJwk, publicJwk } from '@shugu/evidence';
import type { Reader } from '../../kernel/db/db.ts';
import type { NodesDeps, Peer } from '../model.ts';
import { nodeOfOrigin } from './store.ts';

/** The hub among its nodes: no registration has this identifier. */
export const hubItself = `nod_${'0'.repeat(26)}`;

export const peerOf = async (deps: NodesDeps, read: Reader, origin: string): Promise<Peer | null> => {
  const own = await deps.identity(read);
  if (own.origin === origin) {
    const { name } = await deps.members.operatorOf(read);
    return { id: hubItself, name, kind: 'hub', origin, key: publicJwk(own.signer.publicKey), state: 'active' };
  }
  const one = await nodeOfOrigin(read, origin);
  if (!one) return null;
  const { id, name, kind, state } = one;
  return { id, name, kind, origin, key: one.public_key as PublicJwk, state };
};
