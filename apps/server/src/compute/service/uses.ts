/** A use: reserved before anything is read, and ended once, with what the node states of it in the log. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Json, Signer } from '@shugu/evidence';
import { decimalFromFen } from '@shugu/ledger';
import {
  type AtOwners,
  hasThird,
  nextContractState,
  nextUseState,
  openingCommitment,
  opensAsAgreed,
  type Profiled,
  refusalOf,
} from '@shugu/private-compute';
import type { Text } from '@shugu/wire';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { logStatement } from '../../kernel/issue/statement.ts';
import { enqueue } from '../../kernel/jobs.ts';
import { inLanguage, type Problem } from '../../kernel/problem.ts';
import type { Contract, Part, Room, RoomContract, Use, UseMoney } from '../model.ts';
import { problems } from '../problems.ts';
import { answersOf, findContract, lockUseOfOrder, partsOf, useAsked } from '../reads.ts';
import {
  askedWrong,
  atOwners,
  engineTold,
  inRoom,
  inSteps,
  isOwed,
  moduleOf,
  ownersAnswer,
  periodKeyOf,
  periodOf,
  priceFor,
  whenAgain,
} from '../rules.ts';
import { endUse, insertUse, returnUse, setContractState, setUseJob, setUseMoney, takeUse } from '../store.ts';
import { chargeBudgets } from './budgets.ts';
import { asSide, tell } from './deps.ts';
import { requireEngine } from './engines.ts';
import { requireSandbox } from './modules.ts';
import { type Stopwatch, stopwatch } from './stopwatch.ts';

export const runJob = 'compute.run';

/** How long a use waits for its owners to come, to play, and to state their parts. */
export const waits = { comeSeconds: 900, playSeconds: 3600, stateSeconds: 300 } as const;
export const after = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000);

export interface Looked {
  /** The first that is other data than was signed, as an owner has uploaded since. */
  swapped: string | undefined;
  /** What their profiles prove. */
  profiled: Profiled;
}

/** The data sets as their owners have them now. */
export const lookAtData = async (room: Room, read: Reader, { terms }: RoomContract): Promise<Looked> => {
  const found = await room.contents(
    read,
    terms.dataSets.map(({ resource }) => resource),
  );
  const swapped = terms.dataSets.find(({ resource, version }) => found.get(resource)?.normalDigest !== version);
  const named = (what: 'singleColumns' | 'wholeColumns') =>
    new Set(
      terms.dataSets.flatMap(({ table, resource }) =>
        (found.get(resource)?.[what] ?? []).map((column) => `${table}.${column}`),
      ),
    );
  return { swapped: swapped?.table, profiled: { single: named('singleColumns'), whole: named('wholeColumns') } };
};

