/** The owners’ sides of a use whose data stay with them: they come, say where they are, and state, signed, what became of it. */
import { computeAlone, endingOf, hasThird, nextUseState, type PartStatement, readPart } from '@shugu/private-compute';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { kernelProblems, type Problem } from '../../kernel/problem.ts';
import type { OwnersContract, Room, Use } from '../model.ts';
import { problems } from '../problems.ts';
import { findUse, lateUses, lockContract, lockUse, partsOf } from '../reads.ts';
import { atOwners } from '../rules.ts';
import { hurryUse, saveCome, saveStatement } from '../store.ts';
import { asSide } from './deps.ts';
import { after, askWhenAllCame, concludeUse, type Outcome, waits } from './uses.ts';

/** An open use at its owners and its contract, both locked, for one of them. */
const openFor = async (tx: Tx, id: string): Promise<{ use: Use; contract: OwnersContract }> => {
  const found = await findUse(tx, id);
  if (!found) throw kernelProblems.unknown();
  const contract = await asSide(tx, found.contract, 'owner');
  if (!atOwners(contract)) throw kernelProblems.unknown();
  const use = (await lockUse(tx, id))!;
  if (!nextUseState(use.state, 'fail')) throw problems.useEnded({ detail: use.state });
  return { use, contract };
};

export const comeToUse = async (tx: Tx, id: string, address: string | null): Promise<void> => {
  const { use, contract } = await openFor(tx, id);
  if (contract.state === 'revoked') throw problems.revoked();
  const mine = (await partsOf(tx, id)).find(({ participant }) => participant === tx.actor.participant);
  if (mine?.statement != null) throw problems.alreadyStated();
  await saveCome(tx, id, address);
  if (!mine) await audit(tx, { action: 'compute.part.come', subject: id, data: { contract: contract.id } });
  await askWhenAllCame(tx, contract, use);
};

/** Whether a statement is what this owner may say of this use. */
const isOwn = (one: PartStatement, { use, contract }: { use: Use; contract: OwnersContract }, owner: string): boolean =>
  one.contract === contract.id && one.digest === contract.digest && one.use === use.id && one.owner === owner;

export const statePart = async (
  room: Room,
  tx: Tx,
  id: string,
  { statement, signature }: { statement: string; signature: string },
): Promise<void> => {
  const open = await openFor(tx, id);
  const me = tx.actor.participant;
  const { signingKey } = open.contract.terms.dataSets.find(({ owner }) => owner === me)!;
  const found = readPart(statement, signature, signingKey);
  if (!found || !isOwn(found, open, me)) throw problems.statementWrong({ field: 'body.statement' });
  if ((await saveStatement(tx, id, statement, signature)) === 0) throw problems.alreadyStated();
  // Without a third, or after one that dealt, nobody else says when it is over: whoever has not stated by then has died.
  if (computeAlone(open.contract.terms)) await hurryUse(tx, id, after(tx.now, waits.stateSeconds));
  await audit(tx, { action: 'compute.part.state', subject: id, data: { outcome: found.outcome } });
  await concludeParts(room, tx, open.contract, open.use);
};

/** Of a statement that was taken. */
const read = (statement: string): PartStatement => JSON.parse(statement) as PartStatement;
export const isDone = (statement: string): boolean => read(statement).outcome === 'done';

const statementsIn = async (tx: Tx, { terms }: OwnersContract, use: string): Promise<(PartStatement | undefined)[]> => {
  const parts = await partsOf(tx, use);
  return terms.dataSets.map(({ owner }) => {
    const text = parts.find(({ participant }) => participant === owner)?.statement;
    return text == null ? undefined : read(text);
  });
};

/** Ends the use once all that belongs to its end is there: what every owner states, and, where it plays, the third. */
export const concludeParts = async (room: Room, tx: Tx, contract: OwnersContract, use: Use): Promise<void> => {
  if (!nextUseState(use.state, 'fail')) return;
  const said = await statementsIn(tx, contract, use.id);
  const parts = said.filter((one) => one !== undefined);
  const plays = hasThird(contract.terms) && use.state === 'running' && use.third.outcome === null;
  if (parts.length < said.length || plays) return;
  await concludeUse(room, tx, contract, use, outcomeOf(contract, use, parts));
};

const outcomeOf = (contract: OwnersContract, use: Use, parts: readonly PartStatement[]): Outcome => {
  const { met, outcome } = use.third;
  const ending = endingOf(contract.terms, parts, met);
  if (ending.kind === 'untouched') return { problem: problems.untouched(), touched: false, returned: true };
  // An owner that revoked meanwhile: what was opened is told, and the contract's end stands.
  if (contract.state === 'revoked') return { problem: problems.revoked(), touched: true };
  if (ending.kind === 'done' && (outcome === 'done' || !hasThird(contract.terms)))
    return { result: { text: null, digest: ending.result, rows: ending.rows } };
  if (ending.kind === 'failed') return { problem: failedBy(ending.code), touched: true };
  return { problem: problems.partsDiffer(), touched: true };
};

/** Too few is an answer that was agreed on, and nobody's failing. */
const failedBy = (code: string): Problem =>
  code === problems.tooFew().code ? problems.tooFew() : problems.partFailed({ detail: code });

const lateMax = 50;

/** Uses for which an owner did not come, or did not state its part, in time; the number done. They count. */
export const endLate = async (room: Room): Promise<number> => {
  const found = await room.database.tx(systemActor('compute'), (tx) => lateUses(tx, tx.now, lateMax));
  for (const { id, contract: under } of found)
    await room.database.tx(systemActor('compute'), async (tx) => {
      const contract = await lockContract(tx, under);
      const use = (await lockUse(tx, id))!;
      if (!contract || !atOwners(contract) || !nextUseState(use.state, 'fail')) return;
      const said = await statementsIn(tx, contract, id);
      const fault = said.find((one) => one && one.outcome !== 'done' && one.outcome !== 'untouched');
      const began = use.state === 'running' && (use.third.met || !hasThird(contract.terms));
      const problem = fault ? failedBy(fault.outcome) : problems.partMissing();
      await concludeUse(room, tx, contract, use, { problem, touched: began || fault !== undefined });
    });
  return found.length;
};
