/**
 * Notices leave the house: one letter for each person and webhook, sent by a job (retried with back-off, dead letters on the
 * page of jobs), every attempt recorded. The inbox is where service takes effect; mail and webhook only tell of it.
 */
import type { Text } from '@shugu/wire';
import { audit } from '../audit.ts';
import type { Notice } from '../case/index.ts';
import type { Database, Reader, Tx } from '../db/db.ts';
import { systemActor } from '../http/principal.ts';
import { newId } from '../ids.ts';
import { enqueue, type Job, type JobContext, type JobHandler } from '../jobs.ts';
import type { Seal } from '../seal.ts';
import type { MailChannel } from './mail.ts';
import { type Answer, limits, type Message, maskedMail } from './model.ts';
import { problems } from './problems.ts';
import * as store from './store.ts';
import type { Posting, WebhookAddress, WebhookChannel } from './webhook.ts';

export const jobKind = 'notify.letter.send';

export interface NotifyOptions {
  database: Database;
  seal: Seal;
  /** Undefined where no mail server is set: nobody is mailed. */
  mail?: MailChannel;
  webhook: WebhookChannel;
  notice(read: Reader, id: string): Promise<Notice | undefined>;
  /** A person's address, if the person is still there and still takes mail: asked before each attempt. */
  mailAddress(read: Reader, person: string): Promise<string | null>;
  publicUrl(): string;
  now(): Date;
}

export interface Recipient {
  id: string;
  email: string;
}

export interface Notify {
  /** Harmless to repeat: a notice goes to a recipient once. */
  dispatch(tx: Tx, notice: Notice, people: readonly Recipient[]): Promise<void>;
  /** Something else than a notice, signed as those are; undefined while the webhook is paused. Its failures count with the others. */
  push(webhook: string, posting: Posting, signal: AbortSignal): Promise<Answer | undefined>;
  jobs: Record<string, JobHandler>;
  close(): Promise<void>;
}

const titles: Record<store.Letter['channel'], Text> = {
  mail: { zh: '邮件告知送达文书', en: 'Tell of a notice by mail' },
  webhook: { zh: '向接收地址告知送达文书', en: 'Tell of a notice by webhook' },
};

/** `again` makes it another job than the one that may still be living. */
export const enqueueLetter = async (
  tx: Tx,
  letter: Pick<store.Letter, 'id' | 'channel' | 'participant'>,
  again = false,
): Promise<void> => {
  await enqueue(tx, {
    kind: jobKind,
    title: titles[letter.channel],
    data: { letter: letter.id },
    participant: letter.participant,
    attemptsMax: limits.attemptsMax,
    uniqueKey: again ? `${letter.id} ${tx.now.toISOString()}` : letter.id,
  });
};

export const makeNotify = (options: NotifyOptions): Notify => {
  const { database, seal, mail, webhook } = options;

  const messageOf = (letter: store.Letter, notice: Notice): Message => ({
    id: letter.id,
    notice: notice.id,
    case: notice.case,
    title: notice.title ?? '',
    dueAt: notice.dueAt,
    createdAt: notice.createdAt,
    servedAt: notice.servedAt,
    digest: notice.digest,
    link: `${options.publicUrl()}${notice.case ? `/cases/${notice.case}` : '/inbox'}`,
  });

  const post = async (tx: Tx, draft: Omit<store.NewLetter, 'id'>, now: boolean) => {
    const letter = { ...draft, id: newId('ltr', tx.now) };
    if ((await store.insertLetter(tx, letter)) && now) await enqueueLetter(tx, letter);
  };

  const dispatch: Notify['dispatch'] = async (tx, { id: notice, participant }, people) => {
    if (mail)
      for (const { id, email } of people.slice(0, limits.peoplePerNoticeMax)) {
        const shown = await seal.seal(tx, id, maskedMail(email));
        await post(tx, { participant, notice, channel: 'mail', recipient: id, shown }, true);
      }
    // What comes while a webhook is paused waits for it.
    for (const { id, url, state } of await store.webhooksOf(tx, participant))
      await post(
        tx,
        { participant, notice, channel: 'webhook', recipient: id, shown: new URL(url).host },
        state === 'active',
      );
  };

  const sendMail = async (message: Message, person: string, context: JobContext): Promise<Answer> => {
    const address = mail && (await options.mailAddress(database, person));
    if (!address) return { outcome: 'dropped', text: mail ? 'no longer wanted' : 'no mail server' };
    return mail.send(message, address, { now: context.now(), signal: context.signal });
  };

  /** Undefined while the webhook is paused: resuming it sends what waits. */
  const toWebhook = async (id: string, bring: (to: WebhookAddress) => Promise<Answer>): Promise<Answer | undefined> => {
    const found = await store.webhookById(database, id);
    if (found?.state === 'paused') return undefined;
    const secret = found?.state === 'active' ? await seal.open(database, id, found.secret) : null;
    if (!found || secret === null) return { outcome: 'dropped', text: 'the webhook is removed' };
    return bring({ url: found.url, secret });
  };
  const sendWebhook = (message: Message, id: string, context: JobContext): Promise<Answer | undefined> =>
    toWebhook(id, (to) => webhook.send(message, to, { now: context.now(), signal: context.signal }));

  const push: Notify['push'] = async (id, posting, signal) => {
    const answer = await toWebhook(id, (to) => webhook.post(posting, to, { now: options.now(), signal }));
    if (answer && answer.outcome !== 'dropped')
      await database.tx(systemActor('notify'), (tx) => store.countFailure(tx, id, answer.outcome !== 'delivered'));
    return answer;
  };

  const record = (job: Job, letter: store.Letter, answer: Answer): Promise<void> =>
    database.tx(systemActor('notify'), async (tx) => {
      const last = answer.outcome !== 'failed' || job.attempts >= job.attempts_max;
      await store.insertAttempt(tx, letter, answer);
      await store.setLetterState(tx, letter.id, last ? answer.outcome : 'waiting');
      if (letter.channel === 'webhook' && answer.outcome !== 'dropped')
        await store.countFailure(tx, letter.recipient, answer.outcome !== 'delivered');
      if (last)
        await audit(tx, {
          action: `notify.letter.${answer.outcome}`,
          subject: letter.notice,
          participant: letter.participant,
          data: { letter: letter.id, channel: letter.channel },
        });
    });

  const send: JobHandler = async (job, context) => {
    const letter = await store.letterById(database, job.data.letter as string);
    const notice = letter && (await options.notice(database, letter.notice));
    // Recorded before the job was: a crash lay between.
    if (!letter || !notice || letter.state === 'delivered') return null;
    const message = messageOf(letter, notice);
    const answer =
      letter.channel === 'mail'
        ? await sendMail(message, letter.recipient, context)
        : await sendWebhook(message, letter.recipient, context);
    if (!answer) return null;
    await record(job, letter, answer);
    if (answer.outcome === 'refused') throw problems.refused({ detail: answer.text });
    if (answer.outcome === 'failed') throw new Error(answer.text);
    return answer;
  };

  return {
    dispatch,
    push,
    jobs: { [jobKind]: send },
    close: async () => {
      mail?.close();
      await webhook.close();
    },
  };
};
