/** What the offer on the table says beside what we said last, and the fields of a counter-offer. */
import { Input, Tag } from 'antd';
import { type ReactNode, useState } from 'react';
import { useWords } from '../i18n/index.ts';
import { PurposePicker } from '../market/purpose-field.tsx';
import { type FormField, field, type WidgetProps } from '../ui/fields.tsx';
import { bytes, count, dayOf, yuan } from '../ui/format.ts';
import type { Process } from './process.ts';

export type Terms = NonNullable<Process['proposed']>;
export interface Changes {
  price?: string;
  tierPrices?: string[];
  purposes?: string[];
  calls?: number;
  rows?: number;
  bytes?: number;
  until?: string;
}

/** The last day of use, of a moment at which it is over. */
const lastDay = (until: string | null): string | undefined =>
  until === null ? undefined : dayOf(new Date(Date.parse(until) - 1).toISOString());

const priceHelp = {
  zh: '含税，计价单位与挂牌方案相同（每份、每期、每次等）',
  en: 'With tax, for what the listed plan charges for: a copy, a period, a call …',
};
const priceField = field('changes.price', 'text', ['价格（元）', 'Price, yuan'], { help: priceHelp });

/** Prices in one line, in their order; the same one may stand there twice. */
const PriceLine = ({ id, value, onChange, disabled }: WidgetProps) => {
  const [text, setText] = useState(((value ?? []) as string[]).join('; '));
  const write = (next: string) => {
    setText(next);
    const prices = next.split(/[;；,，\s]+/).filter((one) => one !== '');
    onChange?.(prices.length > 0 ? prices : undefined);
  };
  return <Input id={id} disabled={disabled} value={text} onChange={({ target }) => write(target.value)} />;
};

const limitFields: FormField[] = [
  field('changes.purposes', 'list', ['用途', 'Purposes'], { widget: PurposePicker }),
  field('changes.calls', 'number', ['总次数上限', 'Calls in all'], { min: 1 }),
  field('changes.rows', 'number', ['总行数上限', 'Rows in all'], { min: 1 }),
  field('changes.bytes', 'number', ['总字节数上限', 'Bytes in all'], { min: 1 }),
  field('changes.until', 'date', ['使用截止日', 'Last day of use']),
];

/** Of a counter-offer: its one price, or one field for each tier. */
export const changeFieldsOf = (terms: Terms | null): FormField[] => [
  ...(terms?.tiers?.map(({ upTo }, place) =>
    field(
      `changes.tierPrices.${place}`,
      'text',
      upTo === null
        ? ['价格（元）· 以上部分', 'Price, yuan · beyond']
        : [`价格（元）· 至 ${count(upTo)}`, `Price, yuan · up to ${count(upTo)}`],
      { required: true, ...(place === 0 ? { help: priceHelp } : {}) },
    ),
  ) ?? [priceField]),
  ...limitFields,
];

/** Of a rule, which may meet plans of one price and tiered ones: one of the three ways to say prices. */
export const ruleChangeFields: FormField[] = [
  priceField,
  field('changes.tierPrices', 'list', ['阶梯方案各阶价格（元）', 'Prices of a tiered plan, yuan'], {
    widget: PriceLine,
    help: { zh: '按阶依次填写，以分号分隔；各阶的量不变', en: 'One for each tier in its order, divided by semicolons' },
  }),
  field('changes.percent', 'number', ['各价格按百分比（%）', 'Every price by percentage (%)'], {
    min: 1,
    max: 1000,
    help: {
      zh: '以本单位最近提出的价格为基数（首次为挂牌价），四舍五入到分；原价小数位更多的，到其末位',
      en: 'Of what we said last (first: as listed), rounded half up to the fen, or to the price’s own last place',
    },
  }),
  field('changes.floors', 'list', ['按百分比时不低于（元）', 'By percentage, but no lower than, yuan'], {
    widget: PriceLine,
    help: { zh: '一个底价用于全部价格，或按阶各一个', en: 'One floor for all prices, or one for each tier' },
  }),
  ...limitFields,
];

/** Fields filled with what we said last. */
export const changesFrom = (terms: Terms | null): { changes: Changes } => ({
  changes: {
    price: terms?.price ?? undefined,
    tierPrices: terms?.tiers?.map(({ unitPrice }) => unitPrice),
    purposes: terms?.purposes ?? undefined,
    calls: terms?.calls ?? undefined,
    rows: terms?.rows ?? undefined,
    bytes: terms?.bytes ?? undefined,
    until: terms ? lastDay(terms.until) : undefined,
  },
});

