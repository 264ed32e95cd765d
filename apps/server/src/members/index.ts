/** The door of members: who there is, and what they may do. */
import { type Reader, sql, type Tx } from '../kernel/db/db.ts';
import type { Route } from '../kernel/http/route.ts';
import type { Prunable } from '../kernel/retention/prune.ts';
import { type Authenticator, makeAuthenticator } from './authenticate.ts';
import type { MembersDeps, Room } from './deps.ts';
import type { Attested, Organisation, Role } from './model.ts';
import { problems } from './problems.ts';
import * as reads from './reads.ts';
import { membersRoutes } from './routes.ts';
import { mergePermissions } from './rules.ts';
import * as organisations from './service/organisations.ts';
import { finishErasures } from './service/people.ts';
import { acceptedCurrent } from './service/rulebook.ts';

export type { MembersDeps, MembersSettings } from './deps.ts';
export { eventTypes as memberEvents } from './events.ts';
export {
  type Attested,
  allRoles,
  creditCodeCheck,
  isCreditCode,
  memberRoles,
  type Organisation,
  type Role,
  type Seat,
  supplierRoles,
} from './model.ts';
export { permissions as membersPermissions } from './permissions.ts';
export { procedures as memberProcedures } from './service/organisations.ts';

export interface Members {
  routes: Route[];
  prunables: Prunable[];
  beforeListen(): Promise<void>;
  /** For kernel/http. Without `address` a key that is bound to addresses is refused. */
  authenticate: Authenticator['authenticate'];
  organisation(read: Reader, id: string): Promise<Organisation | undefined>;
  /** Any organisation that has not left. */
  organisationByCode(read: Reader, creditCode: string): Promise<Organisation | undefined>;
  /** Active role of an active organisation. */
  hasRole(read: Reader, organisation: string, ...roles: Role[]): Promise<boolean>;
  /** Holder of the role in the market; a defect before set-up. */
  operatorOf(read: Reader): Promise<Organisation>;
  /** Undefined before the node is set up. */
  operatorIfAny(read: Reader): Promise<Organisation | undefined>;
  registrarOf(read: Reader): Promise<Organisation | undefined>;
  regulatorOf(read: Reader): Promise<Organisation | undefined>;
  /** @throws members.organisationNotActive */
  requireActive(read: Reader, organisation: string): Promise<Organisation>;
  /** Name of an organisation, person or service account; the id itself when it is none. */
  displayName(read: Reader, id: string): Promise<string>;
  displayNames(read: Reader, ids: readonly string[]): Promise<Map<string, string>>;
  /** Whether every mandatory rule in force is accepted; trading needs it. */
  acceptedCurrent(read: Reader, organisation: string): Promise<boolean>;
  /** @throws members.rulesNotAccepted, members.organisationNotActive */
  requireTrading(read: Reader, organisation: string): Promise<Organisation>;
  /** The full outside account for payouts, or null when none is entered. */
  bankAccount(
    read: Reader,
    organisation: string,
  ): Promise<{ bankName: string; holder: string; account: string } | null>;
  /** Seats that carry any of these permissions. */
  seatsWith(permissions: readonly string[]): string[];
  /** Active people on any of the seats whom notices go to by mail, with their address in clear. */
  peopleOnSeats(read: Reader, organisation: string, seats: readonly string[]): Promise<{ id: string; email: string }[]>;
  /** One person's address in clear, if they still take notices by mail. */
  mailAddress(read: Reader, person: string): Promise<string | null>;
  /** Seats of an organisation on which somebody active sits. */
  seatsHeld(read: Reader, organisation: string): Promise<readonly string[]>;
  /** Whether an organisation of this node may trade: a member, and no institution nor somebody of another node. */
  anyTrader(read: Reader): Promise<boolean>;
  /**
   * The member that a participant of another node is here, by its id on the Dataspace Protocol; made when it is new. `attested`: what a
   * trusted issuer says of it now, which replaces what was said before.
   */
  recognise(tx: Tx, dataspaceId: string, attested?: Attested): Promise<Organisation>;
  organisationByDataspaceId(read: Reader, dataspaceId: string): Promise<Organisation | undefined>;
  /** Suspends or restores at once, for flows with their own authority (a regulator's directive). */
  setStanding(tx: Tx, organisation: string, status: 'suspended' | 'active', reason: string): Promise<void>;
}

