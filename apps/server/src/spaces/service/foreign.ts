/** Foreign entries: put in by the operator of the space, by reference; gone there, gone here. */
import { spaceLimits } from '@shugu/wire/spaces';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { changedForeign, foreignFacts } from '../foreign.ts';
import type { ForeignRef, SpacesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { countPlaces, findEntry, findSpace, foreignEntry } from '../reads.ts';
import { insertForeign, refreshEntry, setMissing } from '../store.ts';
import { asOperator, demandsIn, tell } from './deps.ts';
import { endEntryOf } from './entries.ts';

export const addForeign = async (deps: SpacesDeps, tx: Tx, id: string, ref: ForeignRef): Promise<string> => {
  const { space } = await asOperator(tx, id);
  const facts = await foreignFacts(deps.elsewhere, tx, ref);
  if (!facts) throw kernelProblems.unknown();
  if (demandsIn(deps, space).length > 0) throw problems.policyUnknown({ detail: demandsIn(deps, space).join(', ') });
  if (await foreignEntry(tx, id, ref)) throw problems.alreadyListed();
  if ((await countPlaces(tx, id)) >= spaceLimits.entriesMax)
    throw problems.full({ detail: String(spaceLimits.entriesMax) });
  const entry = await insertForeign(tx, id, ref, facts);
  await audit(tx, { action: 'spaces.entry.add', subject: id, data: { entry, ...ref } });
  await tell(tx, 'spaces.entry.added', space, { entry, product: null });
  return entry;
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
