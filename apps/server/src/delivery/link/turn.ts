/**
 * One statement of a gateway and its answer. First what it keeps: that frees the rest for everybody. Then what it wishes: taken
 * from the counters in memory before it is written, so that no second gateway can have it. Where the writing fails, the commit
 * may have been made all the same: before its next statement is heard, the counters of that gateway are held against the database.
 */
import {
  GatewayProblem,
  type GrantBook,
  type LeasedSlice,
  type SyncAnswer,
  type SyncAsk,
  type Units,
} from '@shugu/gateway';
import type { Plan, QuotaKey } from '@shugu/policy';
import { driverKinds } from '@shugu/wire/delivery';
import type { Clock } from '../../kernel/clock.ts';
import type { Database, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import type { Keys } from '../../kernel/keys.ts';
import { kernelProblems, Problem } from '../../kernel/problem.ts';
import { type CounterChange, givenOf, type Metering, type Slice } from '../../metering/index.ts';
import type { GrantQuota } from '../plane/quota.ts';
import { lineOf } from '../rules.ts';
import { type GatewayRow, lockGateway, setLife } from './gateways.ts';
import { type Hub, here } from './hub.ts';

export interface TurnDeps {
  database: Database;
  clock: Clock;
  keys: Pick<Keys, 'admit'>;
  metering: Pick<Metering, 'slices'>;
  hub: Hub;
  sliceMs: number;
  /** Gateways of which a change was written, and nobody knows whether it holds; each with its last occasion. */
  doubts: Map<string, object>;
  plane(): { book: GrantBook; quota: GrantQuota };
  /** Monotonic ms. */
  mark(): number;
}

type Wish = SyncAsk['wishes'][number];

const metrics = ['calls', 'rows', 'bytes'] as const;
const actor = systemActor('delivery');

const known = async (tx: Tx, id: string): Promise<GatewayRow> => {
  const gateway = await lockGateway(tx, id);
  if (!gateway || gateway.revokedAt) throw kernelProblems.notSignedIn();
  return gateway;
};

/** What it says it keeps, and with a new life what the one before must have used. */
const hear = async (deps: TurnDeps, id: string, ask: SyncAsk): Promise<Slice[]> => {
  const { slices: leases } = deps.metering;
  const { quota } = deps.plane();
  const doubt = deps.doubts.get(id);
  const heard = await deps.database.tx(actor, async (tx) => {
    const gateway = await known(tx, id);
    const changes: CounterChange[] = [];
    if (doubt) changes.push(...(await leases.recountSlices(tx, gateway.source, () => quota.leasedTo(gateway.source))));
    if (ask.key) await deps.keys.admit(tx, id, 'gateway', ask.key as Parameters<Keys['admit']>[3]);
    if (gateway.life !== ask.life) {
      changes.push(...(await leases.endLives(tx, gateway.source, ask.lifeFrom)));
      await setLife(tx, id, ask.life);
    }
    const stated = await leases.stateSlices(tx, gateway.source, ask.slices);
    return { changes: [...changes, ...stated.changes], slices: stated.slices };
  });
  const now = deps.clock.now().getTime();
  for (const change of heard.changes) quota.change(change, now);
  if (deps.doubts.get(id) === doubt) deps.doubts.delete(id);
  return heard.slices;
};

/** The grant's plan as it is in force at the gateway of this process; none is leased for a grant that is not. */
const planOf = (book: GrantBook, grant: string): { plan: Plan; supplier: string } | undefined => {
  for (const kind of driverKinds) {
    const line = book.get(lineOf(grant, kind));
    if (line?.status === 'active') return { plan: line.plan, supplier: line.supplierId };
  }
  return undefined;
};

/** The shortest of the periods that the plan limits. */
const windowOf = (quota: GrantQuota, grant: string, plan: Plan, now: number): { start: number; end: number | null } => {
  const slots = plan.quotas.map(({ period }) => quota.slot(grant, plan, period, now));
  const ends = slots.flatMap(({ end }) => (end === null ? [] : [end]));
  return {
    start: Math.max(0, ...slots.map(({ start }) => start)),
    end: ends.length > 0 ? Math.min(...ends) : null,
  };
};

const leftOf = (quota: GrantQuota, grant: string, plan: Plan, now: number): Partial<Record<QuotaKey, number>> =>
  Object.fromEntries(
    plan.quotas.map(({ metric, period, limit }) => [
      `${metric}:${period}`,
      Math.max(0, limit - quota.slot(grant, plan, period, now)[metric]),
    ]),
  );

type Metric = (typeof metrics)[number];

interface Unmet {
  grant: string;
  /** Undefined where nothing is leased of the grant at all. */
  plan: Plan | undefined;
  lacking: Metric[];
}

interface Given {
  slices: LeasedSlice[];
  unmet: Unmet[];
  left: SyncAnswer['left'];
}

const give = async (deps: TurnDeps, id: string, wishes: readonly Wish[], open: Map<string, Slice>): Promise<Given> => {
  const { book, quota } = deps.plane();
  const now = deps.clock.now().getTime();
  let given: Given = { slices: [], unmet: [], left: {} };
  let tries = 0;
  await deps.database.tx(actor, async (tx) => {
    // What a try before this one had taken from the counters.
    if (tries++ > 0) deps.doubts.set(id, {});
    given = { slices: [], unmet: [], left: {} };
    const { source } = await known(tx, id);
    for (const wish of wishes) {
      const found = planOf(book, wish.grant);
      if (!found) {
        given.unmet.push({ grant: wish.grant, plan: undefined, lacking: [] });
        continue;
      }
      const { plan, supplier } = found;
      const left = quota.left(wish.grant, plan, now);
      const scarce = deps.hub.recalls.isScarce(wish.grant, deps.mark());
      const more: Units = givenOf(left, wish, deps.hub.connected().length + 1, scarce);
      const limited = (metric: string) => plan.quotas.some((one) => one.metric === metric);
      const lacking = metrics.filter((metric) => limited(metric) && more[metric] < wish.need[metric]);
      if (lacking.length > 0) given.unmet.push({ grant: wish.grant, plan, lacking });
      else deps.hub.recalls.met(wish.grant, id);
      const { start, end } = windowOf(quota, wish.grant, plan, now);
      const slice = [...open.values()].find((one) => one.grant === wish.grant && one.start === start);
      const name = { id: slice?.id ?? newId('qsl', tx.now), source };
      if (metrics.some((metric) => more[metric] > 0) && quota.lease(name, wish.grant, { plan, more, now })) {
        deps.hub.recalls.given(wish.grant, id);
        const lease = { ...name, grant: wish.grant, supplier, start, end, expires: now + deps.sliceMs, more };
        const leased = await deps.metering.slices.leaseSlice(tx, lease, slice);
        open.delete(leased.id);
        given.slices.push(leased);
      }
      given.left[wish.grant] = leftOf(quota, wish.grant, plan, now) as Record<string, number>;
    }
  });
  return given;
};

interface Holders {
  /** Those that can be asked. */
  connected: string[];
  /** Whether more may come: another one is just away, as all are when the exchange has started again, or is in doubt. */
  returning: boolean;
}

/**
 * Other gateways that hold something of the grant which their records have not used. The counters in memory are asked besides: what
 * a statement under way has given back stands in the database before it can be had, and what is being given stands there after.
 */
const holdersOf = async (deps: TurnDeps, grant: string, except: string): Promise<Holders> => {
  const { metering, database, hub, doubts } = deps;
  const slices = await metering.slices.openSlices(database, grant);
  const used = new Map(slices.map((slice) => [slice.id, slice.used]));
  const held = [...slices, ...deps.plane().quota.leasedOf(grant)];
  const isUnspent = ({ id, amount }: { id: string; amount: Units }) =>
    metrics.some((metric) => amount[metric] > (used.get(id)?.[metric] ?? 0));
  const sources = [...new Set(held.filter(isUnspent).map(({ source }) => source))].filter(
    (source) => except === '' || !source.endsWith(except),
  );
  const connected = hub.connected();
  const inDoubt = [...doubts.keys()].some((id) => id !== except && (connected.includes(id) || hub.isReturning(id)));
  return {
    connected: connected.filter((id) => sources.some((source) => source.endsWith(id))),
    returning: inDoubt || sources.some((source) => hub.isReturning(source)),
  };
};

/** Something of what was lacking is there again: given back since it was looked for. */
const isBack = (deps: TurnDeps, { grant, plan, lacking }: Unmet): boolean => {
  if (!plan) return false;
  const left = deps.plane().quota.left(grant, plan, deps.clock.now().getTime());
  return lacking.some((metric) => left[metric] > 0);
};

const returnWait = { lookMs: 50, waitMs: 3000 } as const;

/**
 * For the gateway of this process: tries again until it has what it needs or nothing is left anywhere. Nobody is told that all is
 * used as long as somebody who may hold some is on the way back.
 */
export const recallHere = async (deps: TurnDeps, grant: string, attempt: () => boolean): Promise<void> => {
  for (const end = deps.mark() + returnWait.waitMs; ; ) {
    const { connected, returning } = await holdersOf(deps, grant, here);
    // From here to the question nothing is waited for: what comes back meanwhile would be overlooked.
    if (attempt()) return deps.hub.recalls.met(grant, here);
    const asked = await deps.hub.recallHere(grant, connected);
    if (!asked && !returning) return;
    if (deps.mark() > end) throw new GatewayProblem('busy', { headers: { 'retry-after': '1' } });
    if (!asked) await new Promise((resolve) => setTimeout(resolve, returnWait.lookMs));
  }
};

/** A statement without slices says something too: that it has none. */
const saysMuch = ({ doubts }: TurnDeps, id: string, { slices, wishes, turn, key }: SyncAsk): boolean =>
  slices.length > 0 || wishes.length > 0 || turn === 1 || key !== undefined || doubts.has(id);

/** Does what may change the slices of a gateway; where it fails without a verdict, what holds is in doubt. */
export const orDoubt = async <T>(
  { doubts }: Pick<TurnDeps, 'doubts'>,
  id: string,
  run: () => Promise<T>,
): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Problem)) doubts.set(id, {});
    throw error;
  }
};

