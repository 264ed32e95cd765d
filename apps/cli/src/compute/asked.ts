/** What verbs of `shugu compute` about a contract at an exchange have in common: their options, and what is said where those are wrong. */
import type { Client } from '@shugu/wire';
import { computeLimits } from '@shugu/wire/compute';
import { askingOptions, openAsking } from '../asking.ts';
import type { Context } from '../command.ts';
import { Misuse } from '../misuse.ts';

type Language = Context['language'];

const json = { type: 'boolean', default: false } as const;
export const exchangeOptions = { ...askingOptions, json } as const;
export const contractOptions = { ...exchangeOptions, contract: { type: 'string' } } as const;
/** Beside the own data: as whom, with whom, and where the own keys are. */
export const partyOptions = {
  ...contractOptions,
  as: { type: 'string' },
  peer: { type: 'string' },
  party: { type: 'string', default: '.shugu-party' },
} as const;

export const askedWords = {
  zh: {
    url: '请用 --url URL 给出交易所地址（http:// 或 https://）',
    key: '请用 --key-file FILE 给出本单位的密钥，它须有办理计算合约的权限',
    unreadable: (name: string) => `${name}：无法读取`,
    contract: '请用 --contract ID 给出计算合约的编号（cpc_…）',
    reason: `请用 --reason TEXT 说明理由（至多 ${computeLimits.reasonCharactersMax} 字）`,
    use: '请用 --use ID 给出一次使用的编号（cpu_…）',
    number: (option: string, most: number) => `${option} 是 1 到 ${most} 之间的整数`,
    pair: (option: string, form: string) => `${option} 要写成 ${form} 的样子`,
  },
  en: {
    url: 'name the exchange with --url URL (http:// or https://)',
    key: 'give a key of your organisation that may deal with computation contracts with --key-file FILE',
    unreadable: (name: string) => `${name}: cannot be read`,
    contract: 'name the computation contract with --contract ID (cpc_…)',
    reason: `say why with --reason TEXT (at most ${computeLimits.reasonCharactersMax} characters)`,
    use: 'name the use with --use ID (cpu_…)',
    number: (option: string, most: number) => `${option} is a whole number from 1 to ${most}`,
    pair: (option: string, form: string) => `${option} looks like ${form}`,
  },
} as const;

export const openExchange = (given: Parameters<typeof openAsking>[0], context: Context): Promise<Client> =>
  openAsking(given, askedWords[context.language], context);

export const contractIn = (given: string | undefined, language: Language): string => {
  if (!/^cpc_[0-9a-z]{26}$/.test(given ?? '')) throw new Misuse(askedWords[language].contract);
  return given!;
};

export const useIn = (given: string | undefined, language: Language): string => {
  if (!/^cpu_[0-9a-z]{26}$/.test(given ?? '')) throw new Misuse(askedWords[language].use);
  return given!;
};

/** `otherwise`: what is said where it is none. */
export const digestIn = (given: string | undefined, otherwise: string): string => {
  if (!/^sha256:[0-9a-f]{64}$/.test(given ?? '')) throw new Misuse(otherwise);
  return given!;
};

export const reasonIn = (given: string | undefined, language: Language): string => {
  const reason = given?.trim() ?? '';
  if (reason === '' || reason.length > computeLimits.reasonCharactersMax) throw new Misuse(askedWords[language].reason);
  return reason;
};

export const numberIn = (option: string, given: string, most: number, language: Language): number => {
  const found = /^\d{1,10}$/.test(given) ? Number(given) : 0;
  if (found < 1 || found > most) throw new Misuse(askedWords[language].number(option, most));
  return found;
};

/** `NAME=VALUE`, each name once. */
export const pairsIn = (option: string, given: readonly string[], form: string, language: Language) => {
  const found = new Map<string, string>();
  for (const one of given) {
    const at = one.indexOf('=');
    const name = one.slice(0, at);
    if (at < 1 || found.has(name)) throw new Misuse(askedWords[language].pair(option, form));
    found.set(name, one.slice(at + 1));
  }
  return found;
};
