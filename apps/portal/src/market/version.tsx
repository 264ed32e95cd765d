/** A version as people read it: dictionary, sample, quality. */
import type { versionTable } from '@shugu/wire/catalogue';
import { Tag } from 'antd';
import type { z } from 'zod';
import { useWords } from '../i18n/index.ts';
import { DataTable } from '../ui/data-table.tsx';
import { count } from '../ui/format.ts';
import { Tabs } from '../ui/tabs.tsx';
import { Quality } from './quality.tsx';

type VersionTable = Omit<z.output<typeof versionTable>, 'objects' | 'resource'>;

const sensitive = new Set(['personal', 'sensitivePersonal', 'important', 'core']);

const Dictionary = ({ table }: { table: VersionTable }) => {
  const { t, w } = useWords();
  return (
    <DataTable
      pagination={false}
      rowKey="name"
      dataSource={table.columns}
      columns={[
        {
          title: t('version.column'),
          dataIndex: 'name',
          render: (name: string) => <span className="mono">{name}</span>,
        },
        { title: t('version.columnTitle'), dataIndex: 'title' },
        { title: t('version.type'), dataIndex: 'type', render: (type: string) => w('columnType', type) },
        { title: t('version.unit'), dataIndex: 'unit', render: (unit: string) => unit || '—' },
        { title: t('version.description'), dataIndex: 'description', render: (text: string) => text || '—' },
        {
          title: t('version.sensitivity'),
          dataIndex: 'sensitivity',
          render: (one: string) => (
            <Tag color={sensitive.has(one) ? 'warning' : undefined}>{w('sensitivity', one)}</Tag>
          ),
        },
        {
          title: t('version.nullable'),
          dataIndex: 'nullable',
          render: (one: boolean) => (one ? t('app.yes') : t('app.no')),
        },
      ]}
    />
  );
};

const Sample = ({ table }: { table: VersionTable }) => {
  const { t } = useWords();
  if (!table.sample.rows.length) return <p className="quiet">{t('version.noSample')}</p>;
  return (
    <DataTable
      pagination={false}
      rowKey={(row) => JSON.stringify(row)}
      dataSource={table.sample.rows}
      columns={table.sample.columns.map((name, place) => ({
        title: name,
        key: name,
        render: (_: unknown, row: (string | null)[]) => row[place] ?? <span className="quiet">∅</span>,
      }))}
    />
  );
};

export const VersionTables = ({ tables }: { tables: VersionTable[] }) => {
  const { t } = useWords();
  return (
    <Tabs
      items={tables.map((table) => ({
        key: table.name,
        label: `${table.name}（${table.rowCount === null ? '—' : t('version.rows', { count: count(table.rowCount) })}）`,
        children: (
          <Tabs
            items={[
              { key: 'dictionary', label: t('version.dictionary'), children: <Dictionary table={table} /> },
              { key: 'sample', label: t('version.sample'), children: <Sample table={table} /> },
              { key: 'quality', label: t('version.quality'), children: <Quality quality={table.quality} /> },
            ]}
          />
        ),
      }))}
    />
  );
};
