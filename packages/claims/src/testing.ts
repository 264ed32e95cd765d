/** A small world for tests: participants with real keys, and a network of addresses that reaches them and nobody else. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { JWK } from 'jose';
import { type DidKey, didDocument, didWebAddress, didWebOf } from './did.ts';
import type { TokenSigner } from './jwt.ts';
import type { Fetch } from './reach.ts';
import { memoryReplayGuard } from './replay.ts';
import { makeResolver } from './resolve.ts';

export type Party = { did: string; address: string; signer: TokenSigner; publicKeyJwk: JWK; privateKey: KeyObject };

export const partyOf = (address: string, algorithm: TokenSigner['algorithm'] = 'EdDSA', fragment = 'key-1'): Party => {
  const { privateKey, publicKey } =
    algorithm === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const did = didWebOf(address);
  const signer: TokenSigner = {
    did,
    keyId: `${did}#${fragment}`,
    algorithm,
    sign: async (bytes) =>
      algorithm === 'EdDSA'
        ? sign(null, bytes, privateKey)
        : sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
  return { did, address, signer, privateKey, publicKeyJwk: publicKey.export({ format: 'jwk' }) };
};

export type Reply = { status?: number; type?: string; body: string | Uint8Array };
export type Request = { authorization: string | undefined; body: unknown };

/** `time` stands still until a test moves it. */
export const makeWorld = () => {
  const world = { time: new Date('2026-11-29T08:00:00Z'), asked: [] as string[] };
  const pages = new Map<string, (request: Request) => Promise<Reply> | Reply>();
  const fetch: Fetch = async (address, init) => {
    world.asked.push(address);
    const page = pages.get(address);
    if (!page) throw new Error(`nobody is at ${address}`);
    const authorization = new Headers(init.headers).get('authorization') ?? undefined;
    const {
      status = 200,
      type = 'application/json',
      body,
    } = await page({
      authorization,
      body: init.body ? JSON.parse(String(init.body)) : undefined,
    });
    // Of bytes, since a text would get a media type by itself.
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : Uint8Array.from(body);
    return new Response(bytes, { status, headers: type ? { 'content-type': type } : {} });
  };
  const now = () => world.time;
  const serve = (address: string, page: (request: Request) => Promise<Reply> | Reply) => void pages.set(address, page);
  return Object.assign(world, {
    fetch,
    now,
    serve,
    /** Publishes a party's document, as its own unless `keys` says otherwise. */
    publish: (party: Party, keys?: DidKey[]) => {
      const services = { CredentialService: `${party.address}/holder`, IssuerService: `${party.address}/issuer` };
      const own: DidKey = { fragment: party.signer.keyId.split('#')[1]!, publicKeyJwk: party.publicKeyJwk };
      const document = didDocument(party.did, { keys: keys ?? [own], services });
      serve(didWebAddress(party.did), () => ({ type: 'application/did+json', body: JSON.stringify(document) }));
    },
    checks: () => ({ resolver: makeResolver({ fetch, now }), replay: memoryReplayGuard(now), now }),
    wait: (seconds: number) => {
      world.time = new Date(world.time.getTime() + seconds * 1000);
    },
  });
};

export type World = ReturnType<typeof makeWorld>;

/** A token with these very claims and head, whatever they are. */
export const forge = async (signer: TokenSigner, payload: object, head: object = {}): Promise<string> => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: signer.algorithm, kid: signer.keyId, typ: 'JWT', ...head })}.${part(payload)}`;
  return `${signed}.${Buffer.from(await signer.sign(new TextEncoder().encode(signed))).toString('base64url')}`;
};