/** Whether the bytes on this machine are those that the digest names, whatever the disk says they are. */
export const sameBytes = async (path: string, digest: string): Promise<boolean> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest('hex')}` === digest;
};

/** Takes one use and asks for the run. Refused before it counts: another query, a swapped version, no use left. */
export const reserveUse = async (
  room: Room,
  tx: Tx,
  id: string,
  asked: { query: string; values: Record<string, string> },
): Promise<string> => {
  const watch = stopwatch(room.timer);
  const contract = await asSide(tx, id, 'recipient');
  const period = periodOf(contract, tx.now);
  const refusal = refusalOf({ ...contract, period }, tx.now);
  const why = () => problems[refusal!](refusal === 'periodUsed' ? { detail: whenAgain(contract, period!) } : {});
  // What was told once is told again, whatever is left.
  if (refusal && refusal !== 'exhausted' && refusal !== 'periodUsed') throw why();
  const wrong = askedWrong(contract.terms, asked);
  if (wrong) throw wrong;
  const held = atOwners(contract);
  const rho = held ? null : inRoom(contract).terms.release.rho;
  const answered = rho === null ? undefined : await useAsked(tx, id, asked.values);
  if (answered) return answered.id;
  if (refusal) throw why();
  if (contract.terms.mode === 'shares' && !opensAsAgreed(contract.terms)) throw problems.opensMore();
  // Asked in one go: a refusal takes the use back with it.
  const [looked, taken] = await Promise.all([
    held ? undefined : lookAtData(room, tx, inRoom(contract)),
    takeUse(tx, id, periodKeyOf(contract.terms, tx.now)),
  ]);
  if (looked?.swapped) throw problems.versionSwapped({ detail: looked.swapped });
  if (moduleOf(contract.terms)) await requireSandbox(room);
  await requireEngine(room, contract.terms);
  if (!taken) throw problems.exhausted();
  const { number } = taken;
  if (rho !== null) await chargeBudgets(tx, inRoom(contract), rho);
  const use = newId('cpu', tx.now);
  const money = await freezePrice(room, tx, contract, number);
  const due = held ? after(tx.now, waits.comeSeconds) : null;
  const mine = { id: use, number, participant: tx.actor.participant };
  // Beside the data nothing runs before the owners have come.
  const job = !money && !held ? await enqueueRun(tx, contract, mine) : null;
  await audit(tx, { action: 'compute.use.reserve', subject: use, data: { contract: id, number } });
  const { mode } = contract.terms;
  await tell(tx, 'compute.use.reserved', contract, { use, number, by: tx.actor.participant, mode });
  if (taken.last) {
    await setContractState(tx, id, nextContractState(contract.state, 'exhaust')!);
    await tell(tx, 'compute.contract.exhausted', contract, {});
  }
  watch.lap('reserve');
  await insertUse(tx, {
    ...{ id: use, contract: id, number, values: asked.values, money, job },
    ...{ timings: watch.laps, due },
  });
  return use;
};

const titleOf = ({ title }: Contract, number: number): Text => ({
  zh: `联合计算：${title}（第 ${number} 次）`,
  en: `Joint computation: ${title} (use ${number})`,
});

type Runnable = Pick<Use, 'id' | 'number' | 'participant'>;

/** With noise it is nobody's to look at: when it ends tells of the data. */
const enqueueRun = async (
  tx: Tx,
  contract: Contract,
  { id, number, participant }: Runnable,
): Promise<string | null> => {
  const owner = { participant: inSteps(contract) ? '' : participant };
  return (await enqueue(tx, { kind: runJob, title: titleOf(contract, number), data: { use: id }, ...owner })) ?? null;
};

const askForRun = async (tx: Tx, contract: Contract, use: Runnable): Promise<void> => {
  const job = await enqueueRun(tx, contract, use);
  if (job) await setUseJob(tx, use.id, job);
};

/** A use on shares runs once its price is frozen and its owners are there, whichever comes last. */
export const askWhenAllCame = async (tx: Tx, contract: Contract, use: Use): Promise<void> => {
  if (use.state !== 'reserved' || use.job !== null || (use.money && use.money.state !== 'frozen')) return;
  const parts = await partsOf(tx, use.id);
  const waiting = contract.terms.dataSets.filter(
    ({ owner }) => !parts.some(({ participant }) => participant === owner),
  );
  // Whoever has stated its part already will not play.
  if (waiting.length === 0 && parts.every(({ statement }) => statement === null)) await askForRun(tx, contract, use);
};

/** In one transaction with the use: whoever lacks the money takes none, and of two that race for the last of it one gets it. */
const freezePrice = async (room: Room, tx: Tx, contract: Contract, number: number): Promise<UseMoney | null> => {
  const buyer = tx.actor.participant;
  const price = priceFor(contract.terms, buyer);
  if (!price) return null;
  const order = newId('ord', tx.now);
  const { taxRate } = contract.terms.payment!;
  const plan = { kind: 'perCall', unitPrice: decimalFromFen(price.fen) } as const;
  const title = titleOf(contract, number).zh;
  await room.money.freezeOrder(tx, { ...price, order, contract: contract.id, title, buyer, taxRate, plan });
  return { order, fen: price.fen, state: 'freezing', statement: null };
};

/** The bank has frozen the price: now it runs. Harmless to repeat, and for orders that are no use's. */
export const moneyFrozen = async (tx: Tx, order: string): Promise<void> => {
  const use = await lockUseOfOrder(tx, order);
  if (use?.state !== 'reserved' || use.money?.state !== 'freezing') return;
  await setUseMoney(tx, use.id, 'frozen');
  const contract = (await findContract(tx, use.contract))!;
  if (atOwners(contract)) await askWhenAllCame(tx, contract, { ...use, money: { ...use.money, state: 'frozen' } });
  else await askForRun(tx, contract, use);
};

/** The bank would not: our books said otherwise, so somebody has moved money there. */
export const moneyRefused = async (room: Room, tx: Tx, order: string): Promise<void> => {
  const use = await lockUseOfOrder(tx, order);
  if (use?.state !== 'reserved') return;
  const contract = (await findContract(tx, use.contract))!;
  await concludeUse(room, tx, contract, use, { problem: problems.unpaid(), touched: false });
};

export const moneyPaid = async (tx: Tx, order: string): Promise<void> => {
  const use = await lockUseOfOrder(tx, order);
  if (use?.money?.state === 'owed') await setUseMoney(tx, use.id, 'paid');
};

/** `salt`: of the commitment that its digest is, once that goes to a record. */
export interface Kept {
  text: string;
  digest: string;
  rows: number;
  salt?: string;
}

/** Without its text where it opened elsewhere, and without its rows where the record is not to tell how many. */
export type Result = Kept | { text: null; digest: string; rows: number | null };

/** For the record, which others than its recipients read. */
export const committed = (result: Result): Result => {
  if (result.text === null) return result;
  const salt = randomBytes(32);
  const digest = openingCommitment(salt, createHash('sha256').update(result.text).digest());
  return { ...result, digest, salt: salt.toString('hex') };
};

/** `touched`: data were opened, or nobody can say that they were not. */
export type Outcome = { result: Result } | { problem: Problem; touched: boolean; returned?: true };

/** Owed: one statement for the use. Not owed: everything back. */
const settlePrice = async (
  room: Room,
  tx: Tx,
  contract: Contract,
  use: Use,
  outcome: Outcome,
): Promise<UseMoney | null> => {
  const { money } = use;
  const { payment } = contract.terms;
  if (!money || !payment) return null;
  const code = 'result' in outcome ? 'released' : outcome.problem.code;
  if (!isOwed({ code, touched: 'result' in outcome || outcome.touched, payment })) {
    await room.money.releaseOrder(tx, { order: money.order, reason: code });
    return { ...money, state: 'released' };
  }
  const { id } = await room.money.settleOrder(tx, {
    order: money.order,
    periodKey: 'use',
    from: use.at,
    until: tx.now,
    usage: [{ title: titleOf(contract, use.number).zh, calls: 1n }],
    final: true,
  });
  return { ...money, state: 'owed', statement: id };
};

/** Who looked at what before it was given out, or refused it. */
const toldAnswers = async (tx: Tx, { id }: Use) =>
  (await answersOf(tx, [id])).map(({ participant, digest, approved, at }) => ({
    ...{ participant, digest, approved, at: at.toISOString() },
  }));

/** Result, state and evidence in one transaction: no result without evidence, and no use without an end in the log. */
export const concludeUse = async (
  room: Room,
  tx: Tx,
  contract: Contract,
  use: Use,
  outcome: Outcome,
  { watch = stopwatch(room.timer), signer }: { watch?: Stopwatch | undefined; signer?: Signer } = {},
): Promise<void> => {
  const released = 'result' in outcome;
  const returned = 'problem' in outcome && outcome.returned === true;
  const state = nextUseState(use.state, released ? 'release' : returned ? 'giveBack' : 'fail');
  if (!state) throw new Error(`a use that is ${use.state} has ended`);
  const { terms, digest, id } = contract;
  const result = released ? outcome.result : null;
  const reason: Text | null = released ? null : reasonOf(outcome.problem);
  const money = await settlePrice(room, tx, contract, use, outcome);
  const stated = {
    kind: 'computationUse',
    title: { zh: '联合计算使用记录', en: 'Record of a joint computation' },
    document: {
      contract: id,
      contractDigest: digest,
      number: use.number,
      mode: terms.mode,
      trust: terms.trust,
      isolation: use.isolation,
      engine: { ...engineTold(terms) },
      query: terms.query.digest,
      values: use.values,
      ...(terms.mode === 'cleanRoom'
        ? { data: terms.dataSets.map(({ owner, table, version }) => ({ owner, table, version })) }
        : { data: terms.dataSets.map(({ signingKey: _, ...set }) => set), ...(await partsStated(tx, terms, use)) }),
      by: use.participant,
      outcome: released ? 'released' : outcome.problem.code,
      rows: result?.rows ?? null,
      result: result?.digest ?? null,
      rho: terms.mode === 'cleanRoom' ? terms.release.rho : null,
      ...(ownersAnswer(terms) && { answers: await toldAnswers(tx, use) }),
      price: money && { fen: money.fen.toString(), owed: money.state === 'owed' },
      reservedAt: use.at.toISOString(),
      endedAt: tx.now.toISOString(),
    },
    form: 'commitment' as const,
    participant: use.participant,
  };
  const said = await logStatement(room, tx, stated, signer);
  if (returned) {
    const before = nextContractState(contract.state, 'giveBack') ?? contract.state;
    await returnUse(tx, id, before, periodKeyOf(terms, use.at));
  }
  await tellEnd(tx, contract, use, outcome);
  watch.lap('end');
  await endUse(tx, use.id, { state, reason, result, money, timings: watch.laps }, said);
};

/** To the audit and to whoever follows. */
const tellEnd = async (tx: Tx, contract: Contract, use: Use, outcome: Outcome): Promise<void> => {
  const { id } = contract;
  const more = { use: use.id, number: use.number };
  if ('problem' in outcome && outcome.returned) {
    await audit(tx, {
      action: 'compute.use.return',
      subject: use.id,
      participant: use.participant,
      data: { contract: id },
    });
    await tell(tx, 'compute.use.returned', contract, more);
    return;
  }
  if ('result' in outcome) {
    await audit(tx, {
      action: 'compute.use.finish',
      subject: use.id,
      participant: use.participant,
      data: { contract: id },
    });
    await tell(tx, 'compute.use.released', contract, more);
    return;
  }
  const { code } = outcome.problem;
  await audit(tx, {
    action: 'compute.use.fail',
    subject: use.id,
    participant: use.participant,
    data: { contract: id, code },
  });
  await tell(tx, 'compute.use.failed', contract, { ...more, code });
};

/** As the owners signed it, with the keys that the contract names; and what this node saw as the third. */
const partsStated = async (tx: Tx, terms: AtOwners, use: Use) => {
  const parts = new Map((await partsOf(tx, use.id)).map((part): [string, Part] => [part.participant, part]));
  return {
    parts: terms.dataSets.map(({ owner, signingKey }) => ({
      owner,
      key: signingKey as unknown as Json,
      statement: parts.get(owner)?.statement ?? null,
      signature: parts.get(owner)?.signature ?? null,
    })),
    third: hasThird(terms) ? { key: terms.helper, outcome: use.third.outcome, met: use.third.met } : null,
  };
};

const reasonOf = ({ definition, detail }: Problem): Text =>
  detail === ''
    ? definition.title
    : {
        zh: `${definition.title.zh}：${inLanguage(detail, 'zh')}`,
        en: `${definition.title.en}: ${inLanguage(detail, 'en')}`,
      };
