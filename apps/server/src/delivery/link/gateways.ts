/** The registry of gateways: who may serve in the exchange's name. Of a key only its hash is kept; it is shown once. */
import { createHash, randomBytes } from 'node:crypto';
import { audit } from '../../kernel/audit.ts';
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { problems } from '../problems.ts';

export const gatewayKeyPrefix = 'sgw_';
export const gatewaysMax = 100;

export interface GatewayRow {
  id: string;
  participant: string;
  name: string;
  source: string;
  prefix: string;
  createdAt: Date;
  rotatedAt: Date | null;
  revokedAt: Date | null;
  life: string | null;
  softwareVersion: string | null;
  connectedAt: Date | null;
}

const columns = sql`id, participant, name, source, prefix, created_at as "createdAt", rotated_at as "rotatedAt", revoked_at as "revokedAt",
  life, software_version as "softwareVersion", connected_at as "connectedAt"`;

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');
const newKey = () => {
  const key = `${gatewayKeyPrefix}${randomBytes(32).toString('base64url')}`;
  return { key, prefix: key.slice(0, 12), hash: hashOf(key) };
};

export const findGateway = (read: Reader, id: string): Promise<GatewayRow | undefined> =>
  read.first<GatewayRow>(sql`select ${columns} from delivery_gateways where id = ${id}`);

export const lockGateway = (tx: Tx, id: string): Promise<GatewayRow | undefined> =>
  tx.first<GatewayRow>(sql`select ${columns} from delivery_gateways where id = ${id} for update`);

export const gatewaysInUse = (read: Reader): Promise<{ id: string }[]> =>
  read.rows(sql`select id from delivery_gateways where revoked_at is null and connected_at is not null`);

export const gatewayPage = async (read: Reader, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows = await read.rows<GatewayRow>(sql`select ${columns} from delivery_gateways
    where ${after ? sql`id < ${after[0]}` : sql`true`} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export const createGateway = async (
  tx: Tx,
  name: string,
  node: string,
): Promise<{ gateway: GatewayRow; key: string }> => {
  const { count } = await tx.one<{ count: number }>(
    sql`select count(*)::int as count from delivery_gateways where revoked_at is null`,
  );
  if (count >= gatewaysMax) throw problems.gatewaysFull();
  const id = newId('gwy', tx.now);
  const { key, prefix, hash } = newKey();
  await tx.exec(sql`insert into delivery_gateways (id, node, market, participant, name, source, prefix, hash, created_by, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${name}, ${`${node}-${id}`}, ${prefix}, ${hash},
      ${tx.actor.id}, ${tx.now})`);
  await audit(tx, { action: 'delivery.gateway.create', subject: id, data: { name } });
  return { gateway: (await findGateway(tx, id))!, key };
};

const inUse = async (tx: Tx, id: string): Promise<GatewayRow> => {
  const gateway = await lockGateway(tx, id);
  if (!gateway) throw kernelProblems.unknown();
  if (gateway.revokedAt) throw problems.gatewayRevoked();
  return gateway;
};

export const rotateGateway = async (tx: Tx, id: string): Promise<{ gateway: GatewayRow; key: string }> => {
  await inUse(tx, id);
  const { key, prefix, hash } = newKey();
  await tx.exec(
    sql`update delivery_gateways set prefix = ${prefix}, hash = ${hash}, rotated_at = ${tx.now} where id = ${id}`,
  );
  await audit(tx, { action: 'delivery.gateway.rotate', subject: id });
  return { gateway: (await findGateway(tx, id))!, key };
};

export const revokeGateway = async (tx: Tx, id: string): Promise<GatewayRow> => {
  await inUse(tx, id);
  await tx.exec(sql`update delivery_gateways set revoked_at = ${tx.now} where id = ${id}`);
  await audit(tx, { action: 'delivery.gateway.revoke', subject: id });
  return (await findGateway(tx, id))!;
};

export const noteConnected = (tx: Tx, id: string, version: string): Promise<number> =>
  tx.exec(sql`update delivery_gateways set software_version = ${version}, connected_at = ${tx.now} where id = ${id}`);

export const setLife = (tx: Tx, id: string, life: string): Promise<number> =>
  tx.exec(sql`update delivery_gateways set life = ${life} where id = ${id}`);

/** Whom a gateway's key names; it may keep its link and nothing else. */
export const authenticateGateway = async (
  read: Reader,
  key: string,
  language: 'zh' | 'en',
): Promise<Principal | undefined> => {
  const found = await read.first<GatewayRow>(
    sql`select ${columns} from delivery_gateways where hash = ${hashOf(key)} and revoked_at is null`,
  );
  return (
    found && {
      kind: 'service',
      id: found.id,
      name: found.name,
      participant: found.participant,
      roles: new Set(['gateway']),
      permissions: new Set(['delivery.gateway.link']),
      permittedOnly: true,
      language,
    }
  );
};
