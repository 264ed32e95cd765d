import { describe, expect, test } from 'vitest';
import { dayOf } from '../kernel/calendar/calendar.ts';
import { creditCodeCheck, isCreditCode, seatsOfRole } from './model.ts';
import { neverByKey, permissions } from './permissions.ts';
import {
  addressAllowed,
  administratorsApart,
  isAddressBlock,
  keyScopeFault,
  mediaMatches,
  mergePermissions,
  passwordFault,
  permissionsOf,
  permissionsOfKey,
  roleConflict,
  roleFault,
  seatFault,
} from './rules.ts';
import { readCast } from './testing.ts';

describe('credit code (GB 32100)', () => {
  const vectors = ['91330100799655058B', '9144030071526726XG', '914403001922038216'];
  test.each(vectors)('%s holds, and no other character at any place does', (code) => {
    expect(isCreditCode(code)).toBe(true);
    for (let at = 0; at < 18; at++)
      for (const character of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ')
        if (character !== code[at])
          expect(isCreditCode(code.slice(0, at) + character + code.slice(at + 1))).toBe(false);
  });
  test('letters outside the alphabet, small letters and other lengths are refused', () => {
    expect(creditCodeCheck('9133010079965505I')).toBeNull();
    expect(isCreditCode('91330100799655058b')).toBe(false);
    expect(isCreditCode('91330100799655058')).toBe(false);
    expect(isCreditCode('')).toBe(false);
  });
});

describe('roles', () => {
  test.each([
    [['operator', 'dataMerchant']],
    [['operator', 'demander']],
    [['registrar', 'serviceBody']],
    [['regulator', 'operator']],
    [['serviceBody', 'dataMerchant']],
    [['serviceBody', 'productSupplier']],
    [['serviceBody', 'resourceProvider']],
  ] as const)('%j exclude each other', (roles) => {
    expect(roleConflict(roles)?.code).toBe('members.rolesConflict');
  });
  test.each([
    [['operator']],
    [['resourceProvider', 'productSupplier', 'demander']],
    [['dataMerchant', 'demander']],
    [['serviceBody', 'demander']],
  ] as const)('%j go together', (roles) => {
    expect(roleConflict(roles)).toBeUndefined();
  });
  test('a service body names its class, a licensed class its licence', () => {
    expect(roleFault([{ role: 'serviceBody', class: '', licence: '' }])?.code).toBe('members.roleClassWrong');
    expect(roleFault([{ role: 'serviceBody', class: 'lawFirm', licence: '' }])?.code).toBe('members.roleClassWrong');
    expect(roleFault([{ role: 'dataMerchant', class: 'creditAgency', licence: '' }])?.code).toBe(
      'members.roleClassWrong',
    );
    expect(roleFault([{ role: 'demander', class: 'lawFirm', licence: 'x' }])?.code).toBe('members.roleClassWrong');
    expect(roleFault([{ role: 'serviceBody', class: 'tester', licence: '' }])).toBeUndefined();
    expect(
      roleFault([
        { role: 'demander', class: '', licence: '' },
        { role: 'demander', class: '', licence: '' },
      ])?.code,
    ).toBe('members.roleHeld');
  });
});

describe('seats and permissions', () => {
  test('the three administrators are apart', () => {
    expect(seatFault(['operator'], ['systemAdministrator'], 'securityAdministrator')?.code).toBe(
      'members.administratorsNotApart',
    );
    expect(seatFault(['operator'], [], 'auditAdministrator')).toBeUndefined();
    expect(seatFault(['demander'], [], 'reviewer')?.code).toBe('members.seatForeign');
    expect(seatFault(['demander'], [], 'assessor')?.code).toBe('members.seatForeign');
    expect(seatFault(['serviceBody'], [], 'assessor')).toBeUndefined();
    const people = [
      { login: 'a', phone: '0731-0000-0001' },
      { login: 'b', phone: '0731-0000-0002' },
      { login: 'c', phone: '0731-0000-0003' },
    ];
    expect(administratorsApart(people)).toBe(true);
    expect(administratorsApart([...people.slice(0, 2), { login: 'c', phone: '0731 0000 0001' }])).toBe(false);
    expect(administratorsApart([...people.slice(0, 2), { login: 'A', phone: '0731-0000-0009' }])).toBe(false);
  });
  test('a permission needs role and seat; a duplicate is a defect', () => {
    const table = { 'x.y.z': { title: { zh: '', en: '' }, roles: ['demander'], seats: ['trader'] } };
    expect([...permissionsOf(table, ['demander'], ['trader'])]).toEqual(['x.y.z']);
    expect(permissionsOf(table, ['serviceBody'], ['trader']).size).toBe(0);
    expect(permissionsOf(table, ['demander'], ['finance']).size).toBe(0);
    expect(permissionsOfKey(table, ['serviceBody'], ['x.y.z', 'gone']).size).toBe(0);
    expect(() => mergePermissions([table, table])).toThrow(/twice/);
  });
  test('every permission can be had by some role with one of its own seats', () => {
    for (const [permission, rule] of Object.entries(permissions)) {
      const reachable = rule.roles.some((role) =>
        rule.seats.some((seat) => (seatsOfRole[role as never] as string[]).includes(seat)),
      );
      expect(reachable, permission).toBe(true);
    }
  });
  test('keys: own business permissions only; institutions’ keys only read', () => {
    const own = new Set(['market.order.create', 'market.order.read', 'members.seat.grant']);
    expect(keyScopeFault(['market.order.create'], own, new Set(['demander']))).toBeUndefined();
    expect(keyScopeFault(['market.order.create'], own, new Set(['operator']))?.code).toBe('members.keyScope');
    expect(keyScopeFault(['market.order.read'], own, new Set(['operator']))).toBeUndefined();
    expect(keyScopeFault(['members.seat.grant'], own, new Set(['demander']))?.code).toBe('members.keyScope');
    expect(keyScopeFault(['delivery.grant.read'], own, new Set(['demander']))?.code).toBe('members.keyScope');
    expect(neverByKey.has('members.key.create')).toBe(true);
  });
});

describe('addresses', () => {
  test('blocks of both families, mapped addresses, and refusal of the unknown', () => {
    expect(addressAllowed([], undefined)).toBe(true);
    expect(addressAllowed(['203.0.113.0/24'], '203.0.113.200')).toBe(true);
    expect(addressAllowed(['203.0.113.0/24'], '::ffff:203.0.113.200')).toBe(true);
    expect(addressAllowed(['203.0.113.0/24'], '203.0.114.1')).toBe(false);
    expect(addressAllowed(['2001:db8::/32'], '2001:db8:1::5')).toBe(true);
    expect(addressAllowed(['2001:db8::/32'], '203.0.113.1')).toBe(false);
    expect(addressAllowed(['203.0.113.7'], undefined)).toBe(false);
  });
  test.each(['203.0.113.7', '203.0.113.0/24', '2001:db8::/128'])('%s is a block', (text) =>
    expect(isAddressBlock(text)).toBe(true),
  );
  test.each(['203.0.113', '203.0.113.0/33', '1.2.3.4/8/8', 'example.com', '1.2.3.4/-1', ''])('%s is none', (text) =>
    expect(isAddressBlock(text)).toBe(false),
  );
});

test('passwords of two kinds, ten characters, without the login', () => {
  const code = (password: string) => passwordFault(password, 'lina', 'body.password')?.code;
  expect(code('Lina-is-here-1')).toBe('members.passwordWeak');
  expect(code('abcdefghijkl')).toBe('members.passwordWeak');
  expect(code('a1a1a1a1a1a1')).toBe('members.passwordWeak');
  expect(code('短')).toBe('members.passwordWeak');
  expect(code('湘江北去橘子洲头看万山-红遍')).toBeUndefined();
  expect(code('correct-horse-7')).toBeUndefined();
});

test('the day is China’s', () => {
  expect(dayOf(new Date('2026-03-02T15:59:59Z'))).toBe('2026-03-02');
  expect(dayOf(new Date('2026-03-02T16:00:00Z'))).toBe('2026-03-03');
});

test('a file shows its kind in its first bytes', () => {
  expect(mediaMatches('application/pdf', Buffer.from('%PDF-1.7'))).toBe(true);
  expect(mediaMatches('application/pdf', Buffer.from('<html>'))).toBe(false);
  expect(mediaMatches('image/svg+xml', Buffer.from('<svg/>'))).toBe(false);
});

test('the demo cast is fictional and well formed', async () => {
  const cast = await readCast();
  const logins = cast.organisations.flatMap((one) => one.people.map((person) => person.login));
  expect(new Set(logins).size).toBe(logins.length);
  for (const one of cast.organisations) {
    expect(isCreditCode(one.creditCode), one.key).toBe(true);
    expect(one.creditCode.slice(0, 1) + one.creditCode.slice(2, 8)).toBe('Y990000');
    expect(one.name).toMatch(/样例/);
    expect(roleFault(one.roles), one.key).toBeUndefined();
    for (const person of one.people) {
      for (const seat of person.seats)
        expect(
          seatFault(
            one.roles.map((role) => role.role),
            [],
            seat,
          ),
          person.login,
        ).toBeUndefined();
      expect(person.email).toMatch(/\.example$/);
      expect(person.phone).toMatch(/^0731-0000-/);
    }
  }
  expect(new Set(cast.organisations.map((one) => one.creditCode)).size).toBe(cast.organisations.length);
});
