/** Compact JWS: made by a signer that may live anywhere, verified by `jose` with a key from a DID document. */
import { compactVerify, importJWK, type JWK } from 'jose';
import { limits } from './limits.ts';
import { ClaimsError, refuse } from './problem.ts';
import { isObject, isText, type Json } from './shape.ts';

/** `sign` gives the signature as JOSE has it: 64 bytes of Ed25519, or r and s side by side. `keyId` is a DID URL. */
export interface TokenSigner {
  did: string;
  keyId: string;
  algorithm: 'EdDSA' | 'ES256';
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

const algorithms = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'PS256', 'RS256'];

const encode = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url');

export async function signToken(signer: TokenSigner, payload: Json, typ = 'JWT'): Promise<string> {
  const head = { alg: signer.algorithm, kid: signer.keyId, typ };
  const signed = `${encode(JSON.stringify(head))}.${encode(JSON.stringify(payload))}`;
  return `${signed}.${encode(await signer.sign(new TextEncoder().encode(signed)))}`;
}

export type Token = { kid: string | undefined; typ: string | undefined; payload: Json };

const part = (text: string): Json => {
  const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  if (!isObject(value)) throw new Error('not an object');
  return value;
};

/** What a token says before anybody looked at its signature: to find the key, and for nothing else. @throws claims.token-malformed */
export function unverified(token: unknown): Token {
  if (!isText(token) || token.length > limits.tokenCharacters) return refuse('claims.token-malformed');
  const parts = token.split('.');
  if (parts.length !== 3) return refuse('claims.token-malformed', 'not a compact JWS');
  try {
    const head = part(parts[0]!);
    return {
      kid: isText(head.kid) ? head.kid : undefined,
      typ: isText(head.typ) ? head.typ.toLowerCase().replace(/^application\//, '') : undefined,
      payload: part(parts[1]!),
    };
  } catch (error) {
    return refuse('claims.token-malformed', (error as Error).message);
  }
}

/** The algorithm has to be one of ours and fit the key: neither `none` nor a key read as a secret. @throws claims.signature-wrong */
export async function verifySignature(token: string, key: JWK): Promise<Token> {
  try {
    if ('d' in key || key.kty === 'oct') throw new Error('not a public key');
    const { alg } = part(token.split('.')[0]!);
    await compactVerify(token, await importJWK(key, String(alg)), { algorithms });
    return unverified(token);
  } catch (error) {
    if (error instanceof ClaimsError) throw error;
    return refuse('claims.signature-wrong', (error as Error).message);
  }
}

/** The DID of a `kid` that is a DID URL; undefined for one that is relative or missing. */
export const didOfKid = (kid: string | undefined): string | undefined =>
  kid?.startsWith('did:') ? kid.split('#')[0] : undefined;

const seconds = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** `exp`, `nbf` and `iat` where they are there. @throws claims.token-malformed, claims.expired, claims.not-yet-valid */
export function checkTimes(payload: Json, now: Date): void {
  const at = now.getTime() / 1000;
  for (const name of ['exp', 'nbf', 'iat'] as const) {
    const value = payload[name] ?? undefined;
    if (value !== undefined && seconds(value) === undefined) refuse('claims.token-malformed', `${name} is no number`);
  }
  const [exp, nbf, iat] = [seconds(payload.exp), seconds(payload.nbf), seconds(payload.iat)];
  if (exp !== undefined && at >= exp + limits.leewaySeconds) refuse('claims.expired', 'exp');
  if (nbf !== undefined && at < nbf - limits.leewaySeconds) refuse('claims.not-yet-valid', 'nbf');
  if (iat !== undefined && at < iat - limits.leewaySeconds) refuse('claims.not-yet-valid', 'iat');
}
