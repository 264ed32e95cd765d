/** The door of notify. */
export { mailChannel } from './mail.ts';
export { makeNotify, type Notify, type Recipient } from './notify.ts';
export { notifyPermissions } from './permissions.ts';
export { notifyRoutes } from './routes.ts';
export { ownWebhook } from './store.ts';
export { webhookChannel } from './webhook.ts';
