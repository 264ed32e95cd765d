/** What the use cases share: neighbours, telling of events, finding a contract for one of its parties. */
import type { Catalogue } from '../../catalogue/index.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems, Problem } from '../../kernel/problem.ts';
import type { AgreementEvents } from '../events.ts';
import type { AgreementNeighbours, Contract, Side } from '../model.ts';
import { lockContract } from '../reads.ts';

export interface AgreementsDeps extends AgreementNeighbours {
  catalogue: Pick<Catalogue, 'product' | 'version' | 'rightsOfVersion'>;
}

/** The value, or its problem thrown: rules return problems, use cases throw them. */
export const orThrow = <T>(value: T | Problem): T => {
  if (value instanceof Problem) throw value;
  return value;
};

type ContractEvent = Extract<keyof AgreementEvents, `agreements.contract.${string}`>;
type More<K extends ContractEvent> = Omit<AgreementEvents[K], keyof AgreementEvents['agreements.contract.drafted']>;

export const tell = <K extends ContractEvent>(tx: Tx, type: K, contract: Contract, more: More<K>): Promise<void> =>
  emit(tx, {
    type,
    subject: contract.id,
    participant: contract.participant,
    data: {
      contract: contract.id,
      supplier: contract.supplier.participant,
      buyer: contract.buyer.participant,
      product: contract.product,
      productVersion: contract.productVersion,
      order: contract.order,
      ...more,
    },
  });

export const sideOf = (contract: Pick<Contract, 'supplier' | 'buyer'>, participant: string): Side | undefined => {
  if (participant === contract.supplier.participant) return 'supplier';
  return participant === contract.buyer.participant ? 'buyer' : undefined;
};

export const partiesOf = (contract: Pick<Contract, 'supplier' | 'buyer'>): [string, string] => [
  contract.supplier.participant,
  contract.buyer.participant,
];

/** The contract, locked for the change, if the actor's organisation is a party; strangers learn nothing. */
export const asParty = async (tx: Tx, id: string): Promise<{ contract: Contract; side: Side }> => {
  const contract = await lockContract(tx, id);
  const side = contract && sideOf(contract, tx.actor.participant);
  if (!contract || !side) throw kernelProblems.unknown();
  return { contract, side };
};
