/** What the use cases share: a contract for one of its parties, telling of events. */
import { ownersOf } from '@shugu/private-compute';
import type { Tx } from '../../kernel/db/db.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { ComputeEvents } from '../events.ts';
import type { Contract } from '../model.ts';
import { lockContract } from '../reads.ts';
import { sidesOf } from '../rules.ts';

type More<K extends keyof ComputeEvents> = Omit<ComputeEvents[K], keyof ComputeEvents['compute.contract.drafted']>;

export const tell = <K extends keyof ComputeEvents>(
  tx: Tx,
  type: K,
  contract: Contract,
  more: More<K>,
): Promise<void> =>
  emit(tx, {
    type,
    subject: contract.id,
    participant: contract.participant,
    data: { contract: contract.id, owners: ownersOf(contract.terms), recipients: contract.terms.recipients, ...more },
  });

/** The contract, locked, if the actor's organisation is on that side of it; anybody else learns nothing. */
export const asSide = async (tx: Tx, id: string, side: 'owner' | 'recipient'): Promise<Contract> => {
  const contract = await lockContract(tx, id);
  if (!contract || !sidesOf(contract.terms, tx.actor.participant)[side]) throw kernelProblems.unknown();
  return contract;
};
