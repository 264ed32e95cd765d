import { LedgerError } from './problem.ts';

export type AccountKind = 'asset' | 'liability' | 'income' | 'expense' | 'memo';

/** What the segments after the template's name stand for. The first is the owner whose group must sum to zero. */
export type AccountPart = 'member' | 'purpose' | 'id';

export interface AccountTemplate {
  name: string;
  kind: AccountKind;
  parts: readonly AccountPart[];
  /** The side on which the balance normally stands: debit is positive. */
  normal: 'debit' | 'credit';
  zh: string;
  en: string;
}

/**
 * The chart of accounts of the mirror ledger, as data. The exchange owns none of this money: every yuan lies at the
 * custodian bank in a member's sub-account (custody, asset side) and is owed to that member (available, held, due).
 */
export const chartOfAccounts: readonly AccountTemplate[] = [
  { name: 'custody', kind: 'asset', parts: ['member'], normal: 'debit', zh: '存管子账户', en: 'Bank sub-account' },
  { name: 'available', kind: 'liability', parts: ['member'], normal: 'credit', zh: '可用余额', en: 'Available' },
  {
    name: 'held',
    kind: 'liability',
    parts: ['member', 'purpose', 'id'],
    normal: 'credit',
    zh: '冻结',
    en: 'Held for an order or a dispute',
  },
  {
    name: 'due',
    kind: 'liability',
    parts: ['member', 'id'],
    normal: 'credit',
    zh: '待分账',
    en: 'Captured, waiting for the split',
  },
  {
    name: 'difference',
    kind: 'liability',
    parts: ['member'],
    normal: 'credit',
    zh: '对账差异',
    en: 'Unexplained difference',
  },
  { name: 'bankCharge', kind: 'expense', parts: [], normal: 'debit', zh: '银行手续费', en: 'Bank charges' },
  { name: 'feeIncome', kind: 'income', parts: [], normal: 'credit', zh: '平台服务费收入', en: 'Service fee income' },
  {
    name: 'feeReceivable',
    kind: 'asset',
    parts: ['member', 'id'],
    normal: 'debit',
    zh: '应收服务费',
    en: 'Service fee owed by a member',
  },
  {
    name: 'feeReturnable',
    kind: 'liability',
    parts: ['member', 'id'],
    normal: 'credit',
    zh: '应退服务费',
    en: 'Service fee to be given back',
  },
  {
    name: 'operatorContra',
    kind: 'memo',
    parts: [],
    normal: 'debit',
    zh: '平台收支对照',
    en: 'Contra of income and charges',
  },
  {
    name: 'directOwed',
    kind: 'memo',
    parts: ['member', 'id'],
    normal: 'debit',
    zh: '自行结算应付',
    en: 'Owed, settled by the parties',
  },
  {
    name: 'directClaim',
    kind: 'memo',
    parts: ['member', 'id'],
    normal: 'credit',
    zh: '自行结算应收',
    en: 'Claimed, settled by the parties',
  },
  {
    name: 'billed',
    kind: 'memo',
    parts: ['member', 'id'],
    normal: 'debit',
    zh: '已出账待对账',
    en: 'Billed, to be agreed',
  },
  {
    name: 'agreed',
    kind: 'memo',
    parts: ['member', 'id'],
    normal: 'debit',
    zh: '已对账待开票',
    en: 'Agreed, to be invoiced',
  },
  {
    name: 'invoiced',
    kind: 'memo',
    parts: ['member', 'id'],
    normal: 'debit',
    zh: '已开票待付款',
    en: 'Invoiced, to be paid',
  },
  {
    name: 'billClaim',
    kind: 'memo',
    parts: ['member', 'id'],
    normal: 'credit',
    zh: '账单债权',
    en: 'Claim of a usage bill',
  },
];

/** What a member has at the bank, and by what title; per member these sum to zero, in every entry and so for ever. */
export const ownedAccounts: readonly string[] = ['custody', 'available', 'held', 'due', 'difference'];

/** Accounts whose balance never stands on the other side. */
export const guardedAccounts: readonly string[] = [
  'custody',
  'available',
  'held',
  'due',
  'feeReceivable',
  'feeReturnable',
];

/** `name:part:part…`; each part percent-encoded, so that ids with colons or Chinese are safe and reversible. */
export type AccountId = string;

export const accountIdLengthMax = 400;

const byName = new Map(chartOfAccounts.map((template) => [template.name, template]));

/** Builds an id from a template name and its parts. Throws `account-invalid` for a wrong name or number of parts. */
export function accountId(name: string, ...parts: string[]): AccountId {
  const template = byName.get(name);
  if (
    !template ||
    template.parts.length !== parts.length ||
    parts.some((part) => part === '' || !part.isWellFormed())
  ) {
    throw new LedgerError('account-invalid', `no account "${name}" of ${parts.length} parts`, { name });
  }
  const id = [name, ...parts.map(encodeURIComponent)].join(':');
  if (id.length > accountIdLengthMax) throw new LedgerError('account-invalid', 'account id too long', { name });
  return id;
}

export interface Account {
  template: AccountTemplate;
  parts: string[];
}

/** The inverse of `accountId`; throws `account-invalid` for anything it could not have made. */
export function parseAccount(id: AccountId): Account {
  const [name, ...encoded] = id.split(':');
  const template = byName.get(name!);
  if (!template || template.parts.length !== encoded.length || id.length > accountIdLengthMax) {
    throw new LedgerError('account-invalid', 'not an account of the chart', { account: id.slice(0, 80) });
  }
  try {
    const parts = encoded.map(decodeURIComponent);
    if (accountId(name!, ...parts) === id) return { template, parts };
  } catch {
    // A malformed escape is the same mistake as a non-canonical one: one code for both.
  }
  throw new LedgerError('account-invalid', 'account id is not canonical', { account: id.slice(0, 80) });
}

/** The member an owned account belongs to; null for memo and income accounts. */
export function ownerOf(id: AccountId): string | null {
  const { template, parts } = parseAccount(id);
  return ownedAccounts.includes(template.name) ? parts[0]! : null;
}
