/** What is left of a grant, and a receipt for every use. */
import { getBalance, getReceipt, listReceipts } from '@shugu/wire/metering';
import { Button, Progress, Tag, Typography } from 'antd';
import { client, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { Empty } from '../ui/empty.tsx';
import { bytes, count } from '../ui/format.ts';
import { Facts, Loaded, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { download, PagedTable } from '../ui/table.tsx';

export const Balance = ({ grant }: { grant: string }) => {
  const { t, w } = useWords();
  const read = useRead(getBalance, { params: { id: grant } }, { every: 5_000 });
  const shown = (metric: string, value: number) => (metric === 'bytes' ? bytes(value) : count(value));
  return (
    <Sheet title={t('balance.title')}>
      <Loaded of={read}>
        {(one) => (
          <>
            <Facts
              items={[
                [w('metric', 'calls'), count(one.used.calls)],
                [w('metric', 'rows'), count(one.used.rows)],
                [w('metric', 'bytes'), bytes(one.used.bytes)],
              ]}
            />
            {one.limits.length ? (
              one.limits.map((limit) => (
                <div key={limit.metric + limit.period} style={{ marginTop: 10 }}>
                  {t('balance.left', {
                    metric: w('metric', limit.metric),
                    period: w('limitPeriod', limit.period),
                    left: shown(limit.metric, limit.left),
                    limit: shown(limit.metric, limit.limit),
                  })}
                  <Progress
                    percent={Math.min(100, Math.round((limit.used / Math.max(1, limit.limit)) * 100))}
                    size="small"
                    status={limit.left <= 0 ? 'exception' : 'normal'}
                    aria-label={w('metric', limit.metric)}
                  />
                </div>
              ))
            ) : (
              <p className="quiet">{t('balance.unlimited')}</p>
            )}
            <p className="small quiet">
              {t('balance.asOf')} <When at={one.asOf} />
            </p>
            <p className="small quiet">
              {t('balance.address')}{' '}
              <Typography.Text copyable code style={{ overflowWrap: 'anywhere' }}>
                {`${location.origin}/gateway/balance/${grant}`}
              </Typography.Text>
            </p>
          </>
        )}
      </Loaded>
    </Sheet>
  );
};

const waiting: ReadonlySet<string> = new Set(['preparing', 'upstreamPaused', 'queryInterrupted']);

/** Who is to do something about what failed. */
const sideOf = (code: string): 'upstream' | 'busy' | 'node' => {
  if (waiting.has(code)) return 'busy';
  return code.startsWith('upstream') ? 'upstream' : 'node';
};

const saveProof = async (id: string) => {
  const proof = await client.call(getReceipt, { params: { id } });
  download(`receipt-${id}.json`, JSON.stringify(proof, null, 2), 'application/json');
};

export const Receipts = ({ grant }: { grant: string }) => {
  const { t, w } = useWords();
  const me = useMe();
  if (!may(me, 'metering.receipt.read')) return null;
  return (
    <Sheet title={t('receipt.title')}>
      <p className="quiet">{t('receipt.lead')}</p>
      <PagedTable
        endpoint={listReceipts}
        label={t('receipt.title')}
        input={{ params: { id: grant } }}
        exportName="receipts"
        every={10_000}
        rowKey={(row) => row.id}
        empty={<Empty title={t('receipt.empty')}>{t('receipt.emptyText')}</Empty>}
        columns={[
          { key: 'at', title: t('receipt.at'), when: (row) => row.at },
          {
            key: 'driver',
            title: t('facet.deliveryMode'),
            show: (row) => w('driver', row.driver),
            text: (row) => row.driver,
          },
          {
            key: 'purpose',
            title: t('scenario.purposes'),
            show: (row) => (row.purpose ? w('purpose', row.purpose) : '—'),
            text: (row) => row.purpose,
          },
          {
            key: 'calls',
            title: w('metric', 'calls'),
            right: true,
            show: (row) => count(row.calls),
            text: (row) => row.calls,
          },
          {
            key: 'rows',
            title: w('metric', 'rows'),
            right: true,
            show: (row) => count(row.rows),
            text: (row) => row.rows,
          },
          {
            key: 'bytes',
            title: w('metric', 'bytes'),
            right: true,
            show: (row) => bytes(row.bytes),
            text: (row) => row.bytes,
          },
          {
            key: 'status',
            title: t('case.state'),
            show: (row) => (
              <>
                <Tag color={row.status === 'complete' ? undefined : 'warning'}>{t(`receipt.${row.status}`)}</Tag>
                {row.failure ? (
                  <div className="small" style={{ whiteSpace: 'normal', width: 190, maxWidth: '100%' }}>
                    <span className="mono">{row.failure}</span> {t(`failure.${sideOf(row.failure)}`)}
                  </div>
                ) : null}
              </>
            ),
            text: (row) => row.failure ?? row.status,
          },
          {
            key: 'proof',
            title: t('receipt.proof'),
            show: (row) => (
              <Button size="small" title={row.id} onClick={() => void saveProof(row.id)}>
                {row.sealed ? t('receipt.download') : t('receipt.unsealed')}
              </Button>
            ),
            text: (row) => row.id,
          },
        ]}
      />
    </Sheet>
  );
};
