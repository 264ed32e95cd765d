/** What every credential has to stand, status lists too: its issuer's signature, and its time. */
import type { Credential } from './credential.ts';
import { checkTimes, unverified, verifySignature } from './jwt.ts';
import { limits } from './limits.ts';
import { refuse } from './problem.ts';
import type { Resolver } from './resolve.ts';

/** @throws claims.did-unresolved, claims.key-unknown, claims.signature-wrong, claims.expired, claims.not-yet-valid */
export async function checkSigned(
  credential: Credential,
  { resolver, now }: { resolver: Resolver; now: () => Date },
): Promise<void> {
  const { kid } = unverified(credential.jwt);
  const key = await resolver.key(credential.issuer, kid, 'assertionMethod');
  const { payload } = await verifySignature(credential.jwt, key.publicKeyJwk);
  checkTimes(payload, now());
  const leeway = limits.leewaySeconds * 1000;
  const at = now().getTime();
  if (credential.validFrom && at < credential.validFrom.getTime() - leeway)
    refuse('claims.not-yet-valid', 'the credential');
  if (credential.validUntil && at >= credential.validUntil.getTime() + leeway)
    refuse('claims.expired', 'the credential');
}
