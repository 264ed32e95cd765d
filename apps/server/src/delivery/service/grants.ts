/** Grants: opened from contracts and trials, promoted when every path is ready, stopped, ended. */
import { COMPILER_VERSION, type Plan } from '@shugu/policy';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import type { Bound, DeliveryKind, EndpointInput, Grant, GrantState, SuspensionTarget } from '../model.ts';
import { tellPlane } from '../plane/plane.ts';
import { problems } from '../problems.ts';
import {
  copiesOfVersions,
  cutOfKey,
  dueGrants,
  dueKeys,
  endpointsOf,
  grantsOfContract,
  grantsOfTarget,
  lockGrant,
  openGrantsOfVersion,
  suspensionOf,
} from '../reads.ts';
import { allReady, boundQuotas, cutOf, deliveredBy, grantMoves, trialPlan } from '../rules.ts';
import * as store from '../store.ts';
import { askForCopies } from './copies.ts';
import { type ServiceDeps, tell } from './deps.ts';
import { completeEndpoints } from './drafts.ts';
import { askForCut } from './share.ts';

export interface GrantDraft {
  contract: string;
  order: string | null;
  product: string;
  productName: string;
  version: string;
  supplier: string;
  buyer: string;
  /** GB/T 2260 code of the buyer. */
  buyerRegion?: string;
  /** Compiled from the signed policy. */
  plan: Plan;
  policyHash: string;
  from: Date;
  /** Exclusive; null: as long as the policy says. */
  until: Date | null;
  /** What the money held pays for; absent: nothing bounds use beside the policy. */
  bound?: Bound | null;
  /** Kinds of delivery that the contract names; with a whole draft, that endpoint is set if the version has none. */
  drivers: readonly ({ kind: DeliveryKind } | EndpointInput)[];
  /** From the statement of the use scenario, for clients that cannot say it per call. */
  defaultPurpose?: string;
  defaultAction?: string;
}

export interface TrialDraft extends Omit<GrantDraft, 'contract' | 'from' | 'until'> {
  calls: number;
  until: Date;
}

const checkEnforceable = (plan: Plan, kinds: readonly DeliveryKind[]): void => {
  const beyond = kinds.find((kind) => !plan.drivers.includes(kind));
  if (beyond) throw problems.notEnforceable({ detail: beyond });
};

const insert = async (
  deps: ServiceDeps,
  tx: Tx,
  draft: Omit<GrantDraft, 'contract'> & { contract: string | null },
): Promise<string> => {
  const kinds = [...new Set(draft.drivers.map(({ kind }) => kind))];
  checkEnforceable(draft.plan, kinds);
  await completeEndpoints(deps, tx, draft.version, draft.drivers);
  const levels = (await deps.version(tx, draft.version))?.serviceLevels ?? null;
  const { drivers: _, defaultPurpose, defaultAction, buyerRegion, ...rest } = draft;
  const grant: Grant = {
    ...rest,
    id: newId('grt', tx.now),
    kinds,
    levels,
    trial: draft.contract === null,
    bound: draft.bound ?? null,
    buyerRegion: buyerRegion ?? null,
    defaultPurpose: defaultPurpose ?? null,
    defaultAction: defaultAction ?? null,
    state: 'opening',
    reason: null,
    revision: 1,
    createdAt: tx.now,
    endedAt: null,
  };
  await store.insertGrant(tx, grant);
  await deps.metering.registerGrant(tx, {
    id: grant.id,
    supplier: grant.supplier,
    buyer: grant.buyer,
    contract: grant.contract,
    product: grant.product,
    productVersion: grant.version,
    timeZone: grant.plan.timeZone,
    quotas: boundQuotas(grant.plan.quotas, grant.bound),
    trial: grant.trial,
  });
  await audit(tx, {
    action: 'delivery.grant.open',
    subject: grant.id,
    participant: grant.supplier,
    data: { contract: grant.contract, buyer: grant.buyer, kinds, policyHash: grant.policyHash },
  });
  await askForCut(tx, grant);
  await askForCopies(deps, tx, grant);
  await promote(deps, tx, grant.id);
  return grant.id;
};

/**
 * Opens the contract's grant; of a contract that has one already, puts the amended terms in force. It becomes active once
 * every path is ready. Throws delivery.notEnforceable.
 */
