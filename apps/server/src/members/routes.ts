/** Endpoints of this room: who asks, what to do, and the mapping to the wire. */
import * as wire from '@shugu/wire/members';
import type { Reader } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { on, type Route, type RouteRequest } from '../kernel/http/route.ts';
import { rateLimit } from '../kernel/limits.ts';
import { pageOf } from '../kernel/pages.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { clearedCookie, cookieOf, tokenFrom } from '../kernel/session.ts';
import type { Room } from './deps.ts';
import { limits, type Organisation, type Person } from './model.ts';
import { oidcRoutes } from './oidc.ts';
import { passkeyRoutes } from './passkeys.ts';
import * as reads from './reads.ts';
import * as keys from './service/keys.ts';
import * as organisations from './service/organisations.ts';
import * as people from './service/people.ts';
import * as rulebook from './service/rulebook.ts';
import * as sessions from './service/sessions.ts';

type Headers = Record<string, string | undefined>;
const iso = (moment: Date): string => moment.toISOString();
const isoOrNull = (moment: Date | null): string | null => moment?.toISOString() ?? null;
const ok = { ok: true } as const;

const organisationOut = (one: Organisation) => ({
  id: one.id,
  name: one.name,
  creditCode: one.creditCode,
  dataspaceId: one.dataspaceId,
  attested: one.attested,
  kind: one.kind,
  status: one.status,
  roles: one.roles.map((role) => ({ ...role, since: isoOrNull(role.since) })),
  since: isoOrNull(one.since),
  createdAt: iso(one.createdAt),
});

const profileOut = (one: Organisation) => ({
  id: one.id,
  name: one.name,
  creditCode: one.creditCode,
  kind: one.kind,
  // Being a buyer is a member's own business.
  roles: one.roles
    .filter((role) => role.status === 'active' && role.role !== 'demander')
    .map((role) => ({ role: role.role, class: role.class, licence: role.licence, since: isoOrNull(role.since) })),
  since: isoOrNull(one.since),
});

const ownOut = async (room: Room, read: Reader, id: string) => {
  const found = (await reads.organisation(read, id))!;
  const sealed = await reads.sealedFields(read, id);
  return {
    ...organisationOut(found),
    legalRepresentative: await room.seal.open(read, id, sealed.legalRepresentative),
    bankName: found.bankName,
    bankAccountHolder: found.bankHolder,
    bankAccount: found.bankAccountMasked,
    rulesAccepted: await rulebook.acceptedCurrent(read, id, room.now()),
  };
};

const personOut = async (room: Room, read: Reader, one: Person & { phone: string | null; email: string | null }) => ({
  id: one.id,
  login: one.login,
  displayName: one.displayName,
  phone: await room.seal.open(read, one.id, one.phone),
  email: await room.seal.open(read, one.id, one.email),
  status: one.erased ? ('erased' as const) : one.status,
  seats: one.seats,
  createdAt: iso(one.createdAt),
});

const keyOut = ({ participant: _, ...one }: reads.KeyRow) => ({
  ...one,
  createdAt: iso(one.createdAt),
  expiresAt: iso(one.expiresAt),
  lastUsedAt: isoOrNull(one.lastUsedAt),
  revokedAt: isoOrNull(one.revokedAt),
});

const versionOut = <V extends { publishedAt: Date | null }>(one: V) => ({
  ...one,
  publishedAt: isoOrNull(one.publishedAt),
});
const invitationOut = (one: people.Invitation) => ({ code: one.code, expiresAt: iso(one.expiresAt) });
const versionOrNull = (one: rulebook.RuleVersion | null) => (one ? versionOut(one) : null);
const documentOut = <D extends { current: rulebook.RuleVersion | null; coming: rulebook.RuleVersion | null }>(
  one: D,
) => ({
  ...one,
  current: versionOrNull(one.current),
  coming: versionOrNull(one.coming),
});

