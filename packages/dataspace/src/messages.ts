/** Messages as they stand on the wire: plain JSON with unprefixed names (specification, sections on message types). */

export type Context = readonly string[];
type Message<Type extends string> = { '@context': Context; '@type': Type };
/** Ids that each side gave to the process. */
export type Pids = { consumerPid: string; providerPid: string };
type Reasons = { code?: string; reason?: readonly unknown[] };

/** Right operands are text, objects or lists: a number or a boolean is not a valid message. */
export type RightOperand = string | object | readonly unknown[];
export type AtomicConstraint = { leftOperand: string; operator: string; rightOperand: RightOperand };
export type Constraint = AtomicConstraint | { [Kind in 'and' | 'andSequence' | 'or' | 'xone']?: readonly Constraint[] };
export type Duty = { action: string; constraint?: readonly Constraint[] };
export type Rule = { action: string; constraint?: readonly Constraint[]; duty?: readonly Duty[] };
type Rules = { permission?: readonly Rule[]; prohibition?: readonly Rule[]; obligation?: readonly Duty[] };
type Policy = Rules & { '@id': string; profile?: string | readonly string[] };

/** In a catalogue an offer has no target; in a message it must. */
export type Offer = Policy & { '@type': 'Offer' };
export type MessageOffer = Offer & { target: string };
export type Agreement = Policy & {
  '@type': 'Agreement';
  target: string;
  assigner: string;
  assignee: string;
  timestamp: string;
};

export type NegotiationState =
  | 'REQUESTED'
  | 'OFFERED'
  | 'ACCEPTED'
  | 'AGREED'
  | 'VERIFIED'
  | 'FINALIZED'
  | 'TERMINATED';
export type ContractRequestMessage = Message<'ContractRequestMessage'> & {
  consumerPid: string;
  providerPid?: string;
  offer: MessageOffer;
  callbackAddress?: string;
};
export type ContractOfferMessage = Message<'ContractOfferMessage'> & {
  providerPid: string;
  consumerPid?: string;
  offer: MessageOffer;
  callbackAddress?: string;
};
export type ContractAgreementMessage = Message<'ContractAgreementMessage'> & Pids & { agreement: Agreement };
export type ContractAgreementVerificationMessage = Message<'ContractAgreementVerificationMessage'> & Pids;
export type ContractNegotiationEventMessage = Message<'ContractNegotiationEventMessage'> &
  Pids & { eventType: 'ACCEPTED' | 'FINALIZED' };
export type ContractNegotiationTerminationMessage = Message<'ContractNegotiationTerminationMessage'> & Pids & Reasons;
export type ContractNegotiation = Message<'ContractNegotiation'> & Pids & { state: NegotiationState };
export type ContractNegotiationError = Message<'ContractNegotiationError'> & Pids & Reasons;

export type EndpointProperty = { '@type': 'EndpointProperty'; name: string; value: string };
export type DataAddress = {
  '@type': 'DataAddress';
  endpointType: string;
  endpoint?: string;
  endpointProperties?: readonly EndpointProperty[];
};
export type TransferState = 'REQUESTED' | 'STARTED' | 'SUSPENDED' | 'COMPLETED' | 'TERMINATED';
export type TransferRequestMessage = Message<'TransferRequestMessage'> & {
  consumerPid: string;
  agreementId: string;
  format: string;
  callbackAddress: string;
  dataAddress?: DataAddress;
};
export type TransferStartMessage = Message<'TransferStartMessage'> & Pids & { dataAddress?: DataAddress };
export type TransferCompletionMessage = Message<'TransferCompletionMessage'> & Pids;
export type TransferSuspensionMessage = Message<'TransferSuspensionMessage'> & Pids & Reasons;
export type TransferTerminationMessage = Message<'TransferTerminationMessage'> & Pids & Reasons;
export type TransferProcess = Message<'TransferProcess'> & Pids & { state: TransferState };
export type TransferError = Message<'TransferError'> & Pids & Reasons;

export type DataService = { '@id': string; '@type': 'DataService'; endpointURL: string };
export type Distribution = { '@type'?: 'Distribution'; format: string; accessService: string | DataService };
export type Dataset = {
  '@context'?: Context;
  '@id': string;
  '@type': 'Dataset';
  hasPolicy: readonly Offer[];
  distribution: readonly Distribution[];
  [more: string]: unknown;
};
export type CatalogRequestMessage = Message<'CatalogRequestMessage'> & { filter?: readonly unknown[] };
export type Catalog = Message<'Catalog'> & {
  '@id': string;
  participantId: string;
  service?: readonly DataService[];
  dataset?: readonly Dataset[];
  [more: string]: unknown;
};
export type CatalogError = Message<'CatalogError'> & Reasons;

export type Messages = {
  CatalogRequestMessage: CatalogRequestMessage;
  Catalog: Catalog;
  Dataset: Dataset;
  CatalogError: CatalogError;
  ContractRequestMessage: ContractRequestMessage;
  ContractOfferMessage: ContractOfferMessage;
  ContractAgreementMessage: ContractAgreementMessage;
  ContractAgreementVerificationMessage: ContractAgreementVerificationMessage;
  ContractNegotiationEventMessage: ContractNegotiationEventMessage;
  ContractNegotiationTerminationMessage: ContractNegotiationTerminationMessage;
  ContractNegotiation: ContractNegotiation;
  ContractNegotiationError: ContractNegotiationError;
  TransferRequestMessage: TransferRequestMessage;
  TransferStartMessage: TransferStartMessage;
  TransferCompletionMessage: TransferCompletionMessage;
  TransferSuspensionMessage: TransferSuspensionMessage;
  TransferTerminationMessage: TransferTerminationMessage;
  TransferProcess: TransferProcess;
  TransferError: TransferError;
};
export type MessageType = keyof Messages;
