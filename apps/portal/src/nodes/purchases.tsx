import { cancelPurchase, listPurchases } from '@shugu/wire/nodes-trade';
import { Link } from '@tanstack/react-router';
import { FetchBought } from '../federation/fetch.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { money } from '../ui/format.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

/** What the organisation bought, or is buying, at other nodes of the hub. */
export const PurchasesAbroad = () => {
  const { t, b, w } = useWords();
  return (
    <PagedTable
      endpoint={listPurchases}
      label={t('abroad.tab')}
      exportName="purchases-at-other-nodes"
      every={5_000}
      rowKey={(row) => row.id}
      empty={
        <Empty title={t('abroad.none')} action={<Link to={paths.goods}>{t('menu.goods')}</Link>}>
          {t('abroad.noneText')}
        </Empty>
      }
      columns={[
        {
          key: 'title',
          title: t('products.name'),
          show: (row) => (
            <>
              {row.title}
              <div className="small quiet">
                {row.node.name} · {row.supplier}
              </div>
            </>
          ),
          text: (row) => row.title,
          sort: (row) => row.title,
        },
        {
          key: 'price',
          title: t('goods.plan'),
          show: (row) => `${b(row.price)} × ${row.quantity}`,
          text: (row) => b(row.price),
        },
        {
          key: 'estimate',
          title: t('abroad.estimate'),
          show: (row) => money(row.estimate),
          text: (row) => row.estimate,
          right: true,
        },
        {
          key: 'owed',
          title: t('abroad.owed'),
          show: (row) => money(row.owed),
          text: (row) => row.owed,
          right: true,
        },
        {
          key: 'state',
          title: t('case.state'),
          show: (row) => (
            <>
              <StateTag list="purchaseState" state={row.state} />
              <div className="small quiet">{row.reason || w('purchaseNext', row.state)}</div>
            </>
          ),
          text: (row) => w('purchaseState', row.state),
          sort: (row) => row.state,
        },
        {
          key: 'step',
          title: t('case.next'),
          show: (row) =>
            row.state === 'holding' || row.state === 'negotiating' ? (
              <Action
                small
                endpoint={cancelPurchase}
                label={t('abroad.cancel')}
                explain={<p>{t(row.state === 'holding' ? 'abroad.cancelExplain' : 'abroad.withdrawExplain')}</p>}
                input={() => ({ params: { id: row.id }, body: {} })}
              />
            ) : row.state === 'bought' && row.agreement ? (
              <FetchBought purchase={row.id} negotiation={row.negotiation} />
            ) : (
              '—'
            ),
        },
        { key: 'at', title: t('nodes.at'), when: (row) => row.changedAt },
      ]}
    />
  );
};
