/**
 * Access tokens: what a holder lets one counter-party ask of its credential service. Their form is the holder's own affair (DCP
 * 1.0.1, 5.3); ours is a token that the holder signs for itself, so that nothing needs to be stored.
 */
import { randomUUID } from 'node:crypto';
import type { JWK } from 'jose';
import { checkTimes, signToken, type TokenSigner, unverified, verifySignature } from './jwt.ts';
import { refuse } from './problem.ts';
import { textsOf } from './shape.ts';

const typ = 'dcp-access+jwt';

export function makeAccessToken(
  signer: TokenSigner,
  { bearer, scopes, now, seconds = 300 }: { bearer: string; scopes: readonly string[]; now: Date; seconds?: number },
): Promise<string> {
  const iat = Math.floor(now.getTime() / 1000);
  const claims = {
    iss: signer.did,
    aud: signer.did,
    sub: bearer,
    scope: scopes,
    jti: randomUUID(),
    iat,
    exp: iat + seconds,
  };
  return signToken(signer, claims, typ);
}

/** Public key of the holder's by its `kid`; undefined where that is none of today's. */
export type OwnKey = (kid: string | undefined) => JWK | undefined;

/** The scopes that were granted to `bearer`. @throws claims.access-refused for every fault alike */
export async function verifyAccessToken(
  token: string | undefined,
  { did, ownKey, bearer, now }: { did: string; ownKey: OwnKey; bearer: string; now: Date },
): Promise<string[]> {
  try {
    const { typ: kind, kid } = unverified(token);
    if (kind !== typ) throw new Error('another kind of token');
    const key = ownKey(kid);
    if (!key) throw new Error('no key of ours');
    const { payload } = await verifySignature(token!, key);
    checkTimes(payload, now);
    if (payload.iss !== did || payload.aud !== did || payload.sub !== bearer) throw new Error('for somebody else');
    return textsOf(payload.scope);
  } catch (error) {
    return refuse('claims.access-refused', (error as Error).message);
  }
}
