import { listForeignPurchases } from '@shugu/wire/federation';
import { Link } from '@tanstack/react-router';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { Long } from '../ui/long.tsx';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

/** What the organisation bought at other connectors: no order of this market stands behind it. */
export const ForeignPurchases = () => {
  const { t, w } = useWords();
  const stateOf = (transfer: { state: string | null } | null) => transfer?.state ?? 'FINALIZED';
  return (
    <PagedTable
      endpoint={listForeignPurchases}
      label={t('order.foreign')}
      exportName="foreign-purchases"
      every={30_000}
      rowKey={(row) => row.agreement}
      empty={<Empty title={t('order.foreignEmpty')}>{t('order.foreignEmptyText')}</Empty>}
      columns={[
        {
          key: 'dataset',
          title: t('order.foreignDataset'),
          show: (row) =>
            row.negotiation ? (
              <Link to={paths.process(row.negotiation)} className={row.title ? undefined : 'mono'}>
                {row.title ?? row.dataset}
              </Link>
            ) : (
              <Long text={row.dataset} />
            ),
          text: (row) => row.title ?? row.dataset,
          sort: (row) => row.title ?? row.dataset,
        },
        {
          key: 'provider',
          title: t('who.supplier'),
          show: (row) => <Long text={row.provider} />,
          text: (row) => row.provider,
          sort: (row) => row.provider,
        },
        {
          key: 'state',
          title: t('case.state'),
          show: (row) => <StateTag list="processState" state={stateOf(row.transfer)} />,
          text: (row) => w('processState', stateOf(row.transfer)),
          sort: (row) => stateOf(row.transfer),
        },
        {
          key: 'endpoint',
          title: t('order.foreignEndpoint'),
          show: (row) => (row.transfer?.endpoint ? <Long text={row.transfer.endpoint} copyable /> : '—'),
          text: (row) => row.transfer?.endpoint ?? '',
        },
        { key: 'finalized', title: t('order.foreignFinalized'), when: (row) => row.finalizedAt },
      ]}
    />
  );
};
