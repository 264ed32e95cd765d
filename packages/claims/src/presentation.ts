/** Verifiable presentations as JWT: one for each profile, since profiles never mix in one (DCP 1.0.1, homogeneity). */
import { randomUUID } from 'node:crypto';
import { type Credential, readCredential } from './credential.ts';
import { checkTimes, didOfKid, signToken, type Token, type TokenSigner, unverified, verifySignature } from './jwt.ts';
import { limits } from './limits.ts';
import { refuse } from './problem.ts';
import { type Profile, profiles, VC1_CONTEXT, VC2_CONTEXT } from './protocol.ts';
import type { Resolver } from './resolve.ts';
import type { Schemas } from './schema.ts';
import { parseScope, selects } from './scope.ts';
import { isObject, isText, type Json, listOf, textsOf } from './shape.ts';
import { checkSigned } from './signed.ts';
import type { StatusLists } from './status-list.ts';

const enveloped = 'data:application/vc+jwt,';

const bodyOf = (profile: Profile, holder: string, jwts: readonly string[]): Json =>
  profile === 'vc11-sl2021/jwt'
    ? { vp: { '@context': [VC1_CONTEXT], type: ['VerifiablePresentation'], holder, verifiableCredential: jwts } }
    : {
        '@context': [VC2_CONTEXT],
        type: ['VerifiablePresentation'],
        holder,
        verifiableCredential: jwts.map((jwt) => ({
          '@context': VC2_CONTEXT,
          id: `${enveloped}${jwt}`,
          type: 'EnvelopedVerifiableCredential',
        })),
      };

/** Of what is left after `granted`; without credentials none at all. */
export async function makePresentations(
  signer: TokenSigner,
  {
    audience,
    credentials,
    now,
    seconds = 300,
  }: {
    audience: string;
    credentials: readonly { profile: Profile; jwt: string }[];
    now: Date;
    seconds?: number;
  },
): Promise<string[]> {
  const iat = Math.floor(now.getTime() / 1000);
  const made: string[] = [];
  for (const profile of profiles) {
    const jwts = credentials.filter((one) => one.profile === profile).map(({ jwt }) => jwt);
    if (jwts.length === 0) continue;
    const claims = {
      iss: signer.did,
      sub: signer.did,
      aud: audience,
      jti: randomUUID(),
      iat,
      nbf: iat,
      exp: iat + seconds,
    };
    const typ = profile === 'vc20-bssl/jwt' ? 'vp+jwt' : 'JWT';
    made.push(await signToken(signer, { ...bodyOf(profile, signer.did, jwts), ...claims }, typ));
  }
  return made;
}

export interface CredentialChecks {
  resolver: Resolver;
  now: () => Date;
  /** Whether this issuer is trusted for a credential of these types. */
  trusts(issuer: string, types: readonly string[]): boolean | Promise<boolean>;
  statusLists: StatusLists;
  schemas: Schemas;
}

/**
 * Signature, issuer's key, time, trust, holder, schema, status: in this order, so that an address in a credential is only called
 * once a trusted issuer has put it there. @throws ClaimsError
 */
export async function verifyCredential(
  credential: Credential,
  holder: string,
  checks: CredentialChecks,
): Promise<void> {
  if (!(await checks.trusts(credential.issuer, credential.types)))
    refuse('claims.issuer-untrusted', `${credential.issuer} for ${credential.types.join(', ')}`);
  await checkSigned(credential, checks);
  // DCP 1.0.1, 5.4.3: who presents is whom it is about.
  if (!credential.subjects.every(({ id }) => id === holder)) refuse('claims.holder-mismatch');
  await checks.schemas.check(credential);
  await checks.statusLists.check(credential);
}

const jwtOf = (value: unknown): string => {
  if (isText(value)) return value;
  const id = isObject(value) && isText(value.id) ? value.id : '';
  return id.startsWith(enveloped)
    ? id.slice(enveloped.length)
    : refuse('claims.presentation-malformed', 'verifiableCredential');
};

const contentOf = ({ payload, typ }: Token): { profile: Profile; document: Json } => {
  if (isObject(payload.vp)) {
    if (typ !== undefined && typ !== 'jwt') return refuse('claims.presentation-malformed', `typ ${typ}`);
    return { profile: 'vc11-sl2021/jwt', document: payload.vp };
  }
  if (typ !== undefined && !['vp+jwt', 'jwt'].includes(typ))
    return refuse('claims.presentation-malformed', `typ ${typ}`);
  if (listOf(payload['@context'])[0] !== VC2_CONTEXT) return refuse('claims.presentation-malformed', '@context');
  return { profile: 'vc20-bssl/jwt', document: payload };
};

/** Signature by the holder with a key for authentication, made for `audience`. Its credentials, read but not verified. */
async function openPresentation(
  jwt: unknown,
  { holder, audience, resolver, now }: { holder: string; audience: string; resolver: Resolver; now: () => Date },
): Promise<Credential[]> {
  const token = unverified(jwt);
  const { payload, kid } = token;
  const { profile, document } = contentOf(token);
  if (!textsOf(document.type).includes('VerifiablePresentation'))
    return refuse('claims.presentation-malformed', 'type');
  const named = [payload.iss, payload.sub, document.holder, didOfKid(kid)].filter((one) => one !== undefined);
  if (named.length === 0 || named.some((one) => one !== holder))
    return refuse('claims.holder-mismatch', 'the presentation');
  const audiences = textsOf(payload.aud);
  if (audiences.length !== 1 || audiences[0] !== audience) return refuse('claims.audience-wrong', 'the presentation');
  const key = await resolver.key(holder, kid, 'authentication');
  await verifySignature(jwt as string, key.publicKeyJwk);
  checkTimes(payload, now());
  const inside = listOf(document.verifiableCredential);
  if (inside.length > limits.credentials) return refuse('claims.too-large', 'credentials in one presentation');
  return inside.map((one) => {
    const credential = readCredential(jwtOf(one));
    return credential.profile === profile ? credential : refuse('claims.presentation-malformed', 'profiles are mixed');
  });
}

/**
 * All that a holder presented: credentials of issuers who are not trusted say nothing, all others have to be good, and each scope
 * that was asked for has to be met by one of these. More than was asked for is taken. @throws ClaimsError
 */
export async function verifyPresentations(
  presentations: readonly unknown[],
  {
    holder,
    audience,
    scopes,
    ...checks
  }: CredentialChecks & { holder: string; audience: string; scopes: readonly string[] },
): Promise<Credential[]> {
  if (presentations.length > limits.presentations) return refuse('claims.too-large', 'presentations');
  const found: Credential[] = [];
  for (const one of presentations) found.push(...(await openPresentation(one, { holder, audience, ...checks })));
  // A member of several dataspaces shows what each of them says of it.
  const [believed, foreign]: [Credential[], Credential[]] = [[], []];
  for (const one of found) ((await checks.trusts(one.issuer, one.types)) ? believed : foreign).push(one);
  for (const credential of believed) await verifyCredential(credential, holder, checks);
  for (const scope of scopes) {
    const wanted = parseScope(scope);
    if (wanted && believed.some((one) => selects(wanted, one))) continue;
    const [untrusted] = foreign;
    if (untrusted) return refuse('claims.issuer-untrusted', `${untrusted.issuer} for ${untrusted.types.join(', ')}`);
    return refuse('claims.credential-missing', scope);
  }
  return believed;
}
