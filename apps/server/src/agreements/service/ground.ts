/** A contract may not outlast what it stands on: when a right to operate ends, contracts that nothing else bears end with it. */
import type { Text } from '@shugu/wire';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { Contract } from '../model.ts';
import { contractsOfMembers, contractsOnRight, openVersion } from '../reads.ts';
import { nextState, titled } from '../rules.ts';
import { saveContract, saveVersion } from '../store.ts';
import { orThrow, tell } from './deps.ts';

export interface LostRight {
  /** Whose right to operate ended, and on which resource. */
  supplier: string;
  resource: string;
}

const end = async (tx: Tx, contract: Contract, reason: Text): Promise<void> => {
  const state = orThrow(nextState(contract.state, 'loseBasis', 'system'));
  const open = await openVersion(tx, contract.id);
  if (open) await saveVersion(tx, { ...open, state: 'lapsed' });
  await saveContract(tx, { ...contract, state, endedAt: tx.now, endReason: reason.zh });
  await audit(tx, {
    action: 'agreements.contract.loseBasis',
    subject: contract.id,
    participant: contract.participant,
    data: { from: contract.state, reason: reason.zh },
  });
  await tell(tx, 'agreements.contract.terminated', contract, { how: 'basis', reason: reason.zh });
};

export interface LostMembership {
  space: string;
  /** Whose membership ended, and when: what was drawn up later was not concluded by it. */
  participant: string;
  endedAt: Date;
  /** What the rules of the space say of contracts in force; those that nobody is bound by yet end in any case. */
  contracts: 'goOn' | 'end';
}

/** Ends what either party had concluded as a member, as the rules of the space say. Harmless to repeat. */
export const endMembership = async (tx: Tx, lost: LostMembership, reason: Text): Promise<Contract[]> => {
  const ending = await contractsOfMembers(tx, lost);
  for (const contract of ending) await end(tx, contract, reason);
  return ending;
};

/** Ends the contracts that stood on the right alone; whoever calls has seen that no other right bears them. Harmless to repeat. */
export const endUngrounded = async (tx: Tx, lost: LostRight, reason: Text): Promise<Contract[]> => {
  const found = await contractsOnRight(tx, lost);
  const ending = found.filter(({ basis }) => !titled(basis, lost.resource, tx.now));
  for (const { contract } of ending) await end(tx, contract, reason);
  return ending.map(({ contract }) => contract);
};
