/** Privacy budgets: what owners allow to be told about the entities of their data, charged with the use that tells it. */
import { type Budgets, type Charge, ComputeError, charge, decimal, type Ratio, ratio } from '@shugu/private-compute';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Budget, Contract, Room, RoomContract } from '../model.ts';
import { problems } from '../problems.ts';
import { budgetsFor, lockBudgets } from '../reads.ts';
import { atOwners, inRoom } from '../rules.ts';
import { chargeBudget, saveBudget } from '../store.ts';

/** An owner sets what it allows in all; it may raise it, or lower it, but what is spent stays spent. */
export const setBudget = async (
  room: Room,
  tx: Tx,
  { resource, entity, rho }: { resource: string; entity: string; rho: string },
): Promise<void> => {
  const found = await room.resource(tx, resource);
  if (found?.participant !== tx.actor.participant) throw kernelProblems.unknown();
  if (!found.columns.some(({ name }) => name === entity))
    throw problems.dataUnknown({ field: 'body.entity', detail: entity });
  if (decimal(rho).over <= 0n) throw problems.contractInvalid({ field: 'body.rho', detail: 'rhoMissing' });
  await saveBudget(tx, { resource, entity, rho });
  await audit(tx, { action: 'compute.budget.set', subject: resource, data: { entity, rho } });
};

const accountOf = (owner: string, resource: string, entity: string): string =>
  JSON.stringify([owner, resource, entity]);
const named = ({ participant, resource, entity }: Budget): string => accountOf(participant, resource, entity);
const accountsOf = ({ terms }: RoomContract): string[] =>
  terms.dataSets.map(({ owner, resource, entity }) => accountOf(owner, resource, entity));

const asLedger = (budgets: readonly Budget[]): Budgets =>
  new Map(budgets.map((one) => [named(one), { limit: decimal(one.limit), spent: decimal(one.spent) }]));

const chargesOf = (contract: RoomContract, rho: string): Charge[] =>
  accountsOf(contract).map((account) => ({ account, rho: decimal(rho) }));

/** Charges every owner's account or none. Throws compute.budgetShort with the data sets whose budget does not bear another use. */
export const chargeBudgets = async (tx: Tx, contract: RoomContract, rho: string): Promise<void> => {
  const budgets = await lockBudgets(tx, contract.terms.dataSets);
  try {
    charge(asLedger(budgets), chargesOf(contract, rho));
  } catch (error) {
    if (error instanceof ComputeError && error.code === 'compute.budget')
      throw problems.budgetShort({ detail: shortTables(contract, budgets, rho).join('、') });
    throw error;
  }
  for (const account of accountsOf(contract)) {
    const { id } = budgets.find((one) => named(one) === account)!;
    if ((await chargeBudget(tx, id, rho)) !== 1) throw problems.budgetShort();
  }
};

const shortTables = ({ terms }: RoomContract, budgets: readonly Budget[], rho: string): string[] =>
  terms.dataSets
    .filter(({ owner, resource, entity }) => {
      const found = budgets.find((one) => named(one) === accountOf(owner, resource, entity));
      return !found || usesOf(found, decimal(rho), 1) < 1;
    })
    .map(({ table }) => table);

/** How often `rho` still fits, when each use charges the account `times` times. */
const usesOf = ({ limit, spent }: Budget, rho: Ratio, times: number): number => {
  const [most, gone] = [decimal(limit), decimal(spent)];
  const left = ratio(most.over * gone.under - gone.over * most.under, most.under * gone.under);
  if (left.over <= 0n) return 0;
  return Number((left.over * rho.under) / (left.under * rho.over)) / times;
};

/** An owner that signs has said what it allows. */
export const requireBudgets = async (tx: Tx, { terms }: RoomContract, owner: string): Promise<void> => {
  if (terms.release.rho === null) return;
  const own = terms.dataSets.filter((set) => set.owner === owner);
  const budgets = await budgetsFor(tx, own);
  const missing = own.find(
    ({ resource, entity }) => !budgets.some((one) => named(one) === accountOf(owner, resource, entity)),
  );
  if (missing) throw problems.budgetMissing({ detail: `${missing.table}.${missing.entity}` });
};

export interface Privacy {
  /** Accounts of the viewer's own. */
  own: Budget[];
  /** Uses that every owner's budget still bears; none where one has none. */
  usesLeft: number;
}

export const privacyOf = async (read: Reader, of: Contract, viewer: string): Promise<Privacy | undefined> => {
  if (atOwners(of)) return undefined;
  const contract = inRoom(of);
  const { rho } = contract.terms.release;
  if (rho === null) return undefined;
  const budgets = await budgetsFor(read, contract.terms.dataSets);
  const accounts = accountsOf(contract);
  const left = accounts.map((account) => {
    const found = budgets.find((one) => named(one) === account);
    return found ? usesOf(found, decimal(rho), accounts.filter((one) => one === account).length) : 0;
  });
  return { own: budgets.filter(({ participant }) => participant === viewer), usesLeft: Math.floor(Math.min(...left)) };
};
