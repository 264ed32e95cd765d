/** Holds the exchange against what was acknowledged. Returns every fault found, in words. */
import { createHash } from 'node:crypto';
import { parseTrust, verifyBundle } from '@shugu/evidence';
import { consistencyProof, parseCheckpoint, parseNote, sha256, type TileStore, verifyConsistency } from '@shugu/tlog';
import * as agreementsWire from '@shugu/wire/agreements';
import * as kernelWire from '@shugu/wire/kernel';
import * as marketWire from '@shugu/wire/market';
import * as meteringWire from '@shugu/wire/metering';
import * as registryWire from '@shugu/wire/registry';
import * as settlementWire from '@shugu/wire/settlement';
import type { Memory, Trader } from './trader.ts';

const httpTiles = (url: string): TileStore => ({
  read: async (path) => {
    const response = await fetch(`${url}/log/${path}`);
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
  },
});

export const checkpointOf = async (url: string): Promise<{ size: number; root: Uint8Array }> => {
  const response = await fetch(`${url}/log/checkpoint`);
  const text = await response.text();
  if (!response.ok) throw new Error(`no checkpoint: ${response.status}`);
  return parseCheckpoint(parseNote(text).text);
};

const logFaults = async (url: string, before: { size: number; root: Uint8Array }): Promise<string[]> => {
  const after = await checkpointOf(url);
  if (after.size < before.size) return [`the log went back from ${before.size} to ${after.size}`];
  const proof = await consistencyProof({ hash: sha256, store: httpTiles(url), from: before.size, to: after.size });
  const holds = verifyConsistency({
    hash: sha256,
    from: before.size,
    to: after.size,
    fromRoot: before.root,
    toRoot: after.root,
    proof,
  });
  return holds ? [] : ['the log is not an extension of its earlier checkpoint'];
};

const orderFaults = async (trader: Trader, memory: Memory): Promise<string[]> => {
  const faults: string[] = [];
  const listed = new Map<string, number>();
  for (let after: string | undefined; ; ) {
    const found = await trader.as('citylogistics.trader', (client) =>
      client.call(marketWire.listOrders, { query: { side: 'buyer', limit: 100, after } }),
    );
    for (const one of found.items) listed.set(one.number, (listed.get(one.number) ?? 0) + 1);
    if (!found.next) break;
    after = found.next;
  }
  for (const one of memory.orders)
    if (listed.get(one.number) !== 1) faults.push(`order ${one.number} stands ${listed.get(one.number) ?? 0} times`);
  for (const id of memory.acceptedOrders) {
    const seen = await trader.as('citylogistics.trader', (client) =>
      client.call(marketWire.readOrder, { params: { id } }),
    );
    if (seen.acceptance?.kind !== 'accepted') faults.push(`the acceptance of ${seen.number} is lost`);
  }
  for (const id of memory.endedContracts) {
    const seen = await trader.as('citylogistics.trader', (client) =>
      client.call(agreementsWire.getContract, { params: { id } }),
    );
    if (seen.state !== 'terminatedAgreed') faults.push(`the end of ${seen.number} is lost`);
  }
  return faults;
};

const useFaults = async (trader: Trader, memory: Memory): Promise<string[]> => {
  const faults: string[] = [];
  for (const [grant, uses] of memory.uses) {
    const receipts: string[] = [];
    for (let after: string | undefined; ; ) {
      const found = await trader.as('citylogistics.developer', (client) =>
        client.call(meteringWire.listReceipts, { params: { id: grant }, query: { limit: 100, after } }),
      );
      receipts.push(...found.items.filter((one) => one.corrects === null).map((one) => one.id));
      if (!found.next) break;
      after = found.next;
    }
    const seen = new Set(receipts);
    if (seen.size !== receipts.length) faults.push(`${grant}: a use is recorded twice`);
    const lost = uses.answered.filter((id) => !seen.has(id));
    if (lost.length) faults.push(`${grant}: ${lost.length} of ${uses.answered.length} answered uses are not recorded`);
    if (receipts.length > uses.sent) faults.push(`${grant}: ${receipts.length} recorded, only ${uses.sent} sent`);
  }
  return faults;
};

/** Entries of a journal that do not add up. */
export const journalFaults = (journal: string): string[] => {
  const faults: string[] = [];
  let sum = 0n;
  let open = '';
  const close = () => {
    if (open && sum !== 0n) faults.push(`entry ${open} does not add up: ${sum}`);
    sum = 0n;
    open = '';
  };
  for (const line of journal.split('\n')) {
    if (/^\d{4}-\d{2}-\d{2}/.test(line)) {
      close();
      open = line;
    } else if (/^\s+\S/.test(line) && open) {
      const amount = /(-?)(?:CNY|¥)?\s*(-?\d+)\.(\d{2})(?:\s*CNY)?\s*(?:;.*)?$/.exec(line.replace(/\s*=.*$/, ''));
      if (amount) sum += BigInt(`${amount[1]}${amount[2]}${amount[3]}`.replace('--', ''));
    } else if (line.trim() === '') close();
  }
  close();
  return faults;
};