export const makeMembers = (deps: MembersDeps): Members => {
  const table = mergePermissions(deps.permissionTables);
  const monotonic = deps.monotonic ?? (() => performance.now());
  const authenticator = makeAuthenticator({ ...deps, monotonic, table });
  const room: Room = {
    ...deps,
    table,
    monotonic,
    rightsChange: (tx) => tx.afterCommit(authenticator.forget),
  };
  organisations.registerCases(room);
  const accepted = (read: Reader, organisation: string) => acceptedCurrent(read, organisation, deps.now());
  const hasRole: Members['hasRole'] = async (read, id, ...roles) => {
    const found = await reads.organisation(read, id);
    return found !== undefined && reads.activeRoles(found).some((role) => roles.includes(role));
  };
  return {
    routes: membersRoutes(room),
    prunables: [
      { table: 'invitations', since: sql`least(used_at, expires_at)`, about: ['participant', 'person'] },
      { table: 'passkey_ceremonies', since: sql`expires_at`, about: ['participant', 'person'] },
      { table: 'oidc_ceremonies', since: sql`expires_at`, about: ['participant', 'person'] },
    ],
    beforeListen: async () => void (await finishErasures(room)),
    authenticate: authenticator.authenticate,
    organisation: reads.organisation,
    organisationByCode: reads.organisationByCode,
    hasRole,
    seatsHeld: reads.seatsHeld,
    anyTrader: reads.anyTrader,
    operatorOf: async (read) => {
      const found = await reads.institution(read, 'operator');
      if (!found) throw new Error('this node has no operator yet');
      return found;
    },
    operatorIfAny: (read) => reads.institution(read, 'operator'),
    registrarOf: (read) => reads.institution(read, 'registrar'),
    regulatorOf: (read) => reads.institution(read, 'regulator'),
    requireActive: organisations.requireActive,
    displayName: async (read, id) => (await reads.displayNames(read, [id])).get(id) ?? id,
    displayNames: reads.displayNames,
    acceptedCurrent: accepted,
    requireTrading: async (read, id) => {
      const found = await organisations.requireActive(read, id);
      // A recognised participant has nobody here to accept rules: its agreement binds it.
      if (found.dataspaceId === null && !(await accepted(read, id))) throw problems.rulesNotAccepted();
      return found;
    },
    bankAccount: async (read, id) => {
      const found = await reads.organisation(read, id);
      const account = found && (await deps.seal.open(read, id, (await reads.sealedFields(read, id)).bankAccount));
      return account ? { bankName: found.bankName, holder: found.bankHolder, account } : null;
    },
    seatsWith: (permissions) => [...new Set(permissions.flatMap((permission) => table[permission]?.seats ?? []))],
    peopleOnSeats: async (read, organisation, seats) => {
      const found: { id: string; email: string }[] = [];
      for (const { id, email: sealed } of await reads.peopleOnSeats(read, organisation, seats)) {
        const email = await deps.seal.open(read, id, sealed);
        // A destroyed key leaves nobody to write to.
        if (email) found.push({ id, email });
      }
      return found;
    },
    mailAddress: async (read, person) => {
      const found = await reads.mailSealed(read, person);
      return found ? deps.seal.open(read, person, found.email) : null;
    },
    organisationByDataspaceId: reads.organisationByDataspaceId,
    recognise: (tx, dataspaceId, attested) => organisations.recognise(room, tx, dataspaceId, attested),
    setStanding: (tx, id, status, reason) => organisations.setStanding(room, tx, id, status, reason),
  };
};
