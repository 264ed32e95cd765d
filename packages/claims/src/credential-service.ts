/** The holder's side: shows credentials to whom it let see them, takes delivered ones, hears offers. */
import { type OwnKey, verifyAccessToken } from './access.ts';
import { type Answer, answered } from './answer.ts';
import { type Credential, readCredential } from './credential.ts';
import type { TokenSigner } from './jwt.ts';
import { limits } from './limits.ts';
import {
  type CredentialOffer,
  presentationResponse,
  readCredentialMessage,
  readCredentialOffer,
  readPresentationQuery,
} from './messages.ts';
import { makePresentations } from './presentation.ts';
import { type ClaimsError, refuse } from './problem.ts';
import { granted, selects } from './scope.ts';
import { type TokenChecks, verifyIdToken } from './self-issued.ts';
import { checkSigned } from './signed.ts';

export interface CredentialStore {
  /** Newest first, expired ones may be left out. */
  credentials(): Promise<readonly Credential[]>;
  /**
   * Whether this issuer was asked under `holderPid` and has not concluded it otherwise: a message of the same `issuerPid` may come
   * twice, when the answer to the first was lost, and has to be taken as the same.
   */
  expects(delivery: { issuer: string; holderPid: string; issuerPid: string }): Promise<boolean>;
  issued(delivery: {
    issuer: string;
    issuerPid: string;
    holderPid: string;
    credentials: readonly Credential[];
  }): Promise<void>;
  rejected(delivery: { issuer: string; issuerPid: string; holderPid: string; reason: string | null }): Promise<void>;
  offered(offer: CredentialOffer): Promise<void>;
}

export interface CredentialServiceDeps extends TokenChecks {
  signer: TokenSigner;
  /** The signer's, and ones that signed until lately: for the access tokens that we made ourselves. */
  ownKey: OwnKey;
  store: CredentialStore;
  onRefusal?: (error: ClaimsError) => void;
}

const isGood = ({ validFrom, validUntil }: Credential, at: Date): boolean =>
  (!validFrom || validFrom <= at) && (!validUntil || at < validUntil);

/** A delivered credential has to be the issuer's own, about us, and hold. Whether we trust the issuer is not asked: others will be. */
const checkDelivered = async (
  deps: CredentialServiceDeps,
  issuer: string,
  payload: string,
  type: string,
): Promise<Credential> => {
  const credential = readCredential(payload);
  if (credential.issuer !== issuer) return refuse('claims.issuer-wrong', 'delivered by another than its issuer');
  if (!credential.types.includes(type))
    return refuse('claims.message-malformed', 'credentialType is none of its types');
  if (!credential.subjects.every(({ id }) => id === deps.signer.did)) return refuse('claims.holder-mismatch');
  await checkSigned(credential, deps);
  return credential;
};

/** Base address of these endpoints is the `CredentialService` of the DID document: `paths` has what comes behind it. */
export function makeCredentialService(deps: CredentialServiceDeps) {
  const { signer, store, ownKey, now } = deps;
  const caller = (authorization: string | undefined) => verifyIdToken(authorization, signer.did, deps);
  return {
    query: (authorization: string | undefined, body: unknown): Promise<Answer> =>
      answered(async () => {
        const { did: bearer, accessToken } = await caller(authorization);
        const allowed = await verifyAccessToken(accessToken, { did: signer.did, ownKey, bearer, now: now() });
        const scopes = granted(readPresentationQuery(body), allowed);
        const shown = (await store.credentials())
          .filter((one) => isGood(one, now()) && scopes.some((scope) => selects(scope, one)))
          .slice(0, limits.credentials);
        const presentations = await makePresentations(signer, { audience: bearer, credentials: shown, now: now() });
        return { status: 200, body: presentationResponse(presentations) };
      }, deps.onRefusal),

    deliver: (authorization: string | undefined, body: unknown): Promise<Answer> =>
      answered(async () => {
        const { did: issuer } = await caller(authorization);
        const delivery = readCredentialMessage(body);
        const { issuerPid, holderPid } = delivery;
        if (!(await store.expects({ issuer, holderPid, issuerPid }))) return refuse('claims.not-expected', holderPid);
        if (delivery.status === 'REJECTED') {
          await store.rejected({ issuer, issuerPid, holderPid, reason: delivery.rejectionReason });
          return { status: 200 };
        }
        const credentials: Credential[] = [];
        for (const one of delivery.credentials)
          credentials.push(await checkDelivered(deps, issuer, one.payload, one.credentialType));
        await store.issued({ issuer, issuerPid, holderPid, credentials });
        return { status: 200 };
      }, deps.onRefusal),

    offer: (authorization: string | undefined, body: unknown): Promise<Answer> =>
      answered(async () => {
        const { did: issuer } = await caller(authorization);
        const offer = readCredentialOffer(body);
        if (offer.issuer !== issuer) return refuse('claims.issuer-wrong', 'an offer in the name of another');
        await store.offered(offer);
        return { status: 200 };
      }, deps.onRefusal),
  };
}
