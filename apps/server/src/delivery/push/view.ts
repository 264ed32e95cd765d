/** From our words to the wire's. */
import type { Grant } from '../model.ts';
import type { Destination, FolderSettings, PostgresSettings, Push, Run, S3Settings } from './model.ts';

const placeOf = ({ kind, settings }: Destination): string => {
  if (kind === 'folder') return (settings as FolderSettings).path;
  if (kind === 's3') {
    const { endpoint, bucket, prefix } = settings as S3Settings;
    return `${new URL(endpoint).host} · ${prefix === '' ? bucket : `${bucket}/${prefix}`}`;
  }
  const { host, port, database, schema, user } = settings as PostgresSettings;
  return `${user}@${host}:${port}/${database} · ${schema}`;
};

export const destinationViewOf = (one: Destination) => ({
  id: one.id,
  name: one.name,
  kind: one.kind,
  place: placeOf(one),
  checkedAt: one.checkedAt?.toISOString() ?? null,
  checkFault: one.checkFault,
  createdAt: one.createdAt.toISOString(),
});

export const runViewOf = (one: Run) => ({
  id: one.id,
  push: one.push,
  cause: one.cause,
  state: one.state,
  version: one.version,
  rows: one.rows,
  bytes: one.bytes,
  rowsTotal: one.rowsTotal,
  bytesTotal: one.bytesTotal,
  sent: one.sent,
  fault: one.fault,
  createdAt: one.createdAt.toISOString(),
  startedAt: one.startedAt?.toISOString() ?? null,
  finishedAt: one.finishedAt?.toISOString() ?? null,
});

export const pushViewOf = (one: Push, grant: Grant, destination: Destination, lastRun: Run | undefined) => ({
  id: one.id,
  grant: one.grant,
  product: grant.productName,
  destination: destinationViewOf(destination),
  rhythm: one.rhythm,
  mode: one.mode,
  timeZone: grant.plan.timeZone,
  purpose: one.purpose,
  nextAt: one.nextAt?.toISOString() ?? null,
  createdAt: one.createdAt.toISOString(),
  endedAt: one.endedAt?.toISOString() ?? null,
  lastRun: lastRun ? runViewOf(lastRun) : null,
});
