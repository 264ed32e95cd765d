/** A contract may not outlast what it stands on: when a right to operate ends, contracts that nothing else bears end with it. */
import type { Text } from '@shugu/wire';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { Contract } from '../model.ts';
import { contractsOnRight, openVersion } from '../reads.ts';
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

/** Ends the contracts that stood on the right alone; whoever calls has seen that no other right bears them. Harmless to repeat. */
export const endUngrounded = async (tx: Tx, lost: LostRight, reason: Text): Promise<Contract[]> => {
  const found = await contractsOnRight(tx, lost);
  const ending = found.filter(({ basis }) => !titled(basis, lost.resource, tx.now));
  for (const { contract } of ending) await end(tx, contract, reason);
  return ending.map(({ contract }) => contract);
};
