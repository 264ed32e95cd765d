/**
 * SCQL as the engine of two owners without a third, by each owner's own SCQLBroker. A project of the use's own is made by the recipient and
 * joined by the other; each brings a table and grants what the plan needs of it; the recipient asks the one query and closes the project.
 * Written by SCQL's published API and never run against a real one.
 */
import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { scanKeys } from '../intersect/prepare.ts';
import { inputCommitment } from '../intersect/terms.ts';
import type { PartyOutcome } from '../party/start.ts';
import { ComputeError } from '../problem.ts';
import { placeOf } from '../shares/mesh.ts';
import { readTable, selectedIn, type Table } from '../shares/table.ts';
import { keptIn } from '../shares/targets.ts';
import { requireSharesTerms, type SharesTerms, sharesDigest } from '../shares/terms.ts';
import { recordFault } from '../table/records.ts';
import type { EnginePart, PartyEngine, QueryReport } from './engine.ts';
import { brokerOf, type ScqlSettings, scqlCode } from './scql-client.ts';
import {
  grantsOf,
  groupsAt,
  scqlAnswer,
  scqlColumns,
  scqlFault,
  scqlLimits,
  scqlProject,
  scqlQuery,
  scqlRow,
  scqlTable,
  valuesOf,
} from './scql-plan.ts';
import {
  type Service as Broker,
  type Services as Brokers,
  getWith,
  listIn,
  malformed,
  partIn,
  type ServiceHooks as ScqlHooks,
  servicesFor,
} from './service.ts';

type QueryPart = EnginePart & { terms: SharesTerms };

interface State {
  met: boolean;
  wrote: boolean;
}

/** What both mean, by the terms alone. */
interface Meant {
  part: QueryPart;
  settings: ScqlSettings;
  project: string;
  digest: string;
  own: string;
  theirs: string;
  tables: readonly [string, string];
}

const meant = (part: QueryPart, settings: ScqlSettings): Meant => {
  const { terms, role, agreed } = part;
  const digest = sharesDigest(terms);
  const other = role === 'first' ? 'second' : 'first';
  const [own, theirs] = [scqlTable(digest, role, agreed.own), scqlTable(digest, other, agreed.peer)];
  return {
    ...{ part, settings, own, theirs },
    project: scqlProject(digest),
    digest: digest.toString('hex'),
    tables: role === 'first' ? [own, theirs] : [theirs, own],
  };
};

/** Two alone: of Semi2k's triples one of them, or another to be trusted, would be the maker. */
const protocol = { protocol: 'CHEETAH', field: 'FM64' } as const;

const projectIn = async (broker: Broker, project: string) =>
  listIn((await broker.ask('/intra/project/list', { ids: [project] })).told, 'projects').find(
    ({ project_id: id }) => id === project,
  );

const invite = async (broker: Broker, { part, settings, project, digest }: Meant): Promise<void> => {
  await broker.ask('/intra/project/create', {
    project_id: project,
    name: 'shugu',
    description: digest,
    conf: {
      spu_runtime_cfg: protocol,
      session_expire_seconds: String(scqlLimits.playSeconds),
      group_by_threshold: String(part.terms.plan.atLeast),
      reveal_group_mark: false,
      reveal_group_count: false,
    },
  });
  await broker.ask('/intra/member/invite', { project_id: project, invitee: settings.peer });
  await broker.until('the other owner', part.meetMs, async () => {
    const members = (await projectIn(broker, project))?.members;
    if (!Array.isArray(members)) throw malformed('members');
    if (members.some((one) => one !== settings.party && one !== settings.peer))
      throw new ComputeError('compute.peerUnproven', 'somebody else is in the project');
    return members.includes(settings.peer) || undefined;
  });
};

/** Joins nothing that does not say what was signed. */
const join = async (broker: Broker, { part, settings, project, digest }: Meant): Promise<void> => {
  const found = await broker.until('the invitation', part.meetMs, async () => {
    const { told } = await broker.ask('/intra/invitation/list', { inviter: settings.peer });
    return listIn(told, 'invitations').find(
      (one) => partIn(one, 'project').project_id === project && (one.status ?? 'UNDECIDED') === 'UNDECIDED',
    );
  });
  const asked = partIn(found, 'project');
  const conf = partIn(asked, 'conf');
  const spu = partIn(conf, 'spu_runtime_cfg');
  const same =
    asked.description === digest &&
    asked.creator === settings.peer &&
    found.inviter === settings.peer &&
    spu.protocol === protocol.protocol &&
    spu.field === protocol.field &&
    Number(conf.group_by_threshold) === part.terms.plan.atLeast &&
    conf.reveal_group_mark === false &&
    conf.reveal_group_count === false;
  if (!same) throw new ComputeError('compute.termsDiffer', 'the other owner’s project is not as the contract says');
  const id = String(found.invitation_id);
  if (!/^\d{1,20}$/.test(id)) throw malformed('invitation_id');
  await broker.ask('/intra/invitation/process', { invitation_id: id, respond: 'ACCEPT' });
};

