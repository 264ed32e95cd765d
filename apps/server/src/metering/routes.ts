import { periodKey } from '@shugu/policy';
import { limits as pageLimits } from '@shugu/wire';
import * as wire from '@shugu/wire/metering';
import type { Reader } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { on, type Route } from '../kernel/http/route.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { decideCorrection, proposeCorrection } from './corrections.ts';
import type { Importer } from './importer.ts';
import type { Correction, MeteredGrant } from './model.ts';
import { problems } from './problems.ts';
import {
  correctionPage,
  daysOfGrants,
  findGrant,
  hoursOfGrant,
  productTotals,
  usagePage,
  watermarksOf,
} from './reads.ts';
import type { ReceiptFile } from './receipt-file.ts';
import type { FoundRecord, Receipts } from './receipts.ts';
import { grantOfLine, tellingOf } from './rules.ts';
import { limitsLeft, usageUpTo } from './usage.ts';

export interface MeteringRouteDeps {
  now(): Date;
  /** Once the meter is open. */
  running(): { importer: Importer; receipts: Receipts; receiptFile: ReceiptFile };
}

/** The grant, if the caller is its buyer, or its supplier where suppliers may look. */
const visible = async (
  read: Reader,
  { participant }: Principal,
  id: string,
  sides: 'both' | 'buyer',
): Promise<MeteredGrant> => {
  const grant = await findGrant(read, id);
  if (!grant || !(grant.buyer === participant || (sides === 'both' && grant.supplier === participant)))
    throw kernelProblems.unknown();
  return grant;
};

const summaryOf = ({ record, held }: FoundRecord) => ({
  id: record.use,
  at: new Date(record.at).toISOString(),
  ...tellingOf(record),
  source: record.source,
  sealed: held !== null,
});

const correctionOf = (one: Correction) => ({
  id: one.id,
  grant: one.grant,
  use: one.use,
  calls: one.calls,
  rows: one.rows,
  bytes: one.bytes,
  reason: one.reason,
  state: one.state,
  proposedAt: one.proposedAt.toISOString(),
  decidedAt: one.decidedAt?.toISOString() ?? null,
  sequence: one.sequence,
});

// Figures say up to which record they go, so they can be shown even while an import is stuck; the tick reports that.
const fresh = (deps: MeteringRouteDeps): Promise<number> =>
  deps
    .running()
    .importer.run()
    .catch(() => 0);

const dayMs = 86_400_000;
const daysBetween = (from: string, until: string): number => {
  const days = (Date.parse(until) - Date.parse(from)) / dayMs + 1;
  if (days < 1)
    throw kernelProblems.invalid({ field: 'query.until', detail: { zh: '截止早于起始', en: 'until is before from' } });
  return days;
};
const dayBefore = (day: string): string => new Date(Date.parse(day) - dayMs).toISOString().slice(0, 10);
const checkRange = (from: string, until: string): void => {
  if (daysBetween(from, until) > wire.meteringLimits.usageDaysMax) throw problems.periodTooLong();
};

// JSON of the wire is wider than what schemas say of a record; the value is plain JSON already.
const asJson = (value: unknown) => JSON.parse(JSON.stringify(value)) as never;

export const makeRoutes = (deps: MeteringRouteDeps): Route[] => [
  on(wire.listUsage, async ({ read, principal, query }) => {
    if (query.from && query.until) checkRange(query.from, query.until);
    await fresh(deps);
    return { ...(await usagePage(read, principal.participant, query)), watermarks: await watermarksOf(read) };
  }),
  on(wire.usageOverview, async ({ read, query }) => {
    checkRange(query.from, query.until);
    return { items: await productTotals(read, query), watermarks: await watermarksOf(read) };
  }),
  on(wire.getBalance, async ({ read, principal, params }) => {
    const grant = await visible(read, principal, params.id, 'both');
    await fresh(deps);
    const now = deps.now();
    const { watermarks, ...used } = await usageUpTo(read, grant.id);
    const limits = limitsLeft(grant, await daysOfGrants(read, [grant.id], {}), now.getTime());
    return {
      grant: grant.id,
      contract: grant.contract,
      asOf: now.toISOString(),
      used,
      limits: limits.map((limit) => ({ ...limit, end: limit.end?.toISOString() ?? null })),
      watermarks,
    };
  }),
  on(wire.listHours, async ({ read, principal, params, query }) => {
    const grant = await visible(read, principal, params.id, 'both');
    const now = deps.now();
    const until = query.until ?? periodKey(now.getTime(), grant.timeZone, 'day');
    const from = query.from ?? dayBefore(until);
    if (daysBetween(from, until) > wire.meteringLimits.hoursDaysMax) throw problems.hoursTooMany();
    await fresh(deps);
    const hours = await hoursOfGrant(read, grant.id, { from, until });
    return {
      asOf: now.toISOString(),
      items: hours.map(({ grant: _, startsAt, ...hour }) => ({ startsAt: startsAt.toISOString(), ...hour })),
      watermarks: await watermarksOf(read),
    };
  }),
  on(wire.listReceipts, async ({ read, principal, params, query }) => {
    const grant = await visible(read, principal, params.id, 'buyer');
    const { receipts } = deps.running();
    await fresh(deps);
    const page = await receipts.page(read, grant.id, { limit: pageLimits.pageItemsDefault, ...query });
    return { ...page, items: page.items.map(summaryOf) };
  }),
  on(wire.receiptFile, async ({ read, principal, params, query }) => {
    const grant = await visible(read, principal, params.id, 'buyer');
    if (daysBetween(query.from, query.until) > wire.meteringLimits.receiptFileDaysMax)
      throw problems.receiptPeriodTooLong();
    await fresh(deps);
    const body = await deps.running().receiptFile(read, grant, query);
    return { body, fileName: `receipts-${grant.id}-${query.from}-${query.until}.json` };
  }),
  on(wire.getReceipt, async ({ read, principal, params }) => {
    const { receipts } = deps.running();
    await fresh(deps);
    const use = await receipts.find(read, params.id);
    if (!use) throw kernelProblems.unknown();
    const grant = await visible(read, principal, grantOfLine(use.found.record.grant), 'buyer');
    const { proof, key, log } = await receipts.proof(read, use.found);
    return {
      record: asJson(use.found.record),
      grant: grant.id,
      version: grant.productVersion,
      sealed: use.found.held !== null,
      proof: proof && { ...proof, manifest: asJson(proof.manifest) },
      key: key && { ...key, jwk: asJson(key.jwk) },
      log,
      corrections: asJson(use.corrections),
    };
  }),
  on(wire.proposeCorrection, async ({ tx, body }) =>
    correctionOf(await proposeCorrection(deps.running().receipts, tx, body)),
  ),
  on(wire.decideCorrection, async ({ tx, params, body }) =>
    correctionOf(await decideCorrection(tx, params.id, body.accept)),
  ),
  on(wire.listCorrections, async ({ read, query }) => {
    const page = await correctionPage(read, query);
    return { ...page, items: page.items.map(correctionOf) };
  }),
];