const seesDrafts = (principal: Principal): boolean =>
  principal.permissions.has('members.rulebook.draft') || principal.permissions.has('members.rulebook.publish');

const mailOut = async (room: Room, read: Reader, principal: Principal) => {
  const found = principal.kind === 'person' ? await reads.noticeMail(read, principal.id) : undefined;
  if (!found) throw kernelProblems.notPermitted();
  return { mail: found.mail, email: await room.seal.open(read, principal.id, found.email) };
};

/** The cookie is for our pages; the token in the reply is for programs. */
const entered = (
  room: Room,
  request: Pick<RouteRequest<unknown, unknown, unknown>, 'setHeader'>,
  opened: sessions.Opened,
) => {
  request.setHeader('set-cookie', cookieOf(opened.token, room.settings.publicUrl().startsWith('https:')));
  request.setHeader('cache-control', 'no-store');
  return { token: opened.token, expiresAt: iso(opened.expiresAt), me: opened.me };
};

const clientOf = (headers: Headers): string | undefined => headers['user-agent'];
const tokenOf = (headers: Headers): string | undefined => tokenFrom(headers)?.token;

const sessionRoutes = (room: Room, gate: sessions.Gate): Route[] => [
  on(
    wire.signIn,
    async (request) =>
      entered(
        room,
        request,
        await sessions.signIn(room, gate, request.body, {
          address: request.address,
          client: clientOf(request.headers),
          requestId: request.requestId,
        }),
      ),
    { ownTransaction: true },
  ),
  on(wire.signOut, async ({ tx, headers, setHeader }) => {
    await sessions.signOut(room, tx, tokenOf(headers));
    setHeader('set-cookie', clearedCookie());
    return ok;
  }),
  on(wire.readMe, ({ read, principal }) => sessions.me(room, read, principal)),
  on(wire.readMail, ({ read, principal }) => mailOut(room, read, principal)),
  on(wire.updateMail, async ({ tx, principal, body }) => {
    await people.setNoticeMail(room, tx, principal, body);
    return mailOut(room, tx, principal);
  }),
  on(
    wire.changePassword,
    async ({ principal, body, headers, requestId }) => {
      await sessions.changePassword(room, gate, principal, body, { token: tokenOf(headers), requestId });
      return ok;
    },
    { ownTransaction: true },
  ),
  on(wire.redeemInvitation, async (request) =>
    entered(
      room,
      request,
      await sessions.redeem(room, gate, request.tx, request.body, {
        address: request.address,
        client: clientOf(request.headers),
      }),
    ),
  ),
];

