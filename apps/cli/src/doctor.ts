/** `shugu doctor`: is this node well, and if not, what to do. */
import { resolve } from 'node:path';
import {
  checkAuthorities,
  type ExtraCheck,
  examine,
  type Finding,
  makeLog,
  ownMigrations,
  readConfig,
} from '@shugu/server';
import type { Context } from './command.ts';
import { readArgs } from './misuse.ts';
import { dim, green, red, say } from './say.ts';

/** Double entry, asked again of the rows themselves: each entry balances per owner and currency. */
const books: ExtraCheck = {
  id: 'books',
  table: 'ledger_postings',
  faults: `select 'entry ' || entry || ' ' || currency || ' ' || sum(fen) as fault from ledger_postings
    group by entry, owner, currency having sum(fen) <> 0 order by entry limit 100`,
  well: { zh: '账目逐笔平衡', en: 'every entry of the books balances' },
  wrong: { zh: '账目不平', en: 'the books do not balance' },
  next: {
    zh: '立即停止付款并保全数据，由结算与审计核查',
    en: 'stop payouts, keep the data as it is, have settlement and audit look',
  },
};

const marks = { ok: green('✓'), warning: '!', error: red('✗') };

const print = (finding: Finding, language: 'zh' | 'en'): void => {
  say(`${marks[finding.level]} ${finding[language]}`);
  if (finding.next) say(dim(`    → ${finding.next[language]}`));
};

export const run = async (args: string[], { language, cwd }: Context): Promise<number> => {
  const { values } = readArgs(
    {
      args,
      options: { home: { type: 'string' }, json: { type: 'boolean', default: false } },
    },
    language,
  );
  const first = readConfig(process.env, values.home === undefined ? {} : { home: values.home });
  const findings = await examine({
    config: { ...first, home: resolve(cwd, first.home) },
    migrations: await ownMigrations(),
    extra: [books],
    own: [checkAuthorities],
    now: new Date(),
    nodeVersion: process.versions.node,
    log: makeLog('error'),
  });
  const ok = findings.every((one) => one.level !== 'error');
  if (values.json) say(JSON.stringify({ ok, findings }));
  else for (const finding of findings) print(finding, language);
  return ok ? 0 : 1;
};
