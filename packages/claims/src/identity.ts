/**
 * One participant's identity towards others: makes the value of the header `Authorization` for a message, and tells who sent one
 * and what trusted issuers say of them.
 */
import { makeAccessToken } from './access.ts';
import type { Credential } from './credential.ts';
import { serviceOf } from './did.ts';
import type { TokenSigner } from './jwt.ts';
import { limits } from './limits.ts';
import { presentationQuery, readPresentationResponse } from './messages.ts';
import { type CredentialChecks, verifyPresentations } from './presentation.ts';
import { ClaimsError, type ClaimsProblemCode, refuse } from './problem.ts';
import { paths } from './protocol.ts';
import { ask, type Fetch, jsonTypes, type PlainHttp, parseJson, requireHttps } from './reach.ts';
import { makeIdToken, type TokenChecks, verifyIdToken } from './self-issued.ts';

export type Verified =
  | { ok: true; counterParty: string; claims: Credential[] }
  | { ok: false; code: ClaimsProblemCode; status: number; detail: string };

export interface IdentityDeps extends TokenChecks, CredentialChecks {
  signer: TokenSigner;
  /** What a counter-party may ask of our credential service because we sent it a message. */
  shows: readonly string[];
  /** What we ask of theirs, all of which has to be met. */
  wants: readonly string[];
  fetch: Fetch;
  plainHttp?: PlainHttp;
  /** How long what was shown is believed without asking again; its time and status are looked at with every message. */
  keepSeconds?: number;
}

/** Asks the counter-party's credential service, with the access token that it sent along. */
async function askForClaims(deps: IdentityDeps, holder: string, accessToken: string): Promise<Credential[]> {
  const { signer, resolver, now, plainHttp = () => false } = deps;
  const service = serviceOf(await resolver.document(holder), 'CredentialService');
  if (!service) return refuse('claims.unreachable', `${holder} names no credential service`);
  const address = requireHttps(`${service}${paths.query}`, plainHttp);
  const text = await ask(deps.fetch, address, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await makeIdToken(signer, { audience: holder, now: now(), token: accessToken })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(presentationQuery(deps.wants)),
    bytesMax: limits.answerBytes,
    mediaTypes: jsonTypes,
  });
  const presentations = readPresentationResponse(parseJson(text, address));
  return verifyPresentations(presentations, { ...deps, holder, audience: signer.did, scopes: deps.wants });
}

/** Claims by counter-party, as long as they still hold: those that fail are forgotten, so that the next message asks anew. */
function makeMemory({ now, statusLists, trusts, keepSeconds = 0 }: IdentityDeps) {
  const kept = new Map<string, { at: number; claims: Credential[] }>();
  const isOld = ({ at, claims }: { at: number; claims: Credential[] }): boolean =>
    now().getTime() - at >= keepSeconds * 1000 ||
    claims.some(({ validUntil }) => validUntil !== undefined && validUntil <= now());
  return {
    async recall(did: string): Promise<Credential[] | undefined> {
      const known = kept.get(did);
      kept.delete(did);
      if (!known || isOld(known)) return undefined;
      // Trust may have been withdrawn meanwhile; what else is held may do as well.
      for (const { issuer, types } of known.claims) if (!(await trusts(issuer, types))) return undefined;
      for (const claim of known.claims) await statusLists.check(claim);
      kept.set(did, known);
      return known.claims;
    },
    keep(did: string, claims: Credential[]): Credential[] {
      if (keepSeconds > 0) kept.set(did, { at: now().getTime(), claims });
      if (kept.size > limits.cacheEntries) kept.delete(kept.keys().next().value!);
      return claims;
    },
  };
}

export function makeIdentity(deps: IdentityDeps) {
  const { signer, now } = deps;
  const memory = makeMemory(deps);
  return {
    /** For one message: the token may be used once. */
    async authorization(counterParty: string): Promise<string> {
      const token = await makeAccessToken(signer, { bearer: counterParty, scopes: deps.shows, now: now() });
      return `Bearer ${await makeIdToken(signer, { audience: counterParty, now: now(), token })}`;
    },

    /** Never throws for what others sent. */
    async verify(authorization: string | undefined): Promise<Verified> {
      try {
        const { did, accessToken } = await verifyIdToken(authorization, signer.did, deps);
        if (!accessToken) return refuse('claims.access-refused', 'the token grants no look at credentials');
        const claims = (await memory.recall(did)) ?? memory.keep(did, await askForClaims(deps, did, accessToken));
        return { ok: true, counterParty: did, claims };
      } catch (error) {
        if (!(error instanceof ClaimsError)) throw error;
        return { ok: false, code: error.code, status: error.status, detail: error.message };
      }
    },
  };
}
