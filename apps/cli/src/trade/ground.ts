/** Looked at before a trade begins on somebody's exchange, so that what cannot be walked to its end is not begun. */
import { ProblemError } from '@shugu/wire';
import * as kernelWire from '@shugu/wire/kernel';
import * as membersWire from '@shugu/wire/members';
import { isUnreachable, reasonOf } from '../failure.ts';
import { Misuse } from '../misuse.ts';
import type { Stage } from '../scenario/stage.ts';
import { buyer, supplier } from './context.ts';

export type Suite = 'intl' | 'sm';

export interface Asked {
  suite?: Suite;
  setupToken?: string;
  language: 'zh' | 'en';
}

const words = {
  zh: {
    silent: (url: string, why: string) => `${url} 处没有交易所应答：${why}`,
    suite: (has: Suite, asked: Suite) =>
      `该交易所使用 ${has} 密码套件，不是 ${asked}：一个交易所只有一种。请去掉 --suite，或换一个交易所`,
    calendar:
      '该交易所按真实日历运行。本命令要让五个工作日的公示期过去，须推进日历，只能用于模拟日历（演示环境）的交易所。未做任何改动',
    token: '该交易所尚未初始化：请用 --setup-token 给出其 setup.token 文件中的内容，或先用 ./shugu start 启动演示环境',
    people: '该交易所没有演示人物（或其口令已改），无法代为办理。请使用 ./shugu start 启动的演示环境。未做任何改动',
  },
  en: {
    silent: (url: string, why: string) => `no exchange answers at ${url}: ${why}`,
    suite: (has: Suite, asked: Suite) =>
      `this exchange uses the suite ${has}, not ${asked}, and an exchange has one. Leave out --suite, or choose another exchange`,
    calendar:
      'this exchange runs on the real calendar. A trade has to let five working days of public notice pass, so it moves the calendar, which only a simulated one (a demo) allows. Nothing was changed',
    token:
      'this exchange is not set up yet: give what its file setup.token holds with --setup-token, or start a demo with ./shugu start',
    people:
      'this exchange does not have the people of the demo (or their password was changed), so nobody can act here. Use a demo made by ./shugu start. Nothing was changed',
  },
} as const;

/** The exchange's suite. Throws a Misuse that says why no trade can be walked there. */
export const inspectGround = async ({ anyone, as, url }: Stage, asked: Asked): Promise<Suite> => {
  const word = words[asked.language];
  const health = await anyone.call(kernelWire.health, {}).catch((error: unknown) => {
    throw new Misuse(word.silent(url, reasonOf(error, asked.language)));
  });
  // Anything may answer under an address; only an exchange names its suite.
  if (health.suite !== 'intl' && health.suite !== 'sm') throw new Misuse(word.silent(url, 'api/health'));
  if (asked.suite && asked.suite !== health.suite) throw new Misuse(word.suite(health.suite, asked.suite));
  if (!(await anyone.call(kernelWire.clock, {})).simulated) throw new Misuse(word.calendar);
  const { needed } = await anyone.call(membersWire.readSetup, {});
  if (needed) {
    if (!asked.setupToken) throw new Misuse(word.token);
    return health.suite;
  }
  for (const login of [supplier, buyer, 'operator.system'])
    await as(login).catch((error: unknown) => {
      if (isUnreachable(error) || !(error instanceof ProblemError)) throw error;
      throw new Misuse(word.people);
    });
  return health.suite;
};

/** Said before anything is done. */
export const clockWarning = {
  zh: '注意：本次交易会把该交易所的模拟日历向前推进约九天（登记公示期）。其他事项的期限也会随之到来',
  en: 'note: this trade moves the exchange’s simulated calendar about nine days forward (the public notice of the registration); deadlines of other matters come with it',
} as const;