const organisationRoutes = (room: Room): Route[] => {
  const admissions = rateLimit(limits.admissionsPerHour / 3600, limits.admissionsPerHour);
  return [
    on(wire.readSetup, async ({ read }) => ({ needed: !(await reads.anyOrganisation(read)) })),
    on(wire.setUp, ({ tx, body }) => people.setUpNode(room, tx, body)),
    on(wire.createInstitution, async ({ tx, body }) => {
      const made = await people.enterInstitution(room, tx, body);
      return { ...made, invitation: invitationOut(made.invitation) };
    }),
    on(wire.apply, ({ tx, body, principal, address }) => {
      sessions.pass(admissions, address, room.monotonic());
      return organisations.applyForMembership(room, tx, body, principal.language);
    }),
    on(wire.listAdmissions, async ({ read, query }) =>
      pageOf(await reads.organisationPage(read, query), query, (row) => [row.id], organisationOut),
    ),
    on(wire.readAdmission, async ({ read, params }) => {
      const found = await reads.organisation(read, params.id);
      if (!found) throw kernelProblems.unknown();
      const sealed = await reads.sealedFields(read, params.id);
      const administrators = await reads.administratorsOf(read, params.id);
      return {
        ...organisationOut(found),
        legalRepresentative: await room.seal.open(read, found.id, sealed.legalRepresentative),
        case: sealed.admissionCase,
        administrators: await Promise.all(
          administrators.map(async (one) => ({
            displayName: one.displayName,
            phone: await room.seal.open(read, one.id, one.phone),
            email: await room.seal.open(read, one.id, one.email),
          })),
        ),
      };
    }),
    on(wire.listDirectory, async ({ read, query }) =>
      pageOf(await reads.directoryPage(read, query), query, (row) => [row.id], profileOut),
    ),
    on(wire.readProfile, async ({ read, params }) => {
      const found = await reads.organisation(read, params.id);
      const shown = found?.status === 'active' ? profileOut(found) : undefined;
      if (!shown?.roles.length) throw kernelProblems.unknown();
      return shown;
    }),
    on(wire.readOwnOrganisation, ({ read, principal }) => ownOut(room, read, principal.participant)),
    on(wire.updateBankAccount, async ({ tx, principal, body }) => {
      await organisations.setBankAccount(room, tx, principal, body);
      return ownOut(room, tx, principal.participant);
    }),
    on(wire.applyForRoles, ({ tx, principal, body }) => organisations.applyForFurtherRole(room, tx, principal, body)),
    on(wire.suspendOrganisation, async ({ tx, principal, params, body }) => ({
      proposal: await organisations.proposeStanding(tx, principal, params.id, 'suspended', body.reason),
    })),
    on(wire.restoreOrganisation, async ({ tx, principal, params, body }) => ({
      proposal: await organisations.proposeStanding(tx, principal, params.id, 'active', body.reason),
    })),
    on(wire.confirmStanding, ({ tx, principal, params }) =>
      organisations.confirmStanding(room, tx, principal, params.id),
    ),
    on(wire.listStandingProposals, async ({ read, query }) =>
      pageOf(
        await organisations.standingPage(read, query),
        query,
        (row) => [row.id],
        (row) => ({
          ...row,
          proposedAt: iso(row.proposedAt),
          confirmedAt: isoOrNull(row.confirmedAt),
        }),
      ),
    ),
  ];
};

const peopleRoutes = (room: Room): Route[] => [
  on(wire.listPeople, async ({ read, principal, query }) => {
    const page = pageOf(
      await reads.peoplePage(read, principal.participant, query),
      query,
      (row) => [row.id],
      (row) => row,
    );
    return { ...page, items: await Promise.all(page.items.map((row) => personOut(room, read, row))) };
  }),
  on(wire.createPerson, async ({ tx, principal, body }) => {
    const made = await people.createOne(room, tx, principal, body);
    return { ...made, invitation: invitationOut(made.invitation) };
  }),
  on(wire.disablePerson, async ({ tx, principal, params }) => {
    await people.disable(room, tx, principal, params.id);
    return ok;
  }),
  on(wire.enablePerson, async ({ tx, principal, params }) => {
    await people.enable(room, tx, principal, params.id);
    return ok;
  }),
  on(wire.resetPerson, async ({ tx, principal, params }) =>
    invitationOut(await people.reset(room, tx, principal, params.id)),
  ),
  on(wire.erasePerson, async ({ tx, principal, params }) => {
    await people.erase(room, tx, principal, params.id);
    return ok;
  }),
  on(wire.grantSeat, async ({ tx, principal, params, body }) => {
    await people.grant(room, tx, principal, params.id, body.seat);
    return ok;
  }),
  on(wire.revokeSeat, async ({ tx, principal, params }) => {
    await people.revoke(room, tx, principal, params.id, params.seat);
    return ok;
  }),
  on(wire.listPermissions, async () => ({
    items: Object.entries(room.table).map(([permission, rule]) => ({
      permission,
      title: rule.title,
      roles: [...rule.roles],
      seats: [...rule.seats],
    })),
  })),
];

