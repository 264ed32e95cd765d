/** Mail over SMTP: one plain text to one person, Chinese first. */

import { createTransport } from 'nodemailer';
import { dayOf } from '../calendar/calendar.ts';
import { type Answer, type Channel, clean, limits, type Message } from './model.ts';

export interface MailOptions {
  /** smtp://… or smtps://…, with user and password where the server asks for them. */
  url: string;
  from: string;
}

const wordsOf = ({ id: _, ...message }: Message): { subject: string; text: string } => {
  // A limit ends at 24:00 of the day before the first moment after it.
  const due = message.dueAt ? dayOf(new Date(message.dueAt.getTime() - 1)) : undefined;
  return {
    subject: `送达文书：${message.title} / Notice served`,
    text: [
      '贵单位有一份送达文书，请登录查看全文并签收。',
      `事项：${message.title}`,
      `文书编号：${message.notice}`,
      ...(message.case ? [`办件编号：${message.case}`] : []),
      ...(due ? [`办理期限：${due}`] : []),
      message.link,
      '',
      'A notice was served on your organisation. Sign in to read and receive it.',
      `About: ${message.title}`,
      `Number of the notice: ${message.notice}`,
      ...(message.case ? [`Number of the case: ${message.case}`] : []),
      ...(due ? [`Due: ${due}`] : []),
      message.link,
      '',
      '本邮件由系统发出，请勿回复；可在“我的账号”中关闭。',
      'Sent by a machine; do not reply. Switch it off under “My account”.',
      '',
    ].join('\n'),
  };
};

interface SmtpError extends Error {
  code?: string;
  response?: string;
  responseCode?: number;
}

/**
 * A 5yz about this mail or this address stays so (RFC 5321 §4.2.1). Refused credentials are the operator's to mend, and then
 * the mail goes out.
 */
const answerTo = (error: SmtpError): Answer => {
  const final = (error.responseCode ?? 0) >= 500 && (error.code === 'EENVELOPE' || error.code === 'EMESSAGE');
  return { outcome: final ? 'refused' : 'failed', text: clean(error.response ?? error.code ?? error.message) };
};

export interface MailChannel {
  send: Channel<string>;
  close(): void;
}

export const mailChannel = ({ url, from }: MailOptions): MailChannel => {
  const patience = limits.patienceSeconds * 1000;
  const transport = createTransport({
    url,
    connectionTimeout: patience,
    greetingTimeout: patience,
    dnsTimeout: patience,
    socketTimeout: patience * 2,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const host = new URL(url).hostname;
  const sendTo = async (message: Message, to: string, now: Date): Promise<Answer> => {
    try {
      const info = await transport.sendMail({
        from,
        // As an object it is one address, whatever characters it holds.
        to: { name: '', address: to },
        messageId: `<${message.id}@${host}>`,
        date: now,
        headers: { 'Auto-Submitted': 'auto-generated' },
        ...wordsOf(message),
      });
      return { outcome: 'delivered', text: clean(info.response) };
    } catch (error) {
      return answerTo(error as SmtpError);
    }
  };
  return {
    send: async (message, to, { now, signal }) => {
      // SMTP can't be broken off: whoever stops does not wait for the server, and tries again later.
      const left: Answer = { outcome: 'failed', text: 'the node stopped' };
      if (signal.aborted) return left;
      let leave = () => {};
      const stopped = new Promise<Answer>((done) => {
        leave = () => done(left);
      });
      signal.addEventListener('abort', leave);
      try {
        return await Promise.race([sendTo(message, to, now), stopped]);
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },
    close: () => transport.close(),
  };
};
