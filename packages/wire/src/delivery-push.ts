/** Push: destinations of a buyer, what is brought there and by which rhythm, and each run with its proof. */
import { z } from 'zod';
import { fault, id, name, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';
import { grantId } from './metering.ts';

export const pushLimits = {
  destinationsMax: 50,
  pushesPerGrantMax: 20,
  /** Days of a month on which every month has a run. */
  monthDayMax: 28,
} as const;

export const destinationId = id('dst');
export const pushId = id('psh');
export const pushRunId = id('prn');
export const destinationKinds = ['folder', 's3', 'postgres'] as const;
/** What a run does with rows that an earlier one has brought into a database. */
export const pushModes = ['replace', 'append'] as const;
export const pushRunStates = ['waiting', 'running', 'done', 'failed', 'stopped'] as const;

const secret = z.string().min(1).max(4096);
/** A bare word of one level of a path, so that nothing climbs. */
const level = /^[\p{L}\p{N}_-][\p{L}\p{N}_.-]{0,99}$/u;
const folderPath = z
  .string()
  .max(500)
  .refine((path) => path.split('/').every((part) => level.test(part)), 'levels of letters, digits, _, - and .');

const folderDraft = z.object({ kind: z.literal('folder'), name, path: folderPath }).strict();
/** Where a PostgreSQL database is and who logs in; what is brought there and what is read from it are told apart by others. */
export const databaseAddress = z.object({
  host: z.string().min(1).max(255),
  port: z.number().int().min(1).max(65_535).default(5432),
  database: z.string().min(1).max(63),
  user: z.string().min(1).max(63),
  password: secret,
  tls: z.enum(['verify', 'require', 'off']).default('verify').describe('verify also checks the certificate'),
});
const postgresDraft = databaseAddress
  .extend({ kind: z.literal('postgres'), name, schema: z.string().min(1).max(63).default('public') })
  .strict();
const s3Draft = z
  .object({
    kind: z.literal('s3'),
    name,
    endpoint: z
      .string()
      .max(255)
      .regex(/^https?:\/\/[^/?#@\s]+$/)
      .refine((text) => URL.canParse(text), 'https://host or https://host:port'),
    region: z
      .string()
      .regex(/^[a-zA-Z0-9-]{1,63}$/)
      .default('us-east-1'),
    bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
    prefix: z
      .union([z.literal(''), folderPath])
      .default('')
      .describe('levels before every key'),
    accessKeyId: z.string().regex(/^[\x21-\x7e]{1,128}$/),
    secretAccessKey: secret,
    addressing: z
      .enum(['path', 'host'])
      .default('path')
      .describe('where the bucket stands: first level of the path, or first label of the host'),
  })
  .strict();
export const destinationDraft = z.discriminatedUnion('kind', [postgresDraft, folderDraft, s3Draft]);

/** At a time of day of the contract's time zone, or with every new revision of the data. */
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);
export const byTime = [
  z.object({ kind: z.literal('daily'), time: timeOfDay }).strict(),
  z
    .object({
      kind: z.literal('weekly'),
      weekday: z.number().int().min(1).max(7).describe('Monday is 1'),
      time: timeOfDay,
    })
    .strict(),
  z
    .object({ kind: z.literal('monthly'), day: z.number().int().min(1).max(pushLimits.monthDayMax), time: timeOfDay })
    .strict(),
] as const;
export const rhythm = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('once') }).strict(),
  ...byTime,
  z.object({ kind: z.literal('revision') }).strict(),
]);

export const destinationView = z.object({
  id: destinationId,
  name,
  kind: z.enum(destinationKinds),
  /** A line for people; never anything secret. */
  place: z.string(),
  checkedAt: time.nullable(),
  checkFault: fault.nullable(),
  createdAt: time,
});

export const pushView = z.object({
  id: pushId,
  grant: grantId,
  product: z.string(),
  destination: destinationView,
  rhythm,
  mode: z.enum(pushModes),
  timeZone: z.string(),
  purpose: z.string().nullable(),
  nextAt: time.nullable(),
  createdAt: time,
  endedAt: time.nullable(),
  lastRun: z.lazy(() => pushRunView).nullable(),
});

const sentTable = z.object({
  table: z.string(),
  rows: z.number().int(),
  checksum: z.string(),
  rowsBack: z.number().int().nullable().describe('as read back from the far end; null until then'),
  checksumBack: z.string().nullable(),
  /** How anybody can make the checksum again at the far end. */
  how: z.string(),
  gone: z
    .number()
    .int()
    .optional()
    .describe('where rows are added: how many the data has lost meanwhile; at the far end they stay'),
});
export const pushRunView = z.object({
  id: pushRunId,
  push: pushId,
  cause: z.enum(['asked', 'rhythm', 'revision']),
  state: z.enum(pushRunStates),
  version: z.number().int().nullable(),
  rows: z.number().int(),
  bytes: z.number().int(),
  rowsTotal: z.number().int().nullable(),
  bytesTotal: z.number().int().nullable(),
  sent: z.array(sentTable),
  fault: fault.nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
});

