/** For tests and the conformance kit: identities that are only asserted, and agreements that nobody negotiated. */
import type { Tx } from '../kernel/db/db.ts';
import type { IdentityProvider } from './identity/identity.ts';
import type { Agreement } from './model.ts';
import { insertAgreement } from './store.ts';

/** Whoever sends one of the tokens is whom it stands for. No setting reaches it: production cannot be started with it. */
export const fixedTokens = (names: Readonly<Record<string, string>>): IdentityProvider => ({
  authorize: async (from) => Object.keys(names).find((token) => names[token] === from.name) ?? 'nobody',
  identify: async (_at, authorization) => {
    const name = names[authorization ?? ''];
    return name === undefined ? undefined : { name, claims: {} };
  },
});

export const seedAgreement = async (
  tx: Tx,
  {
    id,
    side,
    counterparty,
    own,
    dataset,
  }: Pick<Agreement, 'id' | 'side' | 'counterparty' | 'dataset'> & { own: string },
): Promise<void> => {
  const [assigner, assignee] = side === 'provider' ? [own, counterparty] : [counterparty, own];
  insertAgreement(tx, {
    participant: tx.actor.participant,
    id,
    side,
    counterparty,
    dataset,
    body: {
      '@id': id,
      '@type': 'Agreement',
      target: dataset,
      assigner,
      assignee,
      timestamp: tx.now.toISOString(),
      permission: [{ action: 'use' }],
    },
    negotiation: null,
    reference: null,
    finalized_at: tx.now,
    ended_at: null,
  });
};
