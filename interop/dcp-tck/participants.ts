/**
 * Holder, issuer and verifier behind one HTTP server on the loopback, as the kit wants them: each a did:web with its own key, all
 * of `@shugu/claims`. Stores are maps, and the secure token service has one client; nothing else is made easier for the kit.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Answer,
  type Credential,
  type CredentialObject,
  didDocument,
  didWebOf,
  type IssuanceRequest,
  issueStatusList,
  makeAccessToken,
  makeCredentialService,
  makeIdentity,
  makeIdToken,
  makeIssuerService,
  makeResolver,
  makeSchemas,
  makeStatusLists,
  memoryReplayGuard,
  newBits,
  type Profile,
  paths,
  profiles,
  type TokenSigner,
  typeScope,
} from '@shugu/claims';

const bodyBytesMax = 1024 * 1024;
const now = () => new Date();
const plainHttp = (host: string) => /^localhost:\d+$/.test(host);
const types = ['MembershipCredential', 'SensitiveDataCredential'];
export const stsClient = { id: 'kit', secret: 'only-for-the-kit' };
/** Under this number the holder waits for credentials; the kit sends many under the same. */
export const correlation = 'kit-request';

const makeParticipant = (root: string, name: string) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const address = `${root}/${name}`;
  const did = didWebOf(address);
  const signer: TokenSigner = {
    did,
    keyId: `${did}#key-1`,
    algorithm: 'ES256',
    sign: async (bytes) => sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
  const publicKeyJwk = publicKey.export({ format: 'jwk' });
  const resolver = makeResolver({ fetch, now, plainHttp });
  const checks = { resolver, replay: memoryReplayGuard(now), now };
  const document = didDocument(did, {
    keys: [{ fragment: 'key-1', publicKeyJwk }],
    services: { CredentialService: `${address}/holder`, IssuerService: `${address}/issuer` },
  });
  const ownKey = (kid: string | undefined) => (kid === signer.keyId ? publicKeyJwk : undefined);
  return { did, address, signer, ownKey, checks, document };
};

type Participant = ReturnType<typeof makeParticipant>;

const holderOf = ({ signer, ownKey, checks }: Participant) => {
  const held: Credential[] = [];
  return makeCredentialService({
    signer,
    ownKey,
    ...checks,
    store: {
      credentials: async () => held,
      expects: async ({ holderPid }) => holderPid === correlation,
      issued: async ({ credentials }) => void held.unshift(...credentials),
      rejected: async () => {},
      offered: async () => {},
    },
  });
};

const objectOf = (credentialType: string, profile: Profile): CredentialObject => ({
  id: `${credentialType}-${profile}`,
  type: 'CredentialObject',
  credentialType,
  bindingMethods: ['did:web'],
  profile,
  offerReason: 'issuance',
});

const issuerOf = ({ address, signer, checks }: Participant) => {
  const requests = new Map<string, IssuanceRequest>();
  const until = () => new Date(Date.now() + 3600_000);
  let index = 0;
  const service = makeIssuerService({
    signer,
    address: `${address}/issuer`,
    supported: types.flatMap((type) => profiles.map((profile) => objectOf(type, profile))),
    store: {
      received: async (request) => void requests.set(request.issuerPid, request),
      request: async (issuerPid) => requests.get(issuerPid),
      concluded: async (issuerPid, status) => void requests.set(issuerPid, { ...requests.get(issuerPid)!, status }),
    },
    decide: async (_, { credentialType, profile }) => ({
      issue: true,
      id: `urn:uuid:${crypto.randomUUID()}`,
      subject: { foo: credentialType },
      validUntil: until(),
      status: {
        type: profile === 'vc20-bssl/jwt' ? 'BitstringStatusListEntry' : 'StatusList2021Entry',
        statusPurpose: 'revocation',
        statusListIndex: index++,
        statusListCredential: `${address}/issuer/status/${profiles.indexOf(profile)}`,
      },
    }),
    ...checks,
    fetch,
    plainHttp,
  });
  const statusList = (place: number) =>
    issueStatusList(signer, {
      profile: profiles[place] ?? profiles[0],
      address: `${address}/issuer/status/${place}`,
      purpose: 'revocation',
      bits: newBits(),
      validFrom: now(),
      validUntil: until(),
    });
  return { ...service, statusList };
};

const verifierOf = ({ signer, checks }: Participant, trustedIssuer: string) =>
  makeIdentity({
    signer,
    ...checks,
    trusts: (issuer) => issuer === trustedIssuer,
    statusLists: makeStatusLists({ fetch, now, plainHttp, resolver: checks.resolver }),
    schemas: makeSchemas({ fetch, now, plainHttp }),
    shows: [],
    wants: [typeScope('MembershipCredential')],
    fetch,
    plainHttp,
  });

