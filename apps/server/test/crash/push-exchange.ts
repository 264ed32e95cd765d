/**
 * Metering and delivery as a program that can be killed: data cut for grants of it, and pushes by the buyer’s wish. The first start publishes what
 * is asked for on standard input, one select a line.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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
  rowsPerPiece?: number;
  /** By so much the clock is ahead of that of the first start: it was moved there, and a rig keeps no time. */
  hoursLater?: number;
  /** Rows are added and noted in two steps. */
  sabotage?: 'noteAfter';
}

export interface Told {
  url: string;
  /** Of the first start. */
  grants: string[];
}

const {
  home,
  connection,
  folder,
  data,
  grants,
  turnMs,
  rowsPerPiece = 12_000,
  hoursLater = 0,
  sabotage,
} = JSON.parse(process.env.SHUGU_TEST_PUSHES!) as Asked;
const kept = join(home, 'version.json');
const place = { home, connection };
const push = {
  folder,
  addresses: ['127.0.0.0/8'],
  pace: { turnMs, rowsPerPiece, ...(sabotage ? { testOnlySabotage: sabotage } : {}) },
};

const first = async () => {
  const { rig, grant, publish } = await openShare({ data, push, place });
  const made = [grant];
  while (made.length < grants) made.push(await rig.grant(planOf(), [{ kind: 'share' }]));
  writeFileSync(kept, JSON.stringify(rig.version));
  return { rig, made, publish };
};
const again = async () => {
  const version = JSON.parse(readFileSync(kept, 'utf8')) as DeliverableVersion;
  const make = async () => ({ ...version, createdAt: new Date(version.createdAt) });
  const rig = await openRig({ make, push, place });
  // The clock runs: to where it stands, it would go back.
  if (hoursLater > 0) rig.moveTo(new Date(rig.kernel.clock.now().getTime() + hoursLater * 3_600_000));
  return { rig, made: [], publish: undefined };
};

const { rig, made, publish } = await (existsSync(kept) ? again() : first());
console.log(JSON.stringify({ url: rig.origin, grants: made } satisfies Told));
const wanted: string[] = [];
createInterface({ input: process.stdin }).on('line', (select) => wanted.push(select));
for (;;) {
  const select = wanted.shift();
  if (select) await publish?.(select);
  await rig.settle();
  await pause(20);
}
