/**
 * 互结对账单: what members of another node owe here, said under this node's key, and that node's answer under its own. What both have
 * signed is owed to the fen; where a line differs nothing of the statement is.
 */
import type { Json } from '@shugu/evidence';
import { tradeLimits } from '@shugu/wire/nodes-trade';
import { audit } from '../../kernel/audit.ts';
import { monthOf } from '../../kernel/calendar/calendar.ts';
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { nextNumber } from '../../kernel/numbers.ts';
import { emit } from '../../kernel/outbox.ts';
import { type Envelope, payloadDigest, sealWords } from '../envelope.ts';
import type { Difference, NodesDeps, PeerAnswer, PeerMessage, StatementLine } from '../model.ts';
import { problems } from '../problems.ts';
import type { KnownPeer } from './peers.ts';
import { compareLines, type HeldPurchase, totalOf } from './rules.ts';
import * as store from './store.ts';

export type Said = Extract<PeerMessage, { kind: 'statement' }>;

const tellAgreed = async (tx: Tx, one: Pick<store.MutualRow, 'id' | 'side' | 'number' | 'peer_name'>, lines: Json) =>
  emit(tx, {
    type: 'nodes.statement.agreed',
    subject: one.id,
    data: { side: one.side, number: one.number, peer: one.peer_name, lines },
  });

const drawUpFor = async (
  deps: NodesDeps,
  tx: Tx,
  guarantees: readonly store.GuaranteeRow[],
): Promise<string | undefined> => {
  const { peer_key, peer_name, peer_did } = guarantees[0]!;
  const purchaseOf = new Map(guarantees.map((one) => [one.order_id!, one.purchase]));
  const owed = await deps.owed.statements(tx, [...purchaseOf.keys()]);
  const before = await store.statedBefore(
    tx,
    'creditor',
    peer_key,
    owed.map(({ number }) => number),
  );
  const lines: StatementLine[] = owed
    .filter(({ number }) => !before.has(number))
    .slice(0, tradeLimits.linesMax)
    .map((one) => ({
      purchase: purchaseOf.get(one.order)!,
      statement: one.number,
      from: one.from.toISOString(),
      until: one.until.toISOString(),
      quantity: one.quantity.toString(),
      fen: one.fen.toString(),
      final: one.final,
    }));
  if (lines.length === 0) return undefined;
  const { signer } = await deps.identity(tx);
  const month = monthOf(tx.now);
  const number = `HJ-${month}-${String(await nextNumber(tx, `nodes/mutual/${month}`)).padStart(4, '0')}`;
  const total = totalOf(lines);
  const account = (await deps.owed.account(tx, peer_did)) ?? '';
  const words: Said = {
    kind: 'statement',
    to: peer_key,
    number,
    until: tx.now.toISOString(),
    lines,
    total: total.toString(),
    account,
  };
  const statement = await sealWords(signer, words);
  const id = newId('mst', tx.now);
  const { id: participant } = await deps.members.operatorOf(tx);
  await store.insertMutual(
    tx,
    {
      ...{ id, participant, side: 'creditor', peer_key, peer_name, number, until: tx.now, total_fen: Number(total) },
      ...{ account, state: 'sending', statement, digest: payloadDigest(signer.suite, statement), answer: null },
    },
    lines,
  );
  await audit(tx, {
    action: 'nodes.statement.create',
    subject: id,
    participant,
    data: { number, node: peer_name, fen: total.toString() },
  });
  return id;
};

/** One for each node whose members owe something that no statement says yet; their ids. */
export const drawUp = async (deps: NodesDeps, tx: Tx): Promise<string[]> => {
  // Two people who ask at once make one statement, not two of the same.
  await tx.first(sql`select pg_advisory_xact_lock(hashtext('nodes/mutual'))`);
  const byPeer = Map.groupBy(await store.guaranteesUsed(tx), ({ peer_key }) => peer_key);
  const made: string[] = [];
  for (const guarantees of byPeer.values()) {
    const id = await drawUpFor(deps, tx, guarantees);
    if (id) made.push(id);
  }
  return made;
};

/** The debtor's signed answer to exactly this statement. Harmless to repeat. */
export const settleAnswer = async (
  tx: Tx,
  id: string,
  { said: { differences }, envelope }: { said: PeerAnswer; envelope: Envelope },
): Promise<void> => {
  const one = await store.lockMutual(tx, id);
  if (one?.state !== 'sending') return;
  await store.noteDifferences(tx, id, differences);
  await store.answerMutual(tx, id, differences.length ? 'differing' : 'agreed', envelope);
  await audit(tx, { action: 'nodes.statement.answer', subject: id, data: { differences: differences.length } });
  if (differences.length === 0) await tellAgreed(tx, one, []);
};

