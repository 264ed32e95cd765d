/**
 * SecretFlow's SPU as the engine of two owners without a third: private set intersection (KKRT), then sums on shares of two (Cheetah). This
 * side reads the owner's table, decides what the owner decides alone, and puts the answer together; `secretflow.py` holds the engine.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inputCommitment, requireTerms } from '../intersect/terms.ts';
import type { PartyOutcome } from '../party/start.ts';
import { ComputeError } from '../problem.ts';
import { groupsIn, recipientsOf } from '../shares/execute.ts';
import { type Place, placeOf } from '../shares/mesh.ts';
import type { Name } from '../shares/names.ts';
import type { Plan } from '../shares/plan.ts';
import type { SharesReport } from '../shares/play.ts';
import { halvesOf, total } from '../shares/ring.ts';
import { aligned, readTable, selectedIn, type Table } from '../shares/table.ts';
import { answerOf, keptIn, type Target, targetsOf } from '../shares/targets.ts';
import { requireSharesTerms, type SharesTerms, sharesDigest } from '../shares/terms.ts';
import {
  type EnginePart,
  type EngineReport,
  type PartyEngine,
  type QueryReport,
  secretflowFault,
  secretflowLimits,
} from './engine.ts';
import { isOfKeys, keysOf } from './keys.ts';
import { packageVersion } from './python.ts';
import { commonRows, playKeys } from './secretflow-keys.ts';
import { Engine, type Line, meet } from './secretflow-process.ts';

type QueryPart = EnginePart & { terms: SharesTerms };
const isQuery = (part: EnginePart): part is QueryPart => part.terms.mode === 'shares';

const roleKeys = (plan: Plan, role: QueryPart['role']): string => {
  if (plan.align === 'place') throw new ComputeError('compute.query', 'rows are matched by keys in this engine');
  return plan.align[role];
};

interface Own {
  table: Table;
  commitment: string;
  /** For the engine: a hash of each distinct key, with the first row that has it. */
  keys: string;
  /** Further rows of the key of that one. */
  again: ReadonlyMap<number, readonly number[]>;
}

const readOwn = async ({ terms, role, input, agreed }: QueryPart): Promise<Own> => {
  const { plan, decimals, rowsMax } = terms;
  const column = roleKeys(plan, role);
  const salt = Buffer.from(input.salt, 'hex');
  const { scanned, keys, again } = await keysOf({ ...input, salt, column });
  if (scanned.rows > rowsMax)
    throw new ComputeError('compute.sizeCap', `${scanned.rows} rows; the terms allow ${rowsMax}`);
  const table = await readTable(input.path, plan, role, decimals);
  const commitment = inputCommitment(salt, scanned.digest, column).toString('hex');
  if (commitment !== agreed.own || (table.digest.length > 0 && !table.digest.equals(scanned.digest)))
    throw new ComputeError('compute.inputChanged', 'the table is not the one that was signed for');
  return { table, commitment, keys, again };
};

/** Own rows that have a key of the other's, in the order that both have. */
const matched = async (engine: Engine, { keys, again }: Own, folder: string): Promise<Uint32Array> => {
  const order = (await commonRows(engine, keys, folder, true))!;
  for (const row of order) {
    const [more] = again.get(row) ?? [];
    if (more !== undefined) throw new ComputeError('compute.input', `record ${more}: its key comes again`);
  }
  return order;
};

interface Side {
  place: Place;
  terms: SharesTerms;
  folder: string;
  table: Table;
  selected: Uint8Array;
  rows: number;
}

/** For each row its group among the owner's, or none. */
interface Groups {
  of: Int32Array;
  keys: Name[];
}

const groupsOf = ({ terms, table, selected, rows }: Side): Groups => {
  const { order, ends, keys } = groupsIn(table, terms.plan.groups!.columns, selected, randomBytes);
  const { groups, cells } = secretflowLimits;
  if (keys.length > groups || keys.length * rows > cells)
    throw new ComputeError('compute.sizeCap', `${keys.length} groups of ${rows} rows; this engine takes ${groups}`);
  const of = new Int32Array(rows).fill(-1);
  let at = 0;
  for (const [group, end] of ends.entries()) for (; at < end; at++) of[order[at]!] = group;
  return { of, keys };
};

