/** Witnesses, terms and what a peer's state does, on a certificate of a release. */
import { readFile } from 'node:fs/promises';
import { parseTrust, publicJwk, type Trust, verifierOf } from '@shugu/evidence';
import { beforeAll, expect, test } from 'vitest';
import type { Peer } from '../model.ts';
import { type Ground, judge } from './judge.ts';

const golden = new URL('../../../../../packages/evidence/src/golden/', import.meta.url);
let bytes: Uint8Array;
let trust: Trust;
let ground: Ground;
beforeAll(async () => {
  bytes = await readFile(new URL('v1-intl-clear.json', golden));
  trust = parseTrust(await readFile(new URL('v1-intl.trust.json', golden)));
  const [log] = trust.logs;
  const peer: Peer = {
    id: 'nod_01kwdk28en56z4yk8sq4q6wv4s',
    name: '样例节点',
    kind: 'city',
    origin: log!.origin,
    key: publicJwk(verifierOf(log!.vkey).publicKey),
    state: 'active',
  };
  ground = { ownLog: false, peer, witnesses: trust.witnesses.map(({ vkey }) => vkey), quorum: 1, today: '2026-11-01' };
});
const outcome = async (more: Partial<Ground> = {}) => (await judge(bytes, { ...ground, ...more })).outcome;

test('a witness that is known here has cosigned: recognised, and the witness is named', async () => {
  const found = await judge(bytes, ground);
  expect(found.outcome).toBe('recognised');
  expect(found.report!.asOf!.witnesses).toEqual(['witness.example']);
});

test('a cosignature of a witness that nobody here knows proves nothing, and is not passed over', async () => {
  expect(await outcome({ witnesses: [], quorum: 0 })).toBe('proofFails');
});

test('two witnesses are wanted and one has cosigned: not recognised', async () => {
  const second = (await readFile(new URL('v1-sm.trust.json', golden), 'utf8')).match(/witness[\w.+/=-]+\+[\w+/=]+/)![0];
  expect(await outcome({ witnesses: [...ground.witnesses, second], quorum: 2 })).toBe('proofFails');
  expect(await outcome({ witnesses: [...ground.witnesses, second], quorum: 1 })).toBe('recognised');
});

test('the key is the peer’s: under another key the same log proves nothing', async () => {
  const [log] = parseTrust(await readFile(new URL('v1-sm.trust.json', golden))).logs;
  const key = publicJwk(verifierOf(log!.vkey).publicKey);
  expect(await outcome({ peer: { ...ground.peer!, key } })).toBe('proofFails');
});

test('a peer that is no longer active, or is none, vouches for nothing; one’s own log is asked elsewhere', async () => {
  expect(await outcome({ peer: { ...ground.peer!, state: 'revoked' } })).toBe('peerEnded');
  expect(await outcome({ peer: null })).toBe('peerUnknown');
  expect(await outcome({ ownLog: true })).toBe('ownLog');
});
