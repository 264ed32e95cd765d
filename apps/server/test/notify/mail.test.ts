/** Notices by mail: who gets one, what it says, what the record says of it, and what a mail server can do to us. */
import { cases } from '@shugu/wire/cases';
import * as kernelWire from '@shugu/wire/kernel';
import * as membersWire from '@shugu/wire/members';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { mailChannel } from '../../src/kernel/notify/index.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { type SmtpServer, startSmtp, textOf } from '../support/smtp.ts';
import { complain, later, letters, refusalOf, secretFacts, until } from './rig.ts';

let smtp: SmtpServer;
let world: TestExchange;

beforeAll(async () => {
  smtp = await startSmtp();
  world = await testExchange({ config: { mailUrl: smtp.url, mailFrom: 'exchange@hub.example' } });
  await world.settle();
});
afterAll(async () => {
  await world?.end();
  await smtp?.end();
});
afterEach(() => {
  smtp.mails.length = 0;
  smtp.asked.length = 0;
  smtp.onRecipient = () => undefined;
  smtp.onData = () => undefined;
});

const ended = (notice: string, state: string) =>
  until(world, async () => {
    const found = await letters(world, 'operator.service', notice);
    return found.length > 0 && found.every((one) => one.state === state) && found;
  });

describe('notices by mail', () => {
  test('go to those on the seats that the next step asks for, and say no more than they must', async () => {
    const made = await complain(world, '数据与说明不符');
    const found = await ended(made.notice, 'delivered');
    expect(smtp.mails.map((one) => one.to).sort()).toEqual(
      ['approver2', 'approver', 'service'].map((name) => `${name}@operator.example`),
    );
    const [mail] = smtp.mails;
    const text = textOf(mail!);
    expect(mail!.from).toBe('exchange@hub.example');
    expect(text).toContain('数据与说明不符');
    expect(text).toContain(made.notice);
    // Five working days from 1 July 2026.
    expect(text).toContain('办理期限：2026-07-08');
    expect(text).toContain(`${world.url}/cases/${made.case}`);
    expect(text.indexOf('贵单位')).toBeLessThan(text.indexOf('Sign in'));
    expect(text).not.toContain(secretFacts);
    expect(found[0]).toMatchObject({
      channel: 'mail',
      attempts: [{ outcome: 'delivered', answer: '250 2.0.0 queued for <…>' }],
    });
  });

  test('the record shows masked addresses to the organisation served, none to the applicant, nothing to others', async () => {
    const made = await complain(world, '记录给谁看');
    await ended(made.notice, 'delivered');
    const own = await letters(world, 'operator.service', made.notice);
    expect(own.map((one) => one.to)).toContain('s***@operator.example');
    const applicant = await letters(world, 'citylogistics.admin', made.notice);
    expect(applicant.map((one) => one.to)).toEqual(own.map(() => null));
    expect(applicant.map((one) => one.state)).toEqual(own.map(() => 'delivered'));
    expect(await refusalOf(letters(world, 'merchant.admin', made.notice))).toBe('kernel.unknown');
    const { rows } = await world.exchange.kernel.database.pool.query(
      'select d::text || a::text as row from notice_letters d join letter_attempts a on a.letter = d.id',
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ row }) => /operator\.example/.test(row))).toEqual([]);
  });

  test('nobody is mailed who has switched it off, also while a mail is being tried', async () => {
    const service = await world.as('operator.service');
    const before = await service.call(membersWire.readMail, {});
    expect(before).toEqual({ mail: true, email: 'service@operator.example' });
    smtp.onRecipient = () => '451 4.7.1 greylisted, come again';
    const tried = await complain(world, '正在重试');
    await until(world, async () => smtp.asked.includes('service@operator.example'));
    await service.call(membersWire.updateMail, { body: { ...before, mail: false } });
    smtp.onRecipient = () => undefined;
    const dropped = await until(world, async () => {
      await later(world, 60);
      const found = await letters(world, 'operator.service', tried.notice);
      return found.find((one) => one.to === 's***@operator.example' && one.state === 'dropped');
    });
    expect(dropped.attempts.at(-1)?.answer).toBe('no longer wanted');
    const quiet = await complain(world, '不再提醒');
    await world.settle();
    expect((await letters(world, 'operator.service', quiet.notice)).map((one) => one.to)).not.toContain(
      's***@operator.example',
    );
    expect(smtp.mails.filter((one) => one.to === 'service@operator.example')).toEqual([]);
    await (await world.as('operator.service')).call(membersWire.updateMail, { body: before });
  });

  test('a key has no mail to set', async () => {
    const admin = await world.as('citylogistics.admin');
    const { key } = await admin.call(membersWire.createKey, {
      body: { name: 'k', permissions: ['members.audit.read'], expiresInDays: 1 },
    });
    const answer = await fetch(`${world.url}/api/me/mail`, { headers: { authorization: `Bearer ${key}` } });
    expect(answer.status).toBe(403);
  });

  test('a temporary refusal is tried again under the same Message-ID', async () => {
    let refused: string[] = [];
    smtp.onData = ({ data }) => {
      refused.push(/^message-id: (.*)$/im.exec(data)![1]!);
      return '452 4.3.1 full';
    };
    const made = await complain(world, '暂时拒收');
    await until(world, async () => refused.length > 0);
    const ids = new Set(refused);
    smtp.onData = () => undefined;
    await until(world, async () => {
      await later(world, 60);
      return (await letters(world, 'operator.service', made.notice)).every((one) => one.state === 'delivered');
    });
    refused = smtp.mails.map(({ data }) => /^message-id: (.*)$/im.exec(data)![1]!);
    for (const id of ids) expect(refused.filter((one) => one === id)).toHaveLength(1);
    const [one] = await letters(world, 'operator.service', made.notice);
    expect(one!.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'delivered']);
  });

  test('a final refusal is a dead letter at once, told without the address, and may be tried again by hand', async () => {
    smtp.onRecipient = ({ to }) => `550 5.1.1 <${to}> unknown here`;
    const made = await complain(world, '查无此人');
    const [refused] = await ended(made.notice, 'refused');
    expect(refused!.attempts).toMatchObject([{ outcome: 'refused', answer: '550 5.1.1 <…> unknown here' }]);
    const operator = await world.as('operator.system');
    const dead = (await operator.call(kernelWire.jobs, { query: { state: 'dead', limit: 100 } })).items.filter(
      (job) => job.kind === 'notify.letter.send',
    );
    expect(dead.length).toBeGreaterThan(0);
    expect(JSON.stringify(dead)).not.toContain('@');
    smtp.onRecipient = () => undefined;
    for (const { id } of dead) await operator.call(kernelWire.retryJob, { params: { id } });
    await ended(made.notice, 'delivered');
  });

  test('a server that is away is tried for hours, then the letter is dead and says why', async () => {
    const away = await startSmtp();
    const channel = mailChannel({ url: away.url, from: 'exchange@hub.example' });
    await away.end();
    const message = {
      id: 'ltr_x',
      notice: 'n',
      case: null,
      title: 't',
      dueAt: null,
      createdAt: new Date(),
      servedAt: null,
      digest: 'd',
      link: 'l',
    };
    const context = { now: new Date(), signal: new AbortController().signal };
    expect(await channel.send(message, 'a@b.example', context)).toMatchObject({ outcome: 'failed' });
    channel.close();

    smtp.onRecipient = () => '421 4.3.2 closing';
    const made = await complain(world, '始终不通');
    const [dead] = await until(world, async () => {
      await later(world, 3700);
      const found = await letters(world, 'operator.service', made.notice);
      return found.every((one) => one.state === 'failed') && found;
    });
    expect(dead!.attempts).toHaveLength(16);
  });

  test('a title that tries to add headers stays a title', async () => {
    const made = await complain(world, '标题 =?utf-8?q?x?= <a@b.example>, Bcc: c@d.example');
    await ended(made.notice, 'delivered');
    expect(smtp.asked.filter((to) => !to.endsWith('@operator.example'))).toEqual([]);
    for (const { data } of smtp.mails) expect(data.split('\n\n')[0]).not.toMatch(/^bcc:/im);
  });
});

test('without a mail server nobody is mailed, and notices are served all the same', async () => {
  const plain = await testExchange();
  try {
    const made = await complain(plain, '只在站内');
    await plain.settle();
    expect(await letters(plain, 'operator.service', made.notice)).toEqual([]);
    const { items } = await (await plain.as('operator.service')).call(cases.notices, {});
    expect(items.map((one) => one.id)).toContain(made.notice);
  } finally {
    await plain.end();
  }
});
