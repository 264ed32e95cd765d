import { cases as caseWire } from '@shugu/wire/cases';
import * as wire from '@shugu/wire/members';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { creditCodeCheck } from './model.ts';
import { letter, refusal, setupToken, startMembersServer, type TestServer } from './testing.server.ts';

let server: TestServer;
const password = 'Shugu-demo-2026';
let serial = 100;
const newCode = (): string => {
  const body = `Y1990000MAYANG${String(++serial)}`;
  return body + creditCodeCheck(body);
};
const application = (
  login: string,
  roles: { role: 'dataMerchant' | 'demander' | 'serviceBody'; class?: 'lawFirm' }[] = [{ role: 'dataMerchant' }],
) => ({
  name: `新会员 ${login}（样例）`,
  creditCode: newCode(),
  kind: 'enterprise' as const,
  legalRepresentative: '某𠮷',
  roles,
  administrator: { login, displayName: '王㛃', phone: '0731-0000-9001', password },
  authorisationLetter: letter,
  acceptedVersions: [] as string[],
});

describe('set-up of a fresh node', () => {
  beforeAll(async () => {
    server = await startMembersServer({ seeded: false });
  });
  afterAll(() => server.close());
  const administrator = (name: string, number: number) => ({
    login: name,
    displayName: name,
    phone: `0731-0000-000${number}`,
    password,
  });
  const body = () => ({
    setupToken,
    operator: {
      name: '湘数数据交易所（样例）',
      creditCode: newCode(),
      kind: 'enterprise' as const,
      legalRepresentative: '周启明',
    },
    administrators: {
      system: administrator('system', 1),
      security: administrator('security', 2),
      audit: administrator('audit', 3),
    },
  });

  test('nobody can apply before there is an operator', async () => {
    expect(await refusal(server.client().call(wire.apply, { body: application('early.bird') }))).toBe(
      'members.notOpen',
    );
    expect(await server.client().call(wire.readSetup, {})).toEqual({ needed: true });
  });

  test('needs the token, a valid code, three people, and works once', async () => {
    const call = (given: ReturnType<typeof body>) => server.client().call(wire.setUp, { body: given });
    expect(await refusal(call({ ...body(), setupToken: 'another-token' }))).toBe('members.setupTokenWrong');
    const wrong = body();
    wrong.operator.creditCode = `${wrong.operator.creditCode.slice(0, 17)}${wrong.operator.creditCode.endsWith('1') ? '2' : '1'}`;
    expect(await refusal(call(wrong))).toBe('members.creditCodeInvalid');
    const same = body();
    same.administrators.audit.phone = same.administrators.system.phone;
    expect(await refusal(call(same))).toBe('members.administratorsNotApart');
    expect(await server.client().call(wire.readSetup, {})).toEqual({ needed: true });
    const [one, other] = await Promise.allSettled([call(body()), call(body())]);
    expect([one.status, other.status].sort()).toEqual(['fulfilled', 'rejected']);
    expect(await refusal(call(body()))).toBe('members.setupDone');
    expect(await server.client().call(wire.readSetup, {})).toEqual({ needed: false });
  });

  test('the system administrator enters registrar and regulator, whose administrators come by invitation', async () => {
    const system = await server.as('system', password);
    const institution = (role: 'registrar' | 'regulator', login: string) => ({
      role,
      name: `${role}（样例）`,
      creditCode: newCode(),
      kind: 'publicInstitution' as const,
      legalRepresentative: '盘登科',
      administrator: { login, displayName: '石管登' },
    });
    const made = await system.call(wire.createInstitution, { body: institution('registrar', 'registrar.admin') });
    await system.call(wire.createInstitution, { body: institution('regulator', 'regulator.admin') });
    expect(await refusal(system.call(wire.createInstitution, { body: institution('registrar', 'second.admin') }))).toBe(
      'members.institutionExists',
    );
    const security = await server.as('security', password);
    expect(
      await refusal(security.call(wire.createInstitution, { body: institution('regulator', 'third.admin') })),
    ).toBe('kernel.notPermitted');

    const redeem = (code: string) => server.client().call(wire.redeemInvitation, { body: { code, password } });
    const entered = await redeem(made.invitation.code);
    expect(entered.me).toMatchObject({ login: 'registrar.admin', seats: ['administrator'] });
    expect(await refusal(redeem(made.invitation.code))).toBe('members.invitationInvalid');
    expect(await refusal(redeem('no-such-invitation'))).toBe('members.invitationInvalid');
  });
});

