/** Rows of webhooks, letters and attempts. Names of columns stop here. */
import { empty, type Reader, type Sql, sql, type Tx } from '../db/db.ts';
import { type Answer, type ChannelName, type LetterState, limits, type WebhookState } from './model.ts';

export interface Webhook {
  id: string;
  participant: string;
  name: string;
  url: string;
  secret: string;
  state: WebhookState;
  failures: number;
  createdAt: Date;
}

const webhookColumns = sql`id, participant, name, url, secret, state, failures, created_at as "createdAt"`;

export const insertWebhook = async (tx: Tx, one: Omit<Webhook, 'failures' | 'createdAt'>): Promise<void> => {
  await tx.exec(sql`insert into webhooks (id, node, market, participant, name, url, secret, state, created_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.name}, ${one.url}, ${one.secret}, ${one.state},
      ${tx.actor.id}, ${tx.now})`);
};

/** One organisation's, removed ones left out. */
export const webhooksOf = (read: Reader, participant: string): Promise<Webhook[]> =>
  read.rows(
    sql`select ${webhookColumns} from webhooks where participant = ${participant} and state <> 'removed' order by id`,
  );

export const webhookById = (read: Reader, id: string, lock = false): Promise<Webhook | undefined> =>
  read.first(sql`select ${webhookColumns} from webhooks where id = ${id} ${lock ? sql`for update` : empty}`);

/** Whether it is the organisation's, and not removed. */
export const ownWebhook = async (read: Reader, participant: string, id: string): Promise<boolean> => {
  const found = await webhookById(read, id);
  return found?.participant === participant && found.state !== 'removed';
};

export const setWebhookState = async (tx: Tx, id: string, state: WebhookState): Promise<void> => {
  await tx.exec(sql`update webhooks set state = ${state}, failures = 0 where id = ${id}`);
};

export const setSecret = async (tx: Tx, id: string, secret: string): Promise<void> => {
  await tx.exec(sql`update webhooks set secret = ${secret} where id = ${id}`);
};

/** One address at a time for an organisation, so that two administrators can't pass its limit together. */
export const lockWebhooks = async (tx: Tx, participant: string): Promise<void> => {
  await tx.exec(sql`select pg_advisory_xact_lock(hashtext(${`notify.webhooks ${participant}`}))`);
};

/** A success ends the row of failures; at the limit the webhook pauses itself. */
export const countFailure = async (tx: Tx, id: string, failed: boolean): Promise<void> => {
  await tx.exec(
    failed
      ? sql`update webhooks set failures = failures + 1,
          state = case when state = 'active' and failures + 1 >= ${limits.failuresMax} then 'paused' else state end where id = ${id}`
      : sql`update webhooks set failures = 0 where id = ${id} and failures > 0`,
  );
};

export interface Letter {
  id: string;
  participant: string;
  notice: string;
  channel: ChannelName;
  recipient: string;
  shown: string;
  state: LetterState;
  createdAt: Date;
  /** What the notice is about; the letter itself says no more. */
  title: string;
}

const letterColumns = sql`id, participant, notice, channel, recipient, shown, state, created_at as "createdAt",
  coalesce((select title from notices where notices.id = notice), '') as title`;

/** The title is the notice’s, and read with it. */
export type NewLetter = Omit<Letter, 'createdAt' | 'state' | 'title'>;

/** False where this notice already goes to that recipient. */
export const insertLetter = async (tx: Tx, one: NewLetter): Promise<boolean> =>
  (await tx.exec(sql`insert into notice_letters (id, node, market, participant, notice, channel, recipient, shown, state, created_at,
      retention_class)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.notice}, ${one.channel}, ${one.recipient},
      ${one.shown}, 'waiting', ${tx.now}, (select retention_class from notices where id = ${one.notice})) on conflict do nothing`)) >
  0;

const lettersWhere = (read: Reader, condition: Sql): Promise<Letter[]> =>
  read.rows(sql`select ${letterColumns} from notice_letters where ${condition}`);

export const letterById = async (read: Reader, id: string, lock = false): Promise<Letter | undefined> =>
  (await lettersWhere(read, sql`id = ${id} ${lock ? sql`for update` : empty}`))[0];

export const lettersOfNotice = (read: Reader, notice: string): Promise<Letter[]> =>
  lettersWhere(read, sql`notice = ${notice} order by id`);

export const lettersTo = (read: Reader, recipient: string, after: string | undefined, limit: number) =>
  lettersWhere(
    read,
    sql`recipient = ${recipient} ${after ? sql`and id < ${after}` : empty} order by id desc limit ${limit}`,
  );

export const waitingFor = (read: Reader, recipient: string): Promise<Letter[]> =>
  lettersWhere(read, sql`recipient = ${recipient} and state = 'waiting' order by id limit ${limits.resumedMax}`);

/** What was delivered stays so, however late a broken-off attempt comes back. */
export const setLetterState = async (tx: Tx, id: string, state: LetterState, again = false): Promise<void> => {
  await tx.exec(
    sql`update notice_letters set state = ${state} where id = ${id} and (${again} or state <> 'delivered')`,
  );
};

export const insertAttempt = async (tx: Tx, letter: Letter, answer: Answer): Promise<void> => {
  await tx.exec(sql`insert into letter_attempts (letter, node, market, participant, at, outcome, answer, retention_class)
    values (${letter.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${letter.participant}, ${tx.now}, ${answer.outcome}, ${answer.text},
      (select retention_class from notices where id = ${letter.notice}))`);
};

export interface Attempt {
  letter: string;
  at: Date;
  outcome: Answer['outcome'];
  answer: string;
}

/** The newest of each letter, oldest first. */
export const attemptsOf = (read: Reader, letters: readonly string[]): Promise<Attempt[]> =>
  read.rows(sql`select letter, at, outcome, answer from (select *, row_number() over (partition by letter order by id desc) as place
      from letter_attempts where letter = any(${[...letters]})) a where place <= ${limits.attemptsShownMax} order by id`);