/** Checks the file against what was signed, and writes what the engine may read of it: rows that the owner's own conditions leave. */
const bring = async (
  { part, settings, digest }: Meant,
  state: State,
): Promise<{ table: Table; commitment: string }> => {
  const { terms, role, input, agreed } = part;
  const { plan, decimals, rowsMax } = terms;
  if (plan.align === 'place') throw new ComputeError('compute.query', 'rows are matched by keys in this engine');
  const column = plan.align[role];
  const keys: string[] = [];
  const salt = Buffer.from(input.salt, 'hex');
  const scanned = await scanKeys({ ...input, salt, column }, (bytes, length, row) => {
    keys[row] = createHash('sha256').update(`${digest}\n`).update(bytes.subarray(0, length)).digest('hex');
  });
  if (scanned.rows > rowsMax)
    throw new ComputeError('compute.sizeCap', `${scanned.rows} rows; the terms allow ${rowsMax}`);
  const commitment = inputCommitment(salt, scanned.digest, column).toString('hex');
  const table = await readTable(input.path, plan, role, decimals);
  if (commitment !== agreed.own || (table.digest.length > 0 && !table.digest.equals(scanned.digest)))
    throw new ComputeError('compute.inputChanged', 'the table is not the one that was signed for');
  const selected = selectedIn(table, plan, role, decimals);
  const place = placeOf(role);
  const sums = valuesOf(plan, place).map((target) => keptIn(table, selected, target));
  const groups = plan.groups?.owner === role && groupsAt(terms) === place ? plan.groups.columns : [];
  const seen = new Set<string>();
  const rows = [scqlColumns.map(({ name }) => name).join(',')];
  for (let row = 0; row < scanned.rows; row++) {
    const key = keys[row];
    if (key === undefined) continue;
    if (seen.has(key)) throw recordFault(row, 'its key comes again');
    seen.add(key);
    if (selected[row] === 0) continue;
    const group = groups.map((name) => {
      const { codes, words } = table.texts.get(name)!;
      return words[codes[row]!]!;
    });
    rows.push(
      scqlRow(
        key,
        group,
        sums.map((one) => one[row]!),
      ),
    );
  }
  // Another use may be reading it, or it is something else of the owner's.
  await writeFile(settings.file, `${rows.join('\n')}\n`, { mode: 0o600, flag: 'wx' }).catch(
    ({ code }: NodeJS.ErrnoException) => {
      throw new ComputeError('compute.input', `the file for SCQL cannot be written anew (${code})`);
    },
  );
  state.wrote = true;
  return { table, commitment };
};

const share = async (broker: Broker, { part, settings, project, own }: Meant): Promise<void> => {
  const { party, peer, table } = settings;
  await broker.ask('/intra/table/create', {
    project_id: project,
    table_name: own,
    ref_table: table,
    db_type: 'csvdb',
    columns: scqlColumns,
  });
  await broker.ask('/intra/ccl/grant', {
    project_id: project,
    column_control_list: grantsOf(part.terms, part.role, own, { own: party, peer }),
  });
};

/** The other owner's table: of the name that its signed file and the same terms give. */
const theirTable = (broker: Broker, { settings, project, theirs }: Meant, ms: number): Promise<true> =>
  broker.until('the other owner’s table', ms, async () => {
    const { told } = await broker.ask('/intra/table/list', { project_id: project, names: [] });
    const all = listIn(told, 'tables').filter(({ table_owner: owner }) => owner !== settings.party);
    if (all.some(({ table_name: name, table_owner: owner }) => name !== theirs || owner !== settings.peer))
      throw new ComputeError('compute.inputChanged', 'the other owner brought another table than it signed for');
    return all.length > 0 || undefined;
  });

/** Grants come to the other's broker some time after they were made. */
const theirGrants = (broker: Broker, { part, settings, project, theirs }: Meant, ms: number): Promise<true> => {
  const other = part.role === 'first' ? 'second' : 'first';
  const { party, peer } = settings;
  const wanted = grantsOf(part.terms, other, theirs, { own: peer, peer: party });
  return broker.until('what the other owner grants', ms, async () => {
    const { told } = await broker.ask('/intra/ccl/show', { project_id: project, tables: [theirs], dest_parties: [] });
    const found = new Map(
      listIn(told, 'column_control_list').map((one) => [
        `${String(partIn(one, 'col').column_name)} ${String(one.party_code)}`,
        one.constraint,
      ]),
    );
    return (
      wanted.every(({ col, party_code, constraint }) => found.get(`${col.column_name} ${party_code}`) === constraint) ||
      undefined
    );
  });
};

