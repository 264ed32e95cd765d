/** Through the door with an authenticator in software: P-256 key, attestation `none`, flags of presence and verification. */
import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import * as wire from '@shugu/wire/members';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal, startMembersServer, type TestServer } from './testing.server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startMembersServer();
});
afterAll(() => server.close());

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest();

interface Authenticator {
  id: Buffer;
  privateKey: KeyObject;
  publicKey: KeyObject;
  counter: number;
}
const newAuthenticator = (): Authenticator => ({
  id: randomBytes(16),
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  counter: 0,
});

const clientData = (type: string, challenge: string, origin: string): Buffer =>
  Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));

const userPresent = 0x01;
const userVerified = 0x04;
const credentialIncluded = 0x40;

const authenticatorData = (
  one: Authenticator,
  host: string,
  flags: number,
  more: Uint8Array = new Uint8Array(),
): Buffer => {
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(++one.counter);
  return Buffer.concat([sha256(host), Buffer.from([flags]), counter, more]);
};

const coseKey = (one: Authenticator): Uint8Array<ArrayBuffer> => {
  const jwk = one.publicKey.export({ format: 'jwk' });
  const bytes = (text = '') => new Uint8Array(Buffer.from(text, 'base64url'));
  return isoCBOR.encode(
    new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(jwk.x)],
      [-3, bytes(jwk.y)],
    ]),
  );
};

const attest = (one: Authenticator, challenge: string, origin = server.url) => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(one.id.length);
  const included = Buffer.concat([Buffer.alloc(16), length, one.id, coseKey(one)]);
  const authData = authenticatorData(
    one,
    new URL(server.url).hostname,
    userPresent | userVerified | credentialIncluded,
    included,
  );
  const attestationObject = isoCBOR.encode(
    new Map<string, unknown>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', new Uint8Array(authData)],
    ]) as never,
  );
  const id = base64url(one.id);
  return {
    id,
    rawId: id,
    type: 'public-key' as const,
    clientExtensionResults: {},
    response: {
      clientDataJSON: base64url(clientData('webauthn.create', challenge, origin)),
      attestationObject: base64url(attestationObject),
      transports: ['internal'],
    },
  };
};

const assertion = (one: Authenticator, challenge: string, change: { origin?: string; flags?: number } = {}) => {
  const client = clientData('webauthn.get', challenge, change.origin ?? server.url);
  const authData = authenticatorData(one, new URL(server.url).hostname, change.flags ?? userPresent | userVerified);
  const signature = createSign('sha256')
    .update(Buffer.concat([authData, sha256(client)]))
    .sign(one.privateKey);
  const id = base64url(one.id);
  return {
    id,
    rawId: id,
    type: 'public-key' as const,
    clientExtensionResults: {},
    response: {
      clientDataJSON: base64url(client),
      authenticatorData: base64url(authData),
      signature: base64url(signature),
    },
  };
};

const register = async (login: string, one: Authenticator) => {
  const person = await server.as(login);
  const { ceremony, options } = await person.call(wire.startPasskey, { body: {} });
  return person.call(wire.createPasskey, {
    body: { ceremony, name: '办公电脑', credential: attest(one, options.challenge) },
  });
};
const begin = () => server.client().call(wire.startPasskeySignIn, { body: {} });
const enter = (ceremony: string, credential: ReturnType<typeof assertion>) =>
  server.client().call(wire.passkeySignIn, { body: { ceremony, credential } });

