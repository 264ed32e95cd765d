import type { GrantBook } from './grants.ts';
import { type Meter, segmentsSince } from './meter.ts';
import type { MemoryQuota, QuotaSnapshot } from './quota.ts';
import { readSegment } from './segment.ts';

/**
 * Rebuild the counters at start: the snapshot (the server's roll-ups, or none) first, then every record after it, from
 * sealed segments and the tail that is not sealed yet. Returns the number of records applied.
 */
export async function restoreQuota(input: {
  quota: MemoryQuota;
  meter: Meter;
  objectFolder: string;
  grants: GrantBook;
  snapshot?: QuotaSnapshot;
}): Promise<number> {
  const { quota, meter, grants, snapshot } = input;
  if (snapshot) quota.load(snapshot);
  const since = snapshot?.sequences[meter.source] ?? 0;
  let applied = 0;
  const apply = (entries: readonly { record: Parameters<MemoryQuota['apply']>[0] }[]) => {
    for (const { record } of entries) if (quota.apply(record, grants.get(record.grant)?.plan.timeZone)) applied += 1;
  };
  for await (const segment of segmentsSince(input.objectFolder, meter.source, since))
    apply(readSegment(await segment.read())?.entries ?? []);
  apply(await meter.openTail(since));
  return applied;
}
