/** did:web (W3C CCG): identifiers, where their documents stand, and what a document says. */
import type { JWK } from 'jose';
import { limits } from './limits.ts';
import { refuse } from './problem.ts';
import { DCP_CONTEXT, DID_CONTEXT } from './protocol.ts';
import { idOf, isObject, isText, listOf, textsOf } from './shape.ts';

/** W3C DID Core 5.3: what a key may be used for. */
export const relationships = ['authentication', 'assertionMethod', 'capabilityInvocation'] as const;
export type Relationship = (typeof relationships)[number];

export type VerificationMethod = { id: string; type: string; controller: string; publicKeyJwk: JWK };
export type Service = { id: string; type: string; serviceEndpoint: string };
export type DidDocument = {
  '@context': string[];
  id: string;
  verificationMethod: VerificationMethod[];
  service: Service[];
} & Record<Relationship, string[]>;

const host =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?:%3[Aa]\d{1,5})?$/;
// A dot alone or twice would leave the folder, and an encoded slash would be read as one by some servers.
const segment = /^(?!\.{1,2}$)(?:[A-Za-z0-9._~-]|%(?!2[Ff]|5[Cc]|2[Ee]|00)[0-9A-Fa-f]{2})+$/;

/** Where the document of a did:web stands. `plainHttp` names hosts without TLS, for a loopback in tests. @throws claims.did-malformed */
export function didWebAddress(did: string, plainHttp: (host: string) => boolean = () => false): string {
  const [scheme, method, authority, ...path] = did.split(':');
  if (scheme !== 'did' || method !== 'web' || !authority || !host.test(authority) || did.length > 2048)
    return refuse('claims.did-malformed', did.slice(0, 200));
  if (!path.every((part) => segment.test(part))) return refuse('claims.did-malformed', did.slice(0, 200));
  const named = authority.replace(/%3[Aa]/, ':');
  const below = path.length > 0 ? path.join('/') : '.well-known';
  return `${plainHttp(named) ? 'http' : 'https'}://${named}/${below}/did.json`;
}

/** The did:web whose document stands below this address: `https://node.example/dsp/org_1` is `did:web:node.example:dsp:org_1`. */
export function didWebOf(address: string): string {
  const url = new URL(address);
  const path = url.pathname.split('/').filter((part) => part !== '');
  const did = ['did', 'web', url.host.replace(':', '%3A'), ...path].join(':');
  didWebAddress(did);
  return did;
}

/** Types of the services that others look up: DCP 1.0.1 (5.2, 6.2) and Dataspace Protocol 2025-1. */
export type ServiceType = 'CredentialService' | 'IssuerService' | 'CatalogService' | 'DataService';

export type DidKey = { fragment: string; publicKeyJwk: JWK; uses?: readonly Relationship[] };

/** Keys serve every use unless `uses` says less. Endpoints are base addresses; of a DataService that of its version document. */
export function didDocument(
  did: string,
  { keys, services = {} }: { keys: readonly DidKey[]; services?: Partial<Record<ServiceType, string>> },
): DidDocument {
  didWebAddress(did);
  const id = ({ fragment }: DidKey) => `${did}#${fragment}`;
  const listed = (use: Relationship) => keys.filter(({ uses }) => !uses || uses.includes(use)).map(id);
  return {
    '@context': [DID_CONTEXT, DCP_CONTEXT],
    id: did,
    verificationMethod: keys.map((key) => ({
      id: id(key),
      type: 'JsonWebKey2020',
      controller: did,
      publicKeyJwk: key.publicKeyJwk,
    })),
    authentication: listed('authentication'),
    assertionMethod: listed('assertionMethod'),
    capabilityInvocation: listed('capabilityInvocation'),
    service: Object.entries(services).map(([type, serviceEndpoint]) => ({
      id: `${did}#${type}`,
      type,
      serviceEndpoint,
    })),
  };
}

const methodsOf = (value: unknown, absolute: (id: string) => string): VerificationMethod[] =>
  listOf(value).flatMap((one) =>
    isObject(one) && isText(one.id) && isObject(one.publicKeyJwk)
      ? [
          {
            id: absolute(one.id),
            type: String(one.type ?? ''),
            controller: String(one.controller ?? ''),
            publicKeyJwk: one.publicKeyJwk as JWK,
          },
        ]
      : [],
  );

/** @throws claims.did-unresolved when it is another's document or none. */
export function readDidDocument(value: unknown, did: string): DidDocument {
  if (!isObject(value) || value.id !== did) return refuse('claims.did-unresolved', `${did}: it names another id`);
  const absolute = (id: string) => (id.startsWith('#') ? `${did}${id}` : id);
  const embedded = relationships.flatMap((use) => methodsOf(value[use], absolute));
  const methods = [...methodsOf(value.verificationMethod, absolute), ...embedded];
  const services = listOf(value.service).flatMap((one): Service[] =>
    isObject(one) && isText(one.serviceEndpoint)
      ? textsOf(one.type).map((type) => ({
          id: String(one.id ?? ''),
          type,
          serviceEndpoint: one.serviceEndpoint as string,
        }))
      : [],
  );
  if (methods.length > limits.verificationMethods || services.length > limits.services)
    return refuse('claims.too-large', `${did}: keys or services`);
  const uses = (use: Relationship) => listOf(value[use]).flatMap((one) => (idOf(one) ? [absolute(idOf(one)!)] : []));
  return {
    '@context': textsOf(value['@context']),
    id: did,
    verificationMethod: methods,
    authentication: uses('authentication'),
    assertionMethod: uses('assertionMethod'),
    capabilityInvocation: uses('capabilityInvocation'),
    service: services,
  };
}

/**
 * The key for a use, by DCP 1.0.1, 4.3.3: with `kid` the entry of that id, without one the only entry there is; in both cases
 * listed for the use. Undefined when there is none.
 */
export function keyFor(
  document: DidDocument,
  kid: string | undefined,
  use: Relationship,
): VerificationMethod | undefined {
  const methods = document.verificationMethod;
  const wanted = kid?.startsWith('#') ? `${document.id}${kid}` : kid;
  const found =
    kid === undefined ? (methods.length === 1 ? methods[0] : undefined) : methods.find(({ id }) => id === wanted);
  return found && document[use].includes(found.id) ? found : undefined;
}

/** Addresses of the services of a type in the order of the document, without a slash at their ends. */
export const servicesOf = (document: Pick<DidDocument, 'service'>, type: ServiceType): string[] =>
  document.service.filter((one) => one.type === type).map((one) => one.serviceEndpoint.replace(/\/+$/, ''));

/** That of the first one. */
export const serviceOf = (document: Pick<DidDocument, 'service'>, type: ServiceType): string | undefined =>
  servicesOf(document, type)[0];
