/** Nodes that believe each other: at a hub those that take part, at a node its hub and whom the hub names. */
import { didWebOf } from '@shugu/claims';
import { type PublicKey, publicKeyFromJwk } from '@shugu/evidence';
import { type Reader, sql } from '../../kernel/db/db.ts';
import { hubItself } from '../hub/peers.ts';
import type { NodeKind } from '../model.ts';
import { rosterHeld } from '../uplink/roster.ts';
import { latestUplink } from '../uplink/store.ts';

export interface KnownPeer {
  /** Of its registration at the hub. */
  id: string;
  name: string;
  kind: NodeKind;
  url: string;
  key: PublicKey;
  why: 'hub' | 'node';
}

export type NamedPeer = Omit<KnownPeer, 'key'> & { key: unknown };

/** Their keys unread: asked at every message of the dataspace, where only addresses count. */
export const namedPeers = async (read: Reader): Promise<NamedPeer[]> => {
  const uplink = await latestUplink(read);
  const active = uplink?.state === 'active' ? uplink : undefined;
  const hub: NamedPeer[] = active
    ? [{ id: hubItself, name: active.hub_name, kind: 'hub', url: active.hub_url, key: active.hub_key, why: 'hub' }]
    : [];
  const nodes = await read.rows<Omit<NamedPeer, 'why'>>(
    sql`select id, name, kind, url, public_key as key from nodes where state = 'active' order by activated_at, id`,
  );
  const others = active ? await rosterHeld(read) : [];
  return [...hub, ...[...others, ...nodes].map((one): NamedPeer => ({ ...one, why: 'node' }))];
};

export const knownPeers = async (read: Reader): Promise<KnownPeer[]> =>
  (await namedPeers(read)).map((one) => ({ ...one, key: publicKeyFromJwk(one.key) }));

/** As issuer of its members' credentials; undefined: no did:web can be made of its address. */
export const didOfPeer = ({ url }: Pick<KnownPeer, 'url'>): string | undefined => {
  try {
    return didWebOf(url);
  } catch {
    return undefined;
  }
};

/** Whether a participant goes by a DID below its node's. */
export const isMemberOf = (peer: Pick<KnownPeer, 'url'>, participant: string): boolean => {
  const did = didOfPeer(peer);
  return did !== undefined && participant.startsWith(`${did}:dsp:`);
};
