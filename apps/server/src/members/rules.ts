/** Decisions of this room. Pure: state and facts in, a problem or nothing out. */
import { BlockList, isIP } from 'node:net';
import type { PermissionTable } from '../kernel/http/principal.ts';
import type { Problem } from '../kernel/problem.ts';
import {
  administratorSeats,
  type HeldRole,
  institutionRoles,
  type Role,
  type RoleClass,
  type Seat,
  seatsOfRole,
  supplierRoles,
} from './model.ts';
import { neverByKey } from './permissions.ts';
import { problems } from './problems.ts';

type Asked = Pick<HeldRole, 'role' | 'class' | 'licence'>;
const isIn = (list: readonly string[], value: string): boolean => list.includes(value);

/** Classes that a role may name; a service body must name one. */
const classesOfRole: Partial<Record<Role, readonly RoleClass[]>> = {
  serviceBody: ['lawFirm', 'appraiser', 'accountant', 'tester', 'trainer', 'other'],
  dataMerchant: ['', 'creditAgency', 'surveyor', 'other'],
  resourceProvider: ['', 'surveyor'],
  productSupplier: ['', 'surveyor', 'creditAgency'],
};

/** Credit reporting needs a licence (征信业务管理办法); surveying its qualification (测绘法 27); law, appraisal and audit their practice licence. */
const licensedClasses: readonly RoleClass[] = ['creditAgency', 'surveyor', 'lawFirm', 'appraiser', 'accountant'];

/**
 * What one organisation may be at once: the operator is neither supplier nor buyer, registrar and regulator stand apart, and a
 * body that gives opinions on data does not supply data.
 */
export const roleConflict = (roles: readonly Role[]): Problem | undefined => {
  const distinct = [...new Set(roles)];
  const institution = distinct.find((role) => isIn(institutionRoles, role));
  if (institution && distinct.length > 1)
    return problems.rolesConflict({
      field: 'body.roles',
      detail: { zh: `${institution} 不得兼任其他类别`, en: `${institution} excludes every other role` },
    });
  const supplier = distinct.find((role) => isIn(supplierRoles, role));
  if (supplier && distinct.includes('serviceBody'))
    return problems.rolesConflict({
      field: 'body.roles',
      detail: { zh: `第三方专业服务机构不得兼任 ${supplier}`, en: `serviceBody excludes ${supplier}` },
    });
  return undefined;
};

export const roleFault = (asked: readonly Asked[]): Problem | undefined => {
  for (const [at, one] of asked.entries()) {
    const allowed = classesOfRole[one.role] ?? [''];
    if (!allowed.includes(one.class))
      return problems.roleClassWrong({
        field: `body.roles.${at}.class`,
        detail: `${one.role}: ${allowed.map((value) => value || '(none)').join(', ')}`,
      });
    if (licensedClasses.includes(one.class) && one.licence === '')
      return problems.roleClassWrong({
        field: `body.roles.${at}.licence`,
        detail: { zh: `${one.class} 须注明许可证号`, en: `${one.class} names its licence` },
      });
  }
  const keys = asked.map((one) => `${one.role}/${one.class}`);
  if (new Set(keys).size < keys.length) return problems.roleHeld({ field: 'body.roles' });
  return roleConflict(asked.map((one) => one.role));
};

/** A seat must exist in the organisation, and the three administrators are three people (三员分立). */
export const seatFault = (roles: readonly Role[], held: readonly Seat[], asked: Seat): Problem | undefined => {
  if (!roles.some((role) => seatsOfRole[role].includes(asked)))
    return problems.seatForeign({ field: 'body.seat', detail: asked });
  const other = held.find((seat) => seat !== asked && isIn(administratorSeats, seat));
  if (isIn(administratorSeats, asked) && other)
    return problems.administratorsNotApart({
      field: 'body.seat',
      detail: { zh: `已有岗位 ${other}`, en: `holds ${other}` },
    });
  return undefined;
};

/** Three people: none of login, telephone and mail address occurs twice. */
export const administratorsApart = (people: readonly { login: string; phone: string; email?: string }[]): boolean => {
  const apart = (values: (string | undefined)[]) => {
    const given = values.filter((value) => value !== undefined && value !== '');
    return new Set(given).size === given.length;
  };
  return (
    apart(people.map((one) => one.login.toLowerCase())) &&
    apart(people.map((one) => one.phone.replace(/\D/g, '').slice(-11))) &&
    apart(people.map((one) => one.email?.toLowerCase()))
  );
};

