/** How contracts end: refused, by agreement, by force, by time, or because everything is done. */
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Contract, ContractState, Termination, VersionState } from '../model.ts';
import { agreementProblems as problems } from '../problems.ts';
import { dueAmendments, dueContracts, findTermination, lockContract, openVersion, terminationsOf } from '../reads.ts';
import { nextState } from '../rules.ts';
import { insertTermination, saveContract, saveVersion, decideTermination as storeDecision } from '../store.ts';
import { asParty, orThrow, tell } from './deps.ts';

const closeOpenText = async (tx: Tx, contract: string, state: VersionState): Promise<number | undefined> => {
  const open = await openVersion(tx, contract);
  if (open) await saveVersion(tx, { ...open, state });
  return open?.number;
};

const end = (tx: Tx, contract: Contract, state: ContractState, reason: string): Promise<void> =>
  saveContract(tx, { ...contract, state, endedAt: tx.now, endReason: reason });

/** Refuses the contract before it takes effect; of one in force, the amendment that is open. */
export const refuseContract = async (tx: Tx, id: string, reason: string): Promise<void> => {
  const { contract, side } = await asParty(tx, id);
  const inForce = contract.state === 'effective';
  const state = inForce ? contract.state : orThrow(nextState(contract.state, 'refuse', side));
  const version = await closeOpenText(tx, id, 'refused');
  if (version === undefined) throw problems.wrongState({ detail: contract.state });
  if (!inForce) await end(tx, contract, state, reason);
  await audit(tx, { action: 'agreements.contract.refuse', subject: id, data: { version, reason } });
  await tell(tx, 'agreements.contract.refused', contract, { version, reason });
};

/** An order that falls through before both have signed takes its contract with it. Harmless to repeat. */
export const cancelUnsigned = async (tx: Tx, id: string, reason: string): Promise<void> => {
  const contract = await supervised(tx, id);
  if (contract.state === 'refused' || contract.state === 'expired') return;
  const state = orThrow(nextState(contract.state, 'refuse', 'system'));
  const version = (await closeOpenText(tx, id, 'refused')) ?? 1;
  await end(tx, contract, state, reason);
  await audit(tx, {
    action: 'agreements.contract.cancel',
    subject: id,
    participant: contract.participant,
    data: { reason },
  });
  await tell(tx, 'agreements.contract.refused', contract, { version, reason });
};

const proposeEnd = async (tx: Tx, contract: Contract, kind: Termination['kind'], reason: string): Promise<void> => {
  const open = (await terminationsOf(tx, contract.id)).some((one) => one.kind === kind && one.state === 'proposed');
  if (open) throw problems.wrongState({ detail: { zh: '已有待处理的终止提议', en: 'a proposal to end it is open' } });
  const termination = await insertTermination(tx, contract.id, kind, reason);
  await audit(tx, {
    action: `agreements.termination.${kind === 'agreed' ? 'propose' : 'force'}`,
    subject: contract.id,
    data: { termination, reason },
  });
};

const openProposal = async (tx: Tx, contract: string, id: string, kind: Termination['kind']): Promise<Termination> => {
  const found = await findTermination(tx, id);
  if (found?.contract !== contract || found.kind !== kind) throw kernelProblems.unknown();
  if (found.state !== 'proposed') throw problems.wrongState({ detail: found.state });
  return found;
};

const decide = async (
  tx: Tx,
  contract: Contract,
  termination: Termination,
  state: ContractState,
  accept: boolean,
): Promise<void> => {
  await storeDecision(tx, termination.id, accept ? 'done' : 'declined');
  await audit(tx, {
    action: 'agreements.termination.decide',
    subject: contract.id,
    participant: contract.participant,
    data: { termination: termination.id, accept },
  });
  if (!accept) return;
  await closeOpenText(tx, contract.id, 'lapsed');
  await end(tx, contract, state, termination.reason);
  await tell(tx, 'agreements.contract.terminated', contract, { how: termination.kind, reason: termination.reason });
};

export const proposeTermination = async (tx: Tx, id: string, reason: string): Promise<void> => {
  const { contract, side } = await asParty(tx, id);
  orThrow(nextState(contract.state, 'terminateAgreed', side));
  await proposeEnd(tx, contract, 'agreed', reason);
};

