/**
 * Sign-in by an outside identity provider (OpenID Connect, authorisation code with PKCE). Accounts stay ours: a person links
 * their identity once while signed in, so nobody enters by what a provider merely claims about a name or mail address.
 */
import * as wire from '@shugu/wire/members';
import * as client from 'openid-client';
import { audit } from '../kernel/audit.ts';
import { sql } from '../kernel/db/db.ts';
import { actorOf, anonymous, type Principal, systemActor } from '../kernel/http/principal.ts';
import { on, type Route, type RouteRequest } from '../kernel/http/route.ts';
import { newId } from '../kernel/ids.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { Room } from './deps.ts';
import { limits } from './model.ts';
import { problems } from './problems.ts';
import * as reads from './reads.ts';
import { type Gate, type Opened, open, pass } from './service/sessions.ts';

interface Ceremony {
  person: string | null;
  state: string;
  nonce: string;
  verifier: string;
}

/** The page of the portal to which the provider sends the browser back. */
const returnAddress = (room: Room): string => `${new URL(room.settings.publicUrl()).origin}/sign-in/oidc`;

/** Discovery is asked once and kept; a failure is forgotten, so that the next try asks again. */
const makeProvider = (room: Room) => {
  let known: Promise<client.Configuration> | undefined;
  const discover = async (oidc: { issuer: string; client: string; secret: string }) => {
    const issuer = new URL(oidc.issuer);
    // Plain HTTP only to this machine: the answer carries the right to sign in.
    const local = issuer.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(issuer.hostname);
    return client.discovery(issuer, oidc.client, oidc.secret, undefined, {
      timeout: limits.oidcWaitSeconds,
      // The ID token's signature is checked too, not only the connection that brought it.
      execute: [client.enableNonRepudiationChecks, ...(local ? [client.allowInsecureRequests] : [])],
    });
  };
  return async (): Promise<client.Configuration> => {
    const { oidc } = room.settings;
    if (!oidc) throw problems.oidcOff();
    known ??= discover(oidc);
    try {
      return await known;
    } catch (error) {
      known = undefined;
      throw problems.oidcUnreachable({ detail: (error as Error).message });
    }
  };
};

type Provider = ReturnType<typeof makeProvider>;

const start = async (room: Room, provider: Provider, principal: Principal) => {
  const configuration = await provider();
  const ceremony = {
    state: client.randomState(),
    nonce: client.randomNonce(),
    verifier: client.randomPKCECodeVerifier(),
  };
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: returnAddress(room),
    scope: 'openid',
    state: ceremony.state,
    nonce: ceremony.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(ceremony.verifier),
    code_challenge_method: 'S256',
  });
  const person = principal.kind === 'person' ? principal.id : null;
  const id = await room.database.tx(actorOf(principal), async (tx) => {
    const made = newId('oic', tx.now);
    const expiresAt = new Date(tx.now.getTime() + limits.oidcCeremonyMinutes * 60_000);
    await tx.exec(sql`delete from oidc_ceremonies where expires_at < ${tx.now}`);
    await tx.exec(sql`insert into oidc_ceremonies (id, node, market, participant, person, state, nonce, verifier, created_at, expires_at)
      values (${made}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${principal.participant}, ${person}, ${ceremony.state}, ${ceremony.nonce},
        ${ceremony.verifier}, ${tx.now}, ${expiresAt})`);
    return made;
  });
  return { ceremony: id, url: url.href };
};

/** Taken out before the provider is asked: a ceremony has one try, whatever comes of it. */
const takeCeremony = (room: Room, id: string): Promise<Ceremony | undefined> =>
  room.database.tx(systemActor('members.oidc'), (tx) =>
    tx.first<Ceremony>(
      sql`delete from oidc_ceremonies where id = ${id} and expires_at > ${tx.now} returning person, state, nonce, verifier`,
    ),
  );

