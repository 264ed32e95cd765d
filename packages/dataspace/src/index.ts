export { type Checked, checkMessage, MESSAGE_LIMITS } from './check.ts';
export type { Fault, FaultCode } from './fault.ts';
export type * from './messages.ts';
export { isNegotiationOver, type NegotiationAct, negotiate, negotiationStates } from './negotiation.ts';
export { CONTEXT_URL, otherSide, PROTOCOL_VERSION, type Side, VERSION_PATH } from './protocol.ts';
export { isTransferOver, type TransferAct, type TransferStanding, transfer, transferStates } from './transfer.ts';
export { type ProtocolVersion, protocolBase, type VersionDocument, versionDocument } from './version.ts';