const heldOf = async (tx: Tx, peerKey: string, lines: readonly StatementLine[]) => {
  const held = new Map<string, HeldPurchase>();
  // In one order everywhere, since they are locked.
  for (const id of [...new Set(lines.map(({ purchase }) => purchase))].sort()) {
    const one = await store.lockPurchase(tx, id);
    // Somebody else's are as good as unknown.
    if (one?.peer_key !== peerKey) continue;
    const { state, plan, closed } = one;
    held.set(id, { state, plan, closed, estimateFen: BigInt(one.estimate_fen), owedFen: BigInt(one.owed_fen) });
  }
  return held;
};

const answer = async (deps: NodesDeps, tx: Tx, about: string, to: string, differences: Difference[]) => {
  const { signer } = await deps.identity(tx);
  return sealWords(signer, { kind: 'peerAnswer', to, about, differences } satisfies PeerAnswer);
};

/**
 * At the debtor's node: a creditor's statement, compared with what is held here, and answered under this node's key. The same again gets
 * the same answer and changes nothing. @throws nodes.messageInvalid, nodes.replayed where another stands under its number
 */
export const takeStatement = async (
  deps: NodesDeps,
  tx: Tx,
  { peer, sent, said }: { peer: KnownPeer; sent: Envelope; said: Said },
): Promise<Envelope> => {
  const { keyId: peer_key, suite } = peer.key;
  const { signer } = await deps.identity(tx);
  const about = payloadDigest(signer.suite, sent);
  const digest = payloadDigest(suite, sent);
  await tx.first(sql`select pg_advisory_xact_lock(hashtext(${`nodes/statement/${peer_key}/${said.number}`}))`);
  const before = await store.findMutual(tx, 'debtor', peer_key, said.number);
  if (before) {
    if (before.digest !== digest) throw problems.replayed({ detail: said.number });
    return before.answer!;
  }
  const { lines, number, account } = said;
  const total = totalOf(lines);
  if (total !== BigInt(said.total)) throw problems.messageInvalid({ detail: 'total' });
  const held = await heldOf(tx, peer_key, lines);
  const signedBefore = await store.statedBefore(
    tx,
    'debtor',
    peer_key,
    lines.map(({ statement }) => statement),
  );
  const differences = compareLines(lines, held, signedBefore);
  const answered = await answer(deps, tx, about, peer_key, differences);
  const id = newId('mst', tx.now);
  const { id: participant } = await deps.members.operatorOf(tx);
  const state = differences.length ? 'differing' : 'agreed';
  const until = new Date(said.until);
  const row = { id, participant, side: 'debtor' as const, peer_key, peer_name: peer.name, number, until };
  await store.insertMutual(
    tx,
    { ...row, total_fen: Number(total), account, state, statement: sent, digest, answer: answered },
    lines,
  );
  await store.noteDifferences(tx, id, differences);
  await audit(tx, {
    action: 'nodes.statement.receive',
    subject: id,
    participant,
    data: { number, node: peer.name, state },
  });
  if (state === 'agreed') {
    for (const line of lines) await store.owePurchase(tx, line.purchase, Number(line.fen), line.final);
    await tellAgreed(tx, row, lines as unknown as Json);
  }
  return answered;
};

export const mutualViews = async (read: Reader, rows: readonly store.MutualRow[]) => {
  const lines = Map.groupBy(
    await store.linesOf(
      read,
      rows.map(({ id }) => id),
    ),
    ({ mutual }) => mutual,
  );
  return rows.map((one) => ({
    id: one.id,
    number: one.number,
    node: { key: one.peer_key, name: one.peer_name },
    side: one.side,
    state: one.state,
    until: one.until.toISOString(),
    total: String(one.total_fen),
    lines: (lines.get(one.id) ?? []).map((line) => ({
      purchase: line.purchase,
      statement: line.statement,
      from: line.from_at.toISOString(),
      until: line.until_at.toISOString(),
      quantity: line.quantity,
      fen: String(line.fen),
      final: line.final,
      difference: line.difference,
    })),
    account: one.account,
    signedBy: [one.statement.keyId, ...(one.answer ? [one.answer.keyId] : [])],
    failure: one.failure,
    createdAt: one.created_at.toISOString(),
    answeredAt: one.answered_at?.toISOString() ?? null,
  }));
};
