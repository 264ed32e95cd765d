/** A contract from its draft to its end: passed by the gate, signed by every owner, begun and ended by time, revoked. */
import { EvidenceError } from '@shugu/evidence';
import { isTimeZone } from '@shugu/policy';
import {
  type CleanRoom,
  type Computation,
  ComputeError,
  computationFault,
  computationText,
  hasThird,
  type Intersecting,
  identityOf,
  intersectionDigest,
  intersectionFault,
  intersectionOutput,
  intersectionTrust,
  nextContractState,
  openingPlan,
  ownersOf,
  planDigest,
  planOf,
  queryDigest,
  type SharedQuery,
  sharedFault,
  trustFor,
} from '@shugu/private-compute';
import type { computationDraft } from '@shugu/wire/compute';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import type { Database, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import type { Contract, Room, Shape } from '../model.ts';
import { problems } from '../problems.ts';
import { dueContracts, findContract, signaturesOf } from '../reads.ts';
import { atOwners, dataFault, inRoom, paymentFault, sidesOf, unkeptBeside, unkeptLeast } from '../rules.ts';
import { insertContract, insertSignature, setContractState } from '../store.ts';
import { requireBudgets } from './budgets.ts';
import { asSide, tell } from './deps.ts';
import { requireOffered, requireTaken } from './engines.ts';
import { parseQuery, passJoint } from './gate.ts';
import { moduleTermsOf } from './modules.ts';

export type Draft = z.output<typeof computationDraft>;

/** Not yet a contract's own: those have its identifier. */
type Terms = Omit<CleanRoom, 'id'> | Omit<SharedQuery, 'id'> | Omit<Intersecting, 'id'>;
export type DraftOf<Mode extends Draft['mode']> = Extract<Draft, { mode: Mode }>;
export interface Settled {
  terms: Terms;
  shape: Shape;
}

/** Settled outside a transaction, as the gate is a process: the terms as they will be signed. */
export const termsOf = async (room: Room, participant: string, draft: Draft): Promise<Settled> => {
  await requireOffered(room, draft);
  if (draft.usesPer && !isTimeZone(draft.usesPer.timeZone))
    throw problems.contractInvalid({ field: 'body.usesPer.timeZone', detail: draft.usesPer.timeZone });
  return draft.mode === 'cleanRoom' ? roomOf(room, participant, draft) : atOwnersOf(room, draft);
};

const nothingRead: Shape = { reads: {}, joint: { groups: [], sums: [], joins: [], filters: [] } };
const termOf = (draft: Draft) => ({
  from: new Date(draft.from).toISOString(),
  until: new Date(draft.until).toISOString(),
  form: 'shugu/computation/1' as const,
});

const atOwnersOf = async (room: Room, draft: DraftOf<'shares' | 'psi'>): Promise<Settled> => {
  const wrong = unkeptBeside(draft) ?? (draft.mode === 'psi' ? unkeptLeast(draft) : undefined) ?? paymentFault(draft);
  if (wrong) throw wrong;
  try {
    return { terms: draft.mode === 'shares' ? await sharesOf(room, draft) : psiOf(room, draft), shape: nothingRead };
  } catch (error) {
    if (!(error instanceof ComputeError)) throw error;
    if (error.code === 'compute.query' && draft.mode === 'shares')
      throw problems.queryRefused({ field: 'body.query.sql', detail: error.message });
    throw problems.contractInvalid({ detail: error.message });
  }
};

/** What is signed is the plan that the gate's parser and ours make of the text, held to the rules of both owners. */
const sharesOf = async (room: Room, draft: DraftOf<'shares'>): Promise<Terms> => {
  const { protocol, noise: _, ...agreed } = draft;
  const { sql } = draft.query;
  const [first, second] = draft.dataSets;
  const asked = planOf(await parseQuery(await room.queries(), sql), [first!.table, second!.table]);
  const plan = openingPlan(asked, draft);
  if ('code' in plan) throw problems.queryRefused({ field: 'body.query.sql', detail: { zh: plan.zh, en: plan.en } });
  const terms: Omit<SharedQuery, 'id'> = {
    ...agreed,
    release: { entitiesMin: draft.release.entitiesMin },
    // Left out where it is what contracts had before there was a choice.
    ...(protocol === 'dealer' && { protocol }),
    ...termOf(draft),
    trust: trustFor('shares', draft.engine, protocol),
    query: { sql, digest: planDigest(plan), parameters: [] },
    plan,
    output: plan.outputs.map(({ name, of }) => ({ name, type: of === 'group' ? 'string' : 'decimal' })),
    helper: hasThird(draft) ? helperKey(room) : null,
  };
  return sound(terms, sharedFault(terms));
};

const helperKey = ({ third }: Room): string => identityOf(third.secret).publicKey.toString('hex');

const sound = (terms: Terms, fault: { path: string; fault: string } | undefined): Terms => {
  if (fault) throw problems.contractInvalid({ field: `body.${fault.path}`, detail: fault.fault });
  return terms;
};

/** Rows open to the protocol's first owner: where they open to one, its data set stands first. */
const psiOf = (room: Room, { noise: _, ...draft }: DraftOf<'psi'>): Terms => {
  const [first, second] = draft.dataSets;
  const turned = draft.opens === 'rows' && draft.recipients.length === 1 && draft.recipients[0] === second!.owner;
  const terms: Omit<Intersecting, 'id'> = {
    ...draft,
    ...termOf(draft),
    dataSets: turned ? [second!, first!] : [first!, second!],
    trust: intersectionTrust(draft),
    query: { sql: '', digest: '', parameters: [] },
    output: intersectionOutput(draft),
    helper: hasThird(draft) ? helperKey(room) : null,
  };
  terms.query.digest = intersectionDigest(terms);
  return sound(terms, intersectionFault(terms));
};

const roomOf = async (room: Room, participant: string, draft: DraftOf<'cleanRoom'>): Promise<Settled> => {
  const times = { from: new Date(draft.from).toISOString(), until: new Date(draft.until).toISOString() };
  const query = { ...draft.query, sql: draft.query.sql ?? '', digest: '' };
  const fault = computationFault({ ...draft, ...times, query });
  if (fault) throw problems.contractInvalid({ field: `body.${fault.path}`, detail: fault.fault });
  const unpaid = paymentFault(draft);
  if (unpaid) throw unpaid;
  if (draft.module) return moduleTermsOf(room, participant, draft, times);
  const { sql } = draft.query;
  if (sql === undefined) throw problems.contractInvalid({ field: 'body.query.sql', detail: 'missing' });
  const passed = await passJoint(await room.queries(), { ...draft, query: { ...draft.query, sql } });
  const { module: _, ...agreed } = draft;
  const terms: Omit<CleanRoom, 'id'> = {
    ...agreed,
    ...times,
    form: 'shugu/computation/1',
    trust: trustFor(draft.mode, draft.engine),
    query: { sql: passed.sql, digest: queryDigest(passed.sql), parameters: draft.query.parameters },
    output: passed.output,
  };
  await requireTaken(room, terms);
  const { groups, sums, joins, filters, selected, sources, aggregated } = passed.joint;
  return {
    terms,
    shape: {
      reads: passed.reads,
      joint: { groups, sums, joins, filters, selected },
      ...(passed.unheld !== null && { threshold: { sql: passed.unheld, sources, aggregated } }),
    },
  };
};

const textOf = (terms: Computation) => {
  try {
    return computationText(terms);
  } catch (error) {
    // Text that is not in NFC, say.
    if (error instanceof EvidenceError) throw problems.contractInvalid({ detail: error.message });
    throw error;
  }
};

/** Data of others are looked at when they sign: a draft must not be a way to ask about them. */
export const draftContract = async (room: Room, tx: Tx, agreed: Terms, shape: Shape): Promise<string> => {
  const id = newId('cpc', tx.now);
  const terms = { ...agreed, id } as Computation;
  const me = tx.actor.participant;
  const sides = sidesOf(terms, me);
  if (!sides.owner && !sides.recipient) throw problems.notAParty();
  const parties = [...new Set([...ownersOf(terms), ...terms.recipients])];
  const known = await room.members.displayNames(tx, parties);
  const unknown = parties.find((one) => !known.has(one));
  if (unknown) throw problems.partyUnknown({ detail: unknown });
  if (new Date(terms.until) <= tx.now) throw problems.contractInvalid({ field: 'body.until', detail: 'termEmpty' });
  if (terms.mode === 'cleanRoom') await checkData(room, tx, terms, me);
  await insertContract(tx, terms, textOf(terms), shape);
  const contract = (await findContract(tx, id))!;
  await audit(tx, { action: 'compute.contract.draft', subject: id, data: { digest: contract.digest } });
  await tell(tx, 'compute.contract.drafted', contract, {});
  return id;
};

const checkData = async (room: Room, tx: Tx, terms: CleanRoom, owner: string): Promise<void> => {
  for (const one of terms.dataSets.filter((set) => set.owner === owner)) {
    const fault = dataFault(one, await room.resource(tx, one.resource));
    if (fault) throw problems.dataUnknown({ detail: `${one.table}: ${fault}` });
  }
};

export const signContract = async (room: Room, tx: Tx, id: string, digest: string): Promise<void> => {
  const contract = await asSide(tx, id, 'owner');
  const me = tx.actor.participant;
  const before = await signaturesOf(tx, id);
  if (before.some(({ participant }) => participant === me)) throw problems.alreadySigned();
  if (!nextContractState(contract.state, 'sign')) throw problems.wrongState({ detail: contract.state });
  if (tx.now >= contract.until) throw problems.expired();
  if (digest !== contract.digest) throw problems.digestDiffers({ field: 'body.digest' });
  // What stays with its owner is looked at where it is, by the owner's own process.
  if (!atOwners(contract)) {
    await checkData(room, tx, inRoom(contract).terms, me);
    await requireBudgets(tx, inRoom(contract), me);
  }
  const made = await room.signText(tx, me, Buffer.from(contract.document, 'utf8'));
  await insertSignature(tx, id, { participant: me, ...made });
  await audit(tx, { action: 'compute.contract.sign', subject: id, data: { digest, keyId: made.keyId } });
  await tell(tx, 'compute.contract.signed', contract, { by: me });
  const signed = new Set([...before.map(({ participant }) => participant), me]);
  if (!ownersOf(contract.terms).every((owner) => signed.has(owner))) return;
  const state = nextContractState(contract.state, 'bind')!;
  await setContractState(tx, id, state);
  if (contract.from <= tx.now) await begin(tx, { ...contract, state });
};

const begin = async (tx: Tx, contract: Contract): Promise<void> => {
  await setContractState(tx, contract.id, nextContractState(contract.state, 'begin')!);
  await audit(tx, { action: 'compute.contract.begin', subject: contract.id, participant: contract.participant });
  await tell(tx, 'compute.contract.begun', contract, {});
};

/** Runs that are under way end without a result. */
export const revokeContract = async (tx: Tx, id: string, reason: string): Promise<void> => {
  const contract = await asSide(tx, id, 'owner');
  const state = nextContractState(contract.state, 'revoke');
  if (!state) throw problems.wrongState({ detail: contract.state });
  await setContractState(tx, id, state, { reason });
  await audit(tx, { action: 'compute.contract.revoke', subject: id, data: { reason } });
  await tell(tx, 'compute.contract.revoked', contract, { by: tx.actor.participant });
};

const dueMax = 50;

/** Begins and ends what time begins and ends; the number done. */
export const moveDue = (database: Database): Promise<number> =>
  database.tx(systemActor('compute'), async (tx) => {
    const due = await dueContracts(tx, dueMax);
    for (const contract of due) {
      if (contract.until > tx.now) {
        await begin(tx, contract);
        continue;
      }
      await setContractState(tx, contract.id, nextContractState(contract.state, 'expire')!, { reason: '' });
      await audit(tx, { action: 'compute.contract.expire', subject: contract.id, participant: contract.participant });
      await tell(tx, 'compute.contract.expired', contract, {});
    }
    return due.length;
  });
