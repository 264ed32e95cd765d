/** `shugu demo --network`: a small network of nodes on this machine, until it is told to stop; then nothing of it is left. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilStopped } from '@shugu/server';
import type { Context } from './command.ts';
import { Misuse, readArgs } from './misuse.ts';
import { type Network, openNetwork } from './network/network.ts';
import { networkLimits, planNetwork } from './network/plan.ts';
import { makeProcesses } from './network/processes.ts';
import { buyAcross, type Purchased } from './network/purchase.ts';
import { type Traded, tradeAcross } from './network/trade.ts';
import { dim, note, say } from './say.ts';
import { readCast } from './scenario/cast.ts';
import { makeWalk } from './steps.ts';

const { nodesMin, nodesMax, nodesDefault } = networkLimits;
const kinds = {
  zh: { hub: '枢纽', city: '城市', industry: '行业', department: '部门', supplier: '供方' },
  en: { hub: 'hub', city: 'city', industry: 'industry', department: 'department', supplier: 'supplier' },
} as const;

const words = {
  zh: {
    network: '请加 --network 或 --compute；单个交易所的演示用 shugu start',
    count: (text: string) => `--nodes 是 ${nodesMin} 到 ${nodesMax} 之间的整数，不是“${text}”`,
    starting: (count: number) => `正在启动 ${count} 个节点，各有自己的进程、数据库、密钥与文件夹…`,
    ready: (seconds: string) => `网络已就绪（${seconds} 秒）`,
    look: '看哪里：',
    hub: '枢纽：节点图、各节点公布的产品与需求',
    uplink: '节点：在枢纽的登记与已公布的内容（运营方登录）',
    demands: '节点：其他节点的数据需求',
    logins: (password: string) =>
      `登录：各节点账号相同，口令均为 ${password}；运营方 operator.system、operator.reviewer、operator.approver`,
    simulated: '演示环境使用模拟日历，存管银行与国家登记系统均为模拟器，凭证均为样张；人物与企业均为虚构',
    trade: '跨节点交易：打开页面、登录，逐条看双方的消息',
    side: { consumer: '使用方', provider: '提供方' },
    noTrade: '跨节点交易需要四个以上节点（--nodes 4）',
    stop: '按 Ctrl-C 停止，网络及其数据随之清除',
    lost: (name: string, log: string) => `${name} 意外停止，详见 ${log}`,
    stopping: '正在停止…',
    stopped: '已停止，未留下任何进程与数据',
  },
  en: {
    network: 'say --network or --compute; the demo of one exchange is shugu start',
    count: (text: string) => `--nodes is a whole number from ${nodesMin} to ${nodesMax}, and not "${text}"`,
    starting: (count: number) => `starting ${count} nodes, each with its own process, database, keys and folder…`,
    ready: (seconds: string) => `the network is ready (${seconds} s)`,
    look: 'Where to look:',
    hub: 'hub: the nodes as a drawing, what they publish',
    uplink: 'node: how it stands at the hub, what it has published (log in as its operator)',
    demands: 'node: demands of other nodes',
    logins: (password: string) =>
      `Log-ins: the same at every node, the password is always ${password}; operator.system, operator.reviewer, operator.approver`,
    simulated:
      'A simulated calendar; bank and national registration system are simulators; every paper is a specimen; people and companies are fictional',
    trade: 'A trade across nodes: open a page, log in, and read it message by message',
    side: { consumer: 'consumer', provider: 'provider' },
    noTrade: 'a trade across nodes takes four of them (--nodes 4)',
    stop: 'Ctrl-C stops the network, and its data goes with it',
    lost: (name: string, log: string) => `${name} has ended unexpectedly; see ${log}`,
    stopping: 'stopping…',
    stopped: 'stopped; no process and no data is left',
  },
} as const;

const readCount = (text: string | undefined, language: Context['language']): number => {
  if (text === undefined) return nodesDefault;
  const count = Number(text);
  if (!/^\d{1,3}$/.test(text) || count < nodesMin || count > nodesMax) throw new Misuse(words[language].count(text));
  return count;
};

interface Ready {
  network: Network;
  trade: Traded | undefined;
  purchase: Purchased | undefined;
}

const openAll = async (...given: Parameters<typeof openNetwork>): Promise<Ready> => {
  const network = await openNetwork(...given);
  const trade = await tradeAcross(network, given[2]);
  return { network, trade, purchase: await buyAcross(network, given[2]) };
};

const tell = async (
  { network, trade, purchase }: Ready,
  json: boolean,
  language: Context['language'],
  seconds: string,
) => {
  const { hub, nodes } = network;
  const word = words[language];
  const all = [hub, ...nodes];
  if (json)
    return say(
      JSON.stringify({
        ok: true,
        nodes: all.map(({ key, kind, operator, url, pid }) => ({ key, kind, operator, url, pid })),
        trade: trade ?? null,
        purchase: purchase ?? null,
      }),
    );
  say();
  say(word.ready(seconds));
  for (const { kind, url, operator } of all) say(`  ${kinds[language][kind].padEnd(10)} ${url}  ${operator}`);
  say(word.look);
  say(`  ${hub.url}/nodes  ${word.hub}`);
  const [one] = nodes;
  say(`  ${one!.url}/uplink  ${word.uplink}`);
  say(`  ${one!.url}/demands  ${word.demands}`);
  if (trade) {
    say(word.trade);
    for (const side of ['consumer', 'provider'] as const)
      say(`  ${trade[side].url}  ${word.side[side]}  ${trade[side].node}  ${trade[side].login}`);
  } else say(dim(word.noTrade));
  say(word.logins((await readCast()).demoPassword));
  say(dim(word.simulated));
  say(dim(word.stop));
};

export const run = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  if (args.includes('--compute'))
    return (await import('./compute/demo.ts')).run(
      args.filter((one) => one !== '--compute'),
      context,
    );
  const { values } = readArgs(
    {
      args,
      options: {
        network: { type: 'boolean', default: false },
        nodes: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    },
    language,
  );
  const word = words[language];
  if (!values.network) throw new Misuse(word.network);
  const plan = await planNetwork(readCount(values.nodes, language));
  const print = values.json ? note : say;
  const begun = performance.now();
  const stopped = untilStopped().then(() => undefined);
  const folder = await mkdtemp(join(tmpdir(), 'shugu-network-'));
  const processes = makeProcesses(folder);
  let ending = false;
  try {
    print(word.starting(plan.length));
    const opening = openAll(processes, plan, makeWalk(language, print));
    // What is still under way when it is told to stop fails, and nobody has to hear of it.
    opening.catch(() => undefined);
    const ready = await Promise.race([opening, stopped]);
    if (!ready) return 130;
    const { network } = ready;
    await tell(ready, values.json, language, ((performance.now() - begun) / 1000).toFixed(0));
    for (const node of [network.hub, ...network.nodes])
      void node.ended.then(() => ending || note(word.lost(node.operator, node.log)));
    await stopped;
    return 0;
  } finally {
    ending = true;
    print(dim(word.stopping));
    await processes.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    print(word.stopped);
  }
};