describe('admission', () => {
  beforeAll(async () => {
    server = await startMembersServer();
  });
  afterAll(() => server.close());

  const review = async (client: Awaited<ReturnType<TestServer['as']>>, id: string) => {
    await move(client, id, 'startReview');
    await move(client, id, 'concludeReview', { opinion: '材料齐全' });
  };
  const move = (
    client: Awaited<ReturnType<TestServer['as']>>,
    id: string,
    name: string,
    input: Record<string, string | string[]> = {},
  ) => client.call(caseWire.move, { params: { case: id }, body: { move: name, input } });

  test('two people of the operator look, then the roles begin', async () => {
    const applied = await server.client().call(wire.apply, { body: application('juzhou.new') });
    const applicant = await server.as('juzhou.new', password);
    expect(await applicant.call(wire.readMe, {})).toMatchObject({
      organisation: { status: 'applying', roles: [] },
      permissions: [],
    });
    expect(await refusal(applicant.call(wire.listPeople, {}))).toBe('kernel.notPermitted');
    expect(await refusal(server.client().call(wire.readProfile, { params: { id: applied.organisation } }))).toBe(
      'kernel.unknown',
    );
    expect((await applicant.call(caseWire.get, { params: { case: applied.case } })).state).toBe('submitted');

    const stranger = await server.as('bank.trader');
    expect(await refusal(stranger.call(caseWire.get, { params: { case: applied.case } }))).toBe('kernel.unknown');
    expect(await refusal(stranger.call(wire.readAdmission, { params: { id: applied.organisation } }))).toBe(
      'kernel.unknown',
    );

    const reviewer = await server.as('operator.reviewer');
    const seen = await reviewer.call(wire.readAdmission, { params: { id: applied.organisation } });
    expect(seen).toMatchObject({
      legalRepresentative: '某𠮷',
      case: applied.case,
      administrators: [{ displayName: '王㛃', phone: '0731-0000-9001' }],
    });
    await review(reviewer, applied.case);
    expect(await refusal(move(reviewer, applied.case, 'approve'))).toBe('kernel.notPermitted');

    // The reviewer who is also given the approver's seat is still the same person.
    const security = await server.as('operator.security');
    await security.call(wire.grantSeat, {
      params: { id: server.cast!.people['operator.reviewer']! },
      body: { seat: 'approver' },
    });
    expect(await refusal(move(reviewer, applied.case, 'approve'))).toBe('cases.samePerson');
    await security.call(wire.revokeSeat, {
      params: { id: server.cast!.people['operator.reviewer']!, seat: 'approver' },
    });

    await move(await server.as('operator.approver'), applied.case, 'approve');
    expect(await applicant.call(wire.readMe, {})).toMatchObject({
      organisation: { status: 'active', roles: [{ role: 'dataMerchant' }] },
    });
    expect((await applicant.call(wire.listPeople, {})).items).toHaveLength(1);
    const directory = await server.client().call(wire.listDirectory, { query: { search: 'juzhou.new' } });
    expect(directory.items.map((one) => one.id)).toEqual([applied.organisation]);
    expect(JSON.stringify(directory)).not.toMatch(/某𠮷|0731/);
  });

  test('refused: cannot sign in any more, and the code is free again', async () => {
    const body = application('refused.one');
    const applied = await server.client().call(wire.apply, { body });
    expect(
      await refusal(
        server
          .client()
          .call(wire.apply, { body: { ...body, administrator: { ...body.administrator, login: 'other' } } }),
      ),
    ).toBe('members.creditCodeTaken');
    const applicant = await server.as('refused.one', password);
    await review(await server.as('operator.reviewer2'), applied.case);
    await move(await server.as('operator.approver'), applied.case, 'reject', { reason: '授权书不符' });
    expect(await refusal(applicant.call(wire.readMe, {}))).toBe('kernel.notSignedIn');
    expect(await refusal(server.as('refused.one', password))).toBe('members.signInFailed');
    await server
      .client()
      .call(wire.apply, { body: { ...body, administrator: { ...body.administrator, login: 'refused.two' } } });
  });

  test('an application can be corrected, and withdrawn', async () => {
    const applied = await server.client().call(wire.apply, { body: application('slow.one') });
    const reviewer = await server.as('operator.reviewer');
    await move(reviewer, applied.case, 'return', { gaps: ['营业执照'] });
    const applicant = await server.as('slow.one', password);
    await move(applicant, applied.case, 'resubmit');
    await move(applicant, applied.case, 'withdraw');
    expect(await refusal(applicant.call(wire.readMe, {}))).toBe('kernel.notSignedIn');
  });

  test('silence after a return ends the application on its day', async () => {
    const mine = await startMembersServer();
    try {
      const applied = await mine.client().call(wire.apply, { body: application('silent.one') });
      await move(await mine.as('operator.reviewer'), applied.case, 'return', { gaps: ['营业执照'] });
      mine.clock.moveTo(new Date('2026-03-30T00:00:00Z'));
      await mine.cases.tick(mine.database);
      expect((await mine.members.organisation(mine.database, applied.organisation))?.status).toBe('left');
    } finally {
      await mine.close();
    }
  });

  test('every fault is named by its field', async () => {
    const fault = async (change: Partial<ReturnType<typeof application>>) =>
      refusal(server.client().call(wire.apply, { body: { ...application(`fault.${serial}`), ...change } }));
    expect(await fault({ creditCode: '91330100799655058C' })).toBe('members.creditCodeInvalid');
    expect(await fault({ roles: [{ role: 'serviceBody', class: 'lawFirm' }] })).toBe('members.roleClassWrong');
    expect(await fault({ authorisationLetter: { ...letter, content: Buffer.from('<html>').toString('base64') } })).toBe(
      'members.letterInvalid',
    );
    expect(await fault({ administrator: { ...application('x-y').administrator, login: 'bank.trader' } })).toBe(
      'members.loginTaken',
    );
    expect(await fault({ administrator: { ...application('x-y').administrator, password: 'aaaaaaaaaaaa' } })).toBe(
      'members.passwordWeak',
    );
    expect(await fault({ roles: [{ role: 'operator' as never }] })).toBe('kernel.invalid');
    expect(await fault({ acceptedVersions: ['rdv_00000000000000000000000000'] })).toBe('kernel.unknown');
    expect(await fault({ name: '\u202e反写名称' })).toBe('kernel.invalid');
  });

  test('no fast digest of a password is kept: neither setting up nor applying records its key', async () => {
    await server.client().call(wire.apply, { body: application('unrecorded.one') });
    const rows = await server.database.rows<{ endpoint: string }>(sql`select endpoint from idempotency`);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.map((one) => one.endpoint)).not.toContain('members.admission.create');
    expect(wire.setUp.repeatable).toBe(true);
  });

  test('a second case by the engine’s own door decides nothing', async () => {
    const applied = await server.client().call(wire.apply, { body: application('double.one') });
    const applicant = await server.as('double.one', password);
    const { creditCode } = await applicant.call(wire.readOwnOrganisation, {});
    const secondCase = {
      procedure: 'member.admission',
      handler: server.cast!.organisations.operator!,
      title: '另一申请',
      subject: applied.organisation,
      data: { name: '新会员 double.one（样例）', creditCode, kind: 'enterprise', roles: 'demander' },
    };
    const second = await applicant.call(caseWire.file, { body: secondCase });
    await move(applicant, second.id, 'withdraw');
    // Neither does one whose papers are complete and which both reviewers approve.
    const third = await applicant.call(caseWire.file, { body: secondCase });
    await applicant.raw(
      caseWire.addPaper,
      {
        params: { case: third.id },
        query: { kind: 'authorisationLetter', name: 'a.pdf', mediaType: 'application/pdf' },
      } as never,
      { rawBody: '%PDF-1.7', headers: { 'content-type': 'application/octet-stream' } },
    );
    await move(applicant, third.id, 'submit');
    await review(await server.as('operator.reviewer'), third.id);
    expect(await refusal(move(await server.as('operator.approver'), third.id, 'approve'))).toBe('members.standingSame');
    expect(await applicant.call(wire.readMe, {})).toMatchObject({ organisation: { status: 'applying' } });
  });

  test('a member applies for a further role; a conflicting one is refused', async () => {
    const bank = await server.as('bank.admin');
    const applied = await bank.call(wire.applyForRoles, { body: { role: 'dataMerchant' } });
    expect(await refusal(bank.call(wire.applyForRoles, { body: { role: 'dataMerchant' } }))).toBe('members.roleHeld');
    expect(await refusal(bank.call(wire.applyForRoles, { body: { role: 'serviceBody', class: 'tester' } }))).toBe(
      'members.rolesConflict',
    );
    await review(await server.as('operator.reviewer'), applied.case);
    await move(await server.as('operator.approver2'), applied.case, 'approve');
    expect((await bank.call(wire.readMe, {})).organisation.roles.map((one) => one.role).sort()).toEqual([
      'dataMerchant',
      'demander',
    ]);
    expect(
      await refusal((await server.as('bank.trader')).call(wire.applyForRoles, { body: { role: 'productSupplier' } })),
    ).toBe('kernel.notPermitted');
  });
});

