import { listAudit } from '@shugu/wire/members';
import { DatePicker, Input } from 'antd';
import dayjs from 'dayjs';
import { useWords } from '../i18n/index.ts';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';

export default function Audit() {
  const { t } = useWords();
  const [filters, setFilters] = useFilters();
  return (
    <Page title={t('menu.audit')} lead={t('audit.lead')}>
      <PagedTable
        endpoint={listAudit}
        label={t('menu.audit')}
        input={{ query: { action: filters.action, subject: filters.subject, from: filters.from, to: filters.to } }}
        exportName="audit"
        rowKey={(row) => String(row.sequence)}
        empty={<Empty title={t('audit.empty')} />}
        tools={
          <>
            <Input.Search
              allowClear
              aria-label={t('audit.action')}
              placeholder={t('audit.action')}
              defaultValue={filters.action}
              onSearch={(action) => setFilters({ action: action || undefined })}
              style={{ maxWidth: 220 }}
            />
            <Input.Search
              allowClear
              aria-label={t('audit.subject')}
              placeholder={t('audit.subject')}
              defaultValue={filters.subject}
              onSearch={(subject) => setFilters({ subject: subject || undefined })}
              style={{ maxWidth: 260 }}
            />
            <DatePicker.RangePicker
              aria-label={t('usage.range')}
              value={filters.from && filters.to ? [dayjs(filters.from), dayjs(filters.to)] : null}
              onChange={(range) =>
                setFilters({
                  from: range?.[0]?.startOf('day').toISOString(),
                  to: range?.[1]?.endOf('day').toISOString(),
                })
              }
            />
          </>
        }
        columns={[
          {
            key: 'at',
            title: t('receipt.at'),
            show: (row) => <When at={row.at} />,
            text: (row) => row.at,
            sort: (row) => row.at,
          },
          {
            key: 'who',
            title: t('audit.actor'),
            show: (row) => row.actorName ?? row.actor,
            text: (row) => row.actorName ?? row.actor,
            sort: (row) => row.actorName ?? row.actor,
          },
          {
            key: 'action',
            title: t('audit.action'),
            show: (row) => <span className="mono">{row.action}</span>,
            text: (row) => row.action,
            sort: (row) => row.action,
          },
          {
            key: 'subject',
            title: t('audit.subject'),
            show: (row) => <span className="mono small">{row.subject}</span>,
            text: (row) => row.subject,
          },
          {
            key: 'data',
            title: t('jobs.note'),
            show: (row) => (
              <span className="mono small" style={{ whiteSpace: 'normal' }}>
                {Object.keys(row.data).length ? JSON.stringify(row.data).slice(0, 160) : '—'}
              </span>
            ),
            text: (row) => JSON.stringify(row.data),
          },
        ]}
      />
    </Page>
  );
}
