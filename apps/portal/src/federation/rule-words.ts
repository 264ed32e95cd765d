/** A rule in one sentence: when it fits, and what it does. */
import type { ReactionRule } from '@shugu/wire/federation';
import type { Say } from '../i18n/index.ts';
import { listMark } from '../i18n/index.ts';
import { count, yuan } from '../ui/format.ts';

type Word = (list: string, value: string) => string;
export interface RuleWords {
  t: Say;
  w: Word;
  /** Of a product or an offer of ours. */
  nameOf: (id: string) => string;
}

const changesText = ({ changes }: ReactionRule, { t, w }: RuleWords): string[] => {
  if (!changes) return [];
  const { price, tierPrices, percent, floors, purposes, calls, rows, bytes, until } = changes;
  const each = (prices: readonly string[]) => prices.map((one) => yuan(one)).join(' / ');
  const quantity = (key: 'terms.calls' | 'terms.rows' | 'terms.bytes', value: number | undefined) =>
    value === undefined ? '' : `${t(key)} ${count(value)}`;
  return [
    price === undefined ? '' : `${t('terms.price')} ${yuan(price)}`,
    tierPrices ? `${t('terms.price')} ${each(tierPrices)}` : '',
    percent === undefined ? '' : t('rules.percent', { percent }),
    floors ? t('rules.floors', { prices: each(floors) }) : '',
    purposes ? `${t('terms.purposes')} ${purposes.map((one) => w('purpose', one)).join(listMark())}` : '',
    quantity('terms.calls', calls),
    quantity('terms.rows', rows),
    quantity('terms.bytes', bytes),
    until === undefined ? '' : `${t('terms.until')} ${until}`,
  ].filter((one) => one !== '');
};

/** Conditions, the event first. */
export const conditionsOf = (rule: ReactionRule, words: RuleWords): string[] => {
  const { t, w, nameOf } = words;
  const { subject, offer, counterparty, purposes, amountFrom, amountUpTo, unchanged, timesMax } = rule;
  const event = { kind: w('processKind', rule.kind), on: w('ruleOn', rule.on) };
  return [
    t(rule.by === 'self' ? 'rules.whenSelf' : 'rules.when', event),
    subject ? t('rules.product', { name: nameOf(subject) }) : '',
    offer ? t('rules.offer', { name: nameOf(offer) }) : '',
    counterparty ? t('rules.from', { name: counterparty }) : '',
    purposes ? t('rules.purposes', { purposes: purposes.map((one) => w('purpose', one)).join(listMark()) }) : '',
    amountFrom ? t('rules.priceFrom', { price: yuan(amountFrom) }) : '',
    amountUpTo ? t('rules.priceUpTo', { price: yuan(amountUpTo) }) : '',
    unchanged === undefined ? '' : t(unchanged ? 'rules.unchanged' : 'rules.changed'),
    timesMax ? t('rules.timesMax', { count: timesMax }) : '',
    rule.side !== undefined || rule.pauseMilliseconds > 0 ? t('rules.otherwise') : '',
  ].filter((one) => one !== '');
};

export const reactionText = (rule: ReactionRule, words: RuleWords): string => {
  const { t, w } = words;
  const changes = changesText(rule, words);
  return [
    w('ruleReaction', rule.reaction),
    changes.length ? t('rules.with', { terms: changes.join(listMark()) }) : '',
    rule.reason ? t('rules.because', { reason: rule.reason }) : '',
  ]
    .filter((one) => one !== '')
    .join(listMark());
};