export const answerTurn = async (
  deps: TurnDeps,
  id: string,
  ask: SyncAsk,
): Promise<Omit<SyncAnswer, 'pushed' | 'time'>> => {
  const kept = saysMuch(deps, id, ask) ? await hear(deps, id, ask) : [];
  for (const grant of ask.recalled) deps.hub.recalls.answered(grant, id);
  const open = new Map(kept.map((slice) => [slice.id, slice]));
  const given: Given =
    ask.wishes.length > 0 ? await give(deps, id, ask.wishes, open) : { slices: [], unmet: [], left: {} };
  const exhausted: string[] = [];
  for (const unmet of given.unmet) {
    const { connected, returning } = await holdersOf(deps, unmet.grant, id);
    // From here to the verdict nothing is waited for: what comes back meanwhile would be overlooked.
    if (isBack(deps, unmet)) {
      deps.hub.push(id, { type: 'wake' });
      continue;
    }
    const verdict = deps.hub.recalls.ask(unmet.grant, id, connected, deps.mark());
    if (verdict === 'exhausted' && !returning) exhausted.push(unmet.grant);
  }
  const now = deps.clock.now().getTime();
  const expires = now + deps.sliceMs;
  const rest = [...open.values()];
  const old = rest.filter((slice) => slice.expires - now < deps.sliceMs / 2);
  if (old.length > 0)
    await deps.database.tx(actor, (tx) =>
      deps.metering.slices.renewSlices(
        tx,
        old.map((slice) => slice.id),
        expires,
      ),
    );
  const renewed = new Set(old.map((slice) => slice.id));
  return {
    slices: [
      ...given.slices,
      ...rest.map((slice) => ({
        id: slice.id,
        grant: slice.grant,
        amount: slice.amount,
        start: slice.start,
        end: slice.end,
        expires: renewed.has(slice.id) ? expires : slice.expires,
      })),
    ],
    exhausted,
    left: given.left,
  };
};
