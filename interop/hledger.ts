/**
 * The books as hledger reads them: a year of made-up business through the ledger package, and the journal of a trade walked
 * just now. hledger's strict check holds the journal's balance assertions; the balances it computes must be ours; and a
 * journal with one line less, or one amount changed, must be refused.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as ledger from '@shugu/ledger';
import { inFolder, type Outcome, runProgram, type Tally, tally, versionOf } from './check.ts';
import { tradeIn } from './trade.ts';

export const about = 'journals by hledger: accepted, and its balances are ours';

export const needs = async (): Promise<string | undefined> =>
  (await versionOf('hledger', '--version')) ? undefined : 'hledger is not installed';

const utf8 = { ...process.env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' };
const hledger = (...args: string[]) => runProgram('hledger', args, { env: utf8 });

/** Account → fen, as hledger adds them up. */
const balancesIn = async (file: string): Promise<Map<string, bigint>> => {
  const ran = await hledger('-f', file, 'balance', '--flat', '--no-total', '-O', 'csv');
  if (ran.code !== 0) throw new Error(`hledger balance ended with ${ran.code}: ${ran.stderr}`);
  const rows = ran.stdout.trim().split('\n').slice(1);
  return new Map(
    rows.map((row) => {
      const [, account, amount] = /^"(.*)","(.*)"$/.exec(row)!;
      const [, sign, yuan, fen] = /^(-?)(\d+)\.(\d\d) CNY$/.exec(amount!.replaceAll(',', ''))!;
      return [account!.replaceAll('""', '"'), BigInt(`${sign}${yuan}${fen}`)];
    }),
  );
};

const same = (ours: ReadonlyMap<string, bigint>, theirs: ReadonlyMap<string, bigint>): boolean => {
  const left = [...ours].filter(([, fen]) => fen !== 0n);
  return left.length === theirs.size && left.every(([account, fen]) => theirs.get(account) === fen);
};

/** Accepted as it is; refused with one posting lost, and with one posting changed by a fen. */
const checkJournal = async (
  counts: Tally,
  folder: string,
  name: string,
  text: string,
): Promise<Map<string, bigint>> => {
  const file = join(folder, 'books.journal');
  const accepted = async (journal: string) => {
    await writeFile(file, journal);
    return hledger('-f', file, 'check', '--strict', 'ordereddates');
  };
  const lines = text.split('\n');
  const postings = lines.flatMap((line, at) => (/^ {4}[^ ;].* CNY/.test(line) ? [at] : []));
  const middle = postings[Math.floor(postings.length / 2)]!;
  const lost = lines.filter((_, at) => at !== middle).join('\n');
  counts.expect((await accepted(lost)).code !== 0, `${name}: a lost posting was accepted`);
  const more = lines.with(
    middle,
    lines[middle]!.replace(/(\d\d) CNY/, (_, fen) => `${String((Number(fen) + 1) % 100).padStart(2, '0')} CNY`),
  );
  counts.expect((await accepted(more.join('\n'))).code !== 0, `${name}: a changed amount was accepted`);
  // Whole transactions lost leave every other one balanced: only the assertions tell.
  const headings = lines.flatMap((line, at) => (/^\d{4}-/.test(line) ? [at] : []));
  const shorter = [...lines.slice(0, headings[0]), ...lines.slice(headings[1] ?? lines.length)];
  counts.expect((await accepted(shorter.join('\n'))).code !== 0, `${name}: a lost transaction was accepted`);
  const ran = await accepted(text);
  counts.expect(ran.code === 0, `${name}: ${ran.stderr.slice(0, 500)}`);
  counts.note(`${name}: ${headings.length} transactions, ${postings.length} postings`);
  return balancesIn(file);
};

/** mulberry32: seeded, so that a failure can be had again. */
const drawer = (seed: number) => {
  let state = seed >>> 0;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
};

/** Settled by the parties: the fee owed, sometimes paid before a refund takes half of it back. */
const directEntries = (
  context: () => ledger.EntryContext,
  deal: { buyer: string; supplier: string; order: string; fen: bigint },
  below: (max: number) => number,
): ledger.Entry[] => {
  const fee = { member: deal.supplier, order: deal.order, statement: deal.order, fen: deal.fen / 2n + 1n };
  const charged = ledger.feeCharged(context(), fee);
  const entries = [ledger.directOwed(context(), deal), ledger.directProofFiled(context(), deal), charged];
  if (below(2) === 0) return entries;
  const half = { ...fee, fen: fee.fen / 2n + 1n };
  return [
    ...entries,
    ledger.depositSeen(context(), { member: deal.supplier, fen: fee.fen }),
    ledger.feePaid(context(), { ...fee, operator: '平台', owedFen: fee.fen }),
    ledger.directRefundOwed(context(), deal),
    ledger.feeReversed(context(), {
      ...half,
      fen: half.fen > fee.fen ? fee.fen : half.fen,
      owedFen: 0n,
      reverses: charged.id,
    }),
    ledger.directRefunded(context(), deal),
  ];
};

