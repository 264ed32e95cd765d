/** Self-issued ID tokens: DCP 1.0.1, 4.3. */
import { randomUUID } from 'node:crypto';
import { checkTimes, didOfKid, signToken, type Token, type TokenSigner, unverified, verifySignature } from './jwt.ts';
import { limits } from './limits.ts';
import { refuse } from './problem.ts';
import type { ReplayGuard } from './replay.ts';
import type { Resolver } from './resolve.ts';
import { isText, type Json, textsOf } from './shape.ts';

/** `token`: the access token by which the other side may ask our credential service. */
export function makeIdToken(
  signer: TokenSigner,
  {
    audience,
    now,
    token,
    seconds = 300,
    jti = randomUUID(),
  }: { audience: string; now: Date; token?: string; seconds?: number; jti?: string },
): Promise<string> {
  const iat = Math.floor(now.getTime() / 1000);
  return signToken(signer, {
    iss: signer.did,
    sub: signer.did,
    aud: audience,
    jti,
    iat,
    exp: iat + seconds,
    ...(token === undefined ? {} : { token }),
  });
}

export interface TokenChecks {
  resolver: Resolver;
  replay: ReplayGuard;
  now: () => Date;
}

export type IdToken = { did: string; accessToken: string | undefined; claims: Json };

/** Value of the header `Authorization`. The scheme's name is compared as RFC 9110 11.1 has it, in any case. @throws claims.token-missing */
export function bearerOf(authorization: string | undefined): string {
  return /^Bearer +([^\s]+)$/i.exec(authorization ?? '')?.[1] ?? refuse('claims.token-missing');
}

const checkClaims = (
  { typ, kid, payload }: Token,
  audience: string,
  now: Date,
): { did: string; jti: string; exp: number } => {
  const { iss, sub, jti, exp, iat } = payload;
  if (typ !== undefined && typ !== 'jwt') return refuse('claims.token-malformed', `typ ${typ}`);
  // A presentation has the same claims otherwise, and is no proof of who calls.
  if ('vp' in payload || 'vc' in payload) return refuse('claims.token-malformed', 'it is a presentation or credential');
  if (!isText(iss) || iss !== sub) return refuse('claims.issuer-wrong', 'iss and sub');
  if (kid !== undefined && (didOfKid(kid) ?? iss) !== iss)
    return refuse('claims.issuer-wrong', 'kid belongs to another');
  const audiences = textsOf(payload.aud);
  if (audiences.length !== 1 || audiences[0] !== audience) return refuse('claims.audience-wrong');
  if (!isText(jti) || jti.length > 1024) return refuse('claims.token-malformed', 'jti');
  if (typeof exp !== 'number' || typeof iat !== 'number')
    return refuse('claims.token-malformed', 'exp and iat are needed');
  checkTimes(payload, now);
  if (exp - iat > limits.tokenSeconds)
    return refuse('claims.token-malformed', `lives longer than ${limits.tokenSeconds} s`);
  return { did: iss, jti, exp };
};

/**
 * Who calls, by the value of the header `Authorization`. The use of the `jti` is noted last, after the signature held: otherwise
 * anybody could use up the tokens of others. @throws ClaimsError
 */
export async function verifyIdToken(
  authorization: string | undefined,
  audience: string,
  { resolver, replay, now }: TokenChecks,
): Promise<IdToken> {
  const token = bearerOf(authorization);
  const claimed = unverified(token);
  const { did, jti, exp } = checkClaims(claimed, audience, now());
  const key = await resolver.key(did, claimed.kid, 'capabilityInvocation');
  const { payload } = await verifySignature(token, key.publicKeyJwk);
  const until = new Date((exp + limits.leewaySeconds) * 1000);
  if (!(await replay.firstUse(did, jti, until))) return refuse('claims.replayed');
  return { did, accessToken: isText(payload.token) ? payload.token : undefined, claims: payload };
}
