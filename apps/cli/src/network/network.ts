/** A small network of nodes on this machine, opened over HTTP as its people would: set up, registered at the hub, goods listed. */
import { availableParallelism } from 'node:os';
import * as casesWire from '@shugu/wire/cases';
import { createDemand, publishDemand } from '@shugu/wire/market-more';
import { listApplications, listEntries, listNodes } from '@shugu/wire/nodes';
import { listGood, registerGood } from '../goods/listing.ts';
import { demoGoods } from '../goods/products.ts';
import { type Cast, readCast } from '../scenario/cast.ts';
import { setUpOperator, staffOperator } from '../scenario/institutions.ts';
import { openMarket } from '../scenario/market.ts';
import { until } from '../scenario/resource.ts';
import { makeStage, type Stage } from '../scenario/stage.ts';
import type { Walk } from '../steps.ts';
import { buyer, castAt, type PlannedNode, tradersOf } from './plan.ts';
import { freePort, type NodeProcess, type Processes } from './processes.ts';
import { payable } from './trade.ts';

export interface RunningNode extends PlannedNode, NodeProcess {
  stage: Stage;
  /** Identifiers of what was listed on it. */
  listings: string[];
}

export interface Network {
  hub: RunningNode;
  /** All but the hub. */
  nodes: RunningNode[];
}

const start = async (
  processes: Processes,
  node: PlannedNode,
  cast: Cast,
  settings: Record<string, string> = {},
): Promise<RunningNode> => {
  const process = await processes.start(node, settings);
  return { ...node, ...process, stage: makeStage(process.url, castAt(cast, node)), listings: [] };
};

const raiseDemand = async (stage: Stage): Promise<void> => {
  const trader = await stage.as(`${buyer}.trader`);
  const now = await stage.now();
  const { id } = await trader.call(createDemand, {
    body: {
      title: '求购：省内货车限行路段与时段',
      description: '用于城市配送路线规划，按季度更新（样例需求）。',
      industry: 'G54',
      region: '430000',
      deliveryModes: ['api'],
      purposes: ['logistics'],
      budgetMax: '2000000',
      openUntil: new Date(now.getTime() + 60 * 86_400_000).toISOString().slice(0, 10),
    },
  });
  await trader.call(publishDemand, { params: { id }, body: {} });
};

/**
 * Two nodes whose members trade believe each other's word about them. A DID follows its node's address, so that both ports are
 * chosen before either starts. By key of the node.
 */
const trustOf = async (plan: readonly PlannedNode[]): Promise<Map<string, Record<string, string>>> => {
  const traders = tradersOf(plan);
  if (!traders) return new Map();
  const [consumer, provider] = [traders.consumer.node.key, traders.provider.node.key];
  const ports = { [consumer]: await freePort(), [provider]: await freePort() };
  const settings = (key: string, other: string): [string, Record<string, string>] => [
    key,
    { SHUGU_PORT: String(ports[key]), SHUGU_TRUSTED_ISSUERS: `did:web:127.0.0.1%3A${ports[other]}` },
  ];
  return new Map([settings(consumer, provider), settings(provider, consumer)]);
};

/** Its operator at least; members and goods where the plan has some. */
const open = async (node: RunningNode, sellsAcross = false): Promise<void> => {
  const { stage, setupToken } = node;
  const own = (await demoGoods()).filter((good) => good.supplier === node.lists);
  const goods = sellsAcross ? own.map(payable) : own;
  const members = [...(node.lists ? [node.lists, 'lawfirm'] : []), ...(node.demands ? [buyer] : [])];
  if (members.length > 0) await openMarket(stage, setupToken, members);
  else {
    await setUpOperator(stage, setupToken);
    await staffOperator(stage);
  }
  for (const good of goods) node.listings.push((await listGood(stage, good, await registerGood(stage, good))).id);
  if (node.demands) await raiseDemand(stage);
};

/** Two people of the hub let a node in that has applied; in between it certifies and activates itself. */
export const letIn = async (hub: Stage, name: string): Promise<void> => {
  const reviewer = await hub.as('operator.reviewer');
  const approver = await hub.as('operator.approver');
  const applied = () =>
    until(`${name} at the hub`, async () =>
      (await reviewer.call(listApplications, { query: { limit: 100 } })).items.find((one) => one.name === name),
    );
  const { case: id } = await applied();
  const move = (client: typeof reviewer, step: string) =>
    client.call(casesWire.cases.move, { params: { case: id }, body: { move: step, input: {} } });
  await move(reviewer, 'acceptRegistration');
  await until(`${name} to be certified`, async () => (await applied()).standing === 'assessing');
  await move(approver, 'acceptCertification');
  await until(`${name} to be active`, async () => (await applied()).standing === 'online');
};

/** As many at once as the machine has cores. */
const each = async <T>(items: readonly T[], run: (one: T) => Promise<void>): Promise<void> => {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await run(one);
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), items.length) }, worker));
};

/** Listing moved the calendar of some: all of them show the latest day. */
const alignClocks = async (all: readonly RunningNode[]): Promise<void> => {
  const now = await Promise.all(all.map(({ stage }) => stage.now()));
  const latest = new Date(Math.max(...now.map((at) => at.getTime())));
  for (const [place, { stage }] of all.entries())
    if (latest.getTime() - now[place]!.getTime() > 60_000) await stage.moveClock(latest);
};

export const openNetwork = async (processes: Processes, plan: readonly PlannedNode[], walk: Walk): Promise<Network> => {
  const cast = await readCast();
  const [first, ...others] = plan;
  const hub = await walk.step(
    'start.hub',
    { zh: `${first!.operator}：启动并开业`, en: `${first!.operator}: starts and opens` },
    async () => {
      const node = await start(processes, first!, cast);
      await open(node);
      return node;
    },
  );
  const nodes: RunningNode[] = [];
  const trust = await trustOf(others);
  const seller = tradersOf(others)?.provider.node.key;
  await each(others, (planned) =>
    walk.step(
      `node.${planned.key}`,
      { zh: `${planned.operator}：启动、开业、接入枢纽`, en: `${planned.operator}: starts, opens, joins the hub` },
      async (prove) => {
        const node = await start(processes, planned, cast, { SHUGU_HUB_URL: hub.url, ...trust.get(planned.key) });
        nodes.push(node);
        await Promise.all([open(node, node.key === seller), letIn(hub.stage, node.operator)]);
        prove({ zh: node.url, en: node.url });
      },
    ),
  );
  nodes.sort(
    (one, other) => others.findIndex(({ key }) => key === one.key) - others.findIndex(({ key }) => key === other.key),
  );
  await walk.step(
    'catalogue',
    { zh: '枢纽收齐各节点公布的产品与需求', en: 'The hub holds what its nodes publish' },
    async (prove) => {
      await alignClocks([hub, ...nodes]);
      const expected = nodes.filter((one) => one.lists ?? one.demands).length;
      const entries = await until('the catalogue at the hub', async () => {
        const { items } = await hub.stage.anyone.call(listEntries, { query: { limit: 100 } });
        return items.length >= expected && items;
      });
      for (const one of entries) prove({ zh: `${one.node.name}：${one.title}`, en: `${one.node.name}: ${one.title}` });
      await until('the nodes to be online', async () => {
        const { items } = await hub.stage.anyone.call(listNodes, { query: {} });
        return items.filter((one) => one.standing === 'online').length === nodes.length;
      });
    },
  );
  return { hub, nodes };
};
