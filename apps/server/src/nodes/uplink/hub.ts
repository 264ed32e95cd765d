/** Talking to the hub: nothing but its signed word counts, and no address that the operator has not opened is connected to. */
import { isIP } from 'node:net';
import { type PublicKey, publicKeyFromJwk, type Signer } from '@shugu/evidence';
import { addressCheck, guardedLookup } from '@shugu/gateway';
import { type AnyEndpoint, problem as problemShape } from '@shugu/wire';
import * as wire from '@shugu/wire/nodes';
import { peerAnswer, tellPeer } from '@shugu/wire/nodes-trade';
import { Agent } from 'undici';
import { newSecret } from '../../kernel/ids.ts';
import { type Envelope, openWords, payloadDigest, sealWords } from '../envelope.ts';
import type { Answer, PeerAnswer } from '../model.ts';
import { problems } from '../problems.ts';

export const limits = { patienceSeconds: 5, attachmentSeconds: 120, answerBytesMax: 2_000_000 } as const;

/** The hub refused, and said why by a code. Its word is not signed, so it moves nothing but the next try. */
export class HubRefused extends Error {
  readonly code: string;
  readonly detail: string;
  constructor(code: string, detail: string) {
    super(`${code}${detail ? `: ${detail}` : ''}`);
    this.code = code;
    this.detail = detail;
  }
}

export interface HubLine {
  fault(url: string): string | undefined;
  self(hub: string): Promise<Self>;
  /** Sends signed words; the answer is the hub's, about exactly them. */
  say(target: AnyEndpoint, to: { url: string; key: unknown }, signer: Signer, words: object): Promise<Answer>;
  /** The same to another node, whose answer is kept as it was signed. */
  tell(
    to: { url: string; key: PublicKey },
    signer: Signer,
    sent: Envelope,
  ): Promise<{ said: PeerAnswer; envelope: Envelope }>;
  /** Content of an attachment, to the hub that has the application. */
  attach(to: { url: string; node: string }, sha256: string, content: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
export type Self = ReturnType<typeof wire.readSelf.reply.parse>;

/** `allowed`: private addresses or networks that the operator opened for nodes. */
export const makeHubLine = (allowed: readonly string[]): HubLine => {
  const check = addressCheck(allowed);
  const patience = limits.patienceSeconds * 1000;
  const agent = new Agent({
    connect: { lookup: guardedLookup(check), timeout: patience },
    headersTimeout: patience,
    bodyTimeout: patience,
    maxResponseSize: limits.answerBytesMax,
  });

  const fault = (text: string): string | undefined => {
    const url = new URL(text);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const literal = /^localhost\.?$|\.localhost\.?$/i.test(host) ? '127.0.0.1' : isIP(host) ? host : undefined;
    if (literal !== undefined && !check(literal)) return host;
    // Without TLS only where the operator has opened the very address.
    const opened = literal !== undefined && !addressCheck([])(literal);
    return url.protocol === 'https:' || opened ? undefined : 'http';
  };

  interface Sent {
    path: string;
    method: 'GET' | 'POST' | 'PUT';
    headers?: Record<string, string>;
    body?: string | Uint8Array;
    milliseconds?: number;
  }
  const send = async (
    hub: string,
    { path, method, headers, body, milliseconds = patience }: Sent,
  ): Promise<unknown> => {
    const refused = fault(hub);
    if (refused) throw problems.hubAddress({ detail: refused });
    const answered = await agent.request({
      origin: new URL(hub).origin,
      path,
      method,
      headers: { 'user-agent': 'shugu-node/1', ...headers },
      body: body ?? null,
      headersTimeout: milliseconds,
      signal: AbortSignal.timeout(milliseconds),
    });
    const said: unknown = await answered.body.json();
    if (answered.statusCode === 200) return said;
    const told = problemShape.safeParse(said);
    throw told.success
      ? new HubRefused(told.data.code, told.data.detail)
      : new Error(`HTTP ${answered.statusCode} of the hub`);
  };

  const ask = (hub: string, target: AnyEndpoint, body?: Envelope): Promise<unknown> =>
    send(hub, {
      path: target.path,
      ...(body
        ? {
            method: 'POST' as const,
            headers: { 'content-type': 'application/json', 'idempotency-key': newSecret() },
            body: JSON.stringify(body),
          }
        : { method: 'GET' as const }),
    });

  return {
    fault,
    self: async (hub) => wire.readSelf.reply.parse(await ask(hub, wire.readSelf)),
    say: async (target, to, signer, words) => {
      const sent = await sealWords(signer, words);
      const key = publicKeyFromJwk(to.key);
      const answer = openWords(key, wire.envelope.parse(await ask(to.url, target, sent)), wire.answer);
      if (answer.to !== signer.keyId || answer.about !== payloadDigest(key.suite, sent))
        throw new Error('the hub’s answer is about something else');
      return answer;
    },
    tell: async ({ url, key }, signer, sent) => {
      const envelope = wire.envelope.parse(await ask(url, tellPeer, sent));
      const said = openWords(key, envelope, peerAnswer);
      if (said.to !== signer.keyId || said.about !== payloadDigest(key.suite, sent))
        throw new Error('the answer is about something else');
      return { said, envelope };
    },
    attach: async ({ url, node }, sha256, content) => {
      const path = wire.sendAttachment.path.replace(':node', node).replace(':hash', sha256.replace('sha256:', ''));
      const headers = { 'content-type': 'application/octet-stream' };
      await send(url, { path, method: 'PUT', headers, body: content, milliseconds: limits.attachmentSeconds * 1000 });
    },
    close: () => agent.destroy(),
  };
};
