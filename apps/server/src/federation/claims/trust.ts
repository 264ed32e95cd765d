/** Whose word about its members counts here: the node's own, its hub's or nodes', and whom the operator names. */
import { didWebOf } from '@shugu/claims';
import { type ClaimsRoom, MEMBERSHIP, type TrustedIssuer } from './room.ts';

const didOfNode = (url: string): string | undefined => {
  try {
    return didWebOf(url);
  } catch {
    // An address that no did:web can be made of has none.
    return undefined;
  }
};

export const trustedIssuers = async (room: ClaimsRoom): Promise<TrustedIssuer[]> => {
  const peers = (await room.peers(room.database)).flatMap(({ url, name, why }): TrustedIssuer[] => {
    const did = didOfNode(url);
    return did ? [{ did, name, why }] : [];
  });
  const named = room.trustedIssuers.map((did): TrustedIssuer => ({ did, name: '', why: 'setting' }));
  const all: TrustedIssuer[] = [{ did: room.dids.node(), name: '', why: 'own' }, ...named, ...peers];
  return all.filter(({ did }, place) => all.findIndex((one) => one.did === did) === place);
};

export const trusts = async (room: ClaimsRoom, issuer: string, types: readonly string[]): Promise<boolean> =>
  types.includes(MEMBERSHIP) && (await trustedIssuers(room)).some(({ did }) => did === issuer);