const keyRoutes = (room: Room): Route[] => [
  on(wire.listKeys, async ({ read, principal, query }) =>
    pageOf(await reads.keyPage(read, principal.participant, query), query, (row) => [row.id], keyOut),
  ),
  on(wire.createKey, async ({ tx, principal, body }) => {
    const made = await keys.create(tx, principal, body);
    return { key: made.key, apiKey: keyOut(made.apiKey) };
  }),
  on(wire.rotateKey, async ({ tx, principal, params, body }) => {
    const made = await keys.rotate(room, tx, principal, params.id, body.overlapHours);
    return { key: made.key, apiKey: keyOut(made.apiKey) };
  }),
  on(wire.revokeKey, async ({ tx, principal, params }) => {
    await keys.revoke(room, tx, principal, params.id);
    return ok;
  }),
];

const anId = /^[a-z]{2,5}_[0-9a-z]{26}$/;
/** Identifiers that an entry speaks of. */
const idsIn = (row: reads.AuditRow): string[] =>
  [row.participant, row.subject, ...Object.values(row.data).flat()].filter(
    (value): value is string => typeof value === 'string' && anId.test(value),
  );

const auditRoutes = (room: Room): Route[] => [
  on(wire.listAudit, async ({ read, principal, query }) => {
    // Only the operator's audit administrator looks over the whole node.
    const only = principal.roles.has('operator') ? undefined : principal.participant;
    const rows = await reads.auditPage(read, query, only);
    const ids = [...new Set(rows.flatMap(idsIn))];
    const names = new Map([
      ...((await room.objectNames?.(read, ids, only)) ?? []),
      ...(await reads.displayNames(read, ids)),
    ]);
    return pageOf(
      rows,
      query,
      (row) => [row.sequence],
      (row) => ({
        ...row,
        at: iso(row.at),
        names: Object.fromEntries(idsIn(row).flatMap((id) => (names.has(id) ? [[id, names.get(id)!]] : []))),
      }),
    );
  }),
];

const rulebookRoutes = (room: Room): Route[] => [
  on(wire.listRulebook, async ({ read, principal }) => ({
    items: (await rulebook.list(read, room.now(), seesDrafts(principal))).map(documentOut),
  })),
  on(wire.readRuleDocument, async ({ read, principal, params }) => {
    const found = await rulebook.readDocument(read, params.id, room.now(), seesDrafts(principal));
    return { ...documentOut(found), versions: found.versions.map(versionOut) };
  }),
  on(wire.readRuleVersion, async ({ read, principal, params }) =>
    versionOut(await rulebook.readVersion(read, params.id, seesDrafts(principal))),
  ),
  on(wire.draftRuleDocument, ({ tx, principal, body }) => rulebook.draftDocument(tx, principal, body)),
  on(wire.draftRuleVersion, async ({ tx, principal, params, body }) => ({
    version: await rulebook.draftVersion(tx, principal, params.id, body.text),
  })),
  on(wire.publishRuleVersion, async ({ tx, principal, params, body }) =>
    versionOut(await rulebook.publish(tx, principal, params.id, body.effectiveOn)),
  ),
  on(wire.withdrawRuleDraft, async ({ tx, params }) => {
    await rulebook.withdraw(tx, params.id);
    return ok;
  }),
  on(wire.acceptRuleVersion, async ({ tx, principal, params }) => {
    await rulebook.accept(tx, principal.participant, principal.id, params.id);
    return { rulesAccepted: await rulebook.acceptedCurrent(tx, principal.participant, tx.now) };
  }),
];

export const membersRoutes = (room: Room): Route[] => {
  const gate = sessions.makeGate(room.settings.loginTriesPerMinute);
  return [
    ...sessionRoutes(room, gate),
    ...passkeyRoutes(room, gate, (request, opened) => entered(room, request, opened)),
    ...oidcRoutes(room, gate, (request, opened) => entered(room, request, opened)),
    ...organisationRoutes(room),
    ...peopleRoutes(room),
    ...keyRoutes(room),
    ...auditRoutes(room),
    ...rulebookRoutes(room),
  ];
};
