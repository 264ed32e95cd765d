/** What the offer on the table says beside what we said last, and the fields of a counter-offer. */
import { Tag } from 'antd';
import type { ReactNode } from 'react';
import { useWords } from '../i18n/index.ts';
import { PurposePicker } from '../market/purpose-field.tsx';
import { type FormField, field } from '../ui/fields.tsx';
import { bytes, count, dayOf, yuan } from '../ui/format.ts';
import type { Process } from './process.ts';

export type Terms = NonNullable<Process['proposed']>;
export interface Changes {
  price?: string;
  purposes?: string[];
  calls?: number;
  rows?: number;
  bytes?: number;
  until?: string;
}

/** The last day of use, of a moment at which it is over. */
const lastDay = (until: string | null): string | undefined =>
  until === null ? undefined : dayOf(new Date(Date.parse(until) - 1).toISOString());

export const changeFields: FormField[] = [
  field('changes.price', 'text', ['价格（元）', 'Price, yuan'], {
    help: {
      zh: '含税，计价单位与挂牌方案相同（每份、每期、每次等）',
      en: 'With tax, for what the listed plan charges for: a copy, a period, a call …',
    },
  }),
  field('changes.purposes', 'list', ['用途', 'Purposes'], { widget: PurposePicker }),
  field('changes.calls', 'number', ['总次数上限', 'Calls in all'], { min: 1 }),
  field('changes.rows', 'number', ['总行数上限', 'Rows in all'], { min: 1 }),
  field('changes.bytes', 'number', ['总字节数上限', 'Bytes in all'], { min: 1 }),
  field('changes.until', 'date', ['使用截止日', 'Last day of use']),
];

/** Fields filled with what we said last. */
export const changesFrom = (terms: Terms | null): { changes: Changes } => ({
  changes: {
    price: terms?.price ?? undefined,
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
  return {
    purposesOf: (purposes: readonly string[] | null | undefined) =>
      purposes ? purposes.map((one) => w('purpose', one)).join(' · ') : t('terms.unlimited'),
    rowsOf: (terms: Terms): [string, string][] => [
      [
        t('terms.price'),
        terms.price === null
          ? t('terms.noPrice')
          : terms.listed
            ? t('terms.listedPrice', { price: yuan(terms.price) })
            : yuan(terms.price),
      ],
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
  const amounts = (one: Terms) => JSON.stringify([one.price, one.purposes, one.calls, one.rows, one.bytes, one.until]);
  const [said, before] = [proposed.sentences?.[language], ours?.sentences?.[language]];
  const added = said && before ? said.filter((one) => !before.includes(one)) : [];
  const dropped = said && before ? before.filter((one) => !said.includes(one)) : [];
  const same = ours !== null && amounts(proposed) === amounts(ours) && added.length + dropped.length === 0;
  const changed = (place: number, key: keyof Terms) =>
    own !== null &&
    JSON.stringify(proposed[key]) !== JSON.stringify(ours?.[key]) &&
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
