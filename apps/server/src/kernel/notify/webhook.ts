/** Webhooks: one signed POST. The same guard as the proxy's stands before the connection: no way into the operator's network. */
import { GatewayProblem, guardedOutgoing } from '@shugu/gateway';
import { type Answer, type Channel, clean, limits, type Message } from './model.ts';
import { signedHeaders } from './signature.ts';

export interface WebhookAddress {
  url: string;
  secret: string;
}

/** Text for one address; `id` is the same at every attempt. */
export interface Posting {
  id: string;
  contentType: string;
  body: string;
}

export interface WebhookChannel {
  send: Channel<WebhookAddress>;
  post(posting: Posting, to: WebhookAddress, context: { now: Date; signal: AbortSignal }): Promise<Answer>;
  /** Why an address can't be registered; undefined when it can. Names are checked when connecting. */
  fault(url: string): string | undefined;
  close(): Promise<void>;
}

const bodyOf = (message: Message): string =>
  JSON.stringify({
    type: 'notice.served',
    timestamp: message.createdAt.toISOString(),
    data: {
      notice: message.notice,
      case: message.case,
      title: message.title,
      dueAt: message.dueAt?.toISOString() ?? null,
      servedAt: message.servedAt?.toISOString() ?? null,
      digest: message.digest,
      link: message.link,
    },
  });

/** `allowed`: addresses or networks inside that the operator opened for webhooks. */
export const webhookChannel = (allowed: readonly string[]): WebhookChannel => {
  const patience = limits.patienceSeconds * 1000;
  const { agent, fault } = guardedOutgoing(allowed, limits.patienceSeconds);

  const request = async (posting: Posting, to: WebhookAddress, now: Date, signal: AbortSignal): Promise<Answer> => {
    const url = new URL(to.url);
    const { id, contentType, body } = posting;
    const answer = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers: {
        'content-type': contentType,
        'user-agent': 'shugu-webhook/1',
        ...signedHeaders(id, now, body, to.secret),
      },
      body,
      signal,
    });
    // What it says is nobody's business here; it is read only so far that the connection can be used again.
    await answer.body.dump({ limit: limits.answerBytesMax, signal }).catch(() => undefined);
    const { statusCode } = answer;
    if (statusCode >= 200 && statusCode < 300) return { outcome: 'delivered', text: `HTTP ${statusCode}` };
    const redirected = statusCode >= 300 && statusCode < 400;
    return { outcome: 'failed', text: `HTTP ${statusCode}${redirected ? ', a redirect is not followed' : ''}` };
  };

  const post: WebhookChannel['post'] = async (posting, to, { now, signal }) => {
    // A literal address never reaches the look-up; and what was opened at registration may have been closed since.
    const refused = fault(to.url);
    if (refused) return { outcome: 'refused', text: `address not permitted: ${refused}` };
    const patient = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    try {
      return await request(posting, to, now, patient);
    } catch (error) {
      if (error instanceof GatewayProblem) return { outcome: 'refused', text: 'address not permitted' };
      const { code, name, message } = error as Error & { code?: string };
      return { outcome: 'failed', text: name === 'TimeoutError' ? 'no answer in time' : clean(code ?? message) };
    }
  };

  return {
    fault,
    post,
    send: (message, to, context) =>
      post({ id: message.id, contentType: 'application/json; charset=utf-8', body: bodyOf(message) }, to, context),
    close: () => agent.destroy(),
  };
};
