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

const known = (one: Omit<KnownPeer, 'key'> & { key: unknown }): KnownPeer => ({
  ...one,
  key: publicKeyFromJwk(one.key),
});

export const knownPeers = async (read: Reader): Promise<KnownPeer[]> => {
  const uplink = await latestUplink(read);
  const active = uplink?.state === 'active' ? uplink : undefined;
  const hub = active && {
    id: hubItself,
    name: active.hub_name,
    kind: 'hub' as const,
    url: active.hub_url,
    key: active.hub_key,
    why: 'hub' as const,
  };
  const nodes = await read.rows<{ id: string; name: string; kind: NodeKind; url: string; key: unknown }>(
    sql`select id, name, kind, url, public_key as key from nodes where state = 'active' order by activated_at, id`,
  );
  const others = active ? await rosterHeld(read) : [];
  return [...(hub ? [hub] : []), ...[...others, ...nodes].map((one) => ({ ...one, why: 'node' as const }))].map(known);
};

export const peerOfKey = async (read: Reader, keyId: string): Promise<KnownPeer | undefined> =>
  (await knownPeers(read)).find(({ key }) => key.keyId === keyId);

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
