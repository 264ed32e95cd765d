import type { ProblemError } from '@shugu/wire';
import * as wire from '@shugu/wire/members';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { refusal, startMembersServer, type TestServer } from './testing.server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startMembersServer();
});
afterAll(() => server.close());

describe('sign-in', () => {
  test('gives who I am, with seats and permissions of my organisation', async () => {
    const trader = await server.as('xingsha.admin');
    const me = await trader.call(wire.readMe, {});
    expect(me).toMatchObject({ kind: 'person', name: '王𬭎', login: 'xingsha.admin', seats: ['administrator'] });
    expect(me.organisation.roles.map((role) => role.role).sort()).toEqual(['productSupplier', 'resourceProvider']);
    expect(me.permissions).toContain('members.seat.grant');
    expect(me.permissions).not.toContain('members.institution.create');
  });

  test('unknown account, wrong password and disabled account give the same answer', async () => {
    const system = await server.as('operator.system');
    await system.call(wire.disablePerson, { params: { id: server.cast!.people['operator.service']! }, body: {} });
    const answers = [];
    for (const [login, password] of [
      ['nobody.at.all', 'Shugu-demo-2026'],
      ['bank.trader', 'wrong-password-1'],
      ['operator.service', 'Shugu-demo-2026'],
    ] as const) {
      const failure = await server
        .client()
        .call(wire.signIn, { body: { login, password } })
        .catch((error: ProblemError) => error.problem);
      const { requestId: _, ...rest } = failure as ProblemError['problem'];
      answers.push(rest);
    }
    expect(answers[0]).toMatchObject({ code: 'members.signInFailed', status: 401 });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  test('unknown accounts cost as much work as known ones', async () => {
    // Processor time of this process, which is the server's too: a busy machine changes the clock's, not this.
    const work = async (login: string) => {
      const started = process.cpuUsage();
      await refusal(server.client().call(wire.signIn, { body: { login, password: 'wrong-password-1' } }));
      const { user, system } = process.cpuUsage(started);
      return user + system;
    };
    let known = Infinity;
    let unknown = Infinity;
    for (let i = 0; i < 8; i++) {
      known = Math.min(known, await work('bank.finance'));
      unknown = Math.min(unknown, await work('no.such.account'));
    }
    // Without the hash an unknown account would cost a tenth of it.
    expect(unknown).toBeGreaterThan(known * 0.5);
  });

  test('the cookie opens pages, but writes only with the page header', async () => {
    const response = await server
      .client()
      .raw(wire.signIn, { body: { login: 'bank.trader', password: server.cast!.password } });
    const cookie = response.headers.get('set-cookie')!;
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    const pair = cookie.split(';')[0]!;
    const page = server.client(undefined, { cookie: pair });
    expect((await page.call(wire.readMe, {})).login).toBe('bank.trader');
    expect(await refusal(page.call(wire.signOut, {}))).toBe('kernel.forgery');
    await server.client(undefined, { cookie: pair, 'x-shugu-page': '1' }).call(wire.signOut, {});
    expect(await refusal(page.call(wire.readMe, {}))).toBe('kernel.notSignedIn');
  });

  test('ends after its hours', async () => {
    const mine = await startMembersServer();
    try {
      const trader = await mine.as('bank.trader');
      await trader.call(wire.readMe, {});
      mine.clock.moveTo(new Date(mine.clock.now().getTime() + 13 * 3_600_000));
      expect(await refusal(trader.call(wire.readMe, {}))).toBe('kernel.notSignedIn');
    } finally {
      await mine.close();
    }
  });

  test('is slowed per account, even with the right password', async () => {
    const mine = await startMembersServer({ loginTriesPerMinute: 3 });
    try {
      for (let i = 0; i < 3; i++)
        expect(
          await refusal(mine.client().call(wire.signIn, { body: { login: 'bank.trader', password: 'wrong' } })),
        ).toBe('members.signInFailed');
      expect(await refusal(mine.as('bank.trader'))).toBe('kernel.tooFast');
      await mine.as('bank.admin');
    } finally {
      await mine.close();
    }
  });

  test('refusals are in the audit, and no password or unknown login is', async () => {
    await refusal(
      server.client().call(wire.signIn, { body: { login: 'i-typed-my-secret', password: 'secret-in-password' } }),
    );
    const rows = await server.database.rows<{ row: string }>(
      sql`select audit::text as row from audit where action = 'members.session.refuse'`,
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.map((one) => one.row).join()).not.toMatch(/i-typed-my-secret|secret-in-password/);
  });
});

describe('password', () => {
  test('a change needs the current one, ends other sessions and keeps this one', async () => {
    const here = await server.as('mapping.trader');
    const elsewhere = await server.as('mapping.trader');
    const change = (current: string, next: string) => here.call(wire.changePassword, { body: { current, next } });
    expect(await refusal(change('not-the-password-9', 'Fresh-words-77'))).toBe('members.passwordWrong');
    expect(await refusal(change(server.cast!.password, 'aaaaaaaaaa'))).toBe('members.passwordWeak');
    expect(await refusal(change(server.cast!.password, 'mapping.trader-1'))).toBe('members.passwordWeak');
    await change(server.cast!.password, 'Fresh-words-77');
    await here.call(wire.readMe, {});
    expect(await refusal(elsewhere.call(wire.readMe, {}))).toBe('kernel.notSignedIn');
    expect(await refusal(server.as('mapping.trader'))).toBe('members.signInFailed');
    await server.as('mapping.trader', 'Fresh-words-77');
  });

  test('is kept as argon2id only', async () => {
    const row = await server.database.one<{ hash: string }>(
      sql`select password_hash as hash from people where login = 'bank.admin'`,
    );
    expect(row.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });
});
