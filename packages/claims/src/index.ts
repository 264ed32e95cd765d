export { makeAccessToken, verifyAccessToken } from './access.ts';
export type { Answer } from './answer.ts';
export { bitAt, newBits, packBits, unpackBits, withBit } from './bitstring.ts';
export {
  type Credential,
  type CredentialDraft,
  issueCredential,
  readCredential,
  type StatusEntry,
} from './credential.ts';
export { type CredentialServiceDeps, type CredentialStore, makeCredentialService } from './credential-service.ts';
export {
  type DidDocument,
  type DidKey,
  didDocument,
  didWebAddress,
  didWebOf,
  type Relationship,
  readDidDocument,
  type ServiceType,
  serviceOf,
  servicesOf,
} from './did.ts';
export { type IdentityDeps, makeIdentity, type Verified } from './identity.ts';
export {
  type Decision,
  type IssuanceRequest,
  type IssuanceStore,
  type IssuerServiceDeps,
  makeIssuerService,
} from './issuer-service.ts';
export type { TokenSigner } from './jwt.ts';
export { limits as claimsLimits } from './limits.ts';
export { type CredentialObject, type CredentialOffer, credentialOffer, credentialRequest } from './messages.ts';
export { type CredentialChecks, makePresentations, verifyCredential, verifyPresentations } from './presentation.ts';
export { ClaimsError, type ClaimsProblemCode, problemCodes } from './problem.ts';
export { DCP_CONTEXT, type Profile, paths, profiles } from './protocol.ts';
export type { Fetch, PlainHttp } from './reach.ts';
export { memoryReplayGuard, type ReplayGuard } from './replay.ts';
export { makeResolver, type Resolver } from './resolve.ts';
export { makeSchemas, type Schemas } from './schema.ts';
export { parseScope, scopeAliases, selects, typeScope } from './scope.ts';
export { bearerOf, type IdToken, makeIdToken, type TokenChecks, verifyIdToken } from './self-issued.ts';
export { issueStatusList, makeStatusLists, type StatusLists } from './status-list.ts';
