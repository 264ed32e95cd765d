/** The values of a form, read by its fields. */
import { type Field, isErased } from '@shugu/wire/cases';
import type { ReactNode } from 'react';
import { listMark, useWords } from '../i18n/index.ts';
import { Facts } from '../ui/frame.tsx';
import { OrganisationName } from '../ui/organisations.tsx';

export const FieldValue = ({ one, value }: { one: Field; value: unknown }): ReactNode => {
  const { t, b } = useWords();
  if (value === undefined || value === null || value === '') return '—';
  if (isErased(value)) return <span className="quiet">{t('case.erased')}</span>;
  const choice = (id: unknown) => b(one.choices?.find((found) => found.id === id)?.title) || String(id);
  switch (one.type) {
    case 'boolean':
      return value ? t('app.yes') : t('app.no');
    case 'choice':
      return choice(value);
    case 'choices':
      return (value as unknown[]).map(choice).join(listMark());
    case 'list':
      return (
        <ol style={{ margin: 0, paddingLeft: '1.3em' }}>
          {(value as unknown[]).map((entry) => (
            <li key={String(entry)}>{String(entry)}</li>
          ))}
        </ol>
      );
    case 'parties':
      return (value as string[]).map((id) => <OrganisationName key={id} id={id} />);
    case 'records':
      return (value as Record<string, unknown>[]).map((record, index) => (
        <div key={JSON.stringify(record)} style={{ borderTop: index ? '1px dashed var(--line)' : 0, padding: '6px 0' }}>
          <DataFacts fields={one.fields ?? []} data={record} />
        </div>
      ));
    case 'longText':
      return <span className="prose">{String(value)}</span>;
    case 'number':
      return `${value}${one.unit ? ` ${one.unit}` : ''}`;
    default:
      return String(value);
  }
};

/** What a form may begin with: whatever was erased is asked for anew. */
export const withoutErased = (value: unknown): unknown => {
  if (isErased(value)) return undefined;
  if (Array.isArray(value)) return value.map(withoutErased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([id, inner]) => [id, withoutErased(inner)]));
};

const bare = (value: unknown): ReactNode =>
  value !== null && typeof value === 'object' ? (
    <span className="mono small">{JSON.stringify(value)}</span>
  ) : (
    String(value ?? '—')
  );

/** Known fields by their titles, then whatever else the record holds by its key. */
export const DataFacts = ({ fields, data }: { fields: Field[]; data: Record<string, unknown> }) => {
  const { b } = useWords();
  const known = new Set(fields.map((one) => one.id));
  return (
    <Facts
      items={[
        ...fields
          .filter((one) => data[one.id] !== undefined)
          .map(
            (one) => [b(one.title), <FieldValue key={one.id} one={one} value={data[one.id]} />] as [string, ReactNode],
          ),
        ...Object.entries(data)
          .filter(([key]) => !known.has(key))
          .map(([key, value]) => [key, bare(value)] as [string, ReactNode]),
      ]}
    />
  );
};