/** The provider's subject behind a callback, for the person who began (null: a stranger signing in). */
const subjectOf = async (
  room: Room,
  provider: Provider,
  body: { ceremony: string; callback: string },
  person: string | null,
): Promise<string> => {
  const configuration = await provider();
  const ceremony = await takeCeremony(room, body.ceremony);
  if (!ceremony || ceremony.person !== person) throw problems.oidcFailed({ field: 'body.ceremony' });
  const address = new URL(returnAddress(room));
  address.search = body.callback;
  try {
    const tokens = await client.authorizationCodeGrant(configuration, address, {
      pkceCodeVerifier: ceremony.verifier,
      expectedState: ceremony.state,
      expectedNonce: ceremony.nonce,
      idTokenExpected: true,
    });
    return tokens.claims()!.sub;
  } catch {
    throw problems.oidcFailed();
  }
};

const signIn = async (
  room: Room,
  provider: Provider,
  body: { ceremony: string; callback: string },
  from: { client?: string; requestId: string },
): Promise<Opened> => {
  const subject = await subjectOf(room, provider, body, null);
  const { issuer } = room.settings.oidc!;
  const linked = await room.database.first<{ person: string }>(
    sql`select person from oidc_identities where issuer = ${issuer} and subject = ${subject}`,
  );
  const account = linked && (await reads.accountById(room.database, linked.person));
  if (account?.status !== 'active' || account.organisationStatus === 'left') throw problems.oidcFailed();
  return room.database.tx(actorOf(anonymous('zh'), from.requestId), (tx) =>
    open(room, tx, account.id, 'oidc', from.client),
  );
};

const link = async (
  room: Room,
  provider: Provider,
  principal: Principal,
  body: { ceremony: string; callback: string },
  requestId: string,
): Promise<void> => {
  if (principal.kind !== 'person') throw kernelProblems.notPermitted();
  const subject = await subjectOf(room, provider, body, principal.id);
  await room.database.tx(actorOf(principal, requestId), async (tx) => {
    const { issuer } = room.settings.oidc!;
    await tx.exec(sql`delete from oidc_identities where person = ${principal.id}`);
    const made =
      await tx.exec(sql`insert into oidc_identities (issuer, subject, node, market, participant, person, created_at)
      values (${issuer}, ${subject}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${principal.participant}, ${principal.id}, ${tx.now})
      on conflict do nothing`);
    // Somebody else's already: not said, as it would tell who has an account.
    if (!made) throw problems.oidcFailed();
    await audit(tx, { action: 'members.oidc.link', subject: principal.id, data: { issuer } });
  });
};

type Entered = (
  request: Pick<RouteRequest<unknown, unknown, unknown>, 'setHeader'>,
  opened: Opened,
) => { token: string; expiresAt: string; me: Opened['me'] };

export const oidcRoutes = (room: Room, gate: Gate, entered: Entered): Route[] => {
  const provider = makeProvider(room);
  const slow = (address: string) => pass(gate.byAddress, address, room.monotonic());
  return [
    on(wire.readOidc, async () => ({
      enabled: room.settings.oidc !== undefined,
      issuer: room.settings.oidc?.issuer ?? null,
    })),
    on(
      wire.startOidc,
      ({ principal, address }) => {
        slow(address);
        return start(room, provider, principal);
      },
      { ownTransaction: true },
    ),
    on(
      wire.oidcSignIn,
      async (request) => {
        slow(request.address);
        return entered(
          request,
          await signIn(room, provider, request.body, {
            client: request.headers['user-agent'],
            requestId: request.requestId,
          }),
        );
      },
      { ownTransaction: true },
    ),
    on(
      wire.linkOidc,
      async ({ principal, body, requestId }) => {
        await link(room, provider, principal, body, requestId);
        return { ok: true } as const;
      },
      { ownTransaction: true },
    ),
    on(wire.unlinkOidc, async ({ tx, principal }) => {
      const removed = await tx.exec(sql`delete from oidc_identities where person = ${principal.id}`);
      if (removed) await audit(tx, { action: 'members.oidc.unlink', subject: principal.id });
      return { ok: true } as const;
    }),
  ];
};
