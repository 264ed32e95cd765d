/**
 * Nodes as a network: `shugu demo --network` as a newcomer uses it, and then a hub, three cities and ten industries on this
 * machine, each its own process, embedded database, keys and folder. What converges, what catches up, what is refused.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getProcess } from '@shugu/wire/federation';
import { paperBundle } from '@shugu/wire/kernel';
import * as marketWire from '@shugu/wire/market';
import { closeDemand } from '@shugu/wire/market-more';
import { listEntries, listForeignDemands, listNodes, readSelf, readUplink, recognise } from '@shugu/wire/nodes';
import { listExposures, listPurchases } from '@shugu/wire/nodes-trade';
import { ownCertificates } from '@shugu/wire/registry';
import { type Network, openNetwork, type RunningNode } from '../apps/cli/src/network/network.ts';
import { networkLimits, planNetwork, tradersOf } from '../apps/cli/src/network/plan.ts';
import { makeProcesses } from '../apps/cli/src/network/processes.ts';
import { buyAcross } from '../apps/cli/src/network/purchase.ts';
import { tradeAcross } from '../apps/cli/src/network/trade.ts';
import { makeWalk } from '../apps/cli/src/steps.ts';
import { sealWords } from '../apps/server/src/nodes/envelope.ts';
import { type Outcome, type Tally, tally } from './check.ts';
import { costsAtRest } from './network/cost.ts';
import { entryOf, handNode, refusalOf } from './network/hand.ts';
import { type NodeMap, openMap } from './network/map.ts';
import { newcomer, processesLeft } from './network/newcomer.ts';

export const about =
  'a hub and thirteen nodes, each its own process: catalogue, a trade across two of them, cut-off nodes, forgery, replay';

const memoryNeeded = 8 * 2 ** 30;
const convergeSecondsMax = 5;
const restSeconds = 20;

export const minutes = 15;

export const needs = async (): Promise<string | undefined> => {
  if (process.platform !== 'linux') return 'processes are counted through /proc';
  const free = process.availableMemory();
  return free < memoryNeeded
    ? `fourteen nodes need 8 GB of memory, ${(free / 2 ** 30).toFixed(1)} GB are free`
    : undefined;
};

const entriesOf = async ({ hub }: Network) =>
  (await hub.stage.anyone.call(listEntries, { query: { limit: 100 } })).items;
const listed = async (network: Network, node: RunningNode) =>
  (await entriesOf(network)).filter((one) => one.kind === 'listing' && one.node.name === node.operator);
const standingOf = async ({ hub }: Network, node: RunningNode) =>
  (await hub.stage.anyone.call(listNodes, { query: {} })).items.find((one) => one.name === node.operator)!.standing;
const uplinkOf = async (node: RunningNode) =>
  (await (await node.stage.as('operator.system')).call(readUplink, {})).uplink!;

/** Seconds until it is so; the bar is far below the patience. */
const secondsUntil = async (isSo: () => Promise<boolean>, patienceSeconds = 90): Promise<number> => {
  const begun = performance.now();
  while (!(await isSo())) {
    if (performance.now() - begun > patienceSeconds * 1000) return Number.POSITIVE_INFINITY;
    await sleep(20);
  }
  return (performance.now() - begun) / 1000;
};

const listingChange = async (node: RunningNode) => {
  const client = await node.stage.as('operator.approver');
  return (endpoint: typeof marketWire.suspendListing) =>
    client.call(endpoint, { params: { id: node.listings[0]! }, body: { reason: '核查' } });
};

const apart = async (network: Network, counts: Tally): Promise<void> => {
  const all = [network.hub, ...network.nodes];
  const keys = await Promise.all(all.map(async ({ stage }) => (await stage.anyone.call(readSelf, {})).keyId));
  counts.expect(new Set(keys).size === all.length, 'every node has a key of its own');
  counts.expect(new Set(all.map(({ pid }) => pid)).size === all.length, 'every node is a process of its own');
  const { items } = await network.hub.stage.anyone.call(listNodes, { query: {} });
  counts.expect(
    items.length === network.nodes.length && items.every((one) => one.standing === 'online' && one.credential),
    'all are registered at the hub, online, and hold a credential',
  );
  const demand = (await entriesOf(network)).find((one) => one.kind === 'demand')!;
  const others = network.nodes.filter((one) => !one.demands);
  const told = await secondsUntil(async () => {
    const seen = await Promise.all(others.map(({ stage }) => stage.anyone.call(listForeignDemands, { query: {} })));
    return seen.every(({ items: demands }) => demands.length === 1 && demands[0]!.subject === demand.subject);
  });
  counts.expect(Number.isFinite(told), 'a demand of one node is seen at all others, once');
};

