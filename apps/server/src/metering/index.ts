/** The door of metering: the meter of this node, and what its records add up to. */

import type { SuiteName } from '@shugu/evidence';
import { type Meter, openMeter, type QuotaSnapshot, type UseRecord } from '@shugu/gateway';
import type { Quota } from '@shugu/policy';
import type { Clock } from '../kernel/clock.ts';
import type { Database, Reader, Sql, Tx } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import type { Route } from '../kernel/http/route.ts';
import type { Keys } from '../kernel/keys.ts';
import type { ObjectStore } from '../kernel/objects.ts';
import type { PublicLog } from '../kernel/publiclog/publiclog.ts';
import type { Tick } from '../kernel/ticker.ts';
import { makeCorrectionWriter } from './corrections.ts';
import { type Push, pushDue } from './feed/feed.ts';
import { feedRoutes } from './feed/routes.ts';
import { feedsDue } from './feed/store.ts';
import { serviceOf } from './hours.ts';
import { type Importer, makeImporter } from './importer.ts';
import { manifestSigner, manifestVerifier } from './keys.ts';
import type { ContractUsage, MeteredGrant, Service, UsageUnits, Watermarks } from './model.ts';
import { contractsUsedUp, hoursOfGrant, segmentEvidence } from './reads.ts';
import { makeReceiptFile, type ReceiptFile } from './receipt-file.ts';
import { makeReceipts, type Receipts } from './receipts.ts';
import { makeRemoteSources, type RemoteSources } from './remote.ts';
import { makeRoutes } from './routes.ts';
import { makeSegmentReader, type SegmentReader } from './segments.ts';
import type { CounterChange } from './slices.ts';
import * as slices from './slices.ts';
import { insertGrant, setEnded, setQuotas } from './store.ts';
import { contractUsage, quotaSnapshot, usageUpTo } from './usage.ts';

export type { MeteringEvents } from './events.ts';
export type * from './model.ts';
export { permissions } from './permissions.ts';
export { dayStart, grantOfLine, nextDay } from './rules.ts';
export { givenOf } from './slice-rules.ts';
export type { Counted, CounterChange, Slice } from './slices.ts';

export interface MeteringDeps {
  database: Database;
  clock: Clock;
  objects: ObjectStore;
  keys: Pick<Keys, 'signer' | 'known'>;
  publicLog: Pick<PublicLog, 'publish' | 'inclusion'>;
  suite: SuiteName;
  /** Code of the node: its one source of records is named after it. */
  node: string;
}

export interface Metering {
  routes: Route[];
  ticks: Tick[];
  /** Opens the meter, finishes what a crash left, and imports everything. To be called once, before anything is served. */
  beforeListen(): Promise<void>;
  /** Seals what is open. After everything that may still write. */
  close(): Promise<void>;
  /** Where the gateway writes; open between `beforeListen` and `close`. */
  meter(): Meter;
  /** Counters of all living grants, as a gateway needs them at its start. */
  quotaSnapshot(read: Reader): Promise<QuotaSnapshot>;
  /** Records of gateways of their own process, and what is leased to them. */
  remote(): RemoteSources;
  slices: typeof slices;
  /** What the counters of grants must add because of records that were imported from such gateways. */
  onCounters(listener: (changes: readonly CounterChange[]) => void): void;
  /** Waited for by `flush`: uses that are over and not recorded yet. */
  beforeFlush(wait: () => Promise<void>): void;
  /** Called with each correction as it is written. */
  onCorrection(listener: (record: UseRecord) => void): void;
  /** In the transaction that opens a grant. */
  registerGrant(tx: Tx, grant: MeteredGrant): Promise<void>;
  setQuotas(tx: Tx, grant: string, quotas: readonly Quota[]): Promise<number>;
  /** Its counters need not be loaded any more. */
  endGrant(tx: Tx, grant: string): Promise<number>;
  /** Seals and imports now: the cut-off of a settlement, and tests. Number of new records. */
  flush(): Promise<number>;
  /**
   * Usage of a contract by calendar days of its zone, from the day that holds `from` up to (not including) `until`; null is
   * without bound. Exact up to the watermarks it names: call `flush()` first where nothing may be missing.
   */
  usageOf(read: Reader, contractId: string, from: Date | null, until: Date | null): Promise<ContractUsage>;
  /** Contracts of living grants of which a limit on all use together is used up. */
  contractsUsedUp(read: Reader): Promise<string[]>;
  /** How a grant was served on local days, both contained. Exact once `flush` was called after the last of them. */
  serviceOf(read: Reader, grant: string, from: string, until: string): Promise<Service>;
  /** Brings usage to the webhooks that asked for it; the number of batches taken. */
  pushFeeds(push: Push): Promise<number>;
  /** Whether there is one to push, as SQL. */
  feedsDue(at: Sql): Sql;
  /** Uses stand in files that are not imported yet. */
  isBehind(): boolean;
  /** Where the records of a period stand in the public log. */
  segmentEvidence: typeof segmentEvidence;
  /** All usage of a grant, and up to which record of each source. */
  usageUpTo(read: Reader, grantId: string): Promise<UsageUnits & { watermarks: Watermarks }>;
}

