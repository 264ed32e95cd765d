import { listAudit } from '@shugu/wire/members';
import { DatePicker, Input, Select } from 'antd';
import dayjs from 'dayjs';
import { useWords } from '../i18n/index.ts';
import { audit } from '../i18n/words/audit.ts';
import { type Entry, useAuditWords } from '../organisation/audit-words.tsx';
import type { Column } from '../ui/columns.tsx';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';

const nounOf = /^auditNoun\.(.+)$/;
const nouns = Object.keys(audit).flatMap((key) => nounOf.exec(key)?.[1] ?? []);

// The words are for reading; whoever follows a trail needs the identifiers, too, so the file holds both.
const exact: Column<Entry>[] = (['participant', 'actor', 'action', 'subject', 'request'] as const).map((key) => ({
  key: `exact-${key}`,
  title: key,
  show: () => null,
  text: (row) => row[key],
  exportOnly: true,
}));

export default function Audit() {
  const { t, w } = useWords();
  const say = useAuditWords();
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
            <Select
              allowClear
              showSearch={{ optionFilterProp: 'label' }}
              style={{ minWidth: 190 }}
              aria-label={t('audit.action')}
              placeholder={t('audit.action')}
              value={filters.action}
              onChange={(action) => setFilters({ action })}
              options={nouns.map((noun) => ({ value: `${noun}.`, label: w('auditNoun', noun) }))}
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
          { key: 'at', title: t('receipt.at'), when: (row) => row.at },
          {
            key: 'who',
            title: t('audit.who'),
            show: (row) => (
              <>
                {say.who(row)}
                <div className="small quiet">{row.names[row.participant]}</div>
              </>
            ),
            text: say.who,
            sort: say.who,
          },
          {
            key: 'what',
            title: t('audit.what'),
            show: (row) => <span title={row.action}>{say.what(row)}</span>,
            text: say.what,
            sort: say.what,
          },
          {
            key: 'on',
            title: t('audit.on'),
            show: (row) => (
              <div title={row.subject} className={row.names[row.subject] ? 'wrapped' : 'mono small'}>
                {say.subject(row)}
              </div>
            ),
            text: say.subject,
            sort: say.subject,
          },
          {
            key: 'outcome',
            title: t('audit.outcome'),
            show: (row) => <div className="small wrapped">{say.short(say.particulars(row)) || '—'}</div>,
            text: say.particulars,
          },
          ...exact,
        ]}
      />
    </Page>
  );
}
