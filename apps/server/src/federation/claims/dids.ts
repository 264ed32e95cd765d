/** Identifiers of this node and of its participants as others know them: did:web below the address that outsiders use. */
import { didWebOf } from '@shugu/claims';

export interface Dids {
  /** Of the node, as issuer. */
  node(): string;
  of(participant: string): string;
  /** The participant of this node that a DID names; undefined: somebody else's, whoever's. */
  participantOf(did: string): string | undefined;
}

/** Worked out and not stored: a did:web is where its document stands, so it moves with the address. */
export const didsOf = (publicUrl: () => string): Dids => {
  const node = () => didWebOf(publicUrl());
  return {
    node,
    of: (participant) => didWebOf(`${publicUrl()}/dsp/${participant}`),
    participantOf: (did) => {
      const prefix = `${node()}:dsp:`;
      const rest = did.startsWith(prefix) ? did.slice(prefix.length) : '';
      return /^[\w-]+$/.test(rest) ? rest : undefined;
    },
  };
};

export const isDid = (name: string): boolean => name.startsWith('did:');

/** One participant has two names: its DID for whoever goes by one, the node's own for everybody else. */
export const nameTowards = (
  dids: Pick<Dids, 'of'>,
  connector: { participant: string; name: string },
  counterparty: string,
): string => (isDid(counterparty) ? dids.of(connector.participant) : connector.name);
