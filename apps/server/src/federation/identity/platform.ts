/**
 * Tokens that this node issues to its participants: a signed JWT (RFC 7519) under the participant's own key here, for one
 * counter-party and a short time. A repeated token only repeats a message, which changes nothing.
 */
import type { Signer } from '@shugu/evidence';
import { verifySignature } from '@shugu/evidence';
import type { Database } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import type { Keys } from '../../kernel/keys.ts';
import { type Dids, nameTowards } from '../claims/dids.ts';
import { connectorOf } from '../reads.ts';
import type { Room } from '../service/room.ts';
import type { IdentityProvider } from './identity.ts';

const validSeconds = 120;
/** Clocks of two servers differ. */
const skewSeconds = 30;
const charactersMax = 4000;

const algorithms: Record<Signer['suite'], string> = { intl: 'EdDSA', sm: 'SM2SM3' };

interface Header {
  alg: string;
  kid: string;
}
interface Claims {
  iss: string;
  aud: string;
  iat: number;
  exp: number;
  jti: string;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = <T>(text: string): T | undefined => {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as T;
  } catch {
    return undefined;
  }
};

export interface PlatformDeps {
  database: Database;
  keys: Pick<Keys, 'signer' | 'standing' | 'find'>;
  now(): Date;
  dids: Pick<Dids, 'of'>;
  suspended: Room['suspended'];
}

export const platformTokens = ({ database, keys, now, dids, suspended }: PlatformDeps): IdentityProvider => ({
  authorize: async (from, to) => {
    const signer =
      (await keys.standing(database, from.participant, 'connector')) ??
      (await database.tx(systemActor('federation'), (tx) => keys.signer(tx, from.participant, 'connector')));
    const at = Math.floor(now().getTime() / 1000);
    const claims: Claims = {
      iss: nameTowards(dids, from, to.name),
      aud: to.name,
      iat: at,
      exp: at + validSeconds,
      jti: newId('jti', now()),
    };
    const signed = `${encode({ alg: algorithms[signer.suite], typ: 'JWT', kid: signer.keyId })}.${encode(claims)}`;
    const signature = await signer.sign(Buffer.from(signed));
    return `Bearer ${signed}.${Buffer.from(signature).toString('base64url')}`;
  },

  identify: async (at, authorization) => {
    const [, token = ''] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '') ?? [];
    const [head = '', body = '', signature = ''] = token.length > charactersMax ? [] : token.split('.');
    const [header, claims] = [decode<Header>(head), decode<Claims>(body)];
    if (!header || !claims || typeof header.kid !== 'string') return undefined;
    const key = await keys.find(database, header.kid);
    if (key?.purpose !== 'connector' || key.retired_at || header.alg !== algorithms[key.suite]) return undefined;
    if (!verifySignature(key.publicKey, Buffer.from(`${head}.${body}`), Buffer.from(signature, 'base64url')))
      return undefined;
    const seconds = now().getTime() / 1000;
    if (typeof claims.iss !== 'string' || claims.aud !== nameTowards(dids, at, claims.iss)) return undefined;
    if (!(claims.exp > seconds - skewSeconds) || !(claims.iat < seconds + skewSeconds)) return undefined;
    const issuer = await connectorOf(database, key.participant);
    if (!issuer || nameTowards(dids, issuer, claims.aud) !== claims.iss) return undefined;
    if (await suspended(database, key.participant)) return undefined;
    return { name: claims.iss, claims: { ...claims } };
  },
});