/** Over the Dataspace Protocol, to bytes read; and nobody else at either node sees any of it. */
const trades = async (network: Network, counts: Tally): Promise<void> => {
  const begun = performance.now();
  const trade = await tradeAcross(network, makeWalk('en', console.error));
  counts.expect(trade !== undefined, 'a member of one node buys from a member of another, and reads what it bought');
  counts.note(`a trade across nodes takes ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  for (const [side, { url, login, node }] of Object.entries(trade ?? {})) {
    const { stage } = network.nodes.find(({ operator }) => operator === node)!;
    const params = { id: url.split('/').at(-1)! };
    const { process: seen, messages, transfers } = await (await stage.as(login)).call(getProcess, { params });
    counts.expect(
      seen.side === side && seen.state === 'FINALIZED' && messages.length === 4 && transfers[0]?.state === 'STARTED',
      `the ${side} sees its four messages and the transfer`,
    );
    const found = await refusalOf((await stage.as('operator.reviewer')).call(getProcess, { params }));
    counts.expect(/kernel\.(unknown|notPermitted)/.test(found), `and others at its node do not (${found})`);
  }
};

/** Money, contract, use, statement and payment between two nodes, of which the seller's stands still while it is to hear of the money. */
const buys = async (network: Network, counts: Tally): Promise<void> => {
  const traders = tradersOf(network.nodes)!;
  const trader = await traders.consumer.node.stage.as(`${traders.consumer.member}.trader`);
  const begun = performance.now();
  const bought = await buyAcross(network, makeWalk('en', console.error), async (seller) => {
    process.kill(seller.pid, 'SIGSTOP');
    try {
      const seconds = await secondsUntil(async () => {
        const [newest] = (await trader.call(listPurchases, { query: {} })).items;
        return newest?.state === 'guaranteeing' && newest.reason !== '';
      });
      counts.expect(Number.isFinite(seconds), 'a purchase waits for a seller’s node that stands still, and says so');
    } finally {
      process.kill(seller.pid, 'SIGCONT');
    }
  });
  const { creditor, debtor } = bought!.statement;
  counts.expect(
    JSON.stringify(creditor.lines) === JSON.stringify(debtor.lines) && creditor.total === debtor.total,
    'it is bought once that node goes on, used, and settled on both nodes by the same lines to the fen',
  );
  for (const { node } of [traders.consumer, traders.provider]) {
    const desk = await node.stage.as('operator.service');
    const { items } = await desk.call(listExposures, {});
    counts.expect(
      items.every(({ owing, owed }) => owing.used === '0' && owed.used === '0'),
      `nothing stands guaranteed any more at ${node.key}`,
    );
  }
  counts.note(
    `a purchase across nodes, a standing seller included, takes ${((performance.now() - begun) / 1000).toFixed(1)} s; ${creditor.total} fen owed and paid`,
  );
};

const converges = async (network: Network, city: RunningNode, counts: Tally): Promise<void> => {
  const change = await listingChange(city);
  const figures: string[] = [];
  for (const [endpoint, there, name] of [
    [marketWire.suspendListing, 0, 'taken away'],
    [marketWire.resumeListing, 1, 'brought back'],
  ] as const) {
    const seconds: number[] = [];
    const begun = performance.now();
    await change(endpoint);
    seconds.push(await secondsUntil(async () => (await listed(network, city)).length === there));
    const whole = (performance.now() - begun) / 1000;
    counts.expect(
      whole <= convergeSecondsMax,
      `a listing that is ${name} converges within ${convergeSecondsMax} s (${whole.toFixed(2)} s)`,
    );
    figures.push(`${name}: ${whole.toFixed(2)} s with the request, ${seconds[0]!.toFixed(2)} s after its answer`);
  }
  counts.note(`catalogue at the hub, a listing ${figures.join('; ')}`);
};

/** The hub stands still while a node changes: what waits arrives, and what arrived and was never answered is not there twice. */
const catchesUp = async (network: Network, city: RunningNode, counts: Tally): Promise<void> => {
  const change = await listingChange(city);
  const before = await entriesOf(network);
  const { last } = (await uplinkOf(city)).published;
  process.kill(network.hub.pid, 'SIGSTOP');
  try {
    for (const endpoint of [marketWire.suspendListing, marketWire.resumeListing, marketWire.suspendListing])
      await change(endpoint);
    const failed = await secondsUntil(async () => (await uplinkOf(city)).failure !== '');
    counts.expect(Number.isFinite(failed), 'a node notices that its hub does not answer');
  } finally {
    process.kill(network.hub.pid, 'SIGCONT');
  }
  const seconds = await secondsUntil(async () => (await listed(network, city)).length === 0);
  counts.expect(Number.isFinite(seconds), 'a node that was cut off from its hub catches up');
  const arrived = await secondsUntil(async () => {
    const { published } = await uplinkOf(city);
    return published.held === published.last;
  });
  // What changed and changed back before anybody looked is one change or none: at most three more.
  const more = (await uplinkOf(city)).published.last - last;
  counts.expect(
    Number.isFinite(arrived) && more >= 1 && more <= 3,
    `the hub holds every change of the node, once (${more} more)`,
  );
  await change(marketWire.resumeListing);
  await secondsUntil(async () => (await listed(network, city)).length === 1);
  const key = (one: { node: { id: string }; subject: string }) => `${one.node.id} ${one.subject}`;
  const after = (await entriesOf(network)).map(key).sort();
  counts.expect(
    JSON.stringify(after) === JSON.stringify(before.map(key).sort()),
    'afterwards the catalogue is as it was, nothing twice',
  );
  counts.note(`a node that was cut off has caught up ${seconds.toFixed(1)} s after its hub went on`);
};

const standsStill = async (network: Network, node: RunningNode, counts: Tally): Promise<void> => {
  const before = await listed(network, node);
  const map = await openMap(network.hub.url);
  if (typeof map === 'string') counts.note(`skip the hub's map: ${map}`);
  else {
    const drawn = await map.drawn();
    counts.expect(drawn === network.nodes.length, `the hub's map draws every node (${drawn})`);
  }
  const shown = async (standing: Parameters<NodeMap['shows']>[1]) => {
    if (typeof map !== 'string')
      counts.expect(await map.shows(node.operator, standing), `and the map says so by itself (${standing})`);
  };
  process.kill(node.pid, 'SIGSTOP');
  try {
    const gone = await secondsUntil(async () => (await standingOf(network, node)) === 'offline');
    counts.expect(Number.isFinite(gone), 'a node that stands still is shown as offline');
    await shown('离线');
  } finally {
    process.kill(node.pid, 'SIGCONT');
  }
  const back = await secondsUntil(async () => (await standingOf(network, node)) === 'online');
  counts.expect(Number.isFinite(back), 'it is online again when it goes on');
  await shown('在线');
  if (typeof map !== 'string') {
    const faults = map.faults();
    counts.expect(faults.length === 0, `no script fault on the map: ${faults[0] ?? ''}`);
    await map.close();
  }
  counts.expect(
    JSON.stringify(await listed(network, node)) === JSON.stringify(before),
    'and what it published is there once',
  );
};

const refused = async (network: Network, city: RunningNode, counts: Tally): Promise<void> => {
  const refuses = async (call: Promise<unknown>, code: string, what: string) => {
    const found = await refusalOf(call);
    counts.expect(found === code, `${what} is refused as ${code} (${found})`);
  };
  const hand = await handNode(network.hub, '手工节点');
  counts.expect(
    hand.forged === 'nodes.checkpointInvalid',
    `a checkpoint of another’s log certifies nobody (${hand.forged})`,
  );
  await refuses(hand.register(hand.application), 'nodes.replayed', 'an application that is sent again');
  const beat = { kind: 'heartbeat', generation: 1, last: 0, url: 'https://industry.example', demands: 0 };
  const once = await hand.next(beat);
  await hand.tell(once);
  await refuses(hand.tell(once), 'nodes.replayed', 'a heartbeat that is sent again');
  const mine = entryOf(`prd_${'a'.padEnd(26, '0')}`, '手工产品');
  const batch = await hand.changes(1, [mine]);
  const [one, again] = [await hand.tell(batch), await hand.tell(batch)];
  counts.expect(one.held === 1 && again.held === 1, 'a batch that is sent again is passed over');
  const { keyId } = await city.stage.anyone.call(readSelf, {});
  await refuses(hand.tell({ ...batch, keyId }), 'nodes.signatureInvalid', 'what one node signs under another’s key');
  await refuses(
    hand.tell(await sealWords({ ...hand.signer, keyId }, JSON.parse(batch.payload))),
    'nodes.signatureInvalid',
    'another’s key as the sender',
  );
  // Another's identifier: it stays its own, beside the one that is meant.
  const [theirs] = await listed(network, city);
  await hand.tell(await hand.changes(2, [entryOf(theirs!.subject, '冒名产品')]));
  counts.expect(
    JSON.stringify(await listed(network, city)) === JSON.stringify([theirs]),
    'a foreign identifier changes nothing of its owner’s',
  );
  const demand = (await entriesOf(network)).find((each) => each.kind === 'demand')!;
  const stranger = await city.stage.as('lawfirm.admin');
  await refuses(
    stranger.call(closeDemand, { params: { id: demand.subject }, body: { reason: '越权' } }),
    'kernel.unknown',
    'the demand of another node’s member',
  );
};

/** A certificate that one node issued, at the hub and at another node of another suite; and with one word of it changed. */
const recognised = async (network: Network, city: RunningNode, counts: Tally): Promise<void> => {
  const holder = await city.stage.as(`${city.lists}.trader`);
  const [own] = (await holder.call(ownCertificates, { query: {} })).items;
  const bundle = await (await holder.raw(paperBundle, { params: { id: own!.paper! } })).text();
  const forged = bundle.replaceAll(own!.dataName, `${own!.dataName}（伪造）`);
  const far = network.nodes.find((one) => one.suite === 'sm')!;
  for (const node of [network.hub, far]) {
    const reviewer = await node.stage.as('operator.reviewer');
    const found = await reviewer.call(recognise, { body: { file: bundle } });
    counts.expect(
      found.outcome === 'recognised' && found.peer?.name === city.operator && found.number === own!.code,
      `${node.key} recognises a certificate that ${city.key} issued (${found.outcome})`,
    );
    const untrue = await reviewer.call(recognise, { body: { file: forged } });
    counts.expect(untrue.outcome === 'proofFails', `${node.key} recognises no forged one (${untrue.outcome})`);
  }
};

const wellBehaved = async (network: Network, counts: Tally): Promise<void> => {
  for (const { key, log } of [network.hub, ...network.nodes]) {
    const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => /"level":(50|60)/.test(line));
    counts.expect(lines.length === 0, `${key} logged no error: ${lines[0] ?? ''}`);
  }
};