describe('standing', () => {
  beforeAll(async () => {
    server = await startMembersServer();
  });
  afterAll(() => server.close());

  test('one proposes, another confirms; the member’s permissions stop at once and come back', async () => {
    const id = server.cast!.organisations.merchant!;
    const merchant = await server.as('merchant.admin');
    const reviewer = await server.as('operator.reviewer');
    const approver = await server.as('operator.approver');
    const { proposal } = await reviewer.call(wire.suspendOrganisation, {
      params: { id },
      body: { reason: '涉嫌违规' },
    });
    await merchant.call(wire.listPeople, {});
    expect(await refusal(reviewer.call(wire.confirmStanding, { params: { id: proposal }, body: {} }))).toBe(
      'kernel.unknown',
    );
    expect(await refusal(reviewer.call(wire.suspendOrganisation, { params: { id }, body: { reason: '再次' } }))).toBe(
      'members.standingSame',
    );
    await approver.call(wire.confirmStanding, { params: { id: proposal }, body: {} });
    expect(await refusal(merchant.call(wire.listPeople, {}))).toBe('kernel.notPermitted');
    expect(await server.members.hasRole(server.database, id, 'dataMerchant')).toBe(false);
    await expect(server.members.requireActive(server.database, id)).rejects.toMatchObject({
      code: 'members.organisationNotActive',
    });
    const back = await reviewer.call(wire.restoreOrganisation, { params: { id }, body: { reason: '整改完成' } });
    await approver.call(wire.confirmStanding, { params: { id: back.proposal }, body: {} });
    await merchant.call(wire.listPeople, {});
  });

  test('the same person does not confirm, even with both seats; institutions are out of reach', async () => {
    const security = await server.as('operator.security');
    await security.call(wire.grantSeat, {
      params: { id: server.cast!.people['operator.reviewer2']! },
      body: { seat: 'approver' },
    });
    const both = await server.as('operator.reviewer2');
    const { proposal } = await both.call(wire.suspendOrganisation, {
      params: { id: server.cast!.organisations.tester! },
      body: { reason: '核查' },
    });
    expect(await refusal(both.call(wire.confirmStanding, { params: { id: proposal }, body: {} }))).toBe(
      'members.samePerson',
    );
    expect(
      await refusal(
        both.call(wire.suspendOrganisation, {
          params: { id: server.cast!.organisations.registrar! },
          body: { reason: 'x' },
        }),
      ),
    ).toBe('kernel.unknown');
  });

  test('the bank account is sealed, masked on screens, whole for payouts', async () => {
    const finance = await server.as('mapping.finance');
    const shown = await finance.call(wire.updateBankAccount, {
      body: { bankName: '湘江样例银行', holder: '湘江测绘', account: '6200000000008888' },
    });
    expect(shown.bankAccount).toBe('************8888');
    const kept = await server.database.one<{ row: string }>(
      sql`select organisations::text as row from organisations where id = ${shown.id}`,
    );
    expect(kept.row).not.toContain('6200000000008888');
    expect((await server.members.bankAccount(server.database, shown.id))?.account).toBe('6200000000008888');
    expect(
      await refusal(
        (await server.as('mapping.trader')).call(wire.updateBankAccount, {
          body: { bankName: 'x', holder: 'y', account: '12345678' },
        }),
      ),
    ).toBe('kernel.notPermitted');
  });
});
