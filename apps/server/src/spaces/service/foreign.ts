/** Foreign entries: put in by the operator of the space, by reference; gone there, gone here. */
import { spaceLimits } from '@shugu/wire/spaces';
import { audit } from '../../kernel/audit.ts';
import type { Actor, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { kernelProblems, Problem } from '../../kernel/problem.ts';
import { changedForeign, foreignFacts, foreignToAsk } from '../foreign.ts';
import type { ForeignRef, ForeignStanding, PolicyDemand, Space, SpacesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { countPlaces, findEntry, findSpace, foreignEntry } from '../reads.ts';
import { demandsMet, policyFaults } from '../rules.ts';
import { insertForeign, refreshEntry, setAsked, setMissing } from '../store.ts';
import { asOperator, demandsIn, tell } from './deps.ts';
import { endEntryOf, followEntry } from './entries.ts';

interface Wanted {
  space: Space;
  facts: ForeignStanding;
  demands: PolicyDemand[];
}

/** Who may not, or names what is not there, learns nothing of what is asked for. */
const wantedIn = async (deps: SpacesDeps, tx: Tx, id: string, ref: ForeignRef): Promise<Wanted> => {
  const { space } = await asOperator(tx, id);
  const facts = await foreignFacts(deps.elsewhere, tx, ref);
  if (!facts) throw kernelProblems.unknown();
  return { space, facts, demands: demandsIn(deps, space) };
};

/**
 * What the policies of its offers say, as its supplier's connector tells the space's operator.
 * @throws spaces.policyUnknown, spaces.policyLacks, and what federation says of the line to it
 */
const askedFor = async (deps: SpacesDeps, actor: Actor, { facts, demands }: Wanted): Promise<PolicyDemand[]> => {
  const { connector } = facts;
  const told = connector && (await deps.offersElsewhere(deps.database, actor.participant, connector));
  if (!told?.length) throw problems.policyUnknown({ detail: demands.join(', ') });
  const errors = policyFaults(demands, told);
  if (errors.length) throw problems.policyLacks({ errors: errors.slice(0, 100) });
  return demandsMet(told);
};

/** Where the rules ask something of policies its supplier is asked first, and nothing is written meanwhile. */
export const addForeign = async (deps: SpacesDeps, actor: Actor, id: string, ref: ForeignRef): Promise<string> => {
  const { database } = deps;
  const wanted = await database.tx(actor, (tx) => wantedIn(deps, tx, id, ref));
  const met = wanted.demands.length > 0 ? await askedFor(deps, actor, wanted) : null;
  return database.tx(actor, async (tx) => {
    const { space, facts, demands } = await wantedIn(deps, tx, id, ref);
    if (demands.some((demand) => !met?.includes(demand))) throw problems.policyUnknown({ detail: demands.join(', ') });
    if (await foreignEntry(tx, id, ref)) throw problems.alreadyListed();
    if ((await countPlaces(tx, id)) >= spaceLimits.entriesMax)
      throw problems.full({ detail: String(spaceLimits.entriesMax) });
    const entry = await insertForeign(tx, id, { ref, facts, met });
    await audit(tx, { action: 'spaces.entry.add', subject: id, data: { entry, ...ref } });
    await tell(tx, 'spaces.entry.added', space, { entry, product: null });
    return entry;
  });
};

const perTurnMax = 200;
const gone = '在来源处已撤下 / it is gone where it comes from';

/** Notes what has changed where the entries come from; who looks meets what is gone no more anyway. The number done. */
export const followForeign = ({ database, elsewhere }: SpacesDeps): Promise<number> =>
  database.tx(systemActor('spaces'), async (tx) => {
    const changed = await changedForeign(elsewhere, tx, perTurnMax);
    for (const { id, space, now, wasMissing } of changed) {
      await setMissing(tx, id, now === null);
      if (now) await refreshEntry(tx, id, { ...now, membersOnly: false });
      else if (wasMissing) await endEntryOf(tx, (await findSpace(tx, space))!, (await findEntry(tx, space, id))!, gone);
    }
    return changed.length;
  });

const askedPerTurnMax = 20;

/** Asks suppliers again what they offer, of entries that stand by it: what does not meet the rules any more goes. The number done. */
export const askForeign = async (deps: SpacesDeps): Promise<number> => {
  const { database, elsewhere } = deps;
  const due = await foreignToAsk(elsewhere, database, { now: deps.now(), limit: askedPerTurnMax });
  for (const { id, space, participant, connector } of due) {
    const told = await deps.offersElsewhere(database, participant, connector).catch((error: unknown) => {
      // Whoever does not answer is asked tomorrow; what it said last stands meanwhile.
      if (error instanceof Problem) return null;
      throw error;
    });
    await database.tx(systemActor('spaces'), async (tx) => {
      await setAsked(tx, id, told === null ? undefined : demandsMet(told ?? []));
      const entry = await findEntry(tx, space, id);
      if (entry && entry.endedAt === null) await followEntry(deps, tx, (await findSpace(tx, space))!, entry);
    });
  }
  return due.length;
};
