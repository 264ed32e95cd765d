/** Each month's end: what was promised is laid beside what was measured, with what proves it. */
import { periodKey } from '@shugu/policy';
import type { Database, Reader, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import type { Metering } from '../../metering/index.ts';
import { judge, type Month, monthsDue, oldestHours } from '../levels.ts';
import type { DeliverableVersion, Grant, LevelEvidence, LevelFinding, ServiceLevels } from '../model.ts';
import { findGrant, grantsToAssess, lastPeriodOf, revisionsOf } from '../reads.ts';
import { insertPeriod } from '../store.ts';
import { type ServiceDeps, tell } from './deps.ts';

export interface LevelDeps extends Pick<ServiceDeps, 'version'> {
  database: Database;
  metering: Pick<Metering, 'flush' | 'serviceOf' | 'segmentEvidence'>;
  now(): Date;
}

/** Cells of what holders are served: by the newest revision, or as the version froze them. */
const cellsOf = (version: DeliverableVersion, served: { name: string; digest: string }[] | undefined) => {
  let [filled, all] = [0, 0];
  for (const table of version.tables) {
    const digest = served?.find(({ name }) => name === table.name)?.digest ?? table.data?.digest;
    const counted = table.cells.find((one) => one.digest === digest);
    if (!counted) continue;
    filled += counted.filled;
    all += counted.all;
  }
  return all === 0 ? null : { filled, all };
};

/** Findings for a part of the grant's time, with what they stand on. */
export const measure = async (
  deps: Pick<LevelDeps, 'version'> & { metering: Pick<Metering, 'serviceOf' | 'segmentEvidence'> },
  read: Reader,
  grant: Grant & { levels: ServiceLevels },
  { from, until }: Pick<Month, 'from' | 'until'>,
): Promise<{ findings: LevelFinding[]; evidence: LevelEvidence }> => {
  const zone = grant.plan.timeZone;
  const [first, last] = [periodKey(from, zone, 'day'), periodKey(until - 1, zone, 'day')];
  const service = await deps.metering.serviceOf(read, grant.id, first, last);
  const segments = await deps.metering.segmentEvidence(read, grant.id, { from, until });
  const version = await deps.version(read, grant.version);
  const revisions = (await revisionsOf(read, grant.version)).filter(({ publishedAt }) => publishedAt.getTime() < until);
  const published = [...(version ? [version.createdAt] : []), ...revisions.map(({ publishedAt }) => publishedAt)];
  const facts = {
    service,
    ageHours: oldestHours(
      published.map((at) => at.getTime()),
      from,
      until,
    ),
    cells: version ? cellsOf(version, revisions.at(-1)?.tables) : null,
  };
  return {
    findings: judge(grant.levels, facts),
    evidence: { ...service, cells: facts.cells, revisions: revisions.length, segments },
  };
};

const assess = async (deps: LevelDeps, tx: Tx, id: string, month: Month): Promise<number> => {
  const grant = await findGrant(tx, id);
  if (!grant?.levels || !grant.contract) return 0;
  const { findings, evidence } = await measure(deps, tx, { ...grant, levels: grant.levels }, month);
  const breached = findings.some(({ met }) => !met);
  const { period, from, until } = month;
  const one = {
    ...{ id: newId('svp', tx.now), grant, period, from: new Date(from), until: new Date(until) },
    ...{ levels: grant.levels, findings, evidence, breached },
  };
  if (!(await insertPeriod(tx, one))) return 0;
  if (breached)
    await tell(tx, 'delivery.level.breached', grant, {
      ...{ assessment: one.id, period, from: one.from.toISOString(), until: one.until.toISOString() },
      ...{ findings: findings.filter(({ met }) => !met), credits: grant.levels.credits },
      ...{ requests: evidence.requests, digest: evidence.digest },
    });
  return 1;
};

const grantsAtOnce = 200;

/** Judges every month that is over and was not judged yet; the number of months. */
export const assessDue = async (deps: LevelDeps): Promise<number> => {
  const { database } = deps;
  const now = deps.now().getTime();
  let [count, flushed] = [0, false];
  for (let after = ''; ; ) {
    const grants = await grantsToAssess(database, deps.now(), after, grantsAtOnce);
    for (const grant of grants) {
      const due = monthsDue({ ...grant, timeZone: grant.plan.timeZone }, await lastPeriodOf(database, grant.id), now);
      // Everything that is known of the last of these months must be in the figures.
      if (due.length > 0 && !flushed) await deps.metering.flush();
      flushed ||= due.length > 0;
      for (const month of due)
        count += await database.tx(systemActor('delivery'), (tx) => assess(deps, tx, grant.id, month));
    }
    if (grants.length < grantsAtOnce) return count;
    after = grants.at(-1)!.id;
  }
};
