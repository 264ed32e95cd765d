/** An issuer of another dataspace, as it would stand anywhere: its DID document, its issuer service, nothing else. */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  credentialOffer,
  didDocument,
  didWebOf,
  type IssuanceRequest,
  makeIdToken,
  makeIssuerService,
  makeResolver,
  memoryReplayGuard,
  paths,
  serviceOf,
  type TokenSigner,
} from '@shugu/claims';

export interface Issuer {
  did: string;
  /** Hands over what was asked for. */
  deliverAll(): Promise<void>;
  /** Offers a credential to a holder; the status of its answer. */
  offer(holder: string): Promise<number>;
  close(): Promise<void>;
}

export const credentialId = 'membership';

export const makeIssuer = async (now: () => Date): Promise<Issuer> => {
  const requests = new Map<string, IssuanceRequest>();
  const server = createServer();
  await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready));
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const did = didWebOf(root);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer: TokenSigner = {
    did,
    keyId: `${did}#key-1`,
    algorithm: 'ES256',
    sign: async (bytes) => sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
  const plainHttp = () => true;
  const resolver = makeResolver({ fetch, now, plainHttp });
  const document = didDocument(did, {
    keys: [{ fragment: 'key-1', publicKeyJwk: publicKey.export({ format: 'jwk' }) }],
    services: { IssuerService: `${root}/issuer` },
  });
  const service = makeIssuerService({
    signer,
    resolver,
    now,
    fetch,
    plainHttp,
    replay: memoryReplayGuard(now),
    address: `${root}/issuer`,
    supported: [
      {
        id: credentialId,
        type: 'CredentialObject',
        credentialType: 'MembershipCredential',
        bindingMethods: ['did:web'],
        profile: 'vc20-bssl/jwt',
      },
    ],
    store: {
      received: async (request) => void requests.set(request.issuerPid, request),
      request: async (pid) => requests.get(pid),
      concluded: async (pid, status) => void requests.set(pid, { ...requests.get(pid)!, status }),
    },
    decide: async () => ({
      issue: true,
      id: `urn:uuid:${randomUUID()}`,
      subject: { memberOf: did },
      validUntil: new Date(now().getTime() + 86_400_000),
    }),
  });
  server.on('request', async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    if (request.url === '/.well-known/did.json')
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    if (request.url !== `/issuer${paths.credentials}`) return void response.writeHead(404).end();
    const answer = await service.request(request.headers.authorization, JSON.parse(text));
    response.writeHead(answer.status, answer.headers).end(JSON.stringify(answer.body ?? {}));
  });
  return {
    did,
    deliverAll: async () => {
      for (const one of requests.values()) if (one.status === 'RECEIVED') await service.deliver(one.issuerPid);
    },
    offer: async (holder) => {
      const wallet = serviceOf(await resolver.document(holder), 'CredentialService');
      const answer = await fetch(`${wallet}${paths.offers}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await makeIdToken(signer, { audience: holder, now: now() })}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(credentialOffer({ issuer: did, credentials: [{ id: credentialId }] })),
      });
      return answer.status;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
};