export const openGrant = async (deps: ServiceDeps, tx: Tx, draft: GrantDraft): Promise<string> => {
  const open = (await grantsOfContract(tx, draft.contract)).find(
    ({ endedAt, version }) => endedAt === null && version === draft.version,
  );
  if (!open) return insert(deps, tx, draft);
  checkEnforceable(draft.plan, open.kinds);
  const { plan, policyHash, from, until } = draft;
  const revision = await store.setGrantTerms(tx, open.id, { plan, policyHash, from, until });
  await deps.metering.setQuotas(tx, open.id, boundQuotas(plan.quotas, open.bound));
  await askForCut(tx, { ...open, plan });
  await askForCopies(deps, tx, { ...open, plan });
  await audit(tx, {
    action: 'delivery.grant.amend',
    subject: open.id,
    participant: open.supplier,
    data: { policyHash },
  });
  tellPlane(tx, deps.plane, open.id, revision);
  return open.id;
};

/** What the money held pays for has changed: of every open grant of the contract. The number of grants it changed. */
export const boundGrants = async (
  deps: ServiceDeps,
  tx: Tx,
  contract: string,
  bound: Bound | null,
): Promise<number> => {
  let count = 0;
  for (const grant of await grantsOfTarget(tx, 'contract', contract)) {
    if (grant.bound?.limit === bound?.limit && grant.bound?.metric === bound?.metric) continue;
    const revision = await store.setGrantBound(tx, grant.id, bound);
    await deps.metering.setQuotas(tx, grant.id, boundQuotas(grant.plan.quotas, bound));
    await audit(tx, {
      action: 'delivery.grant.bound',
      subject: grant.id,
      participant: grant.supplier,
      data: { bound: bound ? { ...bound } : null },
    });
    tellPlane(tx, deps.plane, grant.id, revision);
    count += 1;
  }
  return count;
};

export const openTrial = (deps: ServiceDeps, tx: Tx, { calls, ...draft }: TrialDraft): Promise<string> =>
  insert(deps, tx, {
    ...draft,
    contract: null,
    from: tx.now,
    plan: trialPlan(draft.plan, { calls, until: draft.until }),
  });

const move = async (
  deps: ServiceDeps,
  tx: Tx,
  grant: Grant,
  state: GrantState,
  reason: string | null,
): Promise<boolean> => {
  if (!grantMoves[grant.state].includes(state)) return false;
  const revision = await store.setGrantState(tx, grant.id, state, reason);
  if (state === 'withdrawn' || state === 'expired') await deps.metering.endGrant(tx, grant.id);
  await audit(tx, {
    action: `delivery.grant.${state}`,
    subject: grant.id,
    participant: grant.supplier,
    data: { before: grant.state, reason: reason ?? '' },
  });
  const stops = state === 'withdrawn' || state === 'suspended';
  tellPlane(tx, deps.plane, grant.id, revision, stops ? () => ({ status: state }) : undefined);
  return true;
};

/** From opening to active, or to suspended where an order covers it; nothing as long as a path is missing. */
export const promote = async (deps: ServiceDeps, tx: Tx, id: string): Promise<void> => {
  const grant = await lockGrant(tx, id);
  if (grant?.state !== 'opening') return;
  const endpoints = await endpointsOf(tx, grant.version);
  const cut = await cutOfKey(tx, grant.version, cutOf(grant).key);
  const copies = await copiesOfVersions(tx, [grant.version]);
  if (!allReady(grant, { endpoints, cut, copies })) return;
  const reason = await suspensionOf(tx, grant);
  await move(deps, tx, grant, reason === undefined ? 'active' : 'suspended', reason ?? null);
  await tell(tx, 'delivery.grant.opened', grant, { delivered: deliveredBy(grant, endpoints, copies) });
  if (reason !== undefined) await tell(tx, 'delivery.grant.suspended', grant, { reason });
};

/** After an endpoint of a version changed: its grants get it, and those that waited for it open. */
export const refreshVersion = async (deps: ServiceDeps, tx: Tx, version: string): Promise<void> => {
  for (const grant of await openGrantsOfVersion(tx, version)) {
    tellPlane(tx, deps.plane, grant.id, await store.touchGrant(tx, grant.id));
    await askForCut(tx, grant);
    await askForCopies(deps, tx, grant);
    await promote(deps, tx, grant.id);
  }
};

