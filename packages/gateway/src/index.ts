export { type Access, onAccess } from './access.ts';
export { type Addressed, type AddressesOptions, gatewayAddresses, plainAddresses } from './addresses.ts';
export { type Balance, balanceAnswer } from './balance.ts';
export { addressCheck, guardedLookup } from './drivers/addresses.ts';
export { contentsOf } from './drivers/contents.ts';
export type { Ask, Body, Driver, DriverAnswer, DriverConfig, GatewayRequest, ServeContext } from './drivers/driver.ts';
export {
  type FileConfig,
  type FileOptions,
  fileDriver,
  type PublishedFile,
  SIGNED_ADDRESS_SECONDS_MAX,
  type SignedAddress,
  signAddress,
} from './drivers/file.ts';
export {
  LOOKUP_LIMITS,
  type LookupConfig,
  lookupDriver,
  type TableAccess,
  type TableLookup,
  type TableRows,
} from './drivers/lookup.ts';
export { openPointStore, type PointStore } from './drivers/pointstore.ts';
export { PROXY_LIMITS, type ProxyConfig, type ProxyDriver, type ProxyOptions, proxyDriver } from './drivers/proxy.ts';
export { type QueryConfig, queryDriver } from './drivers/query/driver.ts';
export {
  QUERY_POOL_DEFAULTS,
  QueryBusy,
  QueryPool,
  type QueryPoolOptions,
  type QueryScope,
} from './drivers/query/pool.ts';
export { QueryEnded } from './drivers/query/process.ts';
export type { BoundTable, QueryTable } from './drivers/query/protocol.ts';
export { findSandbox, type Sandbox } from './drivers/query/sandbox.ts';
export { deltaSharing } from './drivers/share/door.ts';
export { type ShareOptions, shareDriver } from './drivers/share/driver.ts';
export {
  effectsKey,
  type FileStats,
  manifestAt,
  type ShareConfig,
  type ShareField,
  type ShareFile,
  type ShareManifest,
  type ShareTable,
  type ShareVersion,
  shareName,
} from './drivers/share/manifest.ts';
export { openStores, storePath, storesOpenMax, storeTable } from './drivers/stores.ts';
export { isKnown, tagOf } from './etag.ts';
export { Gateway, type GatewayOptions, type GatewayResponse } from './gateway.ts';
export { type Grant, GrantBook } from './grants.ts';
export { type LinkCalls, LinkRefused, linkCalls } from './link/calls.ts';
export { Link, LinkClock, type LinkOptions, type LinkState } from './link/link.ts';
export type * from './link/messages.ts';
export { Mirror } from './link/mirror.ts';
export { Shipper, type ShipperOptions } from './link/ship.ts';
export {
  METER_DEFAULTS,
  Meter,
  type MeterOptions,
  openMeter,
  type SealedSegment,
  sealedSegment,
  segmentsSince,
} from './meter.ts';
export { MODULE_FAULTS, ModuleEnded, type ModuleFault } from './module/faults.ts';
export { MODULE_LIMITS, type ModuleAllowance } from './module/limits.ts';
export { OUTPUT_TYPES, type OutputCell, type OutputColumn, outputRows } from './module/output.ts';
export { checkModule, type ModuleJob, type ModuleOutput, runModule } from './module/run.ts';
export { gatewayRequest, nodeHandler } from './node.ts';
export { guardedOutgoing, type Outgoing } from './outgoing.ts';
export { type PlainFront, type PlainOptions, type PlainTold, plainFirst } from './plain/connection.ts';
export { type GatewayCode, GatewayProblem, problemAnswer } from './problem.ts';
export { ENGINE_VERSION as QUERY_ENGINE_VERSION } from './query/allowed.ts';
export { type Finding, finding } from './query/finding.ts';
export { isFinding } from './query/gate.ts';
export {
  type AnswerColumn,
  type BoundValues,
  type CheckedTemplate,
  checkParameter,
  type Parameter,
  type ParameterFault,
  QUERY_LIMITS,
  type QueryTemplate,
  readParameters,
} from './query/template.ts';
export { notGranted } from './query/views.ts';
export {
  type Amounts,
  MemoryQuota,
  type QuotaSnapshot,
  type QuotaStore,
  type Reservation,
  type Reserved,
  type Slot,
} from './quota.ts';
export {
  grantKey,
  type Receipt,
  type ReceiptProof,
  receiptFor,
  receiptHolds,
  receiptProof,
  verifyReceiptProof,
} from './receipts.ts';
export { restoreQuota } from './restore.ts';
export {
  encodeFrame,
  encodeHeader,
  readSegment,
  type SegmentEntry,
  type SegmentManifest,
  type Signer,
  segmentPaths,
  type Tenancy,
  type Units,
  type Use,
  type UseRecord,
  type UseStatus,
  type VerifySignature,
  verifySegment,
} from './segment.ts';
export {
  type Lease,
  type LeasedSlice,
  SLICE_DEFAULTS,
  SliceQuota,
  type SliceQuotaOptions,
  type SliceStatement,
  type SliceWish,
} from './slices.ts';
export { CallStop } from './stop.ts';
export { contextOf, traceOf } from './tracing/context.ts';
export type { OpenSpan, Tracer } from './tracing/tracer.ts';
export { openTracing, type TracesSettings, type Tracing } from './tracing/tracing.ts';
