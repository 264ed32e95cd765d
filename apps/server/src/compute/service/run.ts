/**
 * The clean room: a locked process of the engine that sees the columns which the query reads, of the files whose digests were
 * signed, and runs the SQL that the gate wrote. A use that was begun and not ended by this process is lost, never begun again:
 * nobody can tell what it had read.
 */
import { createHash } from 'node:crypto';
import { QueryEnded } from '@shugu/gateway';
import {
  type CleanRoom,
  engineOf,
  hasThird,
  nextUseState,
  noisyRows,
  systemChance,
  unboundedName,
} from '@shugu/private-compute';
import type { Sent } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { type JobContext, type JobHandler, jobProblems } from '../../kernel/jobs.ts';
import { Problem } from '../../kernel/problem.ts';
import { roomLimits } from '../engines/limits.ts';
import type { Cell, Contract, Room, RoomContract, Use } from '../model.ts';
import { problems } from '../problems.ts';
import { findContract, findUse, lockContract, lockUse, strandedUses } from '../reads.ts';
import { atOwners, inRoom, isolationOf, isWhole, leanSql } from '../rules.ts';
import { beginUse } from '../store.ts';
import { endRun } from './answers.ts';
import { computeModule, moduleProblem } from './module-run.ts';
import { type Stopwatch, stopwatch } from './stopwatch.ts';
import { beginWithoutThird, playThird } from './third.ts';
import { committed, concludeUse, type Looked, lookAtData, type Outcome, sameBytes } from './uses.ts';

const groupsMax = 1_000_000;
const actor = systemActor('compute');

/**
 * The use, now running; undefined when there is nothing to run any more. The contract was read a moment ago: who has revoked since is
 * heard before anything is given out.
 */
const start = async (
  room: Room,
  use: Use,
  contract: RoomContract,
): Promise<{ use: Use; looked: Looked } | undefined> => {
  const isolation = isolationOf(contract.terms, await room.isolation());
  const state = nextUseState(use.state, 'run');
  const begin = room.database.tx(actor, async (tx): Promise<Sent | undefined> => {
    const end = async (problem: Problem, touched = false) => {
      const locked = await lockUse(tx, use.id);
      if (locked && nextUseState(locked.state, 'fail'))
        await concludeUse(room, tx, contract, locked, { problem, touched });
      return undefined;
    };
    if (use.state === 'running') return end(problems.interrupted(), true);
    if (!state) return undefined;
    if (contract.state === 'revoked') return end(problems.revoked());
    if (tx.now >= contract.until) return end(problems.expired());
    return beginUse(tx, use, { state, isolation });
  });
  // What the node knows of the data is looked at meanwhile; the data themselves only when it is written that it runs.
  const [begun, looked] = await Promise.all([begin, lookAtData(room, room.database, contract)]);
  return begun?.touched && state ? { use: { ...use, state, isolation }, looked } : undefined;
};

const compute = async (
  room: Room,
  contract: RoomContract,
  { use, looked: { swapped, profiled } }: { use: Use; looked: Looked },
  context: JobContext,
  watch: Stopwatch,
): Promise<Outcome> => {
  const { terms, shape } = contract;
  const untouched = (problem: Problem): Outcome => ({ problem, touched: false });
  if (swapped) return untouched(problems.versionSwapped({ detail: swapped }));
  if (!isWhole(terms)) return untouched(problems.queryDiffers());
  watch.lap('check');
  const tables: { name: string; path: string }[] = [];
  for (const { table, version } of terms.dataSets) {
    const path = await room.objects.local(version);
    if (!(await sameBytes(path, version))) return untouched(problems.versionSwapped({ detail: table }));
    tables.push({ name: terms.noise ? unboundedName(table) : table, path });
  }
  watch.lap('data');
  await context.progress(0.4);
  if (terms.module) return computeModule(room, contract, use, tables, context);
  const engine = room.engine(engineOf(terms));
  if (!engine) return untouched(problems.engineDiffers({ detail: engineOf(terms) }));
  const sql = leanSql(contract, profiled);
  const data = await engine.run({
    ...{ contract, sql, tables, values: use.values },
    // Groups that nobody named are counted and left out, so that no limit tells how many there are.
    rowsMax: terms.noise ? groupsMax : terms.release.rowsMax,
    signal: AbortSignal.any([context.signal, AbortSignal.timeout((engine.seconds + roomLimits.queueSeconds) * 1000)]),
  });
  watch.skip();
  if (!terms.noise || terms.release.rho === null) {
    const result = resultOf(terms.output, data);
    watch.lap('release');
    return { result };
  }
  const exact = data.map((row) => terms.output.map(({ name }) => (row[name] ?? null) as string | null));
  const { selected, groups } = shape.joint;
  const noisy = noisyRows(terms.noise, terms.release.rho, { selected: selected!, groups }, exact, systemChance());
  return {
    result: textOf(
      terms.output,
      noisy.map((row) => `[${row.map(cellText).join(',')}]`),
    ),
  };
};