/** Ends every grant of a contract, or the one named, at once; the number ended. */
export const withdrawGrants = async (
  deps: ServiceDeps,
  tx: Tx,
  target: { contract: string } | { grant: string },
  reason: string,
): Promise<number> => {
  const [[kind, id] = ['', '']] = Object.entries(target);
  let count = 0;
  for (const grant of await grantsOfTarget(tx, kind, id)) {
    if (!(await move(deps, tx, grant, 'withdrawn', reason))) continue;
    await tell(tx, 'delivery.grant.withdrawn', grant, { reason });
    count += 1;
  }
  return count;
};

/** Trials of a product have no contract of their own to end with. */
export const withdrawTrials = async (
  deps: ServiceDeps,
  tx: Tx,
  product: string,
  reason: string,
  buyer?: string,
): Promise<number> => {
  let count = 0;
  for (const grant of await grantsOfTarget(tx, 'product', product))
    if (grant.contract === null && (buyer === undefined || grant.buyer === buyer))
      count += await withdrawGrants(deps, tx, { grant: grant.id }, reason);
  return count;
};

/**
 * An order to stop, at once and until it is lifted: of a grant, a contract, a product, or all in which an organisation takes
 * part. Covers grants that open later too. Whose authority that needs is the caller's matter.
 */
export const suspend = async (deps: ServiceDeps, tx: Tx, target: SuspensionTarget, reason: string): Promise<number> => {
  const [[kind, id] = ['', '']] = Object.entries(target);
  await store.insertSuspension(tx, { id: newId('sus', tx.now), kind, target: id, reason });
  await audit(tx, { action: 'delivery.suspension.order', subject: id, data: { kind, reason } });
  let count = 0;
  for (const grant of await grantsOfTarget(tx, kind, id)) {
    if (grant.state !== 'active' || !(await move(deps, tx, grant, 'suspended', reason))) continue;
    await tell(tx, 'delivery.grant.suspended', grant, { reason });
    count += 1;
  }
  return count;
};

/** Lifts the orders on this target. What another order still covers stays suspended. */
export const resume = async (deps: ServiceDeps, tx: Tx, target: SuspensionTarget): Promise<number> => {
  const [[kind, id] = ['', '']] = Object.entries(target);
  if ((await store.liftSuspensions(tx, kind, id)) === 0) return 0;
  await audit(tx, { action: 'delivery.suspension.lift', subject: id, data: { kind } });
  let count = 0;
  for (const grant of await grantsOfTarget(tx, kind, id)) {
    if (grant.state !== 'suspended' || (await suspensionOf(tx, grant)) !== undefined) continue;
    if (!(await move(deps, tx, grant, 'active', null))) continue;
    await tell(tx, 'delivery.grant.resumed', grant, {});
    count += 1;
  }
  return count;
};

/** Ends grants whose time is over, and drops keys whose end has come; the number done. */
export const expireDue = async (deps: ServiceDeps, tx: Tx): Promise<number> => {
  const grants = await dueGrants(tx);
  for (const grant of grants) {
    await move(deps, tx, grant, 'expired', null);
    await tell(tx, 'delivery.grant.expired', grant, {});
  }
  const keys = await dueKeys(tx);
  if (keys.length > 0)
    await store.setKeysDropped(
      tx,
      keys.map(({ id }) => id),
    );
  for (const grant of new Set(keys.map((key) => key.grant)))
    tellPlane(tx, deps.plane, grant, await store.touchGrant(tx, grant));
  return grants.length + keys.length;
};

/** After an upgrade: the plan of a contract as the present compiler makes it. A grant that has none is not served. */
export const recompile = async (
  tx: Tx,
  grants: readonly Grant[],
  planOf: (contract: string) => Promise<Plan | undefined>,
): Promise<Grant[]> => {
  const left: Grant[] = [];
  for (const grant of grants.filter(({ plan }) => plan.compilerVersion !== COMPILER_VERSION)) {
    const plan = grant.contract === null ? undefined : await planOf(grant.contract);
    if (plan) await store.setGrantPlan(tx, grant.id, plan);
    else left.push(grant);
  }
  return left;
};
