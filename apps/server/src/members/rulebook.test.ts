import * as wire from '@shugu/wire/members';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { letter, refusal, startMembersServer, type TestServer } from './testing.server.ts';
import { readCast } from './testing.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startMembersServer();
});
afterAll(() => server.close());

const draft = async (code: string, mandatory = true) =>
  (await server.as('operator.reviewer')).call(wire.draftRuleDocument, {
    body: {
      code,
      title: { zh: '会员管理规则（样例）', en: 'Membership rules (specimen)' },
      mandatory,
      text: { zh: '第一条', en: 'Article 1' },
    },
  });
const publish = async (version: string, effectiveOn: string, login = 'operator.approver') =>
  (await server.as(login)).call(wire.publishRuleVersion, { params: { id: version }, body: { effectiveOn } });

describe('rulebook', () => {
  test('drafted by one, published by another, accepted by each member; a coming version changes nothing before its day', async () => {
    const bank = server.cast!.organisations.bank!;
    const { document, version } = await draft('membership');
    expect((await server.client().call(wire.listRulebook, {})).items).toEqual([]);
    expect(await refusal(server.client().call(wire.readRuleVersion, { params: { id: version } }))).toBe(
      'kernel.unknown',
    );
    expect(await refusal(publish(version, '2026-03-02', 'operator.reviewer'))).toBe('kernel.unknown');
    expect(await refusal(publish(version, '2026-03-01'))).toBe('members.effectiveDay');
    await publish(version, '2026-03-02');
    expect(await refusal(publish(version, '2026-03-02'))).toBe('members.ruleState');
    expect(await server.members.acceptedCurrent(server.database, bank)).toBe(false);
    await expect(server.members.requireTrading(server.database, bank)).rejects.toMatchObject({
      code: 'members.rulesNotAccepted',
    });

    const administrator = await server.as('bank.admin');
    const accept = (id: string) => administrator.call(wire.acceptRuleVersion, { params: { id }, body: {} });
    expect(
      await refusal(
        (await server.as('bank.trader')).call(wire.acceptRuleVersion, { params: { id: version }, body: {} }),
      ),
    ).toBe('kernel.unknown');
    expect(await accept(version)).toEqual({ rulesAccepted: true });
    expect((await server.members.requireTrading(server.database, bank)).id).toBe(bank);

    const reviewer = await server.as('operator.reviewer');
    const second = await reviewer.call(wire.draftRuleVersion, {
      params: { id: document },
      body: { text: { zh: '第一条（修订）' } },
    });
    expect(await refusal(accept(second.version))).toBe('kernel.unknown');
    await publish(second.version, '2026-03-10');
    const listed = (await server.client().call(wire.listRulebook, {})).items[0]!;
    expect([listed.current?.id, listed.coming?.id]).toEqual([version, second.version]);
    expect(await server.members.acceptedCurrent(server.database, bank)).toBe(true);

    server.clock.moveTo(new Date('2026-03-10T00:00:00+08:00'));
    expect(await server.members.acceptedCurrent(server.database, bank)).toBe(false);
    // Sessions of before have ended with the hours that passed.
    await (await server.as('bank.admin')).call(wire.acceptRuleVersion, { params: { id: second.version }, body: {} });
    expect(await server.members.acceptedCurrent(server.database, bank)).toBe(true);
    const read = await server.client().call(wire.readRuleDocument, { params: { id: document } });
    expect(read.versions.map((one) => one.number)).toEqual([2, 1]);
  });

  test('an applicant accepts every mandatory rule in force, or is told which is missing', async () => {
    const [document] = (await server.client().call(wire.listRulebook, {})).items;
    const cast = await readCast();
    const apply = (login: string, acceptedVersions: string[]) =>
      server.client().call(wire.apply, {
        body: {
          name: '新需方（样例）',
          creditCode: cast.organisations.some((one) => one.creditCode === '91330100799655058B')
            ? ''
            : '91330100799655058B',
          kind: 'enterprise',
          legalRepresentative: '某人',
          roles: [{ role: 'demander' }],
          administrator: { login, displayName: '某', phone: '0731-0000-7001', password: 'Fresh-words-2026' },
          authorisationLetter: letter,
          acceptedVersions,
        },
      });
    expect(await refusal(apply('buyer.one', []))).toBe('members.rulesNotAccepted');
    const applied = await apply('buyer.one', [document!.current!.id]);
    expect(await server.members.acceptedCurrent(server.database, applied.organisation)).toBe(true);
  });

  test('a draft can be withdrawn, a published version cannot; optional rules bind nobody', async () => {
    const reviewer = await server.as('operator.reviewer');
    const { version } = await draft('disputes', false);
    await publish(version, '2026-03-10');
    expect(await refusal(reviewer.call(wire.withdrawRuleDraft, { params: { id: version } }))).toBe('members.ruleState');
    expect(await server.members.acceptedCurrent(server.database, server.cast!.organisations.bank!)).toBe(true);
    const other = await draft('security');
    await reviewer.call(wire.withdrawRuleDraft, { params: { id: other.version } });
    expect(await refusal(publish(other.version, '2026-03-10'))).toBe('members.ruleState');
    expect(await refusal(draft('security'))).toBe('kernel.conflict');
  });

  test('one person with both seats does not publish their own draft', async () => {
    const security = await server.as('operator.security');
    await security.call(wire.grantSeat, {
      params: { id: server.cast!.people['operator.reviewer']! },
      body: { seat: 'approver' },
    });
    const { version } = await draft('alone');
    expect(await refusal(publish(version, '2026-03-10', 'operator.reviewer'))).toBe('members.samePerson');
  });
});
