import { listInvoices } from '@shugu/wire/settlement';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { money, percent } from '../ui/format.ts';
import { Page } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';

export default function Invoices() {
  const { t } = useWords();
  return (
    <Page title={t('menu.invoices')} lead={t('invoice.lead')}>
      <PagedTable
        endpoint={listInvoices}
        label={t('menu.invoices')}
        exportName="invoices"
        rowKey={(row) => row.id}
        empty={
          <Empty title={t('invoice.empty')} action={<Link to={paths.statements}>{t('menu.statements')}</Link>}>
            {t('invoice.emptyText')}
          </Empty>
        }
        columns={[
          {
            key: 'number',
            title: t('invoice.number'),
            show: (row) => (
              <>
                <span className="mono">{row.number}</span>{' '}
                {row.redOf ? <Tag color="error">{t('invoice.red')}</Tag> : null}
              </>
            ),
            text: (row) => row.number,
            sort: (row) => row.number,
          },
          {
            key: 'kind',
            title: t('papers.kind'),
            show: (row) => t(`invoice.${row.kind}`),
            text: (row) => t(`invoice.${row.kind}`),
          },
          { key: 'issuer', title: t('invoice.issuer'), plain: (row) => row.issuer.name },
          { key: 'buyer', title: t('invoice.buyer'), plain: (row) => row.buyer.name },
          { key: 'gross', title: t('invoice.gross'), money: (row) => row.gross },
          {
            key: 'tax',
            title: t('statement.tax'),
            right: true,
            show: (row) => `${money(row.tax)}（${percent(row.taxRate)}）`,
            text: (row) => row.tax,
          },
          { key: 'day', title: t('invoice.day'), plain: (row) => row.day },
          {
            key: 'statement',
            title: t('menu.statements'),
            show: (row) => <Link to={paths.statement(row.statement)}>{t('do.open')}</Link>,
            text: (row) => row.statement,
          },
        ]}
      />
    </Page>
  );
}
