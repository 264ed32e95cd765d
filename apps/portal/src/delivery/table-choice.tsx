/** Which table of which database, and which of its columns: each asked of the database once the one before is known. */
import { listConnections, listForeignTables } from '@shugu/wire/delivery';
import { Form, Select } from 'antd';
import { useState } from 'react';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import type { WidgetProps } from '../ui/fields.tsx';
import { count } from '../ui/format.ts';
import { ProblemNote } from '../ui/problem.tsx';

export interface Chosen {
  connection?: string;
  schema?: string;
  table?: string;
  columns?: string[];
}
type Foreign = Reply<typeof listForeignTables>['items'][number];

const keyOf = ({ schema, name }: Pick<Foreign, 'schema' | 'name'>) => JSON.stringify([schema, name]);

export const TableChoice = ({ id, value, onChange }: WidgetProps) => {
  const { t, w } = useWords();
  const chosen = (value ?? {}) as Chosen;
  const [search, setSearch] = useState('');
  const connections = useRead(listConnections, {});
  const tables = useRead(
    listForeignTables,
    { params: { id: chosen.connection ?? '' }, query: search ? { search } : {} },
    { enabled: !!chosen.connection, keep: true },
  );
  const table = tables.data?.items.find(({ schema, name }) => schema === chosen.schema && name === chosen.table);
  const choose = (wanted: string) => {
    const found = tables.data?.items.find((one) => keyOf(one) === wanted);
    if (found)
      onChange?.({
        connection: chosen.connection,
        schema: found.schema,
        table: found.name,
        columns: found.columns.filter(({ carried }) => carried).map(({ name }) => name),
      });
  };
  const about = ({ kind, rowsAbout }: Foreign): string =>
    rowsAbout === null
      ? w('foreignKind', kind)
      : `${w('foreignKind', kind)} · ${t('import.about', { rows: count(rowsAbout) })}`;
  return (
    <>
      <Select
        id={id}
        aria-label={t('import.connection')}
        style={{ width: '100%' }}
        placeholder={t('import.connection')}
        loading={connections.isPending}
        value={chosen.connection}
        options={connections.data?.items.map((one) => ({ value: one.id, label: `${one.name} · ${one.place}` }))}
        onChange={(connection: string) => {
          setSearch('');
          onChange?.({ connection });
        }}
      />
      {chosen.connection ? (
        <Form.Item
          label={t('import.table')}
          extra={tables.data?.more ? t('import.moreTables') : undefined}
          style={{ margin: '16px 0 0' }}
        >
          <Select
            aria-label={t('import.table')}
            placeholder={t('import.chooseTable')}
            loading={tables.isFetching}
            showSearch={{ filterOption: false, onSearch: setSearch }}
            notFoundContent={tables.isFetching ? t('app.loading') : t('import.noTables')}
            value={chosen.table ? keyOf({ schema: chosen.schema!, name: chosen.table }) : undefined}
            options={tables.data?.items.map((one) => ({
              value: keyOf(one),
              label: (
                <span className="row between">
                  <span className="mono">
                    {one.schema}.{one.name}
                  </span>
                  <span className="quiet small">{about(one)}</span>
                </span>
              ),
            }))}
            onChange={choose}
          />
          {tables.error ? <ProblemNote error={tables.error} /> : null}
        </Form.Item>
      ) : null}
      {chosen.table ? (
        <Form.Item label={t('import.columns')} extra={t('import.columnsHelp')} style={{ margin: '16px 0 0' }}>
          <Select
            mode="multiple"
            allowClear
            aria-label={t('import.columns')}
            value={chosen.columns}
            options={(table?.columns ?? (chosen.columns ?? []).map((name) => ({ name, type: '', carried: true }))).map(
              ({ name, type, carried }) => ({
                value: name,
                disabled: !carried,
                label: (
                  <span className="row between">
                    <span>{name}</span>
                    <span className="quiet small mono">{carried ? type : `${type} · ${t('import.notCarried')}`}</span>
                  </span>
                ),
              }),
            )}
            optionLabelProp="value"
            onChange={(columns: string[]) => onChange?.({ ...chosen, columns })}
          />
        </Form.Item>
      ) : null}
    </>
  );
};
