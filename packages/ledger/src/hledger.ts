import type { AccountId } from './accounts.ts';
import { parseAccount } from './accounts.ts';
import { balanceKey } from './balances.ts';
import type { Entry } from './entry.ts';
import type { Fen } from './fen.ts';
import { cny, formatYuan } from './fen.ts';

export interface HledgerOptions {
  /** Name to print; `资产:存管:甲公司`. Default: the kind's root and the chart's Chinese name. May be ambiguous or odd: see below. */
  accountName?: (account: AccountId) => string;
  /** Business day of an entry, YYYY-MM-DD. Default: the day in China, which has had no summer time since 1992. */
  dayOf?: (entry: Entry) => string;
}

const chinaOffsetMs = 8 * 60 * 60 * 1000;
const typeOfKind = { asset: 'A', liability: 'L', income: 'R', expense: 'X', memo: 'E' } as const;
const rootOfKind = { asset: '资产', liability: '负债', income: '收入', expense: '费用', memo: '备查' } as const;

/** The calendar day in China of a UTC instant. */
export function dayInChina(at: string): string {
  return new Date(Date.parse(at) + chinaOffsetMs).toISOString().slice(0, 10);
}

export function defaultAccountName(account: AccountId): string {
  const { template, parts } = parseAccount(account);
  return [rootOfKind[template.kind], template.zh, ...parts].join(':');
}

/**
 * The journal in the text format of hledger (also read by ledger), so that an auditor recomputes every balance with a
 * tool that is not ours. Declares all accounts and the commodity, sorts by day, and ends every account with a balance
 * assertion, so that `hledger check` fails when a line was lost. Odd characters in names are replaced; two accounts
 * that would print alike are kept apart by a number.
 */
export function toHledger(entries: readonly Entry[], options: HledgerOptions = {}): string {
  const dayOf = options.dayOf ?? ((entry: Entry) => dayInChina(entry.at));
  const ordered = entries
    .map((entry) => ({ entry, day: dayOf(entry) }))
    .sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
  const names = namesOf(entries, options.accountName ?? defaultAccountName);
  const last = lastPostings(ordered.map(({ entry }) => entry));
  const balances = new Map<string, Fen>();
  const currencies = new Set(entries.flatMap(({ postings }) => postings.map(({ currency }) => currency ?? cny)));
  const lines = [...currencies].sort().map((currency) => `commodity 1000.00 ${currency}`);
  for (const [account, name] of names) {
    lines.push(`account ${name}  ; type:${typeOfKind[parseAccount(account).template.kind]}`);
  }
  for (const { entry, day } of ordered) {
    lines.push('', `${day} * (${codeOf(entry.id)}) ${lineOf(entry.memo) || entry.kind}`);
    lines.push(`    ; kind:${entry.kind}, key:${tagOf(entry.key)}`);
    entry.postings.forEach((posting, index) => {
      const key = balanceKey(posting.account, posting.currency);
      const balance = (balances.get(key) ?? 0n) + posting.fen;
      balances.set(key, balance);
      const currency = posting.currency ?? cny;
      const assertion = last.get(key) === `${entry.id}/${index}` ? ` = ${formatYuan(balance)} ${currency}` : '';
      lines.push(`    ${names.get(posting.account)}  ${formatYuan(posting.fen)} ${currency}${assertion}`);
    });
  }
  return `${lines.join('\n')}\n`;
}

/** Account and currency → the posting that comes last in file order: there the assertion stands. */
function lastPostings(ordered: readonly Entry[]): Map<string, string> {
  const last = new Map<string, string>();
  for (const entry of ordered) {
    entry.postings.forEach((posting, index) => {
      last.set(balanceKey(posting.account, posting.currency), `${entry.id}/${index}`);
    });
  }
  return last;
}

function namesOf(entries: readonly Entry[], accountName: (account: AccountId) => string): Map<AccountId, string> {
  const accounts = new Set(entries.flatMap(({ postings }) => postings.map(({ account }) => account)));
  const names = new Map<AccountId, string>();
  const taken = new Set<string>();
  for (const account of [...accounts].sort()) {
    const wanted = cleanName(accountName(account));
    let name = wanted;
    for (let copy = 2; taken.has(name); copy += 1) name = `${wanted}~${copy}`;
    taken.add(name);
    names.set(account, name);
  }
  return names;
}

/**
 * In a journal two spaces or a tab end an account name, a semicolon starts a comment, brackets at the ends make a
 * virtual posting, and a first `*` or `!` is a status mark: none of them may come from a member's name.
 */
function cleanName(name: string): string {
  const segments = name.split(':').map((segment) =>
    segment
      .replace(/[\s\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
      .replace(/;/g, '；')
      .replace(/\(/g, '（')
      .replace(/\)/g, '）')
      .replace(/[[\]]/g, '_')
      .trim()
      .replace(/^[*!]/, '_'),
  );
  return segments.map((segment) => segment || '_').join(':');
}

function lineOf(text: string): string {
  return text
    .replace(/[\s\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .replace(/;/g, '；')
    .replace(/\|/g, '｜')
    .trim();
}

function codeOf(id: string): string {
  return lineOf(id).replace(/[()]/g, '_');
}

/** A comma would end the tag's value, a second colon would start another tag. */
function tagOf(text: string): string {
  return lineOf(text).replace(/,/g, '，').replace(/:/g, '：');
}
