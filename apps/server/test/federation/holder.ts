/** A member's own wallet, as it would stand anywhere: DID document, credential service, and what asks issuers in its name. */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Answer,
  type Credential,
  type CredentialOffer,
  credentialRequest,
  didDocument,
  didWebOf,
  makeAccessToken,
  makeCredentialService,
  makeIdToken,
  makeResolver,
  memoryReplayGuard,
  paths,
  serviceOf,
  type TokenSigner,
  typeScope,
} from '@shugu/claims';

export interface Holder {
  did: string;
  held: Credential[];
  offers: CredentialOffer[];
  rejections: (string | null)[];
  /** Deliveries that it answers 503 before it takes any. */
  deaf: number;
  tokenFor(audience: string): Promise<string>;
  /** Of token renewal: it names the access token. */
  prove(audience: string, accessToken: string): Promise<string>;
  /** Authorization of a message of the Dataspace Protocol. */
  authorize(audience: string): Promise<string>;
  /** Asks an issuer for what its metadata lists under these ids. */
  ask(
    issuer: string,
    ids: readonly string[],
    token?: string,
  ): Promise<{ status: number; location: string; body: unknown }>;
  statusOf(issuer: string, location: string): Promise<{ status: number; body: Record<string, unknown> }>;
  close(): Promise<void>;
}

/** `served`: whether its document names a credential service. */
export const makeHolder = async (now: () => Date, { served = true } = {}): Promise<Holder> => {
  const server = createServer();
  await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready));
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const did = didWebOf(root);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKeyJwk = publicKey.export({ format: 'jwk' });
  const signer: TokenSigner = {
    did,
    keyId: `${did}#key-1`,
    algorithm: 'ES256',
    sign: async (bytes) => sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
  const resolver = makeResolver({ fetch, now, plainHttp: () => true });
  const document = didDocument(did, {
    keys: [{ fragment: 'key-1', publicKeyJwk }],
    services: served ? { CredentialService: `${root}/wallet` } : {},
  });
  const expected = new Set<string>();
  const [held, offers, rejections]: [Credential[], CredentialOffer[], (string | null)[]] = [[], [], []];
  const wallet = makeCredentialService({
    signer,
    ownKey: (kid) => (kid === signer.keyId ? publicKeyJwk : undefined),
    ...{ resolver, now, replay: memoryReplayGuard(now) },
    store: {
      credentials: async () => held,
      expects: async ({ holderPid }) => expected.has(holderPid),
      issued: async ({ credentials }) => void held.unshift(...credentials),
      rejected: async ({ reason }) => void rejections.push(reason),
      offered: async (offer) => void offers.push(offer),
    },
  });
  const tokenFor = async (audience: string) => {
    const token = await makeAccessToken(signer, {
      ...{ bearer: audience, scopes: [typeScope('MembershipCredential')], now: now() },
    });
    return makeIdToken(signer, { audience, now: now(), token });
  };
  const issuerAt = async (issuer: string) => serviceOf(await resolver.document(issuer), 'IssuerService')!;
  const self: Holder = {
    ...{ did, held, offers, rejections, deaf: 0, tokenFor },
    prove: (audience, token) => makeIdToken(signer, { audience, now: now(), token }),
    authorize: async (audience) => `Bearer ${await tokenFor(audience)}`,
    ask: async (issuer, ids, token) => {
      const holderPid = randomUUID();
      expected.add(holderPid);
      const answer = await fetch(`${await issuerAt(issuer)}${paths.credentials}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token ?? (await tokenFor(issuer))}`, 'content-type': 'application/json' },
        body: JSON.stringify(credentialRequest({ holderPid, credentials: ids as string[] })),
      });
      const text = await answer.text();
      return {
        status: answer.status,
        location: answer.headers.get('location') ?? '',
        body: text === '' ? null : JSON.parse(text),
      };
    },
    statusOf: async (issuer, location) => {
      const answer = await fetch(location, { headers: { authorization: `Bearer ${await tokenFor(issuer)}` } });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  server.on('request', async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    const say = ({ status, body }: Answer) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
    const { authorization } = request.headers;
    if (request.url === '/.well-known/did.json') return say({ status: 200, body: document });
    if (request.url === `/wallet${paths.query}`) return say(await wallet.query(authorization, JSON.parse(text)));
    if (request.url === `/wallet${paths.offers}`) return say(await wallet.offer(authorization, JSON.parse(text)));
    if (request.url !== `/wallet${paths.credentials}`) return say({ status: 404 });
    if (self.deaf > 0) {
      self.deaf--;
      return say({ status: 503 });
    }
    return say(await wallet.deliver(authorization, JSON.parse(text)));
  });
  return self;
};