const destinationParams = z.object({ id: destinationId });
const pushParams = z.object({ id: pushId });
const runParams = z.object({ id: pushRunId });
const nothing = z.object({}).strict();

export const listDestinations = endpoint({
  id: 'delivery.destination.list',
  method: 'GET',
  path: '/api/destinations',
  summary: { zh: '推送目的地', en: 'The destinations of the organisation' },
  permission: 'delivery.push.read',
  reply: z.object({
    items: z.array(destinationView),
    folders: z.boolean().describe('folders are allowed on this node'),
  }),
});
export const createDestination = endpoint({
  id: 'delivery.destination.create',
  method: 'POST',
  path: '/api/destinations',
  summary: { zh: '新增推送目的地', en: 'Name a destination; what is secret is sealed and never shown' },
  permission: 'delivery.push.write',
  body: destinationDraft,
  reply: destinationView,
  status: 201,
});
export const checkDestination = endpoint({
  id: 'delivery.destination.check',
  method: 'POST',
  path: '/api/destinations/:id/check',
  summary: { zh: '检查推送目的地', en: 'Try whether the destination can be reached and written to' },
  permission: 'delivery.push.write',
  params: destinationParams,
  body: nothing,
  reply: destinationView,
});
export const removeDestination = endpoint({
  id: 'delivery.destination.remove',
  method: 'POST',
  path: '/api/destinations/:id/remove',
  summary: { zh: '移除推送目的地', en: 'Give a destination up, with its secret and the pushes to it' },
  permission: 'delivery.push.write',
  params: destinationParams,
  body: nothing,
  reply: destinationView,
});

export const listPushes = endpoint({
  id: 'delivery.push.list',
  method: 'GET',
  path: '/api/pushes',
  summary: { zh: '推送交付', en: 'What is brought where, with the last run of each' },
  permission: 'delivery.push.read',
  query: pageQuery.extend({
    grant: grantId.optional(),
    state: z.enum(pushRunStates).optional().describe('of the last run'),
  }),
  reply: page(pushView),
});
export const createPush = endpoint({
  id: 'delivery.push.create',
  method: 'POST',
  path: '/api/pushes',
  summary: { zh: '新建推送交付', en: 'Have the tables of a grant brought to a destination; once is now' },
  permission: 'delivery.push.write',
  body: z
    .object({
      grant: grantId,
      destination: destinationId,
      rhythm,
      mode: z
        .enum(pushModes)
        .default('replace')
        .describe('append, into a database only: what versions since the last brought is added to the table'),
      purpose: z
        .string()
        .regex(/^[\w.:-]{1,100}$/)
        .optional()
        .describe('needed where the contract permits several'),
    })
    .strict(),
  reply: pushView,
  status: 201,
});
export const getPush = endpoint({
  id: 'delivery.push.get',
  method: 'GET',
  path: '/api/pushes/:id',
  summary: { zh: '一项推送交付', en: 'One push' },
  permission: 'delivery.push.read',
  params: pushParams,
  reply: pushView,
});
export const runPush = endpoint({
  id: 'delivery.push.run',
  method: 'POST',
  path: '/api/pushes/:id/run',
  summary: { zh: '立即推送一次', en: 'Bring it now' },
  permission: 'delivery.push.write',
  params: pushParams,
  body: nothing,
  reply: pushRunView,
  status: 201,
});
export const endPush = endpoint({
  id: 'delivery.push.end',
  method: 'POST',
  path: '/api/pushes/:id/end',
  summary: { zh: '终止推送交付', en: 'End a push; a run under way is stopped' },
  permission: 'delivery.push.write',
  params: pushParams,
  body: nothing,
  reply: pushView,
});

export const listPushRuns = endpoint({
  id: 'delivery.pushRun.list',
  method: 'GET',
  path: '/api/push-runs',
  summary: { zh: '推送记录', en: 'Runs, newest first' },
  permission: 'delivery.push.read',
  query: pageQuery.extend({ push: pushId.optional(), state: z.enum(pushRunStates).optional() }),
  reply: page(pushRunView),
});
export const getPushRun = endpoint({
  id: 'delivery.pushRun.get',
  method: 'GET',
  path: '/api/push-runs/:id',
  summary: { zh: '一次推送', en: 'One run: how far it is, and its checksums on both ends' },
  permission: 'delivery.push.read',
  params: runParams,
  reply: pushRunView,
});
export const stopPushRun = endpoint({
  id: 'delivery.pushRun.stop',
  method: 'POST',
  path: '/api/push-runs/:id/stop',
  summary: { zh: '停止推送', en: 'Stop a run at once; it can go on later' },
  permission: 'delivery.push.write',
  params: runParams,
  body: nothing,
  reply: pushRunView,
});
export const restartPushRun = endpoint({
  id: 'delivery.pushRun.restart',
  method: 'POST',
  path: '/api/push-runs/:id/restart',
  summary: { zh: '继续推送', en: 'Go on where a stopped or failed run came to' },
  permission: 'delivery.push.write',
  params: runParams,
  body: nothing,
  reply: pushRunView,
});
