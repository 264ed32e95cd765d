/** Metering and delivery as a program that can be killed: data cut for grants of it, and pushes by the buyer’s wish. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { PoolConfig } from 'pg';
import type { DeliverableVersion } from '../../src/delivery/model.ts';
import { openShare } from '../../src/delivery/share/testing.ts';
import { openRig, planOf } from '../../src/delivery/testing.ts';

export interface Asked {
  home: string;
  connection: PoolConfig;
  /** Below which pushes may write. */
  folder: string;
  /** A select of DuckDB: what the first start publishes. */
  data: string;
  grants: number;
  turnMs: number;
}

export interface Told {
  url: string;
  /** Of the first start. */
  grants: string[];
}

const { home, connection, folder, data, grants, turnMs } = JSON.parse(process.env.SHUGU_TEST_PUSHES!) as Asked;
const kept = join(home, 'version.json');
const place = { home, connection };
const push = { folder, addresses: ['127.0.0.0/8'], pace: { turnMs, rowsPerPiece: 12_000 } };

const first = async () => {
  const { rig, grant } = await openShare({ data, push, place });
  const made = [grant];
  while (made.length < grants) made.push(await rig.grant(planOf(), [{ kind: 'share' }]));
  writeFileSync(kept, JSON.stringify(rig.version));
  return { rig, made };
};
const again = async () => {
  const version = JSON.parse(readFileSync(kept, 'utf8')) as DeliverableVersion;
  const make = async () => ({ ...version, createdAt: new Date(version.createdAt) });
  return { rig: await openRig({ make, push, place }), made: [] };
};

const { rig, made } = await (existsSync(kept) ? again() : first());
console.log(JSON.stringify({ url: rig.origin, grants: made } satisfies Told));
for (;;) {
  await rig.settle();
  await pause(20);
}
