/** Webhooks of one's own organisation, and how notices went out. */
import { randomBytes } from 'node:crypto';
import * as wire from '@shugu/wire/notify';
import { audit } from '../audit.ts';
import type { Notice } from '../case/index.ts';
import type { Reader, Tx } from '../db/db.ts';
import type { Principal } from '../http/principal.ts';
import { on, type Route } from '../http/route.ts';
import { newId } from '../ids.ts';
import { decodeCursor, pageOf, pageSize } from '../pages.ts';
import { kernelProblems } from '../problem.ts';
import type { Seal } from '../seal.ts';
import { enqueueLetter } from './notify.ts';
import { problems } from './problems.ts';
import { webhookSecret } from './signature.ts';
import * as store from './store.ts';
import type { WebhookChannel } from './webhook.ts';

export interface NotifyRoutesOptions {
  seal: Seal;
  fault: WebhookChannel['fault'];
  /** Unknown to whoever may not see the notice. */
  notice(read: Reader, principal: Principal, id: string): Promise<Notice>;
}

const webhookOut = (one: store.Webhook) => ({
  id: one.id,
  name: one.name,
  url: one.url,
  state: one.state as 'active' | 'paused',
  failures: one.failures,
  createdAt: one.createdAt.toISOString(),
});

/** An organisation's own webhook; anybody else's, and a removed one, look like none. */
const ownWebhook = async (read: Reader, principal: Principal, id: string, lock = false): Promise<store.Webhook> => {
  const found = await store.webhookById(read, id, lock);
  if (!found || found.participant !== principal.participant || found.state === 'removed')
    throw kernelProblems.unknown();
  return found;
};

export const notifyRoutes = ({ seal, fault, notice }: NotifyRoutesOptions): Route[] => {
  const shownTo = async (read: Reader, principal: Principal, one: store.Letter): Promise<string | null> => {
    if (one.participant !== principal.participant) return null;
    return one.channel === 'mail' ? seal.open(read, one.recipient, one.shown) : one.shown;
  };

  const lettersOut = async (read: Reader, principal: Principal, found: store.Letter[]) => {
    const attempts = await store.attemptsOf(
      read,
      found.map((one) => one.id),
    );
    return Promise.all(
      found.map(async (one) => ({
        id: one.id,
        notice: one.notice,
        title: one.title,
        channel: one.channel,
        to: await shownTo(read, principal, one),
        state: one.state,
        createdAt: one.createdAt.toISOString(),
        attempts: attempts
          .filter((attempt) => attempt.letter === one.id)
          .map(({ at, outcome, answer }) => ({ at: at.toISOString(), outcome, answer })),
      })),
    );
  };

  const freshSecret = async (tx: Tx, id: string) => {
    const secret = webhookSecret(randomBytes(32));
    return { secret, sealed: await seal.seal(tx, id, secret) };
  };

  const create = async (tx: Tx, principal: Principal, body: { name: string; url: string }) => {
    const refused = fault(body.url);
    if (refused) throw problems.addressRefused({ field: 'body.url', detail: refused });
    await store.lockWebhooks(tx, principal.participant);
    if ((await store.webhooksOf(tx, principal.participant)).length >= wire.limits.webhooksPerOrganisationMax)
      throw problems.tooMany({ detail: `${wire.limits.webhooksPerOrganisationMax}` });
    const id = newId('whk', tx.now);
    const { secret, sealed } = await freshSecret(tx, id);
    // Paused until its owner has put the secret in place, else the first calls would fail their check.
    const { participant } = principal;
    await store.insertWebhook(tx, { id, participant, ...body, secret: sealed, state: 'paused' });
    await audit(tx, { action: 'notify.webhook.create', subject: id, data: { host: new URL(body.url).host } });
    return { webhook: webhookOut((await store.webhookById(tx, id))!), secret };
  };

  const setState = async (tx: Tx, principal: Principal, id: string, state: 'active' | 'paused') => {
    await ownWebhook(tx, principal, id, true);
    await store.setWebhookState(tx, id, state);
    if (state === 'active') for (const one of await store.waitingFor(tx, id)) await enqueueLetter(tx, one, true);
    await audit(tx, { action: `notify.webhook.${state === 'active' ? 'resume' : 'pause'}`, subject: id });
    return webhookOut((await store.webhookById(tx, id))!);
  };

  const rotate = async (tx: Tx, principal: Principal, id: string) => {
    const found = await ownWebhook(tx, principal, id, true);
    const { secret, sealed } = await freshSecret(tx, id);
    await store.setSecret(tx, id, sealed);
    await audit(tx, { action: 'notify.webhook.rotate', subject: id });
    return { webhook: webhookOut(found), secret };
  };

  const remove = async (tx: Tx, principal: Principal, id: string) => {
    await ownWebhook(tx, principal, id, true);
    await store.setWebhookState(tx, id, 'removed');
    // Emptied, as its key may lie under a legal hold: a secret of calls is no record of anything.
    await store.setSecret(tx, id, '');
    await audit(tx, { action: 'notify.webhook.remove', subject: id });
    return { ok: true as const };
  };

  const replay = async (tx: Tx, principal: Principal, params: { id: string; letter: string }) => {
    const { state } = await ownWebhook(tx, principal, params.id);
    const found = await store.letterById(tx, params.letter, true);
    if (!found || found.recipient !== params.id) throw kernelProblems.unknown();
    if (state === 'paused') throw problems.paused();
    if (found.state === 'waiting') throw problems.stillTrying();
    await store.setLetterState(tx, found.id, 'waiting', true);
    await enqueueLetter(tx, found, true);
    await audit(tx, { action: 'notify.letter.replay', subject: found.id });
    return (await lettersOut(tx, principal, [{ ...found, state: 'waiting' }]))[0]!;
  };

  return [
    on(wire.lettersOfNotice, async ({ read, principal, params }) => {
      const { id } = await notice(read, principal, params.notice);
      return { items: await lettersOut(read, principal, await store.lettersOfNotice(read, id)) };
    }),
    on(wire.listWebhooks, async ({ read, principal }) => ({
      items: (await store.webhooksOf(read, principal.participant)).map(webhookOut),
    })),
    on(wire.createWebhook, ({ tx, principal, body }) => create(tx, principal, body)),
    on(wire.resumeWebhook, ({ tx, principal, params }) => setState(tx, principal, params.id, 'active')),
    on(wire.pauseWebhook, ({ tx, principal, params }) => setState(tx, principal, params.id, 'paused')),
    on(wire.rotateWebhook, ({ tx, principal, params }) => rotate(tx, principal, params.id)),
    on(wire.listLetters, async ({ read, principal, params, query }) => {
      const { id } = await ownWebhook(read, principal, params.id);
      const after = decodeCursor(query.after, 1)?.[0] as string | undefined;
      const found = pageOf(
        await store.lettersTo(read, id, after, pageSize(query) + 1),
        query,
        (row) => [row.id],
        (row) => row,
      );
      return { items: await lettersOut(read, principal, found.items), next: found.next };
    }),
    on(wire.replayLetter, ({ tx, principal, params }) => replay(tx, principal, params)),
    on(wire.removeWebhook, ({ tx, principal, params }) => remove(tx, principal, params.id)),
  ];
};
