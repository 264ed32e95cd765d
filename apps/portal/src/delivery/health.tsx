/** What a supplier sees of a version while it is used. */
import { versionHealth } from '@shugu/wire/delivery';
import { Link } from '@tanstack/react-router';
import { Alert } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import { DataTable } from '../ui/data-table.tsx';
import { bytes, count } from '../ui/format.ts';
import { Loaded, Sheet } from '../ui/frame.tsx';
import { StateTag } from '../ui/step.tsx';

const kinds = { answering: 'success', failing: 'warning', paused: 'error' } as const;

export const Health = ({ version }: { version: string }) => {
  const { t, w } = useWords();
  const me = useMe();
  const read = useRead(versionHealth, { params: { id: version } }, { every: 10_000, keep: true });
  if (!may(me, 'delivery.grant.read')) return null;
  return (
    <Sheet title={t('health.title')}>
      <Loaded of={read}>
        {({ upstream, holders }) => (
          <>
            {upstream ? (
              <Alert
                type={kinds[upstream.state]}
                showIcon
                title={t(`health.${upstream.state}`, {
                  failures: count(upstream.failures),
                  seconds: count(upstream.pausedSeconds),
                })}
                style={{ marginBottom: 12 }}
              />
            ) : null}
            {holders.length ? (
              <DataTable
                pagination={false}
                rowKey="grant"
                dataSource={holders}
                columns={[
                  {
                    title: t('who.buyer'),
                    key: 'buyer',
                    render: (_, one) => <Link to={paths.grant(one.grant)}>{one.buyer.name}</Link>,
                  },
                  { title: t('case.state'), key: 'state', render: (_, one) => <StateTag state={one.state} /> },
                  { title: t('live.requests'), dataIndex: 'requests', align: 'right', render: count },
                  {
                    title: t('health.errors'),
                    key: 'errors',
                    align: 'right',
                    render: (_, one) =>
                      one.requests ? `${Number(((one.failures / one.requests) * 100).toFixed(2))}%` : '—',
                  },
                  {
                    title: t('health.p95'),
                    key: 'p95',
                    align: 'right',
                    render: (_, one) => (one.p95Ms === null ? '—' : `≤ ${one.p95Ms}`),
                  },
                  { title: w('metric', 'rows'), dataIndex: 'rows', align: 'right', render: count },
                  { title: w('metric', 'bytes'), dataIndex: 'bytes', align: 'right', render: bytes },
                ]}
              />
            ) : (
              <p className="quiet">{t('health.none')}</p>
            )}
            <p className="small quiet">{t('health.note')}</p>
          </>
        )}
      </Loaded>
    </Sheet>
  );
};
