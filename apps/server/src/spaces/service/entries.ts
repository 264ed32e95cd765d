/** The logical catalogue: products by reference, put in by their suppliers, checked at the door and with every change of theirs. */
import { parsePolicy } from '@shugu/policy';
import { spaceLimits } from '@shugu/wire/spaces';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { type FieldFault, kernelProblems } from '../../kernel/problem.ts';
import type { Entry, Space, SpacesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { countPlaces, entriesOf, findEntry, findSpace } from '../reads.ts';
import { isOperator, isStanding, policyFaults, provides, wordsOf } from '../rules.ts';
import { endEntry, insertEntry, refreshEntry } from '../store.ts';
import { asMember, demandsIn, tell } from './deps.ts';

type Listed = NonNullable<Awaited<ReturnType<SpacesDeps['market']['offered']>>>;

const shownOf = ({ name, summary, industry, supplier, space }: Listed) => ({
  title: name,
  summary,
  industry,
  membersOnly: space !== null,
  words: wordsOf(name, summary, supplier),
});

/** What stands on the market for whoever sees the space: for everybody, or for its own members; another space's is not told here. */
const offeredIn = async (deps: SpacesDeps, tx: Tx, space: string, product: string): Promise<Listed | undefined> => {
  const found = await deps.market.offered(tx, product);
  return found && (found.space === null || found.space === space) ? found : undefined;
};

const faultsOf = async (deps: SpacesDeps, tx: Tx, space: Space, version: string): Promise<FieldFault[]> => {
  const offers = (await deps.agreements.openOffers(tx, version)).filter(
    ({ audience }) => audience.kind !== 'participants',
  );
  return policyFaults(
    demandsIn(deps, space),
    offers.map(({ id, policy }) => {
      const parsed = parsePolicy(policy);
      return { id, terms: parsed.ok ? parsed.policy.terms : undefined };
    }),
  );
};

export const addEntry = async (deps: SpacesDeps, tx: Tx, id: string, product: string): Promise<string> => {
  const { space, own } = await asMember(tx, id);
  if (!isStanding(own, tx.now)) throw problems.notStanding({ detail: own.state });
  if (!provides(own)) throw problems.notProvider();
  const found = await deps.catalogue.product(tx, product);
  if (found?.participant !== own.participant) throw kernelProblems.unknown();
  const listed = await offeredIn(deps, tx, id, product);
  if (!listed) throw problems.notListed({ field: 'body.product' });
  if ((await entriesOf(tx, { space: id, product })).length > 0) throw problems.alreadyListed({ field: 'body.product' });
  if ((await countPlaces(tx, id)) >= spaceLimits.entriesMax)
    throw problems.full({ detail: String(spaceLimits.entriesMax) });
  const errors = await faultsOf(deps, tx, space, listed.version);
  if (errors.length) throw problems.policyLacks({ errors: errors.slice(0, 100) });
  const entry = await insertEntry(tx, { space: id, product, shown: shownOf(listed) });
  await audit(tx, { action: 'spaces.entry.add', subject: id, data: { entry, product } });
  await tell(tx, 'spaces.entry.added', space, { entry, product });
  return entry;
};

export const endEntryOf = async (tx: Tx, space: Space, entry: Entry, reason: string): Promise<void> => {
  if (!(await endEntry(tx, entry.id, reason))) return;
  const { id, product, participant } = entry;
  await audit(tx, {
    action: 'spaces.entry.withdraw',
    subject: space.id,
    participant,
    data: { entry: id, product, reason },
  });
  await tell(tx, 'spaces.entry.withdrawn', space, { entry: id, product, reason });
};

/** Its supplier's, or the operator's of the space; a member that rests may still take out what is its own. */
export const withdrawEntry = async (tx: Tx, id: string, entry: string, reason: string): Promise<void> => {
  const { space, own } = await asMember(tx, id);
  const found = await findEntry(tx, id, entry);
  if (!found || (found.participant !== own.participant && !isOperator(own))) throw kernelProblems.unknown();
  if (found.endedAt) throw problems.wrongState({ detail: 'withdrawn' });
  await endEntryOf(tx, space, found, reason);
};

const policyReason = '策略不满足空间规则 / its policy does not say what the rules ask for';

export const followEntry = async (deps: SpacesDeps, tx: Tx, space: Space, entry: Entry): Promise<void> => {
  if (entry.product === null) {
    // What is known here of its offers is what its supplier said when it was asked.
    const lacks = demandsIn(deps, space).some((demand) => !entry.demandsMet?.includes(demand));
    if (lacks) await endEntryOf(tx, space, entry, policyReason);
    return;
  }
  const listed = await offeredIn(deps, tx, space.id, entry.product);
  if (!listed) return endEntryOf(tx, space, entry, '产品已不在市场 / the product is off the market');
  const faults = await faultsOf(deps, tx, space, listed.version);
  if (faults.length) return endEntryOf(tx, space, entry, policyReason);
  await refreshEntry(tx, entry.id, shownOf(listed));
};

/** By what stands now, so that the order of events does not matter. */
export const followEntries = async (
  deps: SpacesDeps,
  tx: Tx,
  by: { product: string } | { space: string },
): Promise<void> => {
  const spaces = new Map<string, Space>();
  for (const entry of await entriesOf(tx, by)) {
    const space = spaces.get(entry.space) ?? (await findSpace(tx, entry.space))!;
    spaces.set(space.id, space);
    await followEntry(deps, tx, space, entry);
  }
};
