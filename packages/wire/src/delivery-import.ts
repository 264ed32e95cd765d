/** Import: a supplier's own database, what may be read there, and each reading of a table into a resource. */
import { z } from 'zod';
import { fault, id, limits, name, ok, page, pageQuery, time } from './common.ts';
import { byTime, databaseAddress } from './delivery-push.ts';
import { endpoint } from './endpoint.ts';
import { resourceId } from './registry.ts';

export const importLimits = {
  connectionsMax: 50,
  /** Listed of one database; a search narrows them. */
  tablesMax: 200,
  columnsMax: limits.listItemsMax,
  /** Of a table as text, on its way here. */
  bytesMax: 4 * 2 ** 30,
  rowsMax: 20_000_000,
  /** Of the database's work on one statement, and of a whole reading. */
  statementSecondsMax: 1800,
  secondsMax: 3600,
  /** Between two readings by rhythm. */
  hoursMax: 168,
} as const;

export const connectionId = id('dbc');
export const importId = id('dbi');
export const importScheduleId = id('dis');
export const importStates = ['waiting', 'running', 'done', 'unchanged', 'failed', 'stopped'] as const;

/** PostgreSQL cuts longer names. */
const sqlName = z.string().min(1).max(63);

export const connectionView = z.object({
  id: connectionId,
  name,
  /** A line for people; never anything secret. */
  place: z.string(),
  checkedAt: time.nullable(),
  checkFault: fault.nullable(),
  createdAt: time,
});

export const foreignTable = z.object({
  schema: z.string(),
  name: z.string(),
  kind: z.enum(['table', 'view']),
  rowsAbout: z.number().int().nullable().describe('as the database estimates; null where it does not'),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string().describe('in the words of the database'),
      carried: z.boolean().describe('false: values of this type cannot be imported'),
    }),
  ),
});

export const importView = z.object({
  id: importId,
  connection: z.object({ id: connectionId, name }),
  resource: z.object({ id: resourceId, name: z.string() }),
  schema: z.string(),
  table: z.string(),
  columns: z.array(z.string()),
  state: z.enum(importStates),
  rows: z.number().int().describe('read so far, in the end exactly'),
  bytes: z.number().int(),
  rowsAbout: z.number().int().nullable(),
  checksum: z.string().nullable().describe('of all rows, whatever their order'),
  content: z.string().nullable().describe('what became of it in the resource'),
  fault: fault.nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
});

const connectionParams = z.object({ id: connectionId });
const importParams = z.object({ id: importId });
const nothing = z.object({}).strict();

export const listConnections = endpoint({
  id: 'delivery.connection.list',
  method: 'GET',
  path: '/api/connections',
  summary: { zh: '本单位的数据库连接', en: 'The databases that the exchange may read for the organisation' },
  permission: 'delivery.import.read',
  reply: z.object({ items: z.array(connectionView) }),
});
export const createConnection = endpoint({
  id: 'delivery.connection.create',
  method: 'POST',
  path: '/api/connections',
  summary: { zh: '新增数据库连接', en: 'Name a database to read from; its password is sealed and never shown' },
  permission: 'delivery.import.write',
  body: databaseAddress.extend({ name }).strict(),
  reply: connectionView,
  status: 201,
});
export const checkConnection = endpoint({
  id: 'delivery.connection.check',
  method: 'POST',
  path: '/api/connections/:id/check',
  summary: { zh: '检查数据库连接', en: 'Try whether the database can be reached and logged in to' },
  permission: 'delivery.import.write',
  params: connectionParams,
  body: nothing,
  reply: connectionView,
});
export const removeConnection = endpoint({
  id: 'delivery.connection.remove',
  method: 'POST',
  path: '/api/connections/:id/remove',
  summary: { zh: '移除数据库连接', en: 'Give a database up, with its password; an import under way is stopped' },
  permission: 'delivery.import.write',
  params: connectionParams,
  body: nothing,
  reply: connectionView,
});
export const listForeignTables = endpoint({
  id: 'delivery.connection.tables',
  method: 'GET',
  path: '/api/connections/:id/tables',
  summary: { zh: '数据库中可读的表与视图', en: 'Tables and views that can be read there, with their columns' },
  permission: 'delivery.import.write',
  params: connectionParams,
  query: z.object({ search: z.string().max(63).optional().describe('part of the name of a schema or table') }),
  reply: z.object({
    items: z.array(foreignTable).max(importLimits.tablesMax),
    more: z.boolean().describe('there are others: search for them'),
  }),
});

