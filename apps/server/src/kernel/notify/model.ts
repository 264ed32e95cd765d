/** What leaves the house about a notice, and what came of it. */

export type ChannelName = 'mail' | 'webhook';

/**
 * All that a mail or webhook says: no text of the notice, as that may quote what a person wrote. Whoever may read it signs in
 * and follows the link. `id` is the same at every attempt, so that a receiver can tell a repetition.
 */
export interface Message {
  id: string;
  notice: string;
  case: string | null;
  title: string;
  dueAt: Date | null;
  createdAt: Date;
  servedAt: Date | null;
  /** Of the notice's content. */
  digest: string;
  /** Page of the portal. */
  link: string;
}

export type Outcome = 'delivered' | 'failed' | 'refused' | 'dropped';

/** `failed` may pass; `refused` will not go away by trying again; `dropped`: nobody wants it any more. */
export interface Answer {
  outcome: Outcome;
  /** What the other server said, in one line. */
  text: string;
}

/** Brings one message to one address. Never throws for what the other side does. */
export type Channel<To> = (message: Message, to: To, context: { now: Date; signal: AbortSignal }) => Promise<Answer>;

export type LetterState = 'waiting' | Outcome;
export type WebhookState = 'active' | 'paused' | 'removed';

export const limits = {
  peoplePerNoticeMax: 50,
  attemptsShownMax: 20,
  /** Letters that one resuming of a webhook sends off. */
  resumedMax: 1000,
  /** With the jobs' back-off that is about five hours. */
  attemptsMax: 16,
  /** Attempts in a row that failed, after which a webhook pauses itself. */
  failuresMax: 50,
  /** Whole of one webhook's exchange, and each silence in a talk with the mail server. */
  patienceSeconds: 5,
  answerBytesMax: 16_384,
  answerCharactersMax: 300,
} as const;

const addressLike = /<?[^\s<>"'(),:;]+@[^\s<>"'(),:;]+>?/g;

/** One line without mail addresses: servers like to quote them, and rows of attempts are not sealed. */
export const clean = (text: string): string =>
  text
    .replace(addressLike, '<…>')
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, limits.answerCharactersMax);

export const maskedMail = (address: string): string => {
  const [local = '', domain = ''] = address.split(/@(?=[^@]*$)/);
  return `${[...local][0] ?? ''}***@${domain}`;
};
