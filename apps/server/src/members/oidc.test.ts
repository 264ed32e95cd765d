/** Against a provider of our own on loopback that speaks discovery, code grant with PKCE, and signed ID tokens. */
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as wire from '@shugu/wire/members';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal, startMembersServer, type TestServer } from './testing.server.ts';

const text = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Codes by what the authorisation request asked; `nextSubject` is who sits before the browser. */
const startProvider = async () => {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const forged = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const codes = new Map<string, { subject: string; nonce: string; challenge: string }>();
  const state = { forge: false, issuer: '' };
  const token = (subject: string, nonce: string): string => {
    const now = Math.floor(Date.now() / 1000);
    const head = text({ alg: 'RS256', kid: 'k1' });
    const body = text({ iss: state.issuer, sub: subject, aud: 'shugu', iat: now, exp: now + 300, nonce });
    const signer = createSign('sha256').update(`${head}.${body}`);
    return `${head}.${body}.${signer.sign(state.forge ? forged.privateKey : keys.privateKey).toString('base64url')}`;
  };
  const server: Server = createServer(async (request, response) => {
    const reply = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.url === '/.well-known/openid-configuration')
      return reply(200, {
        issuer: state.issuer,
        authorization_endpoint: `${state.issuer}/authorize`,
        token_endpoint: `${state.issuer}/token`,
        jwks_uri: `${state.issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    if (request.url === '/jwks')
      return reply(200, {
        keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }],
      });
    if (request.url !== '/token') return reply(404, {});
    let body = '';
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    const asked = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (!asked || asked.challenge !== challenge) return reply(400, { error: 'invalid_grant' });
    return reply(200, {
      access_token: 'a',
      token_type: 'Bearer',
      expires_in: 60,
      id_token: token(asked.subject, asked.nonce),
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    state,
    /** What the browser brings back after `subject` agreed. */
    agree: (url: string, subject: string): string => {
      const asked = new URL(url).searchParams;
      const code = randomBytes(12).toString('hex');
      codes.set(code, { subject, nonce: asked.get('nonce')!, challenge: asked.get('code_challenge')! });
      return new URLSearchParams({ code, state: asked.get('state')! }).toString();
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
};

let server: TestServer;
let provider: Awaited<ReturnType<typeof startProvider>>;
beforeAll(async () => {
  provider = await startProvider();
  server = await startMembersServer({
    oidc: { issuer: provider.state.issuer, client: 'shugu', secret: 'secret-of-tests' },
  });
});
afterAll(async () => {
  await server.close();
  await provider.close();
});

type Client = ReturnType<TestServer['client']>;
const begin = (client: Client) => client.call(wire.startOidc, { body: {} });
const link = async (client: Client, subject: string) => {
  const { ceremony, url } = await begin(client);
  return client.call(wire.linkOidc, { body: { ceremony, callback: provider.agree(url, subject) } });
};
const enter = async (subject: string) => {
  const { ceremony, url } = await begin(server.client());
  return server.client().call(wire.oidcSignIn, { body: { ceremony, callback: provider.agree(url, subject) } });
};

describe('sign-in by an identity provider', () => {
  test('a linked identity signs in; an unlinked one does not, whatever it is called', async () => {
    expect(await refusal(enter('bank.trader'))).toBe('members.oidcFailed');
    await link(await server.as('bank.trader'), 'subject-1');
    expect((await enter('subject-1')).me.login).toBe('bank.trader');
    expect(await refusal(link(await server.as('bank.finance'), 'subject-1'))).toBe('members.oidcFailed');
  });

  test('one try a ceremony; another’s state, code or beginning is refused', async () => {
    await link(await server.as('merchant.trader'), 'subject-2');
    const first = await begin(server.client());
    const second = await begin(server.client());
    const signIn = (ceremony: string, callback: string) =>
      refusal(server.client().call(wire.oidcSignIn, { body: { ceremony, callback } }));
    const callback = provider.agree(first.url, 'subject-2');
    expect(await signIn(second.ceremony, callback)).toBe('members.oidcFailed');
    const third = await begin(server.client());
    const swapped = new URLSearchParams(provider.agree(first.url, 'subject-2'));
    swapped.set('state', new URL(third.url).searchParams.get('state')!);
    expect(await signIn(third.ceremony, swapped.toString())).toBe('members.oidcFailed');
    const begun = await begin(await server.as('merchant.finance'));
    expect(await signIn(begun.ceremony, provider.agree(begun.url, 'subject-2'))).toBe('members.oidcFailed');
    const good = await begin(server.client());
    const answer = provider.agree(good.url, 'subject-2');
    await server.client().call(wire.oidcSignIn, { body: { ceremony: good.ceremony, callback: answer } });
    expect(await signIn(good.ceremony, answer)).toBe('members.oidcFailed');
  });

  test('an ID token of another key is refused', async () => {
    await link(await server.as('citylogistics.trader'), 'subject-3');
    provider.state.forge = true;
    try {
      expect(await refusal(enter('subject-3'))).toBe('members.oidcFailed');
    } finally {
      provider.state.forge = false;
    }
    await enter('subject-3');
  });

  test('ends with unlinking and with disabling', async () => {
    const trader = await server.as('mapping.trader');
    await link(trader, 'subject-4');
    await enter('subject-4');
    await (await server.as('mapping.admin')).call(wire.disablePerson, {
      params: { id: server.cast!.people['mapping.trader']! },
      body: {},
    });
    expect(await refusal(enter('subject-4'))).toBe('members.oidcFailed');
    const finance = await server.as('mapping.finance');
    await link(finance, 'subject-5');
    await finance.call(wire.unlinkOidc, {});
    expect(await refusal(enter('subject-5'))).toBe('members.oidcFailed');
  });

  test('is off without a setting, and says when the provider cannot be reached', async () => {
    const off = await startMembersServer();
    const dead = await startMembersServer({ oidc: { issuer: 'http://127.0.0.1:9', client: 'shugu', secret: 'x' } });
    try {
      expect(await off.client().call(wire.readOidc, {})).toEqual({ enabled: false, issuer: null });
      expect(await refusal(begin(off.client()))).toBe('members.oidcOff');
      expect(await refusal(begin(dead.client()))).toBe('members.oidcUnreachable');
    } finally {
      await off.close();
      await dead.close();
    }
  });
});