const moneyFaults = async (trader: Trader, memory: Memory): Promise<string[]> => {
  const desk = 'operator.settlement';
  const journal = await trader.as(desk, async (client) =>
    (await client.raw(settlementWire.readJournal, { query: {} })).text(),
  );
  const faults = journalFaults(journal);
  const overview = await trader.as(desk, (client) => client.call(settlementWire.readOverview, {}));
  const { custody, available, held, due, difference } = overview.funds;
  if (BigInt(custody) !== BigInt(available) + BigInt(held) + BigInt(due) + BigInt(difference))
    faults.push('the funds do not add up');
  // Deposits that were acknowledged are there; one that was cut off may be there too.
  if (BigInt(custody) < BigInt(memory.depositsFen))
    faults.push(`custody is ${custody}, deposits were ${memory.depositsFen}`);
  const today = new Date((await clockOf(trader)).getTime() + 8 * 3_600_000).toISOString().slice(0, 10);
  const reconciled = await trader.as(desk, (client) =>
    client.call(settlementWire.runReconciliation, { body: { day: today } }),
  );
  if (reconciled.differences > 0 || reconciled.ours !== reconciled.theirs)
    faults.push(`the bank differs: ours ${reconciled.ours}, theirs ${reconciled.theirs}`);
  return faults;
};

const clockOf = async (trader: Trader): Promise<Date> => {
  const { clock } = await import('@shugu/wire/kernel');
  return trader.as('operator.settlement', async (client) => new Date((await client.call(clock, {})).now));
};

const contractFaults = async (trader: Trader, memory: Memory): Promise<string[]> => {
  const faults: string[] = [];
  for (const id of memory.signedContracts) {
    const { current, state } = await trader.as('citylogistics.trader', (client) =>
      client.call(agreementsWire.getContract, { params: { id } }),
    );
    if (current.signatures.length !== 2 || !['effective', 'completed', 'terminatedAgreed'].includes(state))
      faults.push(`contract ${id} is ${state} with ${current.signatures.length} signatures, both were acknowledged`);
  }
  return faults;
};

/** Certificates of the registrations, found once each; the papers of those and of accepted orders, unchanged and valid. */
const paperFaults = async (trader: Trader, memory: Memory): Promise<string[]> => {
  const faults: string[] = [];
  const trust = await trader.as('citylogistics.trader', async (client) =>
    parseTrust(new Uint8Array(await (await client.raw(kernelWire.trust, {})).arrayBuffer())),
  );
  const check = async (login: string, id: string): Promise<void> => {
    const bytes = await trader.as(
      login,
      async (client) =>
        new Uint8Array(await (await client.raw(kernelWire.paperBundle, { params: { id } })).arrayBuffer()),
    );
    const digest = createHash('sha256').update(bytes).digest('hex');
    if ((memory.papers.get(id) ?? digest) !== digest) faults.push(`paper ${id} has changed`);
    else if (!memory.papers.has(id) && !(await verifyBundle(bytes, trust)).ok) faults.push(`paper ${id} is not valid`);
    memory.papers.set(id, digest);
  };
  const owned = await trader.as('xingsha.steward', (client) =>
    client.call(registryWire.ownCertificates, { query: { limit: 100 } }),
  );
  for (const { dataName } of memory.certified) {
    const [one, ...more] = owned.items.filter((each) => each.dataName === dataName);
    if (!one || more.length > 0) faults.push(`${dataName}: ${one ? 1 + more.length : 'no'} certificates`);
    else if (!one.paper) faults.push(`certificate ${one.code} has no paper`);
    else await check('xingsha.steward', one.paper);
  }
  const numbers: string[] = [];
  for (const id of memory.acceptedOrders) {
    const { papers, number } = await trader.as('citylogistics.trader', (client) =>
      client.call(marketWire.readOrder, { params: { id } }),
    );
    for (const kind of ['tradeConfirmation', 'acceptanceNote', 'tradeVoucher'])
      if (papers.filter((one) => one.kind === kind).length !== 1) faults.push(`order ${number} lacks one ${kind}`);
    numbers.push(...papers.map((one) => one.number));
    for (const paper of papers) await check('citylogistics.trader', paper.id);
  }
  if (new Set(numbers).size !== numbers.length) faults.push('two papers have one number');
  return faults;
};

export const auditExchange = async (
  url: string,
  trader: Trader,
  memory: Memory,
  before: { size: number; root: Uint8Array },
): Promise<string[]> => [
  ...(await logFaults(url, before)),
  ...(await orderFaults(trader, memory)),
  ...(await useFaults(trader, memory)),
  ...(await contractFaults(trader, memory)),
  ...(await paperFaults(trader, memory)),
  ...(await moneyFaults(trader, memory)),
];
