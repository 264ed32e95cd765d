/** Messages of DCP 1.0.1, checked as its schemas have them. */
import { limits } from './limits.ts';
import { refuse } from './problem.ts';
import { DCP_CONTEXT, type Profile } from './protocol.ts';
import { isObject, isText, type Json, listOf } from './shape.ts';

const wrong = (what: string): never => refuse('claims.message-malformed', what);

const messageOf = (body: unknown, type: string): Json => {
  if (!isObject(body)) return wrong('not an object');
  if (!listOf(body['@context']).includes(DCP_CONTEXT)) return wrong('@context');
  return body.type === type ? body : wrong(`type is not ${type}`);
};

const textIn = (message: Json, name: string): string => {
  const value = message[name];
  return isText(value) && value.length <= 4096 ? value : wrong(name);
};

const listIn = (message: Json, name: string, countMax: number): unknown[] => {
  const value = message[name];
  return Array.isArray(value) && value.length > 0 && value.length <= countMax ? value : wrong(name);
};

const message = (type: string, body: Json): Json => ({ '@context': [DCP_CONTEXT], type, ...body });

export const presentationQuery = (scope: readonly string[]): Json => message('PresentationQueryMessage', { scope });

/** The scopes. @throws claims.message-malformed; claims.not-supported for a presentation definition (501, 5.4.1.1) */
export function readPresentationQuery(body: unknown): string[] {
  const query = messageOf(body, 'PresentationQueryMessage');
  const definition = query.presentationDefinition;
  if (definition !== undefined && definition !== null) {
    if (query.scope !== undefined) return wrong('both scope and presentationDefinition');
    if (!isObject(definition) || !isText(definition.id) || listOf(definition.input_descriptors).length === 0)
      return wrong('presentationDefinition');
    return refuse('claims.not-supported', 'presentationDefinition');
  }
  const scopes = listIn(query, 'scope', limits.scopes);
  return scopes.every(isText) ? scopes : wrong('scope');
}

export const presentationResponse = (presentation: readonly string[]): Json =>
  message('PresentationResponseMessage', { presentation });

export function readPresentationResponse(body: unknown): unknown[] {
  const { presentation } = messageOf(body, 'PresentationResponseMessage');
  return Array.isArray(presentation) ? presentation : wrong('presentation');
}

/** `issuancePolicy` is a presentation definition: passed on, not evaluated. */
export type CredentialObject = {
  id: string;
  type: 'CredentialObject';
  credentialType: string;
  credentialSchema?: string;
  bindingMethods: readonly string[];
  profile: Profile;
  issuancePolicy?: Json;
  offerReason?: string;
};

export const issuerMetadata = (issuer: string, credentialsSupported: readonly CredentialObject[]): Json =>
  message('IssuerMetadata', { issuer, credentialsSupported });

export type CredentialRequest = { holderPid: string; credentials: string[] };

export const credentialRequest = ({ holderPid, credentials }: CredentialRequest): Json =>
  message('CredentialRequestMessage', { holderPid, credentials: credentials.map((id) => ({ id })) });

export function readCredentialRequest(body: unknown): CredentialRequest {
  const request = messageOf(body, 'CredentialRequestMessage');
  const ids = listIn(request, 'credentials', limits.credentials).map((one) =>
    isObject(one) && isText(one.id) ? one.id : wrong('credentials'),
  );
  return { holderPid: textIn(request, 'holderPid'), credentials: ids };
}

export type CredentialDelivery = { issuerPid: string; holderPid: string } & (
  | { status: 'ISSUED'; credentials: { credentialType: string; payload: string; format: string }[] }
  | { status: 'REJECTED'; rejectionReason: string | null }
);

export const credentialMessage = (delivery: CredentialDelivery): Json => message('CredentialMessage', { ...delivery });

/** Without `holderPid` nothing tells what is answered by it: it is wanted here, although the specification leaves it open. */
export function readCredentialMessage(body: unknown): CredentialDelivery {
  const sent = messageOf(body, 'CredentialMessage');
  const pids = { issuerPid: textIn(sent, 'issuerPid'), holderPid: textIn(sent, 'holderPid') };
  if (sent.status === 'REJECTED') {
    const reason = sent.rejectionReason;
    return { ...pids, status: 'REJECTED', rejectionReason: isText(reason) ? reason.slice(0, 4096) : null };
  }
  if (sent.status !== 'ISSUED') return wrong('status');
  const credentials = listIn(sent, 'credentials', limits.credentials).map((one) => {
    if (!isObject(one)) return wrong('credentials');
    return { credentialType: textIn(one, 'credentialType'), format: textIn(one, 'format'), payload: payloadIn(one) };
  });
  return { ...pids, status: 'ISSUED', credentials };
}

const payloadIn = ({ payload }: Json): string =>
  isText(payload) && payload.length <= limits.tokenCharacters ? payload : wrong('payload: only JWT is taken');

export type CredentialOffer = { issuer: string; credentials: (Json & { id: string })[] };

export const credentialOffer = ({ issuer, credentials }: CredentialOffer): Json =>
  message('CredentialOfferMessage', { issuer, credentials });

/** Entries may be sparse, an id alone: the rest then stands in the issuer’s metadata. */
export function readCredentialOffer(body: unknown): CredentialOffer {
  const offer = messageOf(body, 'CredentialOfferMessage');
  const credentials = listIn(offer, 'credentials', limits.credentials).map((one) => {
    if (!isObject(one) || !isText(one.id)) return wrong('credentials');
    if (Object.keys(one).length > 1 && !isText(one.credentialType)) return wrong('credentials: credentialType');
    return { ...one, id: one.id };
  });
  return { issuer: textIn(offer, 'issuer'), credentials };
}

export const requestStatuses = ['RECEIVED', 'REJECTED', 'ISSUED'] as const;
export type RequestStatus = (typeof requestStatuses)[number];

export const credentialStatus = (status: { issuerPid: string; holderPid: string; status: RequestStatus }): Json =>
  message('CredentialStatus', { ...status });
