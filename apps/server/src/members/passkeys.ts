/** Passkeys (W3C Web Authentication): register one while signed in, later sign in with it alone. */

import * as wire from '@shugu/wire/members';
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { audit } from '../kernel/audit.ts';
import { type Reader, sql, type Tx } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { on, type Route, type RouteRequest } from '../kernel/http/route.ts';
import { newId } from '../kernel/ids.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { Room } from './deps.ts';
import { limits } from './model.ts';
import { problems } from './problems.ts';
import * as reads from './reads.ts';
import { type Gate, type Opened, open, pass } from './service/sessions.ts';

interface Passkey {
  id: string;
  person: string;
  name: string;
  credential: string;
  publicKey: Buffer;
  counter: number;
  transports: string[];
  createdAt: Date;
  lastUsedAt: Date | null;
}

const columns = sql`id, person, name, credential, public_key as "publicKey", counter, transports, created_at as "createdAt", last_used_at as "lastUsedAt"`;
const passkeysOf = (read: Reader, person: string): Promise<Passkey[]> =>
  read.rows(sql`select ${columns} from passkeys where person = ${person} order by id`);
const out = (one: Passkey) => ({
  id: one.id,
  name: one.name,
  createdAt: one.createdAt.toISOString(),
  lastUsedAt: one.lastUsedAt?.toISOString() ?? null,
});

const party = (room: Room) => {
  const url = new URL(room.settings.publicUrl());
  return { origin: url.origin, id: url.hostname };
};

const requirePerson = (principal: Principal): string => {
  if (principal.kind !== 'person') throw kernelProblems.notPermitted();
  return principal.id;
};

const keepCeremony = async (tx: Tx, challenge: string, person: string | null): Promise<string> => {
  const id = newId('pkc', tx.now);
  const expiresAt = new Date(tx.now.getTime() + limits.passkeyCeremonyMinutes * 60_000);
  await tx.exec(sql`delete from passkey_ceremonies where expires_at < ${tx.now}`);
  await tx.exec(sql`insert into passkey_ceremonies (id, node, market, participant, person, challenge, created_at, expires_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${person}, ${challenge}, ${tx.now}, ${expiresAt})`);
  return id;
};

/** Takes the challenge out: a ceremony is answered once, by whom it was made for. */
const takeCeremony = async (tx: Tx, id: string, person: string | null): Promise<string> => {
  const found = await tx.first<{ challenge: string; person: string | null }>(
    sql`delete from passkey_ceremonies where id = ${id} and expires_at > ${tx.now} returning challenge, person`,
  );
  if (!found || found.person !== person) throw problems.passkeyFailed({ field: 'body.ceremony' });
  return found.challenge;
};

const startRegistration = async (room: Room, tx: Tx, principal: Principal) => {
  const person = requirePerson(principal);
  const account = (await reads.accountById(tx, person))!;
  const held = await passkeysOf(tx, person);
  if (held.length >= limits.passkeysPerPersonMax) throw problems.tooMany({ detail: `${limits.passkeysPerPersonMax}` });
  const options = await generateRegistrationOptions({
    rpName: 'Shugu',
    rpID: party(room).id,
    userName: account.login,
    userDisplayName: account.displayName,
    userID: new TextEncoder().encode(person),
    attestationType: 'none',
    excludeCredentials: held.map((one) => ({ id: one.credential, transports: one.transports as never })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
  return { ceremony: await keepCeremony(tx, options.challenge, person), options: { ...options } };
};

const register = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  body: { ceremony: string; name: string; credential: unknown },
) => {
  const person = requirePerson(principal);
  const challenge = await takeCeremony(tx, body.ceremony, person);
  const { origin, id: rpId } = party(room);
  const verified = await verifyRegistrationResponse({
    response: body.credential as RegistrationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
    requireUserVerification: true,
  }).catch((error: Error) => {
    throw problems.passkeyFailed({ detail: error.message });
  });
  if (!verified.verified) throw problems.passkeyFailed();
  const { credential } = verified.registrationInfo;
  const id = newId('psk', tx.now);
  await tx.exec(sql`insert into passkeys (id, node, market, participant, person, name, credential, public_key, counter, transports, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${principal.participant}, ${person}, ${body.name}, ${credential.id},
      ${Buffer.from(credential.publicKey)}, ${credential.counter}, ${credential.transports ?? []}, ${tx.now})`);
  await audit(tx, { action: 'members.passkey.create', subject: id, data: { name: body.name } });
  return out((await passkeysOf(tx, person)).find((one) => one.id === id)!);
};

const signInBy = async (
  room: Room,
  tx: Tx,
  body: { ceremony: string; credential: { id: string } },
  client: string | undefined,
): Promise<Opened> => {
  const challenge = await takeCeremony(tx, body.ceremony, null);
  const held = await tx.first<Passkey>(
    sql`select ${columns} from passkeys where credential = ${body.credential.id} for update`,
  );
  const account = held && (await reads.accountById(tx, held.person));
  if (!held || account?.status !== 'active' || account.organisationStatus === 'left') throw problems.passkeyFailed();
  const { origin, id: rpId } = party(room);
  const verified = await verifyAuthenticationResponse({
    response: body.credential as unknown as AuthenticationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
    requireUserVerification: true,
    credential: {
      id: held.credential,
      publicKey: new Uint8Array(held.publicKey),
      counter: held.counter,
      transports: held.transports as never,
    },
  }).catch(() => {
    throw problems.passkeyFailed();
  });
  if (!verified.verified) throw problems.passkeyFailed();
  await tx.exec(
    sql`update passkeys set counter = ${verified.authenticationInfo.newCounter}, last_used_at = ${tx.now} where id = ${held.id}`,
  );
  return open(room, tx, held.person, 'passkey', client);
};

type Entered = (
  request: Pick<RouteRequest<unknown, unknown, unknown>, 'setHeader'>,
  opened: Opened,
) => { token: string; expiresAt: string; me: Opened['me'] };

export const passkeyRoutes = (room: Room, gate: Gate, entered: Entered): Route[] => [
  on(wire.startPasskey, ({ tx, principal }) => startRegistration(room, tx, principal)),
  on(wire.createPasskey, ({ tx, principal, body }) => register(room, tx, principal, body)),
  on(wire.listPasskeys, async ({ read, principal }) => ({
    items: (await passkeysOf(read, requirePerson(principal))).map(out),
  })),
  on(wire.deletePasskey, async ({ tx, principal, params }) => {
    const removed = await tx.exec(
      sql`delete from passkeys where id = ${params.id} and person = ${requirePerson(principal)}`,
    );
    if (!removed) throw kernelProblems.unknown();
    await audit(tx, { action: 'members.passkey.delete', subject: params.id });
    return { ok: true } as const;
  }),
  on(wire.startPasskeySignIn, async ({ tx, address }) => {
    pass(gate.byAddress, address, room.monotonic());
    const options = await generateAuthenticationOptions({ rpID: party(room).id, userVerification: 'required' });
    return { ceremony: await keepCeremony(tx, options.challenge, null), options: { ...options } };
  }),
  on(wire.passkeySignIn, async (request) => {
    pass(gate.byAddress, request.address, room.monotonic());
    return entered(request, await signInBy(room, request.tx, request.body, request.headers['user-agent']));
  }),
];