interface Running {
  meter: Meter;
  contentOf: SegmentReader;
  importer: Importer;
  receipts: Receipts;
  receiptFile: ReceiptFile;
  remote: RemoteSources;
  importAndCorrect(): Promise<number>;
}

export const makeMetering = (deps: MeteringDeps): Metering => {
  const { database, clock, keys, objects } = deps;
  const source = `${deps.node}-gateway-1`;
  const listeners: ((record: UseRecord) => void)[] = [];
  const waits: (() => Promise<void>)[] = [];
  const counters: ((changes: readonly CounterChange[]) => void)[] = [];
  let opened: Running | undefined;
  const running = (): Running => {
    if (!opened) throw new Error('the meter is not open');
    return opened;
  };

  const beforeListen = async (): Promise<void> => {
    const signer = await database.tx(systemActor('metering'), (tx) => keys.signer(tx, '', 'gateway'));
    const segmentsFolder = await objects.folder('segments');
    const meter = await openMeter({
      source,
      folder: await objects.folder('segments-open'),
      objectFolder: segmentsFolder,
      signer: manifestSigner(signer),
      clock: () => clock.now().getTime(),
    });
    const { publicLog, suite } = deps;
    const importing = { database, publicLog, suite, segmentsFolder, verify: manifestVerifier(keys) };
    const importer = makeImporter(importing, meter);
    const remote = makeRemoteSources({
      ...importing,
      onChanges: (changes) => {
        for (const listener of counters) listener(changes);
      },
    });
    const contentOf = makeSegmentReader(segmentsFolder);
    const receipts = makeReceipts({ meter, contentOf, keys, publicLog });
    const receiptFile = makeReceiptFile({
      meter,
      remote,
      contentOf,
      keys,
      publicLog,
      signer,
      node: deps.node,
      now: () => clock.now(),
    });
    const onRecorded = (record: UseRecord) => {
      for (const listener of listeners) listener(record);
    };
    const importAndCorrect = makeCorrectionWriter({ database, meter, importer, onRecorded });
    opened = { meter, contentOf, importer, receipts, receiptFile, remote, importAndCorrect };
    await importer.run();
  };

  const isBehind = (): boolean => opened?.importer.isBehind() ?? false;

  return {
    routes: [
      ...makeRoutes({ now: () => clock.now(), running }),
      ...feedRoutes(() => ({ contentOf: running().contentOf, node: deps.node })),
    ],
    ticks: [
      {
        name: 'metering',
        everySeconds: 5,
        restless: isBehind,
        run: async () => (await opened?.importAndCorrect()) ?? 0,
      },
    ],
    beforeListen,
    close: async () => {
      await opened?.meter.close();
      opened = undefined;
    },
    isBehind,
    meter: () => running().meter,
    quotaSnapshot: (read) => quotaSnapshot(read, clock.now().getTime()),
    onCorrection: (listener) => void listeners.push(listener),
    registerGrant: insertGrant,
    setQuotas,
    endGrant: setEnded,
    remote: () => running().remote,
    slices,
    onCounters: (listener) => void counters.push(listener),
    beforeFlush: (wait) => void waits.push(wait),
    flush: async () => {
      for (const wait of waits) await wait();
      return running().importer.flush();
    },
    usageOf: contractUsage,
    contractsUsedUp,
    serviceOf: async (read, grant, from, until) => serviceOf(await hoursOfGrant(read, grant, { from, until })),
    segmentEvidence,
    feedsDue,
    pushFeeds: async (push) => (opened ? pushDue({ database, contentOf: opened.contentOf, node: deps.node }, push) : 0),
    usageUpTo,
  };
};
