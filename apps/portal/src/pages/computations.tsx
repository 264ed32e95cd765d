import { listComputations } from '@shugu/wire/compute';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';

const Names = ({ of }: { of: readonly { id: string; name: string }[] }) =>
  of.map(({ id, name }) => <div key={id}>{name}</div>);

/** Computation contracts that the organisation is a party to, or all of them for those who supervise. */
export default function Computations() {
  const { t } = useWords();
  const me = useMe();
  return (
    <Page
      title={t('menu.computations')}
      lead={t('compute.lead')}
      actions={
        may(me, 'compute.contract.draft') ? (
          <Link to={paths.newComputation}>
            <Button type="primary" tabIndex={-1}>
              {t('compute.new')}
            </Button>
          </Link>
        ) : null
      }
    >
      <PagedTable
        endpoint={listComputations}
        label={t('menu.computations')}
        rowKey={(row) => row.id}
        empty={<Empty title={t('compute.empty')}>{t('compute.emptyText')}</Empty>}
        columns={[
          {
            key: 'title',
            title: t('compute.title'),
            show: (row) => <Link to={paths.computation(row.id)}>{row.title}</Link>,
            text: (row) => row.title,
            sort: (row) => row.title,
          },
          { key: 'state', title: t('case.state'), words: 'computeState', state: (row) => row.state },
          {
            key: 'left',
            title: t('compute.left'),
            show: ({ uses: { left, total } }) => t('compute.of', { left, total }),
            sort: (row) => row.uses.left,
          },
          { key: 'until', title: t('contract.until'), when: (row) => row.until },
          { key: 'owners', title: t('compute.owners'), show: (row) => <Names of={row.owners} /> },
          { key: 'recipients', title: t('compute.recipients'), show: (row) => <Names of={row.recipients} /> },
        ]}
      />
    </Page>
  );
}
