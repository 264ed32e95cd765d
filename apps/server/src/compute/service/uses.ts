/** A use: reserved before anything is read, and ended once, with what the node states of it in the log. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { decimalFromFen } from '@shugu/ledger';
import { nextContractState, nextUseState, refusalOf } from '@shugu/private-compute';
import type { Text } from '@shugu/wire';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { logStatement } from '../../kernel/issue/statement.ts';
import { enqueue } from '../../kernel/jobs.ts';
import type { Problem } from '../../kernel/problem.ts';
import type { Contract, Room, Use, UseMoney } from '../model.ts';
import { problems } from '../problems.ts';
import { findContract, lockUseOfOrder, useAsked } from '../reads.ts';
import { askedWrong, isOwed, priceFor } from '../rules.ts';
import { endUse, insertUse, setContractState, setUseJob, setUseMoney, takeUse } from '../store.ts';
import { chargeBudgets } from './budgets.ts';
import { asSide, tell } from './deps.ts';

export const runJob = 'compute.run';

/** What an owner has uploaded since is other data than it signed for. */
export const swappedTable = async (room: Room, read: Reader, { terms }: Contract): Promise<string | undefined> => {
  for (const { resource, version, table } of terms.dataSets)
    if ((await room.resource(read, resource))?.objects.normal !== version) return table;
  return undefined;
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
  const contract = await asSide(tx, id, 'recipient');
  const refusal = refusalOf(contract, tx.now);
  if (refusal && refusal !== 'exhausted') throw problems[refusal]();
  const wrong = askedWrong(contract.terms, asked);
  if (wrong) throw wrong;
  const { rho } = contract.terms.release;
  const answered = rho === null ? undefined : await useAsked(tx, id, asked.values);
  if (answered) return answered.id;
  if (refusal) throw problems[refusal]();
  const swapped = await swappedTable(room, tx, contract);
  if (swapped) throw problems.versionSwapped({ detail: swapped });
  const number = await takeUse(tx, id);
  if (number === undefined) throw problems.exhausted();
  if (rho !== null) await chargeBudgets(tx, contract, rho);
  const use = newId('cpu', tx.now);
  const money = await freezePrice(room, tx, contract, number);
  await insertUse(tx, { id: use, contract: id, number, values: asked.values, money });
  if (!money) await askForRun(tx, contract, { id: use, number, participant: tx.actor.participant });
  await audit(tx, { action: 'compute.use.reserve', subject: use, data: { contract: id, number } });
  await tell(tx, 'compute.use.reserved', contract, { use, number });
  if (number === contract.usesTotal) {
    await setContractState(tx, id, nextContractState(contract.state, 'exhaust')!);
    await tell(tx, 'compute.contract.exhausted', contract, {});
  }
  return use;
};

const titleOf = ({ title }: Contract, number: number): Text => ({
  zh: `联合计算：${title}（第 ${number} 次）`,
  en: `Joint computation: ${title} (use ${number})`,
});

const askForRun = async (
  tx: Tx,
  contract: Contract,
  { id, number, participant }: Pick<Use, 'id' | 'number' | 'participant'>,
): Promise<void> => {
  const job = await enqueue(tx, { kind: runJob, title: titleOf(contract, number), data: { use: id }, participant });
  if (job) await setUseJob(tx, id, job);
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
  await askForRun(tx, (await findContract(tx, use.contract))!, use);
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

/** `touched`: data were opened, or nobody can say that they were not. */
export type Outcome =
  | { result: { text: string; digest: string; rows: number } }
  | { problem: Problem; touched: boolean };

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

/** Result, state and evidence in one transaction: no result without evidence, and no use without an end in the log. */
export const concludeUse = async (
  room: Room,
  tx: Tx,
  contract: Contract,
  use: Use,
  outcome: Outcome,
): Promise<void> => {
  const released = 'result' in outcome;
  const state = nextUseState(use.state, released ? 'release' : 'fail');
  if (!state) throw new Error(`a use that is ${use.state} has ended`);
  const { terms, digest, id } = contract;
  const result = released ? outcome.result : null;
  const reason: Text | null = released ? null : reasonOf(outcome.problem);
  const money = await settlePrice(room, tx, contract, use, outcome);
  const said = await logStatement(room, tx, {
    kind: 'computationUse',
    title: { zh: '联合计算使用记录', en: 'Record of a joint computation' },
    document: {
      contract: id,
      contractDigest: digest,
      number: use.number,
      mode: terms.mode,
      isolation: use.isolation,
      query: terms.query.digest,
      values: use.values,
      data: terms.dataSets.map(({ owner, table, version }) => ({ owner, table, version })),
      by: use.participant,
      outcome: released ? 'released' : outcome.problem.code,
      rows: result?.rows ?? null,
      result: result?.digest ?? null,
      rho: terms.release.rho,
      price: money && { fen: money.fen.toString(), owed: money.state === 'owed' },
      reservedAt: use.at.toISOString(),
      endedAt: tx.now.toISOString(),
    },
    form: 'commitment',
    participant: use.participant,
  });
  await endUse(tx, use.id, { state, reason, result, money }, said);
  const { number } = use;
  const more = { use: use.id, number };
  if (released) {
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

const reasonOf = ({ definition, detail }: Problem): Text =>
  typeof detail === 'string' && detail !== ''
    ? { zh: `${definition.title.zh}：${detail}`, en: `${definition.title.en}: ${detail}` }
    : definition.title;
