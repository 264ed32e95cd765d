/**
 * 互结对账单: what members of another node owe here, said under this node's key, and that node's answer under its own. What both have
 * signed is owed to the fen; where a line differs nothing of the statement is.
 */
import type { Json } from '@shugu/evidence';
import { tradeLimits } from '@shugu/wire/nodes-trade';
import { audit } from '../../kernel/audit.ts';
import { monthOf } from '../../kernel/calendar/calendar.ts';
import { type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { nextNumber } from '../../kernel/numbers.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { type Envelope, payloadDigest, sealWords } from '../envelope.ts';
import { figure } from '../figures.ts';
import type { Difference, NodesDeps, PeerAnswer, PeerMessage, StatementLine } from '../model.ts';
import { problems } from '../problems.ts';
import type { KnownPeer } from './peers.ts';
import { compareLines, correctedLines, dueMonth, type HeldPurchase, reckonedTotal, totalOf } from './rules.ts';
import * as store from './store.ts';

export type Said = Extract<PeerMessage, { kind: 'statement' }>;

const tellAgreed = async (tx: Tx, one: Pick<store.MutualRow, 'id' | 'side' | 'number' | 'peer_name'>, lines: Json) =>
  emit(tx, {
    type: 'nodes.statement.agreed',
    subject: one.id,
    data: { side: one.side, number: one.number, peer: one.peer_name, lines },
  });

/** What was billed of purchases that another node guarantees. */
const billedOf = async (
  deps: NodesDeps,
  tx: Tx,
  guarantees: readonly store.GuaranteeRow[],
): Promise<StatementLine[]> => {
  const purchaseOf = new Map(guarantees.map((one) => [one.order_id!, one.purchase]));
  return (await deps.owed.statements(tx, [...purchaseOf.keys()])).map((one) => ({
    purchase: purchaseOf.get(one.order)!,
    statement: one.number,
    from: one.from.toISOString(),
    until: one.until.toISOString(),
    quantity: one.quantity.toString(),
    fen: one.fen.toString(),
    final: one.final,
  }));
};

const drawUpFor = async (
  deps: NodesDeps,
  tx: Tx,
  guarantees: readonly store.GuaranteeRow[],
): Promise<string | undefined> => {
  const { peer_key } = guarantees[0]!;
  const billed = await billedOf(deps, tx, guarantees);
  const numbers = billed.map(({ statement }) => statement);
  const before = await store.statedBefore(tx, 'creditor', peer_key, numbers);
  const lines = billed.filter(({ statement }) => !before.has(statement)).slice(0, tradeLimits.linesMax);
  return lines.length === 0 ? undefined : (await write(deps, tx, guarantees[0]!, lines)).id;
};

/** Signed by this node, and sent after the commit. */
const write = async (
  deps: NodesDeps,
  tx: Tx,
  { peer_key, peer_name, peer_did }: Pick<store.GuaranteeRow, 'peer_key' | 'peer_name' | 'peer_did'>,
  lines: readonly StatementLine[],
  corrects?: Said['corrects'],
): Promise<{ id: string; number: string }> => {
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
    lines: [...lines],
    total: total.toString(),
    account,
    ...(corrects && { corrects }),
  };
  const statement = await sealWords(signer, words);
  const id = newId('mst', tx.now);
  const { id: participant } = await deps.members.operatorOf(tx);
  await store.insertMutual(
    tx,
    {
      ...{ id, participant, side: 'creditor', peer_key, peer_name, number, until: tx.now, total_fen: Number(total) },
      ...{ account, state: 'sending', statement, digest: payloadDigest(signer.suite, statement), answer: null },
      ...{ corrects: corrects?.number ?? null, reason: corrects?.reason ?? '' },
    },
    lines,
  );
  await audit(tx, {
    action: 'nodes.statement.create',
    subject: id,
    participant,
    data: { number, node: peer_name, fen: total.toString() },
  });
  return { id, number };
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

const monthDue = (deps: Pick<NodesDeps, 'cases'>, now: Date): string =>
  dueMonth(now, figure(deps, 'statementDay', now));
export const drawingDue = (deps: Pick<NodesDeps, 'cases'>, now: Date): Sql => store.roundDue(monthDue(deps, now));

/** Draws up what is due by the calendar, once a month, however late; number of statements. Harmless to repeat. */
export const drawUpDue = async (deps: NodesDeps, now: Date): Promise<number> => {
  const month = monthDue(deps, now);
  if (await store.isRoundDone(deps.database, month)) return 0;
  return deps.database.tx(systemActor('nodes'), async (tx) => {
    const operator = await deps.members.operatorIfAny(tx);
    if (!operator || !(await store.insertRound(tx, month, operator.id))) return 0;
    let made = 0;
    // One statement takes so many lines; what is beyond goes into the next.
    for (let more = await drawUp(deps, tx); more.length > 0; more = await drawUp(deps, tx)) made += more.length;
    return made;
  });
};

/**
 * In place of a statement that differs: its bills as they stand now, without those for which nothing is asked any more, and why; signed
 * by this node, and by the other where it reckons the same. @throws kernel.unknown, nodes.wrongState
 */
export const correct = async (
  deps: NodesDeps,
  tx: Tx,
  id: string,
  { reason, leaveOut }: { reason: string; leaveOut: readonly string[] },
): Promise<string> => {
  await tx.first(sql`select pg_advisory_xact_lock(hashtext('nodes/mutual'))`);
  const one = await store.lockMutual(tx, id);
  if (one?.side !== 'creditor') throw kernelProblems.unknown();
  if (one.state !== 'differing') throw problems.wrongState({ detail: one.state });
  const before = await store.linesOf(tx, [id]);
  const unknown = leaveOut.find((number) => !before.some(({ statement }) => statement === number));
  if (unknown !== undefined)
    throw kernelProblems.invalid({
      field: 'body.leaveOut',
      detail: { zh: `没有 ${unknown} 这一行`, en: `no line ${unknown}` },
    });
  const guarantees = await store.guaranteesOf(tx, one.peer_key, [...new Set(before.map(({ purchase }) => purchase))]);
  const lines = correctedLines(before, await billedOf(deps, tx, guarantees), new Set(leaveOut));
  const made = await write(deps, tx, guarantees[0]!, lines, { number: one.number, reason });
  await store.correctMutual(tx, one, { number: made.number, leftOut: leaveOut });
  await audit(tx, {
    action: 'nodes.statement.correct',
    subject: id,
    data: { by: made.number, reason, leaveOut: leaveOut.join(' ').slice(0, 500) },
  });
  return made.id;
};

/** People of this node's operator hear of a statement that differs, and of the one in its place. */
const tellPeople = async (
  deps: NodesDeps,
  tx: Tx,
  one: Pick<store.MutualRow, 'id' | 'number' | 'peer_name' | 'corrects'>,
  differences: readonly Difference[],
): Promise<void> => {
  const [first] = differences;
  if (!first && one.corrects === null) return;
  const text = first
    ? {
        zh: `与${one.peer_name}的互结对账单 ${one.number} 有 ${differences.length} 处差异；首处为 ${first.statement}：债权节点 ${first.theirs} 分，债务节点 ${first.ours ?? '无记录'}${first.ours === null ? '' : ' 分'}。差异更正前全单不付。`,
        en: `Mutual statement ${one.number} with ${one.peer_name} differs in ${differences.length} lines, first in ${first.statement}: the creditor’s node says ${first.theirs} fen, the debtor’s ${first.ours ?? 'knows of nothing'}. Nothing of it is paid until it is corrected.`,
      }
    : {
        zh: `与${one.peer_name}的互结对账单 ${one.number} 已由双方签名，更正 ${one.corrects}。`,
        en: `Mutual statement ${one.number} with ${one.peer_name} is signed by both, in place of ${one.corrects}.`,
      };
  await deps.cases.serve(tx, {
    to: (await deps.members.operatorOf(tx)).id,
    caseId: null,
    subject: one.id,
    title: one.number,
    dueAt: null,
    text,
    deemedServed: 'onDelivery',
    startsClocks: [],
    at: tx.now,
  });
};

/** The debtor's signed answer to exactly this statement. Harmless to repeat. */
export const settleAnswer = async (
  deps: NodesDeps,
  tx: Tx,
  id: string,
  { said: { differences }, envelope }: { said: PeerAnswer; envelope: Envelope },
): Promise<void> => {
  const one = await store.lockMutual(tx, id);
  if (one?.state !== 'sending') return;
  await store.noteDifferences(tx, id, differences);
  await store.answerMutual(tx, id, differences.length ? 'differing' : 'agreed', envelope);
  await audit(tx, { action: 'nodes.statement.answer', subject: id, data: { differences: differences.length } });
  await tellPeople(deps, tx, one, differences);
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

/** The one that a correction stands in place of. */
const differingOf = async (tx: Tx, peerKey: string, number: string): Promise<store.MutualRow> => {
  const found = await store.findMutual(tx, 'debtor', peerKey, number);
  const one = found && (await store.lockMutual(tx, found.id));
  if (one?.state !== 'differing') throw problems.messageInvalid({ detail: 'corrects' });
  return one;
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
  const { lines, number, account, corrects } = said;
  const corrected = corrects && (await differingOf(tx, peer_key, corrects.number));
  if (lines.length === 0 && !corrects) throw problems.messageInvalid({ detail: 'lines' });
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
    {
      ...{ ...row, total_fen: Number(total), account, state, statement: sent, digest, answer: answered },
      ...{ corrects: corrects?.number ?? null, reason: corrects?.reason ?? '' },
    },
    lines,
  );
  await store.noteDifferences(tx, id, differences);
  if (corrected)
    await store.correctMutual(tx, corrected, {
      number,
      leftOut: missingIn(lines, await store.linesOf(tx, [corrected.id])),
    });
  await tellPeople(deps, tx, { ...row, corrects: corrects?.number ?? null }, differences);
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

const missingIn = (lines: readonly StatementLine[], before: readonly store.LineRow[]): string[] =>
  before.map(({ statement }) => statement).filter((number) => !lines.some(({ statement }) => statement === number));

const lineView = (line: store.LineRow) => ({
  purchase: line.purchase,
  statement: line.statement,
  from: line.from_at.toISOString(),
  until: line.until_at.toISOString(),
  quantity: line.quantity,
  fen: String(line.fen),
  final: line.final,
});

const linesView = (lines: readonly store.LineRow[]) => {
  const first = lines.find(({ difference }) => difference !== null);
  return {
    lines: lines.map((line) => ({ ...lineView(line), difference: line.difference, leftOut: line.left_out })),
    reckoned: String(reckonedTotal(lines.map(({ fen, difference }) => ({ fen: String(fen), difference })))),
    firstDifference: first ? lineView(first) : null,
  };
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
    ...linesView(lines.get(one.id) ?? []),
    ...{ corrects: one.corrects, correctedBy: one.corrected_by, reason: one.reason },
    account: one.account,
    signedBy: [one.statement.keyId, ...(one.answer ? [one.answer.keyId] : [])],
    failure: one.failure,
    createdAt: one.created_at.toISOString(),
    answeredAt: one.answered_at?.toISOString() ?? null,
  }));
};
