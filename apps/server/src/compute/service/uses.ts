/** A use: reserved before anything is read, and ended once, with what the node states of it in the log. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { nextContractState, nextUseState, refusalOf } from '@shugu/private-compute';
import type { Text } from '@shugu/wire';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { logStatement } from '../../kernel/issue/statement.ts';
import { enqueue } from '../../kernel/jobs.ts';
import type { Problem } from '../../kernel/problem.ts';
import type { Contract, Room, Use } from '../model.ts';
import { problems } from '../problems.ts';
import { askedWrong } from '../rules.ts';
import { endUse, insertUse, setContractState, setUseJob, takeUse } from '../store.ts';
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
  if (refusal) throw problems[refusal]();
  const wrong = askedWrong(contract.terms, asked);
  if (wrong) throw wrong;
  const swapped = await swappedTable(room, tx, contract);
  if (swapped) throw problems.versionSwapped({ detail: swapped });
  const number = await takeUse(tx, id);
  if (number === undefined) throw problems.exhausted();
  const use = newId('cpu', tx.now);
  await insertUse(tx, { id: use, contract: id, number, values: asked.values });
  const { title } = contract;
  const job = await enqueue(tx, {
    kind: runJob,
    title: { zh: `联合计算：${title}（第 ${number} 次）`, en: `Joint computation: ${title} (use ${number})` },
    data: { use },
  });
  if (job) await setUseJob(tx, use, job);
  await audit(tx, { action: 'compute.use.reserve', subject: use, data: { contract: id, number } });
  await tell(tx, 'compute.use.reserved', contract, { use, number });
  if (number === contract.usesTotal) {
    await setContractState(tx, id, nextContractState(contract.state, 'exhaust')!);
    await tell(tx, 'compute.contract.exhausted', contract, {});
  }
  return use;
};

export type Outcome = { result: { text: string; digest: string; rows: number } } | { problem: Problem };

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
  const said = await logStatement(room, tx, {
    kind: 'computationUse',
    title: { zh: '联合计算使用记录', en: 'Record of a joint computation' },
    document: {
      contract: id,
      contractDigest: digest,
      number: use.number,
      mode: terms.mode,
      query: terms.query.digest,
      values: use.values,
      data: terms.dataSets.map(({ owner, table, version }) => ({ owner, table, version })),
      by: use.participant,
      outcome: released ? 'released' : outcome.problem.code,
      rows: result?.rows ?? null,
      result: result?.digest ?? null,
      reservedAt: use.at.toISOString(),
      endedAt: tx.now.toISOString(),
    },
    form: 'commitment',
    participant: use.participant,
  });
  await endUse(tx, use.id, { state, reason, result }, said);
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