describe('passkeys', () => {
  test('registered while signed in, then it signs in alone', async () => {
    const one = newAuthenticator();
    await register('bank.trader', one);
    const { ceremony, options } = await begin();
    const entered = await enter(ceremony, assertion(one, options.challenge));
    expect(entered.me.login).toBe('bank.trader');
    const [listed] = (await server.client(entered.token).call(wire.listPasskeys, {})).items;
    expect(listed).toMatchObject({ name: '办公电脑', lastUsedAt: expect.any(String) });
  });

  test('a challenge is answered once, in time, with the right key, from our own page, and by a verified user', async () => {
    const one = newAuthenticator();
    await register('bank.finance', one);
    const first = await begin();
    const credential = assertion(one, first.options.challenge);
    await enter(first.ceremony, credential);
    expect(await refusal(enter(first.ceremony, credential))).toBe('members.passkeyFailed');

    const stranger = { ...newAuthenticator(), id: one.id };
    const attempts: [string, (challenge: string) => ReturnType<typeof assertion>][] = [
      ['another key', (challenge) => assertion(stranger, challenge)],
      ['another challenge', () => assertion(one, base64url(randomBytes(32)))],
      ['another page', (challenge) => assertion(one, challenge, { origin: 'https://shugu.example' })],
      ['no verification', (challenge) => assertion(one, challenge, { flags: userPresent })],
      ['unknown credential', (challenge) => assertion(newAuthenticator(), challenge)],
    ];
    for (const [name, make] of attempts) {
      const { ceremony, options } = await begin();
      expect(await refusal(enter(ceremony, make(options.challenge))), name).toBe('members.passkeyFailed');
    }
    const late = await begin();
    server.clock.moveTo(new Date(server.clock.now().getTime() + 6 * 60_000));
    expect(await refusal(enter(late.ceremony, assertion(one, late.options.challenge)))).toBe('members.passkeyFailed');
  });

  test('a copied authenticator, whose counter fell behind, is refused', async () => {
    const one = newAuthenticator();
    await register('citylogistics.trader', one);
    const copy = { ...one };
    const first = await begin();
    await enter(first.ceremony, assertion(one, first.options.challenge));
    const second = await begin();
    expect(await refusal(enter(second.ceremony, assertion(copy, second.options.challenge)))).toBe(
      'members.passkeyFailed',
    );
  });

  test('one person’s ceremony is not another’s, a registration is not a sign-in', async () => {
    const trader = await server.as('merchant.trader');
    const finance = await server.as('merchant.finance');
    const { ceremony, options } = await trader.call(wire.startPasskey, { body: {} });
    const body = { ceremony, name: 'x', credential: attest(newAuthenticator(), options.challenge) };
    expect(await refusal(finance.call(wire.createPasskey, { body }))).toBe('members.passkeyFailed');
    const one = newAuthenticator();
    await register('merchant.trader', one);
    const again = await trader.call(wire.startPasskey, { body: {} });
    expect(await refusal(enter(again.ceremony, assertion(one, again.options.challenge)))).toBe('members.passkeyFailed');
  });

  test('is gone with its removal, with a reset, and for disabled people', async () => {
    const removed = newAuthenticator();
    const made = await register('lawfirm.assessor', removed);
    const assessor = await server.as('lawfirm.assessor');
    const other = await server.as('lawfirm.finance');
    expect(await refusal(other.call(wire.deletePasskey, { params: { id: made.id } }))).toBe('kernel.unknown');
    await assessor.call(wire.deletePasskey, { params: { id: made.id } });
    const attempt = async (one: Authenticator) => {
      const { ceremony, options } = await begin();
      return refusal(enter(ceremony, assertion(one, options.challenge)));
    };
    expect(await attempt(removed)).toBe('members.passkeyFailed');
    const disabled = newAuthenticator();
    await register('lawfirm.finance', disabled);
    const administrator = await server.as('lawfirm.admin');
    await administrator.call(wire.disablePerson, { params: { id: server.cast!.people['lawfirm.finance']! }, body: {} });
    expect(await attempt(disabled)).toBe('members.passkeyFailed');
    const reset = newAuthenticator();
    await register('lawfirm.assessor', reset);
    await administrator.call(wire.resetPerson, { params: { id: server.cast!.people['lawfirm.assessor']! }, body: {} });
    expect(await attempt(reset)).toBe('members.passkeyFailed');
  });
});