export const decideTermination = async (tx: Tx, id: string, termination: string, accept: boolean): Promise<void> => {
  const { contract, side } = await asParty(tx, id);
  const state = orThrow(nextState(contract.state, 'terminateAgreed', side));
  const proposal = await openProposal(tx, id, termination, 'agreed');
  // The proposer may take it back, never accept it.
  if (accept && proposal.proposedBy === tx.actor.participant) throw problems.notYourTurn();
  await decide(tx, contract, proposal, state, accept);
};

const supervised = async (tx: Tx, id: string): Promise<Contract> => {
  const contract = await lockContract(tx, id);
  if (!contract) throw kernelProblems.unknown();
  return contract;
};

/** The operator's proposal to stop a contract by force; the endpoint's permission says who may. */
export const forceTermination = async (tx: Tx, id: string, reason: string): Promise<void> => {
  const contract = await supervised(tx, id);
  orThrow(nextState(contract.state, 'terminateForced', 'operator'));
  await proposeEnd(tx, contract, 'forced', reason);
};

export const decideForced = async (tx: Tx, id: string, termination: string, accept: boolean): Promise<void> => {
  const contract = await supervised(tx, id);
  const state = orThrow(nextState(contract.state, 'terminateForced', 'operator'));
  const proposal = await openProposal(tx, id, termination, 'forced');
  if (accept && proposal.proposedPerson === tx.actor.id) throw problems.samePerson();
  await decide(tx, contract, proposal, state, accept);
};

/** The negotiation behind a contract in force ended before it was final: it binds nobody. Harmless to repeat. */
export const rescind = async (tx: Tx, id: string, reason: string): Promise<void> => {
  const contract = await supervised(tx, id);
  if (contract.state !== 'effective') return;
  const state = orThrow(nextState(contract.state, 'terminateAgreed', 'supplier'));
  await closeOpenText(tx, id, 'lapsed');
  await end(tx, contract, state, reason);
  await audit(tx, {
    action: 'agreements.contract.rescind',
    subject: id,
    participant: contract.participant,
    data: { reason },
  });
  await tell(tx, 'agreements.contract.terminated', contract, { how: 'agreed', reason });
};

/** Everything owed is done: told by the flow of settlement. Harmless to repeat. */
export const completeContract = async (tx: Tx, id: string): Promise<void> => {
  const contract = await supervised(tx, id);
  if (contract.state === 'completed') return;
  const state = orThrow(nextState(contract.state, 'complete', 'system'));
  await closeOpenText(tx, id, 'lapsed');
  await saveContract(tx, { ...contract, state, endedAt: contract.endedAt ?? tx.now });
  await audit(tx, { action: 'agreements.contract.complete', subject: id, participant: contract.participant });
  await tell(tx, 'agreements.contract.completed', contract, {});
};

export const duePerRunMax = 200;

/**
 * Ends what time has ended: terms that are over, contracts that nobody signed in time, amendments left open. At most
 * `duePerRunMax` of each kind a call; the number done, so that the clock can ask again.
 */
export const expireDue = async (tx: Tx): Promise<number> => {
  const due = await dueContracts(tx, duePerRunMax);
  for (const contract of due) {
    const inForce = contract.state === 'effective';
    const state = orThrow(nextState(contract.state, inForce ? 'expire' : 'lapse', 'system'));
    await closeOpenText(tx, contract.id, 'lapsed');
    await end(tx, contract, state, inForce ? 'term' : 'unsigned');
    await audit(tx, {
      action: 'agreements.contract.expire',
      subject: contract.id,
      participant: contract.participant,
      data: { from: contract.state },
    });
    await tell(tx, 'agreements.contract.expired', contract, { from: contract.state });
  }
  let amendments = 0;
  for (const { contract, number } of await dueAmendments(tx, duePerRunMax)) {
    // Somebody may be signing it: the contract's lock decides who is first.
    await lockContract(tx, contract);
    if ((await openVersion(tx, contract))?.number !== number) continue;
    await closeOpenText(tx, contract, 'lapsed');
    await audit(tx, { action: 'agreements.contract.amendmentLapse', subject: contract, data: { version: number } });
    amendments++;
  }
  return due.length + amendments;
};
