/** An exchange with one connector as a program that can be killed. Whoever starts it says whose tokens it believes: no setting could. */
import { existsSync, writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startExchange } from '../../src/app.ts';
import { fixedTokens } from '../../src/federation/testing.ts';
import { readConfig } from '../../src/kernel/config.ts';
import { makeLog } from '../../src/kernel/log.ts';
import { readCast } from '../../src/members/testing.ts';
import { seededIn, startOfTime, tellActivated } from '../support/exchange.ts';

export interface Asked {
  home: string;
  /** Where others reach it. */
  publicUrl: string;
  /** Of its own database, and what that is sealed with. */
  database: string;
  keySecret: string;
  /** Whose connector it opens, and under which name. */
  organisation: string;
  name: string;
  tokens: Record<string, string>;
}

export interface Told {
  url: string;
  participant: string;
}

/** Money of somebody who has no people here: asked for on stdin, one a line. */
export interface Deposit {
  participant: string;
  fen: number;
  reference: string;
}

const asked = JSON.parse(process.env.SHUGU_TEST_CONNECTOR!) as Asked;
const { home, publicUrl, keySecret, organisation, name } = asked;
const config = readConfig(
  {},
  {
    home,
    port: 0,
    publicUrl,
    keySecret,
    clock: startOfTime,
    logLevel: 'error',
    logDelaySeconds: 1,
    commitmentSeconds: 1,
    requestsPerSecond: 100_000,
    loginTriesPerMinute: 1000,
    privateConnectors: ['127.0.0.1'],
  },
);
const exchange = await startExchange({
  config,
  log: makeLog((process.env.SHUGU_TEST_LOG as 'error' | undefined) ?? config.logLevel),
  identity: fixedTokens(asked.tokens),
  // Its alone, as the embedded one would be.
  postgres: {
    // Of a wave of steps all stand at their commit at once.
    connection: { connectionString: asked.database, max: 60 },
    kind: 'embedded',
    version: 'test',
    attached: false,
    stop: async () => {},
  },
});
const { database } = exchange.kernel;
const cast = await readCast();
const seeded = await seededIn(exchange, cast);
const participant = seeded.organisations[organisation]!;
const begun = join(home, 'begun');
if (!existsSync(begun)) {
  await tellActivated(exchange, cast, seeded);
  await database.tx({ kind: 'system', id: 'system:test', participant }, (tx) =>
    exchange.rooms.federation.open(tx, name),
  );
  writeFileSync(begun, '');
}

// The next start reads what this one has compiled: it will not live to say so at its end.
flushCompileCache();
console.log(JSON.stringify({ url: exchange.url, participant } satisfies Told));
for await (const line of createInterface({ input: process.stdin })) {
  const { participant: of, fen, reference } = JSON.parse(line) as Deposit;
  await exchange.rooms.settlement.simulateDeposit(of, BigInt(fen), reference);
  console.log(JSON.stringify({ deposited: reference }));
}
// Whoever started it is gone.
process.exit(0);