export const listImports = endpoint({
  id: 'delivery.import.list',
  method: 'GET',
  path: '/api/imports',
  summary: { zh: '数据库导入记录', en: 'Imports, newest first' },
  permission: 'delivery.import.read',
  query: pageQuery.extend({ resource: resourceId.optional(), state: z.enum(importStates).optional() }),
  reply: page(importView),
});
export const startImport = endpoint({
  id: 'delivery.import.start',
  method: 'POST',
  path: '/api/imports',
  summary: { zh: '从数据库导入数据', en: 'Read a table or view into a resource of the organisation, as its next data' },
  permission: 'delivery.import.write',
  body: z
    .object({
      connection: connectionId,
      resource: resourceId,
      schema: sqlName,
      table: sqlName,
      columns: z.array(sqlName).min(1).max(importLimits.columnsMax),
    })
    .strict(),
  reply: importView,
  status: 201,
});
export const getImport = endpoint({
  id: 'delivery.import.get',
  method: 'GET',
  path: '/api/imports/:id',
  summary: { zh: '一次导入', en: 'One import: how far it is, its count and checksum' },
  permission: 'delivery.import.read',
  params: importParams,
  reply: importView,
});
export const repeatImport = endpoint({
  id: 'delivery.import.repeat',
  method: 'POST',
  path: '/api/imports/:id/repeat',
  summary: { zh: '再导入一次', en: 'Read the same columns again; where nothing has changed, the data stays as it is' },
  permission: 'delivery.import.write',
  params: importParams,
  body: nothing,
  reply: importView,
  status: 201,
});
export const stopImport = endpoint({
  id: 'delivery.import.stop',
  method: 'POST',
  path: '/api/imports/:id/stop',
  summary: { zh: '停止导入', en: 'Stop an import; nothing of it is kept' },
  permission: 'delivery.import.write',
  params: importParams,
  body: nothing,
  reply: importView,
});

/** Every so many hours, or at a time of day in the zone of the exchange. */
export const importRhythm = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('interval'), hours: z.number().int().min(1).max(importLimits.hoursMax) }).strict(),
  ...byTime,
]);
export const importScheduleView = importView
  .pick({ connection: true, resource: true, schema: true, table: true, columns: true, createdAt: true })
  .extend({
    id: importScheduleId,
    rhythm: importRhythm,
    timeZone: z.string(),
    nextAt: time.nullable().describe('null while it is paused'),
  });
const scheduleParams = z.object({ id: importScheduleId });

export const listImportSchedules = endpoint({
  id: 'delivery.importSchedule.list',
  method: 'GET',
  path: '/api/import-schedules',
  summary: { zh: '定时导入', en: 'Imports by rhythm, with the next instant of each' },
  permission: 'delivery.import.read',
  reply: z.object({ items: z.array(importScheduleView) }),
});
export const scheduleImport = endpoint({
  id: 'delivery.importSchedule.create',
  method: 'POST',
  path: '/api/imports/:id/schedule',
  summary: {
    zh: '按频次重复此导入',
    en: 'Read what an import has read again and again; a schedule of the same resource gives way',
  },
  permission: 'delivery.import.write',
  params: importParams,
  body: z.object({ rhythm: importRhythm }).strict(),
  reply: importScheduleView,
  status: 201,
});
export const pauseImportSchedule = endpoint({
  id: 'delivery.importSchedule.pause',
  method: 'POST',
  path: '/api/import-schedules/:id/pause',
  summary: { zh: '暂停定时导入', en: 'Pause an import by rhythm; a reading under way goes on' },
  permission: 'delivery.import.write',
  params: scheduleParams,
  body: nothing,
  reply: importScheduleView,
});
export const resumeImportSchedule = endpoint({
  id: 'delivery.importSchedule.resume',
  method: 'POST',
  path: '/api/import-schedules/:id/resume',
  summary: { zh: '恢复定时导入', en: 'Resume an import by rhythm, with the next instant from now on' },
  permission: 'delivery.import.write',
  params: scheduleParams,
  body: nothing,
  reply: importScheduleView,
});
export const removeImportSchedule = endpoint({
  id: 'delivery.importSchedule.remove',
  method: 'POST',
  path: '/api/import-schedules/:id/remove',
  summary: { zh: '取消定时导入', en: 'Give up an import by rhythm; what was imported stays' },
  permission: 'delivery.import.write',
  params: scheduleParams,
  body: nothing,
  reply: ok,
});
