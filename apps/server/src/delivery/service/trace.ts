/** A leaked file is compared with every marked copy that the asker supplies; what is found goes on the record. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { score } from '@shugu/watermark';
import { traceLimits } from '@shugu/wire/delivery';
import { audit } from '../../kernel/audit.ts';
import { ChildError } from '../../kernel/child/error.ts';
import type { Database, Reader } from '../../kernel/db/db.ts';
import { actorOf, type Principal } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import type { DeliverableVersion, Trace, TraceFile } from '../model.ts';
import { problems } from '../problems.ts';
import { grantsOfCopies, markedCuts, markedFiles } from '../reads.ts';
import * as store from '../store.ts';
import { type EvidenceResult, readEvidence } from '../trace/evidence.ts';
import { receive } from '../trace/receive.ts';
import {
  byLayout,
  type CopyTable,
  copyFileTable,
  copyTables,
  type Test,
  type Verdict,
  verdictOf,
} from '../trace/rules.ts';
import type { ServiceDeps } from './deps.ts';

export interface TraceRequest {
  principal: Principal;
  name: string;
  product: string | undefined;
  stream: Readable;
  requestId: string;
}

type Deps = ServiceDeps & { database: Database };

/** The operator asks all copies of the exchange, a supplier those of its own products. */
const tablesToAsk = async (deps: Deps, read: Reader, { principal, product }: TraceRequest): Promise<CopyTable[]> => {
  const isOperator = principal.permissions.has('delivery.grant.supervise');
  const supplier = isOperator ? undefined : principal.participant;
  const [cuts, files] = [await markedCuts(read, supplier, product), await markedFiles(read, supplier, product)];
  if (cuts.length + files.length > traceLimits.copiesMax) throw problems.traceTooWide();
  const versions = new Map<string, Awaited<ReturnType<Deps['version']>>>();
  for (const { version } of [...cuts, ...files])
    if (!versions.has(version)) versions.set(version, await deps.version(read, version));
  const tablesOf = <One extends { version: string }>(
    made: readonly One[],
    of: (one: One, version: DeliverableVersion) => CopyTable[],
  ) =>
    made.flatMap((one) => {
      const version = versions.get(one.version);
      return version ? of(one, version) : [];
    });
  return [...tablesOf(cuts, copyTables), ...tablesOf(files, copyFileTable)];
};

const testsOf = async (deps: Deps, groups: readonly CopyTable[][], found: EvidenceResult): Promise<Test[]> => {
  const tests: Test[] = [];
  for (const [at, group] of groups.entries()) {
    const { names, bits, synthetics } = found.layouts[at]!;
    const evidence = { names: Buffer.from(names, 'base64'), bits: Buffer.from(bits, 'base64'), rows: found.rowsRead };
    const withRows = group.filter(({ synthetic }) => synthetic);
    // The share and the files of one contract bear the same marks: one question, asked once.
    const asked = new Set<string>();
    for (const table of group) {
      if (table.layout.alterable.length > 0 && !asked.has(table.copy))
        tests.push({ copy: { table, method: 'altered' }, ...score(evidence, await deps.copyKey(table.copy)) });
      asked.add(table.copy);
      const rows = table.synthetic && synthetics[withRows.indexOf(table)];
      if (rows)
        tests.push({
          copy: { table, method: 'synthetic' },
          tested: rows.asked,
          matched: rows.found,
          logChance: rows.logChance,
        });
    }
  }
  return tests;
};

const namedOf = async (read: Reader, { named }: Verdict): Promise<Trace['named']> => {
  const grants = await grantsOfCopies(read, [...new Set(named.map(({ copy }) => copy.table.copy))]);
  return named.flatMap(({ copy: { table, method }, tested, matched, logChance, logChanceOfAny }) => {
    const grant = grants.find((one) => (one.contract ?? one.id) === table.copy && one.version === table.version);
    if (!grant) return [];
    const { id, contract, buyer, product, productName, version } = grant;
    const score = { tested, matched, logChance, logChanceOfAny };
    return [{ contract, grant: id, buyer, product, productName, version, table: table.table, method, ...score }];
  });
};

export const runTrace = async (deps: Deps, request: TraceRequest): Promise<Trace> => {
  const { database } = deps;
  const groups = byLayout(await tablesToAsk(deps, database, request));
  if (groups.length === 0) throw problems.traceNothing();
  if (groups.length > traceLimits.layoutsMax) throw problems.traceTooWide();
  const folder = await mkdtemp(join(await deps.tracesFolder(), 'trace-'));
  try {
    const path = join(folder, 'file');
    const received = await receive(request.stream, createWriteStream(path), traceLimits.fileBytesMax);
    const layouts = groups.map((group) => ({
      layout: group[0]!.layout,
      synthetics: group.flatMap(({ synthetic }) => (synthetic ? [synthetic] : [])),
    }));
    const { rowsMax, columnsMax } = traceLimits;
    const found = await readEvidence({ path, folder: join(folder, 'work'), layouts, rowsMax, columnsMax });
    const verdict = verdictOf(await testsOf(deps, groups, found));
    const { columns, rows, rowsRead } = found;
    const file: TraceFile = { name: request.name, ...received, rows, rowsRead, columns };
    return await keep(deps, request, file, verdict, groups.flat());
  } catch (error) {
    // What the file brought about; a defect of ours stays one.
    if (error instanceof ChildError && error.code !== 'child.failed')
      throw problems.traceUnreadable({ detail: { zh: error.zh, en: error.en } });
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const keep = (
  { database }: Deps,
  { principal, requestId }: TraceRequest,
  file: TraceFile,
  verdict: Verdict,
  tables: readonly CopyTable[],
): Promise<Trace> =>
  database.tx(actorOf(principal, requestId), async (tx) => {
    const trace: Trace = {
      id: newId('trc', tx.now),
      participant: principal.participant,
      file,
      copies: new Set(tables.map(({ copy }) => copy)).size,
      tests: verdict.tests,
      chanceMax: verdict.chanceMax,
      named: await namedOf(tx, verdict),
      closest: verdict.closest,
      createdAt: tx.now,
    };
    await store.insertTrace(tx, trace);
    await audit(tx, {
      action: 'delivery.trace.run',
      subject: trace.id,
      data: {
        sha256: file.sha256,
        copies: trace.copies,
        named: trace.named.map(({ contract, grant }) => contract ?? grant),
      },
    });
    return trace;
  });