/** Every kind of event that moves money, for orders of all three ways. */
const orderEntries = (
  n: number,
  below: (max: number) => number,
  context: () => ledger.EntryContext,
): ledger.Entry[] => {
  const buyer = `买方${below(20)}`;
  const order = `ord${n}`;
  const fen = BigInt(1 + below(9_999_999));
  const deal = { buyer, order, fen };
  const way = below(3);
  const supplier = `供方${below(10)}`;
  if (way === 0) return directEntries(context, { ...deal, supplier }, below);
  const rule: ledger.SplitRule = {
    fee: { party: '平台', share: { basisPoints: 300 } },
    legs: [
      { party: supplier, role: 'supplier', share: { basisPoints: 7_000 } },
      { party: `权利人${below(5)}`, role: 'rightsHolder', share: { basisPoints: 3_000 } },
    ],
  };
  const result = ledger.split(rule, fen);
  const deposit = ledger.depositSeen(context(), { member: buyer, fen });
  if (way === 1) {
    const purpose = { kind: 'order', id: order } as const;
    const paid = ledger.splitPaid(context(), { buyer, order, result });
    const back =
      below(4) === 0 ? [ledger.refundAsReversal(context(), { buyer, order, result, reverses: paid.id })] : [];
    return [
      deposit,
      ledger.holdPlaced(context(), { member: buyer, purpose, fen }),
      ledger.captured(context(), deal),
      paid,
      ...back,
    ];
  }
  const bill = { ...deal, bill: `bill${n}` };
  return [
    ledger.usageBilled(context(), bill),
    ledger.billAgreed(context(), { ...bill, agreedFen: fen }),
    ledger.billInvoiced(context(), bill),
    deposit,
    ledger.billWrittenOff(context(), { ...bill, paid: 'custody' }),
    ledger.splitPaid(context(), { buyer, order, result }),
  ];
};

const ordersMade = 400;

const madeUpYear = (seed: number): ledger.Entry[] => {
  const below = drawer(seed);
  const entries: ledger.Entry[] = [];
  let serial = 0;
  for (let n = 0; n < ordersMade; n++) {
    const at = new Date(Date.UTC(2026, 0, 1, 2) + n * 20 * 3_600_000).toISOString();
    const context = (): ledger.EntryContext => ({ id: `ent${++serial}`, key: `key/${serial}`, at });
    entries.push(...orderEntries(n, below, context));
  }
  return entries;
};

const checkMadeUp = async (counts: Tally, folder: string): Promise<void> => {
  const entries = madeUpYear(20260701);
  const theirs = await checkJournal(counts, folder, 'made-up year', ledger.toHledger(entries));
  const ours = [...ledger.applyEntries(ledger.noBalances, entries)];
  const named = new Map(ours.map(([account, fen]) => [ledger.defaultAccountName(account), fen]));
  counts.expect(same(named, theirs), 'made-up year: hledger has other balances');
  counts.note(`made-up year: ${theirs.size} balances are the same to the fen`);
};

/** `books.json`, where the walk leaves one: balances by the journal's account names, in fen. */
const checkTrade = async (counts: Tally, folder: string): Promise<void> => {
  const { files } = await tradeIn('sm');
  const journals = files.filter(({ path }) => path.endsWith('.journal'));
  counts.expect(journals.length > 0, 'the trade left no journal');
  for (const { path } of journals) {
    const text = await readFile(path, 'utf8');
    const theirs = await checkJournal(counts, folder, 'trade', text);
    const sum = [...theirs.values()].reduce((total, fen) => total + fen, 0n);
    counts.expect(sum === 0n, `trade: the books sum to ${sum} fen`);
    const beside = join(dirname(path), 'books.json');
    if (!existsSync(beside))
      counts.note('trade: no books.json beside the journal, so only its own assertions were held');
    else {
      const { balances } = JSON.parse(await readFile(beside, 'utf8')) as { balances: Record<string, string> };
      const ours = new Map(Object.entries(balances).map(([account, fen]) => [account, BigInt(fen)]));
      counts.expect(same(ours, theirs), 'trade: hledger has other balances than books.json');
      counts.note(`trade: ${theirs.size} balances are those of books.json`);
    }
  }
};

export const run = (): Promise<Outcome> =>
  inFolder(async (folder) => {
    const counts = tally();
    await checkMadeUp(counts, folder);
    await checkTrade(counts, folder).catch((error: Error) => counts.expect(false, error.message));
    return counts.outcome();
  });
