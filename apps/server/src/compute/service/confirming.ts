/** An owner's own key says that the contract is what it read: this node could sign for its members, and not by that key. */
import { isConfirmed, nextContractState } from '@shugu/private-compute';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { problems } from '../problems.ts';
import { atOwners } from '../rules.ts';
import { saveConfirmation } from '../store.ts';
import { asSide } from './deps.ts';

/** Harmless to repeat. */
export const confirmByOwner = async (tx: Tx, id: string, signature: string): Promise<void> => {
  const contract = await asSide(tx, id, 'owner');
  if (!atOwners(contract)) throw kernelProblems.unknown();
  if (!nextContractState(contract.state, 'revoke')) throw problems.wrongState({ detail: contract.state });
  const { signingKey } = contract.terms.dataSets.find(({ owner }) => owner === tx.actor.participant)!;
  if (!isConfirmed(contract.document, signature, signingKey))
    throw problems.confirmationWrong({ field: 'body.signature' });
  if ((await saveConfirmation(tx, id, signature)) === 0) return;
  await audit(tx, { action: 'compute.contract.confirm', subject: id, data: { digest: contract.digest } });
};