const query = async (
  { while: broker, after }: Brokers,
  one: Meant,
  ms: number,
): Promise<NonNullable<QueryReport['answer']>> => {
  const text = scqlQuery(one.part.terms, one.tables);
  await broker.ask('/intra/query', { project_id: one.project, query: text, dry_run: true });
  const { told } = await broker.ask('/intra/query/submit', { project_id: one.project, query: text });
  const job = told.job_id;
  if (typeof job !== 'string' || !/^[\w-]{1,64}$/.test(job)) throw malformed('job_id');
  try {
    const found = await broker.until('the result', ms, async () => {
      const { code, told } = await broker.ask('/intra/query/fetch', { job_id: job }, [scqlCode.notReady]);
      return code === scqlCode.ok ? told : undefined;
    });
    return scqlAnswer(one.part.terms, listIn(partIn(found, 'result'), 'out_columns'));
  } catch (error) {
    await after.ask('/intra/query/cancel', { job_id: job }).catch(() => undefined);
    throw error;
  }
};

export const scqlEngine = (settings: ScqlSettings, hooks: ScqlHooks = {}): PartyEngine => ({
  name: 'scql',
  brokered: { lastMs: scqlLimits.lastMs },
  version: async () => settings.version,
  start: (given) => {
    if (given.terms.mode !== 'shares') throw new ComputeError('compute.query', 'this engine takes queries on shares');
    requireSharesTerms(given.terms);
    const fault = scqlFault(given.terms.plan, given.terms.recipient);
    if (fault) throw new ComputeError('compute.query', fault);
    const state: State = { met: false, wrote: false };
    const { patienceMs = scqlLimits.patienceMs, lookMs = scqlLimits.lookMs } = hooks;
    const asking = { ...brokerOf(settings), get: getWith(undefined), patienceMs, lookMs };
    const { services, started } = servicesFor(asking, scqlLimits);
    return {
      ...started(play(meant(given as QueryPart, settings), services, state, hooks)),
      port: Promise.resolve(given.port),
      hasMet: () => state.met,
    };
  },
});

const play = async (
  one: Meant,
  brokers: Brokers,
  state: State,
  hooks: ScqlHooks,
): Promise<PartyOutcome<QueryReport>> => {
  const { while: broker, after } = brokers;
  const { part, settings, project, own } = one;
  const silenceMs = hooks.silenceMs ?? part.silenceMs ?? scqlLimits.silenceMs;
  const begun = performance.now();
  const cpu = process.cpuUsage();
  const asks = part.terms.recipient === part.role;
  try {
    if (asks) await invite(broker, one);
    else {
      await join(broker, one);
      await theirTable(broker, one, silenceMs);
    }
    state.met = true;
    const met = performance.now();
    const { table, commitment } = await bring(one, state);
    const read = performance.now();
    await share(broker, one);
    if (asks) await theirTable(broker, one, silenceMs);
    await theirGrants(broker, one, silenceMs);
    const aligned = performance.now();
    const answer = asks ? await query(brokers, one, scqlLimits.playSeconds * 1000) : null;
    if (!asks)
      await broker.until('the end of the query', scqlLimits.playSeconds * 1000, async () =>
        (await projectIn(broker, project))?.archived === true ? true : undefined,
      );
    const end = performance.now();
    const used = process.cpuUsage(cpu);
    const cpuSeconds = Math.round((used.user + used.system) / 1000) / 1000;
    const between = (from: number, until: number) => Math.round(until - from);
    return {
      report: {
        rows: null,
        rowsRead: table.rows,
        answer,
        commitment,
        peerCommitment: part.agreed.peer,
        bytes: null,
        milliseconds: { read: between(met, read), align: between(read, aligned), compute: between(aligned, end) },
        // Of this process; the broker and its engine tell none.
        cpuSeconds: { read: cpuSeconds, align: 0, compute: 0 },
      },
      cost: { milliseconds: between(begun, end), cpuSeconds, peakBytes: process.resourceUsage().maxRSS * 1024 },
    };
  } finally {
    // Nothing more can be asked in the project, of this table or of this file.
    if (state.wrote) await rm(settings.file, { force: true });
    await after.ask('/intra/table/drop', { project_id: project, table_name: own }).catch(() => undefined);
    await after.ask('/intra/project/archive', { project_id: project }).catch(() => undefined);
  }
};
