import { listDirectory, roleClass } from '@shugu/wire/members';
import { Input, Segmented } from 'antd';
import { listMark, useWords } from '../i18n/index.ts';
import { Empty } from '../ui/empty.tsx';
import { ListFilter } from '../ui/filter.tsx';
import { Page } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';

export default function Directory() {
  const { t, w } = useWords();
  const [filters, setFilters] = useFilters();
  const roles = (row: { roles: { role: string; class: string }[] }) =>
    row.roles.map((one) => w('role', one.role) + (one.class ? `（${w('class', one.class)}）` : '')).join(listMark());
  return (
    <Page title={t('directory.title')} lead={t('directory.lead')}>
      <PagedTable
        endpoint={listDirectory}
        label={t('directory.title')}
        input={{ query: { role: filters.role, class: filters.class, search: filters.search } }}
        exportName="directory"
        rowKey={(row) => row.id}
        empty={<Empty title={t('directory.empty')} />}
        tools={
          <>
            <Segmented
              value={filters.role ?? ''}
              onChange={(role) => setFilters({ role: role || undefined })}
              options={[
                { value: '', label: t('app.all') },
                { value: 'dataMerchant', label: w('role', 'dataMerchant') },
                { value: 'serviceBody', label: w('role', 'serviceBody') },
              ]}
            />
            <ListFilter
              label={t('directory.class')}
              options={roleClass.options.filter(Boolean).map((one) => ({ value: one, label: w('class', one) }))}
              value={filters.class}
              onChange={(one) => setFilters({ class: one })}
            />
            <Input.Search
              allowClear
              aria-label={t('do.search')}
              defaultValue={filters.search}
              onSearch={(search) => setFilters({ search: search || undefined })}
            />
          </>
        }
        columns={[
          { key: 'name', title: t('directory.name'), plain: (row) => row.name },
          {
            key: 'code',
            title: t('directory.code'),
            show: (row) => <span className="mono">{row.creditCode}</span>,
            text: (row) => row.creditCode,
          },
          { key: 'roles', title: t('directory.roles'), show: roles, text: roles },
          {
            key: 'licence',
            title: t('directory.licence'),
            show: (row) =>
              row.roles
                .map((one) => one.licence)
                .filter(Boolean)
                .join(listMark()) || '—',
          },
          { key: 'since', title: t('directory.since'), when: (row) => row.since },
        ]}
      />
    </Page>
  );
}
