import { generateKeyPairSync, sign } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { limits } from './limits.ts';
import { memoryReplayGuard } from './replay.ts';
import { makeIdToken, verifyIdToken } from './self-issued.ts';
import { forge, makeWorld, partyOf, type World } from './testing.ts';

const alice = partyOf('https://alice.example');
const bob = partyOf('https://bob.example', 'ES256');
const carol = partyOf('https://carol.example');

let world: World;
let checks: ReturnType<World['checks']>;
beforeEach(() => {
  world = makeWorld();
  for (const party of [alice, bob, carol]) world.publish(party);
  checks = world.checks();
});

const seconds = () => Math.floor(world.time.getTime() / 1000);
const claims = () => ({
  iss: alice.did,
  sub: alice.did,
  aud: bob.did,
  jti: 'once',
  iat: seconds(),
  exp: seconds() + 300,
});
const verify = (token: string) => verifyIdToken(`Bearer ${token}`, bob.did, checks);
const code = (name: string) => expect.objectContaining({ code: name });

describe('self-issued ID tokens', () => {
  test.each([alice, bob])('$signer.algorithm: made and believed, with the access token inside', async (party) => {
    const token = await makeIdToken(party.signer, { audience: carol.did, now: world.time, token: 'opaque' });
    const found = await verifyIdToken(`bearer ${token}`, carol.did, checks);
    expect(found).toMatchObject({ did: party.did, accessToken: 'opaque' });
  });

  test('the claims as forged here are good when nothing is wrong with them', async () => {
    expect((await verify(await forge(alice.signer, claims()))).did).toBe(alice.did);
  });

  test.each<[string, string, (good: ReturnType<typeof claims>) => object]>([
    ['wrong audience', 'claims.audience-wrong', (good) => ({ ...good, aud: carol.did })],
    ['two audiences', 'claims.audience-wrong', (good) => ({ ...good, aud: [bob.did, carol.did] })],
    ['no audience', 'claims.audience-wrong', ({ aud: _, ...rest }) => rest],
    ['issuer is not the subject', 'claims.issuer-wrong', (good) => ({ ...good, sub: carol.did })],
    ['no issuer', 'claims.issuer-wrong', ({ iss: _, sub: __, ...rest }) => rest],
    ['another issuer than the key', 'claims.issuer-wrong', (good) => ({ ...good, iss: carol.did, sub: carol.did })],
    ['expired', 'claims.expired', (good) => ({ ...good, iat: good.iat - 400, exp: good.iat - limits.leewaySeconds })],
    ['no expiry', 'claims.token-malformed', ({ exp: _, ...rest }) => rest],
    ['an expiry in words', 'claims.token-malformed', (good) => ({ ...good, exp: 'tomorrow' })],
    ['lives too long', 'claims.token-malformed', (good) => ({ ...good, exp: good.iat + limits.tokenSeconds + 1 })],
    ['issued in the future', 'claims.not-yet-valid', (good) => ({ ...good, iat: good.iat + limits.leewaySeconds + 1 })],
    ['not yet valid', 'claims.not-yet-valid', (good) => ({ ...good, nbf: good.iat + limits.leewaySeconds + 1 })],
    ['no iat', 'claims.token-malformed', ({ iat: _, ...rest }) => rest],
    ['no jti', 'claims.token-malformed', ({ jti: _, ...rest }) => rest],
    ['a presentation', 'claims.token-malformed', (good) => ({ ...good, vp: {} })],
  ])('%s: %s', async (_, refusal, change) => {
    await expect(verify(await forge(alice.signer, change(claims())))).rejects.toThrow(code(refusal));
  });

  test.each<[string, string, object]>([
    ['a key of another', 'claims.issuer-wrong', { kid: `${carol.did}#key-1` }],
    ['an unknown key', 'claims.key-unknown', { kid: `${alice.did}#key-2` }],
    ['no algorithm', 'claims.signature-wrong', { alg: 'none' }],
    ['an algorithm with a secret', 'claims.signature-wrong', { alg: 'HS256' }],
    ['an algorithm that the key is not for', 'claims.signature-wrong', { alg: 'ES256' }],
    ['a kind of token that is none for calling', 'claims.token-malformed', { typ: 'vp+jwt' }],
    ['an extension that must be understood', 'claims.signature-wrong', { crit: ['x'], x: 1 }],
  ])('head: %s: %s', async (_, refusal, head) => {
    await expect(verify(await forge(alice.signer, claims(), head))).rejects.toThrow(code(refusal));
  });

  test('a signature by another key under the right kid, and every altered part, are refused', async () => {
    const stranger = { ...carol.signer, did: alice.did, keyId: alice.signer.keyId };
    await expect(verify(await forge(stranger, claims()))).rejects.toThrow(code('claims.signature-wrong'));
    const [head, , signature] = (await forge(alice.signer, claims())).split('.') as [string, string, string];
    const payload = Buffer.from(JSON.stringify({ ...claims(), token: 'mine' })).toString('base64url');
    await expect(verify(`${head}.${payload}.${signature}`)).rejects.toThrow(code('claims.signature-wrong'));
  });

  test('keys of RSA are understood, in the algorithms of the list alone', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    world.publish(alice, [{ fragment: 'key-1', publicKeyJwk: publicKey.export({ format: 'jwk' }) }]);
    const signer = { ...alice.signer, sign: async (bytes: Uint8Array) => sign('sha256', bytes, privateKey) };
    expect((await verify(await forge(signer, claims(), { alg: 'RS256' }))).did).toBe(alice.did);
    const other = { ...alice.signer, sign: async (bytes: Uint8Array) => sign('sha384', bytes, privateKey) };
    const token = await forge(other, { ...claims(), jti: 'other' }, { alg: 'RS384' });
    await expect(verify(token)).rejects.toThrow(code('claims.signature-wrong'));
  });

  test.each([undefined, '', 'Bearer', 'Basic YTpi', 'Bearer a b'])('header %s is none', async (header) => {
    await expect(verifyIdToken(header, bob.did, checks)).rejects.toThrow(code('claims.token-missing'));
  });

  test('a key that is not for invocation does not speak for its owner', async () => {
    world.publish(alice, [
      { fragment: 'key-1', publicKeyJwk: alice.publicKeyJwk, uses: ['assertionMethod', 'authentication'] },
    ]);
    await expect(verify(await forge(alice.signer, claims()))).rejects.toThrow(code('claims.key-unknown'));
  });

  test('a jti is good once for each issuer; a wrong signature does not use it up', async () => {
    const stranger = { ...carol.signer, did: alice.did, keyId: alice.signer.keyId };
    await expect(verify(await forge(stranger, claims()))).rejects.toThrow(code('claims.signature-wrong'));
    const token = await forge(alice.signer, claims());
    await verify(token);
    await expect(verify(token)).rejects.toThrow(code('claims.replayed'));
    await expect(verify(await forge(alice.signer, { ...claims(), token: 'x' }))).rejects.toThrow(
      code('claims.replayed'),
    );
    await verify(await forge(carol.signer, { ...claims(), iss: carol.did, sub: carol.did }));
  });

  test('a full guard takes nothing until something in it has expired', async () => {
    const guard = memoryReplayGuard(world.now, 2);
    const until = new Date(world.time.getTime() + 1000);
    expect(await guard.firstUse('a', '1', until)).toBe(true);
    expect(await guard.firstUse('a', '2', until)).toBe(true);
    expect(await guard.firstUse('a', '3', until)).toBe(false);
    world.wait(2);
    expect(await guard.firstUse('a', '3', until)).toBe(true);
  });
});