const measure = async (network: Network, counts: Tally): Promise<void> => {
  const costs = await costsAtRest(
    [network.hub, ...network.nodes].map(({ pid }) => pid),
    restSeconds,
  );
  const middle = (values: number[]) => values.sort((one, other) => one - other)[Math.floor(values.length / 2)]!;
  const cpu = middle(costs.map((one) => one.cpuPercent));
  const memory = middle(costs.map((one) => one.megabytes));
  const total = costs.reduce((sum, one) => sum + one.megabytes, 0);
  counts.note(
    `at rest a node takes ${cpu.toFixed(1)} % of a core and ${memory.toFixed(0)} MB (median, with its database and bank simulator); all ${costs.length} together ${(total / 1024).toFixed(1)} GB`,
  );
};

export const run = async (): Promise<Outcome> => {
  const counts = tally();
  await newcomer(counts);
  const folder = await mkdtemp(join(tmpdir(), 'shugu-interop-network-'));
  const processes = makeProcesses(folder, { SHUGU_HEARTBEAT_SECONDS: '2' });
  try {
    const begun = performance.now();
    const network = await openNetwork(
      processes,
      await planNetwork(networkLimits.nodesMax),
      makeWalk('en', console.error),
    );
    counts.note(`${networkLimits.nodesMax} nodes stand after ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    const city = network.nodes.find((one) => one.kind === 'city' && one.lists)!;
    const industry = network.nodes.find((one) => one.kind === 'industry' && one.lists)!;
    await apart(network, counts);
    await trades(network, counts);
    await buys(network, counts);
    await measure(network, counts);
    await converges(network, city, counts);
    await catchesUp(network, city, counts);
    await standsStill(network, industry, counts);
    await refused(network, city, counts);
    await recognised(network, city, counts);
    await wellBehaved(network, counts);
  } finally {
    await processes.stop();
    const left = await processesLeft(folder);
    counts.expect(left.length === 0, `no process is left: ${left.join('; ')}`);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
  return counts.outcome();
};