/** What the engine is asked of a target, with this owner's part in files. */
interface Asked {
  by: Place;
  of: Place;
  rows: boolean;
  matrix?: string;
  vector?: string;
  sums?: string;
}

const askedOf = async (side: Side, target: Target, at: number, groups: Groups | undefined): Promise<Asked> => {
  const { place, terms, folder, table, selected, rows } = side;
  const { plan } = terms;
  const filters = (owner: Place) => plan.filters[owner === 0 ? 'first' : 'second'].length > 0;
  const grouping = plan.groups ? placeOf(plan.groups.owner) : undefined;
  const { owner } = target;
  const other = (1 - owner) as Place;
  const alone = grouping === undefined || owner === grouping ? !filters(other) : false;
  const by = alone ? owner : (grouping ?? other);
  const of = alone ? owner : ((1 - by) as Place);
  const asked: Asked = { by, of, rows: target.of === 'rows' };
  const keep = async (name: 'matrix' | 'vector' | 'sums', values: BigUint64Array) => {
    const path = join(folder, `${name}-${at}`);
    await writeFile(path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength), { mode: 0o600 });
    asked[name] = path;
  };
  // What this owner brings of its own rows: the target where that is its own, else which rows it takes.
  const brought = () => keptIn(table, selected, owner === place ? target : { ...target, of: 'rows' });
  if (alone) {
    if (place === owner) await keep('sums', groups ? sumsBy(brought(), groups) : total(brought()));
  } else if (place === of) await keep('vector', brought());
  else await keep('matrix', groups ? spread(brought(), groups, rows) : brought());
  return asked;
};

const sumsBy = (values: BigUint64Array, { of, keys }: Groups): BigUint64Array => {
  const sums = new BigUint64Array(keys.length);
  for (let row = 0; row < of.length; row++) if (of[row]! >= 0) sums[of[row]!] = sums[of[row]!]! + values[row]!;
  return sums;
};

/** A line for each group, nought where a row is of another. */
const spread = (values: BigUint64Array, { of, keys }: Groups, rows: number): BigUint64Array => {
  const matrix = new BigUint64Array(keys.length * rows);
  const [from, to] = [halvesOf(values), halvesOf(matrix)];
  for (let row = 0; row < rows; row++) {
    if (of[row]! < 0) continue;
    const at = (of[row]! * rows + row) * 2;
    to[at] = from[row * 2]!;
    to[at + 1] = from[row * 2 + 1]!;
  }
  return matrix;
};

const isName = (name: unknown, columns: number): name is Name =>
  Array.isArray(name) && name.length === columns && name.every((one) => one === null || typeof one === 'string');

/** What opened, if anything opens here. */
const answerFrom = (
  { terms, place }: Side,
  targets: readonly Target[],
  { opened, names }: Line,
): SharesReport['answer'] => {
  if (!recipientsOf(terms).includes(place)) return null;
  const { plan } = terms;
  const columns = (opened ?? []).map((one) => BigUint64Array.from(one, (text) => BigInt.asUintN(64, BigInt(text))));
  const count = plan.groups ? (names ?? []).length : 1;
  const keys: Name[] = plan.groups ? (names ?? []) : [[]];
  const sound =
    columns.length === targets.length + (plan.atLeast ? 1 : 0) &&
    columns.every(({ length }) => length === count) &&
    keys.every((key) => isName(key, plan.groups?.columns.length ?? 0));
  if (!sound) throw new ComputeError('compute.peerMalformed', 'what opened has another form than was asked for');
  if (!plan.atLeast) return answerOf(terms, targets, keys, columns);
  const flags = columns.at(-1)!;
  const open = keys
    .keys()
    .filter((group) => flags[group] === 1n)
    .toArray();
  const cut = (column: BigUint64Array) => BigUint64Array.from(open, (group) => column[group]!);
  const told = columns.slice(0, -1).map(cut);
  return {
    ...answerOf(
      terms,
      targets,
      open.map((group) => keys[group]!),
      told,
    ),
    withheld: count - open.length,
  };
};

