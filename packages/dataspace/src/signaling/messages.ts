/** Messages of Data Plane Signaling 1.0-RC3 between a control plane and a data plane. Plain JSON, pure. */
import type { Checked } from '../check.ts';
import { bilingual, type FaultCode, fault } from '../fault.ts';
import type { DataAddress } from '../messages.ts';
import { type DataFlowSignal, type DataFlowState, dataFlowStates } from './flow.ts';

export const SIGNALING_VERSION = '1.0-RC3';

/** What a data plane is told of the transfer when it prepares or starts. */
export type DataFlowBase = {
  participantId: string;
  counterPartyId: string;
  dataspaceContext: string;
  /** Of the control plane. */
  processId: string;
  agreementId: string;
  datasetId: string;
  /** The transfer's type, `HttpData-PULL` or the address of a transfer profile. */
  profile: string;
  /** Of the counter-party, as the control plane has verified them. */
  claims: Record<string, unknown>;
  labels?: readonly string[];
  metadata?: Record<string, unknown>;
};

export type DataFlowSaid = { base?: DataFlowBase; dataAddress?: DataAddress | undefined; reason?: string | undefined };

/** Body of a signal; undefined where it has none. `messageId`: the same at each try. */
export function signalBody(signal: DataFlowSignal, messageId: string, said: DataFlowSaid = {}): object | undefined {
  const { base, dataAddress, reason } = said;
  const address = dataAddress === undefined ? {} : { dataAddress };
  if (signal === 'complete') return undefined;
  if (signal === 'prepare') return { messageId, ...base };
  if (signal === 'start') return { messageId, ...base, ...address };
  return { messageId, ...address, ...(reason ? { reason } : {}) };
}

/** Below the data plane's endpoint. `flow`: its own id of the data flow; it has none before it has answered the first signal. */
export function signalPath(signal: DataFlowSignal, flow: string): string {
  if (signal === 'prepare' || signal === 'start') return `/dataflows/${signal}`;
  return `/dataflows/${encodeURIComponent(flow)}/${signal === 'complete' ? 'completed' : signal}`;
}

export type DataFlowStatus = {
  /** Missing where the data plane leaves it out: it then goes by the control plane's id. */
  dataFlowId?: string;
  state: DataFlowState;
  dataAddress?: DataAddress;
  error?: string;
};

const textsMax = 2000;
const refuse = (code: FaultCode, path: string, zh: string, en: string) =>
  ({ ok: false, fault: fault(code, path, bilingual(zh, en)) }) as const;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= textsMax;

const isProperty = (value: unknown): boolean =>
  isObject(value) && isText(value.name) && typeof value.value === 'string' && value.value.length <= 16_384;

/** The schema of a data address in the Dataspace Protocol, its `@type` and those of its properties put in where they are left out. */
const addressOf = (value: unknown): DataAddress | undefined => {
  if (!isObject(value) || !isText(value.endpointType)) return undefined;
  const { endpoint, endpointProperties = [] } = value;
  if (endpoint !== undefined && !isText(endpoint)) return undefined;
  if (!Array.isArray(endpointProperties) || endpointProperties.length > 50) return undefined;
  if (!endpointProperties.every(isProperty)) return undefined;
  const properties = endpointProperties.map(({ name, value: text }) => ({
    '@type': 'EndpointProperty' as const,
    name: name as string,
    value: text as string,
  }));
  return {
    '@type': 'DataAddress',
    endpointType: value.endpointType,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(properties.length > 0 ? { endpointProperties: properties } : {}),
  };
};

/** DataFlowStatusMessage, as answer and as notice. Taken kindly: without ids, as the conformance kit 1.2.0 sends it. */
export function readFlowStatus(value: unknown): Checked<DataFlowStatus> {
  if (!isObject(value)) return refuse('notAnObject', '', '须为 JSON 对象', 'must be a JSON object');
  const { dataFlowId, state, dataAddress, error } = value;
  if (!dataFlowStates.includes(state as DataFlowState))
    return refuse('schemaViolated', '/state', '没有此状态', 'is no state of a data flow');
  if (dataFlowId !== undefined && !isText(dataFlowId))
    return refuse('schemaViolated', '/dataFlowId', '须为非空文本', 'must be a text');
  // An empty one says nothing.
  const given = isObject(dataAddress) && Object.keys(dataAddress).length > 0;
  const address = given ? addressOf(dataAddress) : undefined;
  if (given && !address) return refuse('schemaViolated', '/dataAddress', '不是数据地址', 'is no data address');
  return {
    ok: true,
    message: {
      state: state as DataFlowState,
      ...(dataFlowId === undefined ? {} : { dataFlowId }),
      ...(address ? { dataAddress: address } : {}),
      ...(typeof error === 'string' && error !== '' ? { error: error.slice(0, textsMax) } : {}),
    },
  };
}

/** What a data plane is told at the beginning. */
export type DataFlowStart = DataFlowBase & { messageId: string; dataAddress?: DataAddress };

const baseTexts = [
  'messageId',
  'participantId',
  'counterPartyId',
  'dataspaceContext',
  'processId',
  'agreementId',
  'datasetId',
  'profile',
] as const;

/** `dataAddress`, where one is given; an empty one says nothing. */
const givenAddress = (value: unknown): { address?: DataAddress } | undefined => {
  if (value === undefined || value === null || (isObject(value) && Object.keys(value).length === 0)) return {};
  const address = addressOf(value);
  return address && { address };
};

/** DataFlowPrepareMessage and DataFlowStartMessage, as a data plane reads them; labels and metadata are nothing to it. */
export function readFlowStart(value: unknown): Checked<DataFlowStart> {
  if (!isObject(value)) return refuse('notAnObject', '', '须为 JSON 对象', 'must be a JSON object');
  const missing = baseTexts.find((name) => !isText(value[name]));
  if (missing) return refuse('schemaViolated', `/${missing}`, '须为非空文本', 'must be a text');
  if (!isObject(value.claims)) return refuse('schemaViolated', '/claims', '须为对象', 'must be an object');
  const given = givenAddress(value.dataAddress);
  if (!given) return refuse('schemaViolated', '/dataAddress', '不是数据地址', 'is no data address');
  const texts = Object.fromEntries(baseTexts.map((name) => [name, value[name]])) as Record<
    (typeof baseTexts)[number],
    string
  >;
  return {
    ok: true,
    message: {
      ...texts,
      claims: value.claims,
      ...(given.address ? { dataAddress: given.address } : {}),
    },
  };
}

/** The messages that come after: suspend, resume, terminate, started. */
export function readFlowSignal(value: unknown): Checked<{ messageId: string; dataAddress?: DataAddress }> {
  if (!isObject(value)) return refuse('notAnObject', '', '须为 JSON 对象', 'must be a JSON object');
  if (!isText(value.messageId)) return refuse('schemaViolated', '/messageId', '须为非空文本', 'must be a text');
  const given = givenAddress(value.dataAddress);
  if (!given) return refuse('schemaViolated', '/dataAddress', '不是数据地址', 'is no data address');
  return {
    ok: true,
    message: { messageId: value.messageId, ...(given.address ? { dataAddress: given.address } : {}) },
  };
}

/** DataFlowStatusMessage, as a data plane writes it. */
export function flowStatusBody(
  messageId: string,
  { dataFlowId, state, dataAddress, error }: DataFlowStatus & { dataFlowId: string },
): object {
  return {
    ...{ messageId, dataFlowId, state },
    ...(dataAddress ? { dataAddress } : {}),
    ...(error ? { error: error.slice(0, textsMax) } : {}),
  };
}
