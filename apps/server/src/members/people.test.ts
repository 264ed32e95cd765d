import * as wire from '@shugu/wire/members';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { refusal, startMembersServer, type TestServer } from './testing.server.ts';

let server: TestServer;
const password = 'Fresh-words-2026';
const idOf = (login: string): string => server.cast!.people[login]!;
beforeAll(async () => {
  server = await startMembersServer();
});
afterAll(() => server.close());

describe('people of a member', () => {
  test('the administrator adds a person, who comes in by the code and has just those seats', async () => {
    const administrator = await server.as('xingsha.admin');
    const made = await administrator.call(wire.createPerson, {
      body: { login: 'Xingsha.New', displayName: '刘䶮', phone: '0731-0000-8001', seats: ['trader', 'finance'] },
    });
    expect(await refusal(server.as('xingsha.new', password))).toBe('members.signInFailed');
    const entered = await server
      .client()
      .call(wire.redeemInvitation, { body: { code: made.invitation.code, password } });
    expect(entered.me).toMatchObject({ login: 'xingsha.new', name: '刘䶮', seats: ['finance', 'trader'] });
    const listed = (await administrator.call(wire.listPeople, { query: { limit: 100 } })).items.find(
      (one) => one.id === made.person,
    );
    expect(listed).toMatchObject({ phone: '0731-0000-8001', email: null, status: 'active' });
    const kept = await server.database.one<{ row: string }>(
      sql`select people::text as row from people where id = ${made.person}`,
    );
    expect(kept.row).not.toContain('0731');
  });

  test('an invitation ends after its hours, and when a newer one is made', async () => {
    const administrator = await server.as('xingsha.admin');
    const made = await administrator.call(wire.createPerson, {
      body: { login: 'xingsha.late', displayName: '迟到者' },
    });
    const newer = await administrator.call(wire.resetPerson, { params: { id: made.person }, body: {} });
    const redeem = (code: string) => server.client().call(wire.redeemInvitation, { body: { code, password } });
    expect(await refusal(redeem(made.invitation.code))).toBe('members.invitationInvalid');
    const mine = await startMembersServer();
    try {
      const other = await (await mine.as('xingsha.admin')).call(wire.createPerson, {
        body: { login: 'xingsha.late', displayName: '迟到者' },
      });
      mine.clock.moveTo(new Date(mine.clock.now().getTime() + 73 * 3_600_000));
      expect(
        await refusal(mine.client().call(wire.redeemInvitation, { body: { code: other.invitation.code, password } })),
      ).toBe('members.invitationInvalid');
    } finally {
      await mine.close();
    }
    expect((await redeem(newer.code)).me.login).toBe('xingsha.late');
  });

  test('another organisation’s person looks like nobody', async () => {
    const administrator = await server.as('xingsha.admin');
    for (const id of [idOf('bank.trader'), 'per_00000000000000000000000000']) {
      expect(await refusal(administrator.call(wire.disablePerson, { params: { id }, body: {} }))).toBe(
        'kernel.unknown',
      );
      expect(await refusal(administrator.call(wire.grantSeat, { params: { id }, body: { seat: 'trader' } }))).toBe(
        'kernel.unknown',
      );
      expect(await refusal(administrator.call(wire.resetPerson, { params: { id }, body: {} }))).toBe('kernel.unknown');
    }
  });

  test('a trader keeps no accounts; seats of others’ kinds cannot be granted', async () => {
    const trader = await server.as('xingsha.trader');
    expect(await refusal(trader.call(wire.createPerson, { body: { login: 'friend', displayName: '朋友' } }))).toBe(
      'kernel.notPermitted',
    );
    expect(
      await refusal(
        trader.call(wire.grantSeat, { params: { id: idOf('xingsha.trader') }, body: { seat: 'administrator' } }),
      ),
    ).toBe('kernel.unknown');
    const administrator = await server.as('xingsha.admin');
    for (const seat of ['reviewer', 'assessor', 'systemAdministrator', 'clerk', 'officer'] as const)
      expect(
        await refusal(administrator.call(wire.grantSeat, { params: { id: idOf('xingsha.trader') }, body: { seat } })),
      ).toBe('members.seatForeign');
  });

  test('seats work and stop at once, in sessions already open', async () => {
    const administrator = await server.as('xingsha.admin');
    const steward = await server.as('xingsha.steward');
    const attempt = () => steward.call(wire.listPeople, {});
    expect(await refusal(attempt())).toBe('kernel.notPermitted');
    await administrator.call(wire.grantSeat, {
      params: { id: idOf('xingsha.steward') },
      body: { seat: 'administrator' },
    });
    await attempt();
    await administrator.call(wire.revokeSeat, { params: { id: idOf('xingsha.steward'), seat: 'administrator' } });
    expect(await refusal(attempt())).toBe('kernel.notPermitted');
  });

  test('disabling ends sessions at once; enabling does not bring them back', async () => {
    const administrator = await server.as('xingsha.admin');
    const developer = await server.as('xingsha.developer');
    await developer.call(wire.readMe, {});
    await administrator.call(wire.disablePerson, { params: { id: idOf('xingsha.developer') }, body: {} });
    expect(await refusal(developer.call(wire.readMe, {}))).toBe('kernel.notSignedIn');
    await administrator.call(wire.enablePerson, { params: { id: idOf('xingsha.developer') }, body: {} });
    expect(await refusal(developer.call(wire.readMe, {}))).toBe('kernel.notSignedIn');
    await server.as('xingsha.developer');
  });

  test('the last administrator stays', async () => {
    const administrator = await server.as('mapping.admin');
    const own = idOf('mapping.admin');
    expect(await refusal(administrator.call(wire.disablePerson, { params: { id: own }, body: {} }))).toBe(
      'members.ownAccount',
    );
    expect(await refusal(administrator.call(wire.revokeSeat, { params: { id: own, seat: 'administrator' } }))).toBe(
      'members.lastAdministrator',
    );
  });

  test('erasure destroys personal fields and keeps what was done', async () => {
    const administrator = await server.as('merchant.admin');
    const id = idOf('merchant.developer');
    expect(await refusal(administrator.call(wire.erasePerson, { params: { id }, body: {} }))).toBe(
      'members.standingSame',
    );
    await server.as('merchant.developer');
    await administrator.call(wire.disablePerson, { params: { id }, body: {} });
    await administrator.call(wire.erasePerson, { params: { id }, body: {} });
    const erased = (await administrator.call(wire.listPeople, {})).items.find((one) => one.id === id);
    expect(erased).toMatchObject({ displayName: '—', phone: null, email: null, status: 'erased', seats: [] });
    expect(await server.members.displayName(server.database, id)).toBe('—');
    const before = await administrator.call(wire.listAudit, { query: { actor: id } });
    expect(before.items.map((one) => one.action)).toContain('members.session.create');
  });
});