/** Of what was filled in, what differs from what we said last. */
export const changedIn = (terms: Terms | null, filledIn: Changes = {}): Changes => {
  const before = changesFrom(terms).changes;
  return Object.fromEntries(
    Object.entries(filledIn).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key as keyof Changes]),
    ),
  );
};

export const useTermWords = () => {
  const { t, w } = useWords();
  const limited = (value: number | null, say: (value: number) => string) =>
    value === null ? t('terms.unlimited') : say(value);
  const pricesIn = ({ price, tiers }: Pick<Terms, 'price' | 'tiers'>): string | undefined =>
    tiers
      ?.map(({ upTo, unitPrice }) =>
        upTo === null
          ? t('terms.tierBeyond', { price: yuan(unitPrice) })
          : t('terms.tierUpTo', { count: count(upTo), price: yuan(unitPrice) }),
      )
      .join(t('terms.tierMark')) ?? (price === null ? undefined : yuan(price));
  const priceIn = (terms: Terms): string => {
    const { listed } = terms;
    const told = pricesIn(terms);
    return told === undefined ? t('terms.noPrice') : listed ? t('terms.listedPrice', { price: told }) : told;
  };
  return {
    /** One price, or one for each tier; undefined: nobody said. */
    pricesIn,
    purposesOf: (purposes: readonly string[] | null | undefined) =>
      purposes ? purposes.map((one) => w('purpose', one)).join(' · ') : t('terms.unlimited'),
    rowsOf: (terms: Terms): [string, string][] => [
      [t('terms.price'), priceIn(terms)],
      [t('terms.purposes'), terms.purposes?.map((one) => w('purpose', one)).join(' · ') ?? t('terms.unlimited')],
      [t('terms.calls'), limited(terms.calls, count)],
      [t('terms.rows'), limited(terms.rows, count)],
      [t('terms.bytes'), limited(terms.bytes, bytes)],
      [t('terms.until'), lastDay(terms.until) ?? t('terms.unlimited')],
    ],
  };
};

const Sentences = ({ label, color, of }: { label: string; color: string; of: readonly string[] }) =>
  of.map((one) => (
    <li key={one}>
      <Tag color={color}>{label}</Tag> {one}
    </li>
  ));

/** Both sides' terms, line by line; what is not the same is marked by a word, not by colour alone. */
export const TermsBeside = ({ process: { proposed, ours } }: { process: Process }): ReactNode => {
  const { t, language } = useWords();
  const { rowsOf } = useTermWords();
  if (!proposed) return null;
  const table = rowsOf(proposed);
  const own = ours ? rowsOf(ours) : null;
  const amounts = (one: Terms) =>
    JSON.stringify([one.price, one.tiers, one.purposes, one.calls, one.rows, one.bytes, one.until]);
  const [said, before] = [proposed.sentences?.[language], ours?.sentences?.[language]];
  const added = said && before ? said.filter((one) => !before.includes(one)) : [];
  const dropped = said && before ? before.filter((one) => !said.includes(one)) : [];
  const same = ours !== null && amounts(proposed) === amounts(ours) && added.length + dropped.length === 0;
  const changed = (place: number, key: keyof Terms) =>
    own !== null &&
    (['tiers', key] as const).some((one) => JSON.stringify(proposed[one]) !== JSON.stringify(ours?.[one])) &&
    table[place]![1] !== own[place]![1];
  const keys = ['price', 'purposes', 'calls', 'rows', 'bytes', 'until'] as const;
  return (
    <div className="terms-beside">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard. */}
      <section className="scroll" tabIndex={0} aria-label={t('terms.title')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('terms.term')}</th>
              {own ? <th scope="col">{t('terms.ours')}</th> : null}
              <th scope="col">{t('terms.table')}</th>
            </tr>
          </thead>
          <tbody>
            {table.map(([name, value], place) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {own ? <td>{own[place]![1]}</td> : null}
                <td>
                  {value} {changed(place, keys[place]!) ? <Tag color="warning">{t('terms.changed')}</Tag> : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {proposed.sentences === null ? <p className="late">{t('terms.unread')}</p> : null}
      {same ? <p className="small quiet">{t('terms.same')}</p> : null}
      {added.length + dropped.length > 0 ? (
        <ul className="small">
          <Sentences label={t('terms.added')} color="warning" of={added} />
          <Sentences label={t('terms.dropped')} color="default" of={dropped} />
        </ul>
      ) : null}
    </div>
  );
};