const sum = async (engine: Engine, side: Side): Promise<SharesReport['answer']> => {
  const { terms, place, rows } = side;
  const { plan } = terms;
  const grouping = plan.groups ? placeOf(plan.groups.owner) : null;
  const filtersBeside = (owner: Place) => plan.filters[owner === 0 ? 'second' : 'first'].length > 0;
  const rowsOf: Place =
    grouping === null
      ? plan.filters.first.length > 0
        ? 0
        : 1
      : filtersBeside(grouping)
        ? ((1 - grouping) as Place)
        : grouping;
  const targets = targetsOf(plan, rowsOf);
  if (rows === 0) {
    const nothing = [...targets, ...(plan.atLeast ? [null] : [])].map(() => (plan.groups ? [] : ['0']));
    return answerFrom(side, targets, { opened: nothing, names: [] });
  }
  const groups = grouping === place ? groupsOf(side) : undefined;
  const asked: Asked[] = [];
  for (const [at, target] of targets.entries()) asked.push(await askedOf(side, target, at, groups));
  const line = await engine.ask({
    do: 'sum',
    targets: asked,
    rows,
    groups: groups?.keys.length ?? 1,
    groupsOf: grouping,
    cellsMost: secretflowLimits.cells,
    least: plan.atLeast ?? null,
    recipients: recipientsOf(terms),
    names: groups?.keys ?? null,
  });
  return answerFrom(side, targets, line);
};

const play = async (engine: Engine, part: QueryPart): Promise<PartyOutcome<QueryReport>> => {
  const { terms, role, input } = part;
  const place = placeOf(role);
  const begun = performance.now();
  const since = (from: number) => Math.round(performance.now() - from);
  const peerCommitment = await meet(engine, part, sharesDigest(terms));
  const [met, cpu] = [performance.now(), process.cpuUsage()];
  const read = await readOwn(part);
  const used = process.cpuUsage(cpu);
  const [aligning, readMs] = [performance.now(), since(met)];
  const order = await matched(engine, read, input.folder);
  const [computing, alignMs] = [performance.now(), since(aligning)];
  const table = aligned(read.table, order);
  const selected = selectedIn(table, terms.plan, role, terms.decimals);
  const answer = await sum(engine, { place, terms, folder: input.folder, table, selected, rows: order.length });
  const computeMs = since(computing);
  const { cpuSeconds = 0, peakBytes = 0 } = await engine.ask({ do: 'end' });
  const readCpu = Math.round((used.user + used.system) / 1000) / 1000;
  return {
    report: {
      rows: order.length,
      rowsRead: read.table.rows,
      answer,
      commitment: read.commitment,
      peerCommitment,
      bytes: null,
      milliseconds: { read: readMs, align: alignMs, compute: computeMs },
      // The engine tells its own all together.
      cpuSeconds: { read: readCpu, align: 0, compute: cpuSeconds },
    },
    cost: { milliseconds: since(begun), cpuSeconds: Math.round((readCpu + cpuSeconds) * 1000) / 1000, peakBytes },
  };
};

/** `python`: an interpreter that has the package `spu`. */
export const secretflowEngine = (python: string): PartyEngine => ({
  name: 'secretflow',
  ownLink: { lastMs: secretflowLimits.lastMs },
  version: async () => packageVersion(python, 'spu'),
  start: (part) => {
    if (isQuery(part)) {
      requireSharesTerms(part.terms);
      const fault = secretflowFault(part.terms.plan, part.terms.recipient);
      if (fault) throw new ComputeError('compute.query', fault);
    } else if (isOfKeys(part)) requireTerms(part.terms);
    else throw new ComputeError('compute.query', 'this engine takes queries on shares, and intersections by KKRT');
    const engine = new Engine(python, part.input.folder);
    const end = () => void engine.child.kill('SIGKILL');
    const late = setTimeout(end, secretflowLimits.playSeconds * 1000);
    const played: Promise<PartyOutcome<EngineReport>> = isQuery(part) ? play(engine, part) : playKeys(engine, part);
    const outcome = played.finally(() => {
      clearTimeout(late);
      end();
    });
    outcome.catch(() => undefined);
    return { child: engine.child, port: Promise.resolve(part.port), outcome, hasMet: () => engine.met };
  },
});
