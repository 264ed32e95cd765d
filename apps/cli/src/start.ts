/** `shugu start`: the exchange, with demo data the first time, until it is told to stop. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Exchange, endLeftoverDatabase, makeLog, readConfig, startExchange, untilStopped } from '@shugu/server';
import { kindsOfNode } from '@shugu/wire/node-kinds';
import type { Context } from './command.ts';
import { playDemo } from './demo.ts';
import { readArgs, readPort } from './misuse.ts';
import { dim, say } from './say.ts';
import { readCast } from './scenario/cast.ts';
import { simulatedStart } from './server.ts';

const words = {
  zh: {
    starting: '正在启动数谷…',
    seeding: '首次启动：正在通过公开接口演绎一个小市场（人物与企业均为虚构）',
    again: '上次的演示数据没有做完，重新开始',
    ready: '已就绪',
    portal: '门户',
    logins: (password: string) => `演示账号（口令均为 ${password}）：`,
    stop: '按 Ctrl-C 停止；再次启动会保留全部数据',
    simulated: '演示环境使用模拟日历，存管银行与国家登记系统均为模拟器，凭证均为样张',
    stopped: '已停止',
  },
  en: {
    starting: 'starting Shugu…',
    seeding: 'first start: a small market is played through the public API (people and companies are fictional)',
    again: 'the demo data was not finished last time; starting over',
    ready: 'ready',
    portal: 'Portal',
    logins: (password: string) => `Demo log-ins (the password is always ${password}):`,
    stop: 'Ctrl-C stops it; the next start keeps everything',
    simulated:
      'The demo runs on a simulated calendar; bank and national registration system are simulators; every paper is a specimen',
    stopped: 'stopped',
  },
} as const;

const shownLogins = [
  'operator.reviewer',
  'operator.approver',
  'operator.settlement',
  'registrar.clerk',
  'regulator.officer',
  'xingsha.trader',
  'xingsha.steward',
  'lawfirm.assessor',
  'citylogistics.trader',
  'citylogistics.developer',
  'operator.system',
];

/** `demo.json` says whether the demo was begun and finished; data that was only begun is thrown away and played again. */
const demoState = async (home: string): Promise<'none' | 'begun' | 'done'> => {
  const text = await readFile(join(home, 'demo.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return 'none';
  return (JSON.parse(text) as { done: boolean }).done ? 'done' : 'begun';
};

const noteDemo = async (home: string, done: boolean): Promise<void> => {
  await mkdir(home, { recursive: true });
  await writeFile(
    join(home, 'demo.json'),
    JSON.stringify({ done, note: 'made by shugu start; synthetic and fictional' }),
  );
};

const printReady = async (
  exchange: Exchange,
  { language, demo, started, next }: { language: 'zh' | 'en'; demo: boolean; started: number; next: readonly string[] },
): Promise<void> => {
  const word = words[language];
  say(`${word.ready} ${dim(`${((performance.now() - started) / 1000).toFixed(1)} s`)}`);
  say(`${word.portal}: ${exchange.kernel.publicUrl()}`);
  if (demo) {
    const cast = await readCast();
    say(word.logins(cast.demoPassword));
    for (const login of shownLogins) {
      const organisation = cast.organisations.find((one) => one.people.some((person) => person.login === login));
      const person = organisation?.people.find((one) => one.login === login);
      if (organisation && person) say(`  ${login.padEnd(26)} ${organisation.name} · ${person.displayName}`);
    }
    say(dim(word.simulated));
  } else say(dim(`setup token: ${join(exchange.kernel.config.home, 'setup.token')}`));
  if (!demo) for (const line of next) say(line);
  say(dim(word.stop));
};

/** `next`: what a node of its kind has to do then. */
export const run = async (
  args: string[],
  { language, cwd }: Context,
  next: readonly string[] = [],
): Promise<number> => {
  const { values } = readArgs(
    {
      args,
      options: { port: { type: 'string' }, home: { type: 'string' }, 'no-demo': { type: 'boolean', default: false } },
    },
    language,
  );
  const started = performance.now();
  const word = words[language];
  const first = readConfig(process.env, {
    ...(values.port === undefined ? {} : { port: readPort(values.port, language) }),
    ...(values.home === undefined ? {} : { home: values.home }),
  });
  const home = resolve(cwd, first.home);
  let state = await demoState(home);
  const fresh = !existsSync(join(home, 'node.secret'));
  // It has several suppliers, prices, and goods of more than one industry.
  const playable = kindsOfNode[first.nodeKind].demo && first.nodeIndustries.length === 0;
  const demo = !values['no-demo'] && (state !== 'none' || (fresh && playable));
  if (demo && state === 'begun') {
    if (first.databaseUrl)
      throw new Error('the demo was not finished in the database of SHUGU_DATABASE_URL; give it an empty one');
    say(word.again);
    await endLeftoverDatabase(home);
    await rm(home, { recursive: true, force: true });
    state = 'none';
  }
  const config = {
    ...first,
    home,
    clock: demo && first.clock === 'system' ? simulatedStart : first.clock,
    // In the demo nobody has anything to hide, and nobody wants to wait a minute for a contract's file.
    commitmentSeconds: demo && !process.env.SHUGU_COMMITMENT_SECONDS ? first.logDelaySeconds : first.commitmentSeconds,
    logLevel: process.env.SHUGU_LOG_LEVEL ? first.logLevel : ('warn' as const),
  };
  say(word.starting);
  const ended = untilStopped();
  if (demo && state === 'none') await noteDemo(home, false);
  const exchange = await startExchange({ config, log: makeLog(config.logLevel) });
  try {
    if (demo && state === 'none') {
      say(word.seeding);
      // Ctrl-C in the middle leaves `begun` behind, and the next start begins anew.
      const played = await Promise.race([playDemo(exchange, language).then(() => true), ended.then(() => false)]);
      if (!played) return 130;
      await noteDemo(home, true);
    }
    await printReady(exchange, { language, demo, started, next });
    await ended;
  } finally {
    await exchange.close();
  }
  say(word.stopped);
  return 0;
};