/** OAuth 2 client credentials, as DCP 1.0.1 (4.3.2) suggests: an ID token with an access token for the scopes inside. */
export const grantToken = async (signer: TokenSigner, form: URLSearchParams): Promise<Answer> => {
  const known = form.get('client_id') === stsClient.id && form.get('client_secret') === stsClient.secret;
  const audience = form.get('audience');
  if (!known || form.get('grant_type') !== 'client_credentials' || !audience) return { status: 401 };
  const scopes = (form.get('bearer_access_scope') ?? '').split(' ').filter(Boolean);
  const token = await makeAccessToken(signer, { bearer: audience, scopes, now: now() });
  const idToken = await makeIdToken(signer, { audience, now: now(), token });
  return { status: 200, body: { access_token: idToken, token_type: 'Bearer', expires_in: 300 } };
};

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > bodyBytesMax) throw new Error('body too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

type Endpoint = (auth: string | undefined, body: string, last: string) => Promise<Answer> | Answer;

const triesMax = 5;

/** As a job would: again until the holder took it. For requests that it makes in passing, the kit has no holder that stays. */
const deliverLater = (
  issuing: ReturnType<typeof issuerOf>,
  issuerPid: string,
  note: (code: string) => void,
  tries = 1,
) => {
  const deliver = () =>
    issuing.deliver(issuerPid).catch((error: Error) => {
      if (tries < triesMax) deliverLater(issuing, issuerPid, note, tries + 1);
      else note(`not delivered (${error.message})`);
    });
  setTimeout(() => void deliver(), 100 * tries).unref();
};

const endpointsOf = (root: string, trustedIssuer: string, note: (code: string) => void) => {
  const [holder, issuer, verifier] = ['holder', 'issuer', 'verifier'].map((name) => makeParticipant(root, name)) as [
    Participant,
    Participant,
    Participant,
  ];
  const [credentials, issuing, verifying] = [holderOf(holder), issuerOf(issuer), verifierOf(verifier, trustedIssuer)];
  const document =
    (one: Participant): Endpoint =>
    () => ({ status: 200, body: one.document });
  const endpoints: Record<string, Endpoint> = {
    'GET /holder/did.json': document(holder),
    'GET /issuer/did.json': document(issuer),
    'GET /verifier/did.json': document(verifier),
    'POST /sts/token': (_, body) => grantToken(holder.signer, new URLSearchParams(body)),
    [`POST /holder/holder${paths.query}`]: (auth, body) => credentials.query(auth, json(body)),
    [`POST /holder/holder${paths.credentials}`]: (auth, body) => credentials.deliver(auth, json(body)),
    [`POST /holder/holder${paths.offers}`]: (auth, body) => credentials.offer(auth, json(body)),
    [`POST /issuer/issuer${paths.credentials}`]: async (auth, body) => {
      const answer = await issuing.request(auth, json(body));
      const issuerPid = answer.headers?.location?.split('/').at(-1);
      if (issuerPid) deliverLater(issuing, issuerPid, note);
      return answer;
    },
    [`GET /issuer/issuer${paths.requests}/*`]: (auth, _, id) => issuing.status(auth, id),
    [`GET /issuer/issuer${paths.metadata}`]: () => issuing.metadata(),
    'POST /verifier/trigger': async (auth) => {
      const verified = await verifying.verify(auth);
      return verified.ok
        ? { status: 200, body: { from: verified.counterParty } }
        : { status: verified.status, body: { error: verified.code } };
    },
  };
  return { dids: { holder: holder.did, issuer: issuer.did, verifier: verifier.did }, endpoints, issuing };
};

/** `trustedIssuer`: the kit's, whom the verifier believes. */
export async function openParticipants(trustedIssuer: string) {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const root = `http://localhost:${(server.address() as AddressInfo).port}`;
  // By code: shows for what reason each of the kit's wrong cases was refused.
  const refused: Record<string, number> = {};
  const note = (code: string) => {
    refused[code] = (refused[code] ?? 0) + 1;
  };
  const { dids, endpoints, issuing } = endpointsOf(root, trustedIssuer, note);
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '/';
    const last = path.split('/').at(-1)!;
    const endpoint =
      endpoints[`${request.method} ${path}`] ?? endpoints[`${request.method} ${path.replace(/[^/]+$/, '*')}`];
    if (request.method === 'GET' && path.startsWith('/issuer/issuer/status/')) {
      response.writeHead(200, { 'content-type': 'application/vc+jwt' }).end(await issuing.statusList(Number(last)));
      return;
    }
    const answer: Answer = endpoint
      ? await endpoint(request.headers.authorization, await readBody(request), last)
      : { status: 404 };
    if (answer.status >= 400) note(String(answer.body?.error ?? answer.status));
    const headers = { 'content-type': 'application/json', ...answer.headers };
    response.writeHead(answer.status, headers).end(answer.body ? JSON.stringify(answer.body) : '');
  };
  server.on('request', (request, response) => {
    serve(request, response).catch((error: Error) => {
      note(`defect: ${error.message}`);
      response.writeHead(500).end();
    });
  });
  return {
    root,
    dids,
    refused,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
