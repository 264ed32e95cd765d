import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { fileDriver } from './drivers/file.ts';
import { lookupDriver } from './drivers/lookup.ts';
import { Gateway } from './gateway.ts';
import { GrantBook } from './grants.ts';
import { openMeter } from './meter.ts';
import { nodeHandler } from './node.ts';
import { MemoryQuota } from './quota.ts';
import { restoreQuota } from './restore.ts';
import { hashOf, KEY, planOf } from './rig.ts';

/** Of the file that lies beside its folders. */
const BIG_BYTES = 2 ** 30;

/** A gateway process to be killed: `node crash-child.ts FOLDER [SABOTAGE]`. Prints its port and the calls counted so far. */
const [folder = '', sabotage] = process.argv.slice(2);
const meter = await openMeter({
  source: 'g1',
  folder: `${folder}/wal`,
  objectFolder: `${folder}/objects`,
  // Sealing is not what this process is killed over, but small segments make recovery meet all its cases.
  signer: { keyId: 'none', sign: () => new Uint8Array(64) },
  clock: Date.now,
  windowMs: 20,
  sealBytes: 40_000,
  testOnlySabotage: sabotage === 'answerBeforeAppend' ? sabotage : undefined,
});
const grants = await GrantBook.open(`${folder}/grants.json`);
const quota = new MemoryQuota();
const plan = planOf({ quotas: [{ metric: 'calls', period: 'total', limit: 1_000_000 }] });
const line = {
  id: 'grant',
  version: 1,
  contractId: 'c',
  supplierId: 's',
  buyerId: 'b',
  plan,
  keyHashes: [hashOf(KEY)],
  status: 'active' as const,
  tenancy: { node: 'n', market: 'm', participant: 's' },
};
await grants.put({ ...line, productId: 'p', driver: { kind: 'api', table: 't', keyColumns: ['id'] } });
const big = { name: 'big', path: `${folder}/big`, bytes: BIG_BYTES, sha256: '' };
await grants.put({ ...line, id: 'file', productId: 'big', driver: { kind: 'file', files: [big] } });
await restoreQuota({ quota, meter, objectFolder: `${folder}/objects`, grants });
const gateway = new Gateway({
  grants,
  quota,
  meter,
  secret: Buffer.alloc(32, 1),
  clock: Date.now,
  timer: () => performance.now(),
  newId: randomUUID,
  drivers: [
    fileDriver(),
    lookupDriver({ lookup: ({ filters }) => ({ columns: ['id', 'flag'], rows: [[filters[0]?.value, 1]] }) }),
  ],
});
const server = createServer((request, response) => void nodeHandler(gateway)(request, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  console.log(JSON.stringify({ port, counted: quota.slot('grant', plan, 'total', Date.now()).calls }));
});
