/** Notices by mail and webhook: how each went out, and the addresses an organisation registers for its own systems. */
import { z } from 'zod';
import { empty, id, name, ok, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const limits = {
  webhooksPerOrganisationMax: 5,
  urlCharactersMax: 500,
} as const;

const attempt = z.object({
  at: time,
  outcome: z.enum(['delivered', 'failed', 'refused', 'dropped']),
  answer: z.string().describe('what the other server said, without addresses'),
});

export const letter = z.object({
  id: id('ltr').describe('also the webhook-id, and the beginning of the Message-ID: the same at every attempt'),
  notice: id('ntc'),
  title: z.string().describe('what the notice is about'),
  channel: z.enum(['mail', 'webhook']),
  to: z.string().nullable().describe('masked mail address, or host; null to others, and once a person is erased'),
  state: z.enum(['waiting', 'delivered', 'failed', 'refused', 'dropped']),
  createdAt: time,
  attempts: z.array(attempt).describe('the newest, oldest first'),
});

export const webhook = z.object({
  id: id('whk'),
  name: z.string(),
  url: z.string(),
  state: z.enum(['active', 'paused']),
  failures: z.number().int().describe('attempts in a row that failed; at the limit the webhook is paused'),
  createdAt: time,
});
const secret = z.string().describe('shown once; whsec_ and base64, as Standard Webhooks has it');
const params = z.object({ id: id('whk') });

export const lettersOfNotice = endpoint({
  id: 'notify.letter.ofNotice',
  method: 'GET',
  path: '/api/notices/:notice/letters',
  summary: { zh: '文书的邮件与接口送达记录', en: 'How a notice went out by mail and webhook' },
  permission: 'signedIn',
  params: z.object({ notice: id('ntc') }),
  reply: z.object({ items: z.array(letter) }),
});

export const listWebhooks = endpoint({
  id: 'notify.webhook.list',
  method: 'GET',
  path: '/api/webhooks',
  summary: { zh: '本单位接收地址', en: 'Webhooks of my organisation' },
  permission: 'notify.webhook.read',
  reply: z.object({ items: z.array(webhook) }),
});

export const createWebhook = endpoint({
  id: 'notify.webhook.create',
  method: 'POST',
  path: '/api/webhooks',
  summary: {
    zh: '登记接收地址（密钥只显示一次；启用后才发送）',
    en: 'Register a webhook; its secret is shown once, and it sends once resumed',
  },
  permission: 'notify.webhook.keep',
  status: 201,
  secretReply: true,
  body: z.object({ name, url: z.url({ protocol: /^https?$/ }).max(limits.urlCharactersMax) }).strict(),
  reply: z.object({ webhook, secret }),
});

export const resumeWebhook = endpoint({
  id: 'notify.webhook.resume',
  method: 'POST',
  path: '/api/webhooks/:id/resume',
  summary: { zh: '启用接收地址，补发暂停期间的文书', en: 'Resume a webhook; what waited is sent' },
  permission: 'notify.webhook.keep',
  params,
  body: empty,
  reply: webhook,
});

export const pauseWebhook = endpoint({
  id: 'notify.webhook.pause',
  method: 'POST',
  path: '/api/webhooks/:id/pause',
  summary: { zh: '暂停接收地址，其间文书留待补发', en: 'Pause a webhook; notices wait for it' },
  permission: 'notify.webhook.keep',
  params,
  body: empty,
  reply: webhook,
});

export const rotateWebhook = endpoint({
  id: 'notify.webhook.rotate',
  method: 'POST',
  path: '/api/webhooks/:id/secret',
  summary: { zh: '更换签名密钥，旧密钥立即失效', en: 'A new secret; the old one ends at once' },
  permission: 'notify.webhook.keep',
  status: 201,
  secretReply: true,
  params,
  body: empty,
  reply: z.object({ webhook, secret }),
});

export const listLetters = endpoint({
  id: 'notify.letter.list',
  method: 'GET',
  path: '/api/webhooks/:id/letters',
  summary: { zh: '接收地址的发送记录', en: 'Letters of a webhook' },
  permission: 'notify.webhook.read',
  params,
  query: pageQuery,
  reply: page(letter),
});

export const replayLetter = endpoint({
  id: 'notify.letter.replay',
  method: 'POST',
  path: '/api/webhooks/:id/letters/:letter/replay',
  summary: { zh: '重新发送', en: 'Send again, under the same id' },
  permission: 'notify.webhook.keep',
  params: z.object({ id: id('whk'), letter: id('ltr') }),
  body: empty,
  reply: letter,
});

export const removeWebhook = endpoint({
  id: 'notify.webhook.remove',
  method: 'DELETE',
  path: '/api/webhooks/:id',
  summary: { zh: '移除接收地址', en: 'Remove a webhook' },
  permission: 'notify.webhook.keep',
  params,
  reply: ok,
});
