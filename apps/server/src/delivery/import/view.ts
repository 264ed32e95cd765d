/** From our words to the wire's. */
import type { Connection, TableImport } from './model.ts';

export const connectionViewOf = ({ address, ...one }: Connection) => ({
  id: one.id,
  name: one.name,
  place: `${address.user}@${address.host}:${address.port}/${address.database}`,
  checkedAt: one.checkedAt?.toISOString() ?? null,
  checkFault: one.checkFault,
  createdAt: one.createdAt.toISOString(),
});

export const importViewOf = (one: TableImport, connection: Connection, resourceName: string) => ({
  id: one.id,
  connection: { id: connection.id, name: connection.name },
  resource: { id: one.resource, name: resourceName },
  schema: one.schema,
  table: one.table,
  columns: one.columns,
  state: one.state,
  rows: one.rows,
  bytes: one.bytes,
  rowsAbout: one.rowsAbout,
  checksum: one.checksum,
  content: one.content,
  fault: one.fault,
  createdAt: one.createdAt.toISOString(),
  startedAt: one.startedAt?.toISOString() ?? null,
  finishedAt: one.finishedAt?.toISOString() ?? null,
});
