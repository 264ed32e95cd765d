export { type Checked, checkMessage } from './check.ts';
export type { Fault, FaultCode } from './fault.ts';
export { MESSAGE_LIMITS } from './limits.ts';
export type * from './messages.ts';
export { isNegotiationOver, type NegotiationAct, negotiate, negotiationStates } from './negotiation.ts';
export { CONTEXT_URL, otherSide, PROTOCOL_VERSION, type Side, VERSION_PATH } from './protocol.ts';
export {
  answered,
  type DataFlowNotice,
  type DataFlowSignal,
  type DataFlowState,
  dataFlowNotices,
  dataFlowSignals,
  dataFlowStates,
  isDataFlowOver,
  noticed,
  signalled,
} from './signaling/flow.ts';
export {
  bearerAddress,
  HTTP_PULL,
  HTTP_PUSH,
  propertyOf,
  type Refreshed,
  readRefreshed,
  refreshedAddress,
  renewalOf,
  type TokenRenewal,
  withoutRenewal,
} from './signaling/http.ts';
export {
  type DataFlowBase,
  type DataFlowSaid,
  type DataFlowStart,
  type DataFlowStatus,
  flowStatusBody,
  readFlowSignal,
  readFlowStart,
  readFlowStatus,
  SIGNALING_VERSION,
  signalBody,
  signalPath,
} from './signaling/messages.ts';
export { isTransferOver, type TransferAct, type TransferStanding, transfer, transferStates } from './transfer.ts';
export {
  isShown,
  type ProtocolVersion,
  protocolBase,
  type Shown,
  type VersionDocument,
  versionDocument,
} from './version.ts';