describe('the operator’s three administrators', () => {
  test('system makes accounts without seats, security grants them, neither does the other’s work', async () => {
    const system = await server.as('operator.system');
    const security = await server.as('operator.security');
    const audit = await server.as('operator.audit');
    expect(
      await refusal(
        system.call(wire.createPerson, { body: { login: 'operator.new', displayName: '新人', seats: ['reviewer'] } }),
      ),
    ).toBe('members.seatForeign');
    const { person } = await system.call(wire.createPerson, { body: { login: 'operator.new', displayName: '新人' } });
    expect(await refusal(system.call(wire.grantSeat, { params: { id: person }, body: { seat: 'reviewer' } }))).toBe(
      'kernel.unknown',
    );
    expect(await refusal(security.call(wire.createPerson, { body: { login: 'operator.x', displayName: '某' } }))).toBe(
      'kernel.notPermitted',
    );
    await security.call(wire.grantSeat, { params: { id: person }, body: { seat: 'reviewer' } });
    expect(await refusal(audit.call(wire.grantSeat, { params: { id: person }, body: { seat: 'approver' } }))).toBe(
      'kernel.unknown',
    );
    for (const other of [system, security])
      expect(await refusal(other.call(wire.listAudit, {}))).toBe('kernel.notPermitted');
  });

  test('no person holds two of the three seats, and none grants to themself', async () => {
    const security = await server.as('operator.security');
    expect(
      await refusal(
        security.call(wire.grantSeat, {
          params: { id: idOf('operator.system') },
          body: { seat: 'auditAdministrator' },
        }),
      ),
    ).toBe('members.administratorsNotApart');
    expect(
      await refusal(
        security.call(wire.grantSeat, { params: { id: idOf('operator.security') }, body: { seat: 'approver' } }),
      ),
    ).toBe('members.ownAccount');
    // The database holds it too, whatever the code believes.
    await expect(
      server.database.tx({ kind: 'system', id: 'system:test', participant: '' }, (tx) =>
        tx.exec(sql`insert into seats (person, seat, node, market, participant, granted_by, created_at)
          select person, 'auditAdministrator', node, market, participant, 'x', now() from seats where person = ${idOf('operator.system')}`),
      ),
    ).rejects.toMatchObject({ constraint: 'seats_administrators_apart' });
  });

  test('the system administrator cannot become another by resetting them', async () => {
    const system = await server.as('operator.system');
    const reset = (login: string) => system.call(wire.resetPerson, { params: { id: idOf(login) }, body: {} });
    expect(await refusal(reset('operator.security'))).toBe('members.lastAdministrator');
    const { code } = await reset('operator.approver2');
    const entered = await server.client().call(wire.redeemInvitation, { body: { code, password } });
    expect(entered.me.seats).toEqual([]);
    expect(entered.me.permissions).toEqual([]);
  });
});

describe('audit', () => {
  test('the operator’s audit administrator sees all, members their own, and reading is itself logged', async () => {
    const audit = await server.as('operator.audit');
    const all = await audit.call(wire.listAudit, { query: { limit: 100, action: 'members.session.' } });
    expect(new Set(all.items.map((one) => one.participant)).size).toBeGreaterThan(2);
    expect(all.items.map((one) => one.sequence)).toEqual(
      [...all.items.map((one) => one.sequence)].sort((a, b) => b - a),
    );
    const own = server.cast!.organisations.xingsha!;
    const member = await (await server.as('xingsha.admin')).call(wire.listAudit, { query: { limit: 100 } });
    expect(new Set(member.items.map((one) => one.participant))).toEqual(new Set([own]));
    const foreign = await (await server.as('bank.admin')).call(wire.listAudit, { query: { participant: own } });
    expect(foreign.items).toEqual([]);
    const reads = await audit.call(wire.listAudit, { query: { action: 'members.audit.list.read' } });
    expect(reads.items.length).toBeGreaterThanOrEqual(3);
  });

  test('pages run through without gap or repeat', async () => {
    const audit = await server.as('operator.audit');
    const to = server.clock.now().toISOString();
    const seen: number[] = [];
    let after: string | undefined;
    do {
      const page = await audit.call(wire.listAudit, { query: { limit: 7, after, to } });
      seen.push(...page.items.map((one) => one.sequence));
      after = page.next ?? undefined;
    } while (after);
    expect(new Set(seen).size).toBe(seen.length);
    const { count } = await server.database.one<{ count: number }>(
      sql`select count(*)::int as count from audit where at < ${new Date(to)}`,
    );
    expect(seen.length).toBe(count);
  });
});
