/** `shugu VERB …`: one file per verb, loaded only when asked for. */
import { resolve } from 'node:path';
import { languageOf, say } from './say.ts';

interface Verb {
  usage: string;
  zh: string;
  en: string;
  load(): Promise<{ run(args: string[], context: Context): Promise<number> }>;
}

export interface Context {
  language: 'zh' | 'en';
  /** Where the caller stands: file arguments are relative to it. */
  cwd: string;
}

const verbs: Record<string, Verb> = {
  start: {
    usage: 'start [--port N]',
    zh: '启动交易所（首次附带演示数据）',
    en: 'start the exchange, with demo data the first time',
    load: () => import('./start.ts'),
  },
  trade: {
    usage: 'trade [--out DIR] [--suite intl|sm] [--url URL] [--json]',
    zh: '走完一整笔交易并留下全部凭证',
    en: 'walk one whole trade and leave all its papers',
    load: () => import('./trade.ts'),
  },
  verify: {
    usage: 'verify FILE… [--trust KEYS] [--log URL] [--json]',
    zh: '离线核验凭证包',
    en: 'check bundles offline',
    load: () => import('./verify.ts'),
  },
  backup: {
    usage: 'backup --out FILE [--home DIR] [--passphrase-file FILE]',
    zh: '把整个节点备份成一个文件',
    en: 'put the whole node into one file',
    load: () => import('./backup.ts'),
  },
  restore: {
    usage: 'restore FILE --home DIR [--witness FILE] [--new-origin]',
    zh: '把备份恢复到空目录',
    en: 'bring a backup into an empty folder',
    load: () => import('./restore.ts'),
  },
  doctor: {
    usage: 'doctor [--home DIR] [--json]',
    zh: '体检：环境、数据与日志',
    en: 'look whether a node is well',
    load: () => import('./doctor.ts'),
  },
  witness: {
    usage: 'witness --home DIR [--port N] [--log VKEY]',
    zh: '运行公开日志的见证方',
    en: 'run a witness of public logs',
    load: () => import('./witness.ts'),
  },
};

const help = (language: 'zh' | 'en'): string => {
  const width = Math.max(...Object.values(verbs).map((verb) => verb.usage.length));
  const lines = Object.values(verbs).map((verb) => `  shugu ${verb.usage.padEnd(width)}  ${verb[language]}`);
  return [language === 'zh' ? '数谷：数据交易所' : 'Shugu: a data exchange', '', ...lines, ''].join('\n');
};

const main = async (argv: string[]): Promise<number> => {
  const language = languageOf(argv);
  const [name = 'help', ...args] = argv.filter((one) => !/^--lang(=|$)/.test(one));
  if (['help', '--help', '-h'].includes(name)) {
    say(help(language));
    return 0;
  }
  const verb = verbs[name];
  if (!verb) {
    console.error(language === 'zh' ? `没有“${name}”这个命令\n` : `there is no verb "${name}"\n`);
    console.error(help(language));
    return 2;
  }
  const module = await verb.load();
  return module.run(args, { language, cwd: resolve(process.env.SHUGU_CWD ?? process.cwd()) });
};

process.exitCode = await main(process.argv.slice(2)).catch((error: Error) => {
  console.error(`shugu: ${error.message}`);
  if (process.env.SHUGU_LOG_LEVEL === 'debug') console.error(error.stack);
  return 1;
});