/** Seats without which nobody could keep accounts or audit any more. */
export const seatsKept = (roles: readonly Role[]): readonly Seat[] =>
  roles.includes('operator') ? administratorSeats : ['administrator'];

/** 10 characters of two kinds at least (GB/T 22239 8.1.4.1 asks for complexity), without the login in it. */
export const passwordFault = (password: string, login: string, field: string): Problem | undefined => {
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u, /\p{Lo}/u].filter((kind) =>
    kind.test(password),
  ).length;
  const characters = [...password];
  if (
    characters.length < 10 ||
    kinds < 2 ||
    new Set(characters).size < 5 ||
    password.toLowerCase().includes(login.toLowerCase())
  )
    return problems.passwordWeak({ field });
  return undefined;
};

/** Every room's table in one; a permission declared twice is a defect. */
export const mergePermissions = (tables: readonly PermissionTable[]): PermissionTable => {
  const merged: PermissionTable = {};
  for (const table of tables)
    for (const [permission, rule] of Object.entries(table)) {
      if (merged[permission]) throw new Error(`permission ${permission} is declared twice`);
      merged[permission] = rule;
    }
  return merged;
};

/** Permissions of a person: one of the organisation's active roles, and one of the person's seats. */
export const permissionsOf = (
  table: PermissionTable,
  roles: readonly string[],
  seats: readonly string[],
): Set<string> =>
  new Set(
    Object.entries(table)
      .filter(
        ([, rule]) =>
          rule.roles.some((role) => roles.includes(role)) && rule.seats.some((seat) => seats.includes(seat)),
      )
      .map(([permission]) => permission),
  );

/** Permissions of a key: its scope, as far as its organisation's roles still carry it. */
export const permissionsOfKey = (
  table: PermissionTable,
  roles: readonly string[],
  scope: readonly string[],
): Set<string> => new Set(scope.filter((permission) => table[permission]?.roles.some((role) => roles.includes(role))));

const readingVerbs = new Set(['read', 'list', 'search', 'export']);
/**
 * What a new key may carry: its maker's own permissions, none over accounts. Institutions' keys only read: a key is another
 * actor than its maker, so a writing key would let one person be both reviewers of a case.
 */
export const keyScopeFault = (
  scope: readonly string[],
  own: ReadonlySet<string>,
  roles: ReadonlySet<string>,
): Problem | undefined => {
  const institution = institutionRoles.some((role) => roles.has(role));
  const refused = scope.filter(
    (permission) =>
      !own.has(permission) ||
      neverByKey.has(permission) ||
      (institution && !readingVerbs.has(permission.split('.').at(-1)!)),
  );
  return refused.length ? problems.keyScope({ field: 'body.permissions', detail: refused.join(', ') }) : undefined;
};

const blockOf = (text: string): { address: string; bits: number; family: 'ipv4' | 'ipv6' } | undefined => {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (!version || rest.length) return undefined;
  const most = version === 4 ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return undefined;
  const length = bits === undefined ? most : Number(bits);
  return length <= most ? { address, bits: length, family: version === 4 ? 'ipv4' : 'ipv6' } : undefined;
};

export const isAddressBlock = (text: string): boolean => blockOf(text) !== undefined;

/** An empty list allows every address; with a list, an unknown address is refused. */
export const addressAllowed = (blocks: readonly string[], address: string | undefined): boolean => {
  if (blocks.length === 0) return true;
  // A server on a dual-stack socket sees IPv4 callers as ::ffff:a.b.c.d.
  const plain = address?.replace(/^::ffff:/i, '') ?? '';
  const version = isIP(plain);
  if (!version) return false;
  const list = new BlockList();
  for (const block of blocks) {
    const parsed = blockOf(block);
    if (parsed) list.addSubnet(parsed.address, parsed.bits, parsed.family);
  }
  return list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
};

const signatures: Record<string, number[]> = {
  'application/pdf': [0x25, 0x50, 0x44, 0x46],
  'image/png': [0x89, 0x50, 0x4e, 0x47],
  'image/jpeg': [0xff, 0xd8, 0xff],
};
/** The stated media type must show in the first bytes. */
export const mediaMatches = (mediaType: string, content: Uint8Array): boolean =>
  signatures[mediaType]?.every((byte, at) => content[at] === byte) ?? false;