/** In an order of its own: the engine's would tell how the rows lie. */
const resultOf = (columns: CleanRoom['output'], data: readonly Record<string, Cell>[]) => {
  return textOf(columns, data.map((row) => JSON.stringify(columns.map(({ name }) => row[name] ?? null))).sort());
};

/** Whole numbers beyond 53 bits as text, as the engine gives them. */
const cellText = (cell: string | bigint): string =>
  typeof cell === 'bigint' && Number.isSafeInteger(Number(cell)) ? String(cell) : JSON.stringify(String(cell));

const textOf = (columns: CleanRoom['output'], rows: readonly string[]) => {
  const text = `{"columns":${JSON.stringify(columns)},"rows":[${rows.join(',')}]}`;
  return { text, digest: `sha256:${createHash('sha256').update(text).digest('hex')}`, rows: rows.length };
};

/** The engine's own words may quote values: recipients get a code. */
const problemOf = (error: unknown, { module }: CleanRoom): Problem | undefined => {
  const ofModule = module && moduleProblem(error);
  if (ofModule) return ofModule;
  if (error instanceof Problem) return error.code === jobProblems.cancelled().code ? problems.cancelled() : error;
  if (!(error instanceof QueryEnded)) return undefined;
  return error.code === 'rows' || error.code === 'bytes'
    ? problems.answerRefused()
    : problems.broken({ detail: error.code });
};

const strandedMax = 50;

const endedBy = ({ state }: Contract): Problem =>
  state === 'revoked' || state === 'expired' ? problems[state]() : problems.interrupted();

/**
 * A job that somebody cancelled before it began, or that died with its processes, ends its use; the number done. It counts, as what is
 * reserved does, and what it costs is the contract's rule.
 */
export const endStranded = async (room: Room): Promise<number> => {
  const found = await strandedUses(room.database, strandedMax);
  for (const { id, cancelled } of found)
    await room.database.tx(actor, async (tx) => {
      const contract = (await lockContract(tx, (await findUse(tx, id))!.contract))!;
      const use = (await lockUse(tx, id))!;
      if (!nextUseState(use.state, 'fail')) return;
      const problem = cancelled ? problems.cancelled() : endedBy(contract);
      await concludeUse(room, tx, contract, use, { problem, touched: use.state === 'running' });
    });
  return found.length;
};

export const runHandler =
  (room: Room): JobHandler =>
  async (job, context) => {
    const { use: id } = job.data as { use: string };
    const [asked] = await Promise.all([findUse(room.database, id), context.progress(0.1)]);
    const under = asked && (await findContract(room.database, asked.contract));
    if (!asked || !under) return { use: id };
    if (atOwners(under)) return hasThird(under.terms) ? playThird(room, id, context) : beginWithoutThird(room, id);
    const watch = stopwatch(room.timer);
    const contract = inRoom(under);
    const begun = await start(room, asked, contract);
    if (!begun) return { use: id };
    const { use } = begun;
    watch.lap('begin');
    const outcome = await compute(room, contract, begun, context, watch).catch((error: unknown): Outcome => {
      const problem = problemOf(error, contract.terms);
      // Whatever was opened by then: nobody can say that it was not read.
      if (problem) return { problem, touched: true };
      throw error;
    });
    watch.skip();
    const ending: Outcome = 'result' in outcome ? { result: committed(outcome.result) } : outcome;
    await endRun(room, contract, use, ending, watch);
    return { use: id };
  };
