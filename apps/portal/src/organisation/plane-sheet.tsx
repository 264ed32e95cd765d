/** What the lists of data planes and of control planes have in common: a sheet, a table with a row of buttons, a token that is shown once. */
import { Tag } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { type ReactNode, useState } from 'react';
import { OnceShown } from '../delivery/keys.tsx';
import { type Key, useWords } from '../i18n/index.ts';
import { DataTable } from '../ui/data-table.tsx';
import { Empty } from '../ui/empty.tsx';
import { Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';

export type Words = 'planes' | 'controlPlanes';
/** Shows a token, where there is one to be shown. */
export type ShowToken = (token: string | null | undefined) => void;

export const PlaneSheet = ({ words, children }: { words: Words; children: (show: ShowToken) => ReactNode }) => {
  const { t } = useWords();
  const [token, setToken] = useState<string>();
  return (
    <Sheet title={t(`${words}.title`)}>
      <OnceShown secret={token} onClose={() => setToken(undefined)} />
      {children((shown) => setToken(shown ?? undefined))}
    </Sheet>
  );
};

interface Row {
  id: string;
  running: number;
  registeredAt: string;
}

export function PlaneTable<R extends Row>({
  words,
  rows,
  columns,
  acts,
}: {
  words: Words;
  rows: R[];
  columns: [key: Key, show: (row: R) => ReactNode][];
  acts: (row: R) => ReactNode;
}) {
  const { t } = useWords();
  const own: ColumnsType<R> = columns.map(([key, show]) => ({ key, title: t(key), render: (_, row) => show(row) }));
  return (
    <DataTable<R>
      label={t(`${words}.title`)}
      dataSource={rows}
      rowKey="id"
      pagination={false}
      locale={{ emptyText: <Empty title={t(`${words}.none`)}>{t(`${words}.noneText`)}</Empty> }}
      columns={[
        { key: 'id', title: t('planes.name'), render: (_, row) => <b>{row.id}</b> },
        ...own,
        { key: 'running', title: t(`${words}.running`), render: (_, row) => row.running },
        { key: 'at', title: t('app.createdAt'), render: (_, row) => <When at={row.registeredAt} /> },
        { key: 'act', title: t('jobs.act'), render: (_, row) => <span className="row">{acts(row)}</span> },
      ]}
    />
  );
}

/** Since when something is not as it should be, or will be so no longer. */
export const Noted = ({ text, at }: { text: string; at: string }) => (
  <>
    <Tag color="warning">{text}</Tag> <When at={at} />
  </>
);
