import { readStatement, statementSheet } from '@shugu/wire/settlement';
import { Link } from '@tanstack/react-router';
import { Button, Table, Tag } from 'antd';
import { addressOf, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { useMe } from '../session.ts';
import { FeeFacts } from '../settlement/fees.tsx';
import { StatementMoves } from '../settlement/statement-moves.tsx';
import { StatementRefunds } from '../settlement/statement-refunds.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { countText, dayOf, money, percent, yuan } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { NextStep, StateTag } from '../ui/step.tsx';

export default function StatementPage() {
  const { t, b, w } = useWords();
  const me = useMe();
  const id = useId();
  const read = useRead(readStatement, { params: { id } }, { every: 15_000 });
  return (
    <Loaded of={read}>
      {(one) => {
        const side =
          me?.organisation.id === one.buyer.id ? 'buyer' : me?.organisation.id === one.supplier.id ? 'supplier' : '';
        const mine = one.next.who === side || (one.next.who === 'both' && side !== '');
        return (
          <Page
            title={one.title}
            lead={<span className="mono">{one.number}</span>}
            actions={
              <>
                <StateTag list="statementState" state={one.state} />
                <Button href={addressOf(statementSheet.path, { id })}>{t('statement.sheet')}</Button>
              </>
            }
          >
            <NextStep
              who={one.next.who === 'both' ? t('statement.both') : t(`who.${one.next.who}`)}
              text={b(one.next)}
              mine={mine}
              done={one.next.who === 'nobody'}
            >
              <StatementMoves one={one} />
            </NextStep>
            <div className="columns">
              <div>
                <Sheet title={t('statement.lines')}>
                  <DataTable
                    rowKey="line"
                    pagination={false}
                    dataSource={one.lines}
                    columns={[
                      { title: t('statement.item'), dataIndex: 'title' },
                      { title: t('order.quantity'), align: 'right', render: (_, line) => countText(line.quantity) },
                      {
                        title: t('statement.billable'),
                        align: 'right',
                        render: (_, line) => countText(line.billableQuantity),
                      },
                      {
                        title: t('statement.unitPrice'),
                        align: 'right',
                        render: (_, line) => (line.unitPrice ? yuan(line.unitPrice) : '—'),
                      },
                      {
                        title: t('account.amount'),
                        align: 'right',
                        render: (_, line) => (
                          <>
                            {money(line.amount)} {line.minimumApplied ? <Tag>{t('statement.minimum')}</Tag> : null}
                          </>
                        ),
                      },
                    ]}
                    summary={() =>
                      one.total ? (
                        <Table.Summary.Row>
                          <Table.Summary.Cell index={0} colSpan={4}>
                            <b>{t('statement.total')}</b>
                          </Table.Summary.Cell>
                          <Table.Summary.Cell index={4} align="right">
                            <b>{money(one.total)}</b>
                          </Table.Summary.Cell>
                        </Table.Summary.Row>
                      ) : null
                    }
                  />
                </Sheet>
                {one.legs.length ? (
                  <Sheet title={t('statement.legs')}>
                    <DataTable
                      rowKey={(leg) => leg.party.id + leg.role}
                      pagination={false}
                      dataSource={one.legs}
                      columns={[
                        { title: t('statement.party'), render: (_, leg) => leg.party.name },
                        {
                          title: t('statement.role'),
                          render: (_, leg) => (
                            <>
                              {w('legRole', leg.role)} {leg.fee ? <Tag>{t('statement.fee')}</Tag> : null}
                            </>
                          ),
                        },
                        { title: t('account.amount'), align: 'right', render: (_, leg) => money(leg.amount) },
                      ]}
                    />
                  </Sheet>
                ) : null}
              </div>
              <div>
                <Sheet title={t('case.about')}>
                  <Facts
                    items={[
                      [t('who.buyer'), one.buyer.name],
                      [t('who.supplier'), one.supplier.name],
                      [t('statement.period'), `${dayOf(one.from)} — ${dayOf(one.until)}`],
                      [t('order.way'), w('way', one.way)],
                      [t('statement.net'), money(one.net)],
                      [`${t('statement.tax')} ${percent(one.taxRate)}`, money(one.tax)],
                      [t('statement.total'), <b key="t">{money(one.total)}</b>],
                      // The money of a joint computation has no order on the market.
                      one.contract.startsWith('cpc_')
                        ? [
                            t('menu.computations'),
                            <Link key="o" to={paths.computation(one.contract)}>
                              {t('do.open')}
                            </Link>,
                          ]
                        : [
                            t('menu.orders'),
                            <Link key="o" to={paths.order(one.order)}>
                              {t('do.open')}
                            </Link>,
                          ],
                      one.settledAt && [t('statement.settledAt'), <When key="s" at={one.settledAt} />],
                    ]}
                  />
                </Sheet>
                {one.fee ? (
                  <Sheet title={t('fee.title')}>
                    <FeeFacts one={one.fee} />
                  </Sheet>
                ) : null}
                {one.way === 'direct' || one.refunds.length ? (
                  <Sheet title={t('account.refunds')}>
                    <StatementRefunds one={one} />
                  </Sheet>
                ) : null}
                <Sheet title={t('menu.invoices')}>
                  {one.invoices.length ? (
                    one.invoices.map((invoice) => (
                      <div key={invoice.id}>
                        <span className="mono">{invoice.number}</span>{' '}
                        {invoice.redOf ? <Tag color="error">{t('invoice.red')}</Tag> : null} {money(invoice.gross)}
                      </div>
                    ))
                  ) : (
                    <p className="quiet">{t('statement.noInvoice')}</p>
                  )}
                </Sheet>
                <Sheet title={t('menu.papers')}>
                  {one.papers.length ? (
                    one.papers.map((paper) => (
                      <div key={paper.id}>
                        <Link to={paths.paper(paper.id)}>
                          {w('paperKind', paper.kind)} <span className="mono small">{paper.number}</span>
                        </Link>
                      </div>
                    ))
                  ) : (
                    <p className="quiet">{t('papers.making')}</p>
                  )}
                </Sheet>
              </div>
            </div>
          </Page>
        );
      }}
    </Loaded>
  );
}
