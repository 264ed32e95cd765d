/** The issuer's side: requests, their status, metadata, and delivery into the holder's credential service. */
import { randomUUID } from 'node:crypto';
import { type Answer, answered } from './answer.ts';
import { issueCredential, type StatusEntry } from './credential.ts';
import { serviceOf } from './did.ts';
import type { TokenSigner } from './jwt.ts';
import { limits } from './limits.ts';
import {
  type CredentialDelivery,
  type CredentialObject,
  credentialMessage,
  credentialStatus,
  issuerMetadata,
  type RequestStatus,
  readCredentialRequest,
} from './messages.ts';
import { type ClaimsError, refuse } from './problem.ts';
import { paths } from './protocol.ts';
import { ask, type Fetch, type PlainHttp, requireHttps } from './reach.ts';
import { makeIdToken, type TokenChecks, verifyIdToken } from './self-issued.ts';
import type { Json } from './shape.ts';

export type IssuanceRequest = {
  issuerPid: string;
  holder: string;
  holderPid: string;
  /** Ids of the objects in the metadata. */
  credentials: readonly string[];
  status: RequestStatus;
  /** Of the holder, to be shown when delivering. */
  accessToken: string | undefined;
};

export interface IssuanceStore {
  received(request: IssuanceRequest): Promise<void>;
  request(issuerPid: string): Promise<IssuanceRequest | undefined>;
  /** Called once the holder has taken the message. */
  concluded(issuerPid: string, status: 'ISSUED' | 'REJECTED'): Promise<void>;
}

/** What is said of a holder in a credential of this type; or why it gets none. */
export type Decision =
  | {
      issue: true;
      subject: Json;
      validUntil: Date;
      id: string;
      status?: StatusEntry;
      schema?: { id: string; type: string };
    }
  /** Signed before and kept, so that every try to deliver it hands over the same. */
  | { issue: true; payload: string }
  | { issue: false; reason: string };

export interface IssuerServiceDeps extends TokenChecks {
  signer: TokenSigner;
  /** Base address, as the DID document has it under `IssuerService`. */
  address: string;
  supported: readonly CredentialObject[];
  store: IssuanceStore;
  decide(holder: string, object: CredentialObject): Promise<Decision>;
  fetch: Fetch;
  plainHttp?: PlainHttp;
  onRefusal?: (error: ClaimsError) => void;
}

type Draft = Extract<Decision, { subject: Json }>;

const sign = (deps: IssuerServiceDeps, holder: string, object: CredentialObject, draft: Draft): Promise<string> => {
  const { subject, issue: _, ...rest } = draft;
  return issueCredential(deps.signer, {
    ...rest,
    type: object.credentialType,
    profile: object.profile,
    subject: { ...subject, id: holder },
    validFrom: deps.now(),
  });
};

/** All or nothing: one that can't be issued rejects the whole request (DCP 1.0.1, 6.5.2). */
const drawUp = async (deps: IssuerServiceDeps, request: IssuanceRequest): Promise<CredentialDelivery> => {
  const { issuerPid, holderPid, holder } = request;
  const credentials: { credentialType: string; payload: string; format: string }[] = [];
  for (const id of request.credentials) {
    const object = deps.supported.find((one) => one.id === id);
    const decision: Decision = object
      ? await deps.decide(holder, object)
      : { issue: false, reason: `${id} is no longer issued` };
    if (!decision.issue) return { issuerPid, holderPid, status: 'REJECTED', rejectionReason: decision.reason };
    const { credentialType, profile } = object!;
    const payload = 'payload' in decision ? decision.payload : await sign(deps, holder, object!, decision);
    credentials.push({ credentialType, payload, format: profile });
  }
  return { issuerPid, holderPid, status: 'ISSUED', credentials };
};

export function makeIssuerService(deps: IssuerServiceDeps) {
  const { signer, store, now, resolver, plainHttp = () => false } = deps;
  const caller = (authorization: string | undefined) => verifyIdToken(authorization, signer.did, deps);
  return {
    /** 201 with `Location`. What is delivered comes later: `deliver`. */
    request: (authorization: string | undefined, body: unknown): Promise<Answer> =>
      answered(async () => {
        const { did: holder, accessToken } = await caller(authorization);
        const { holderPid, credentials } = readCredentialRequest(body);
        const unknown = credentials.find((id) => !deps.supported.some((one) => one.id === id));
        if (unknown) return refuse('claims.message-malformed', `nobody issues ${unknown}`);
        const issuerPid = randomUUID();
        await store.received({ issuerPid, holder, holderPid, credentials, status: 'RECEIVED', accessToken });
        return { status: 201, headers: { location: `${deps.address}${paths.requests}/${issuerPid}` } };
      }, deps.onRefusal),

    /** Only for whoever made the request; to others it does not exist. */
    status: (authorization: string | undefined, issuerPid: string): Promise<Answer> =>
      answered(async () => {
        const { did } = await caller(authorization);
        const found = await store.request(issuerPid);
        if (found?.holder !== did) return refuse('claims.not-found');
        const { holderPid, status } = found;
        return { status: 200, body: credentialStatus({ issuerPid, holderPid, status }) };
      }, deps.onRefusal),

    metadata: (): Answer => ({ status: 200, body: issuerMetadata(signer.did, deps.supported) }),

    /**
     * Decides, signs, and hands over to the holder's credential service; for a job that repeats it until it succeeds. Each try has
     * the same `issuerPid`, by which the holder knows a message that it took already. @throws ClaimsError when the holder can't be
     * reached or does not take it
     */
    async deliver(issuerPid: string): Promise<'ISSUED' | 'REJECTED'> {
      const request = (await store.request(issuerPid)) ?? refuse('claims.not-found', issuerPid);
      if (request.status !== 'RECEIVED') return request.status;
      const service = serviceOf(await resolver.document(request.holder), 'CredentialService');
      if (!service) return refuse('claims.unreachable', `${request.holder} names no credential service`);
      const delivery = await drawUp(deps, request);
      const token = await makeIdToken(signer, { audience: request.holder, now: now(), token: request.accessToken });
      await ask(deps.fetch, requireHttps(`${service}${paths.credentials}`, plainHttp), {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(credentialMessage(delivery)),
        bytesMax: limits.answerBytes,
        mediaTypes: /./,
      });
      await store.concluded(issuerPid, delivery.status);
      return delivery.status;
    },
  };
}
