import { delistListing, readListing, resumeListing, suspendListing } from '@shugu/wire/market';
import { Link } from '@tanstack/react-router';
import { Alert } from 'antd';
import { useRead } from '../api.ts';
import { CasePanel } from '../case/panel.tsx';
import { listMark, useWords } from '../i18n/index.ts';
import { MembersOnly } from '../market/members-only.tsx';
import { planText } from '../market/price.ts';
import { paths } from '../paths.ts';
import { useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { percent } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';

const reason = [field('reason', 'longText', ['理由', 'Reason'], { required: true, charactersMax: 1000 })];

export default function Listing() {
  const { t, w, language } = useWords();
  const me = useMe();
  const id = useId();
  const read = useRead(readListing, { params: { id } }, { every: 20_000 });
  return (
    <Loaded of={read}>
      {(one) => {
        const send = (values: Record<string, never>) => ({ params: { id }, body: values as never });
        const mine = me?.organisation.id === one.supplier.id;
        return (
          <Page
            title={one.productName}
            lead={one.number}
            actions={
              <>
                {mine ? (
                  <Action
                    endpoint={delistListing}
                    label={t('listing.delist')}
                    danger
                    blocked={['listed', 'suspended'].includes(one.state) ? null : t('app.notNow')}
                    explain={t('listing.delistExplain')}
                    fields={reason}
                    input={send}
                  />
                ) : me ? (
                  <>
                    <Action
                      endpoint={suspendListing}
                      label={t('listing.suspend')}
                      danger
                      blocked={one.state === 'listed' ? null : t('app.notNow')}
                      fields={reason}
                      input={send}
                    />
                    <Action
                      endpoint={resumeListing}
                      label={t('listing.resume')}
                      blocked={one.state === 'suspended' ? null : t('app.notNow')}
                      fields={reason}
                      input={send}
                    />
                  </>
                ) : null}
                {one.state === 'listed' ? (
                  <Link to={paths.product(one.product)}>{t('products.publicPage')}</Link>
                ) : null}
              </>
            }
          >
            <MembersOnly of={one.space} />
            {one.reason ? <Alert type="warning" showIcon title={one.reason} style={{ marginBottom: 16 }} /> : null}
            {one.state === 'draft' ? (
              <Alert type="info" showIcon title={t('listing.papersFirst')} style={{ marginBottom: 16 }} />
            ) : null}
            {one.case && me ? <CasePanel id={one.case} /> : null}
            <div className="columns">
              <Sheet title={t('product.plans')}>
                <ul className="card-list">
                  {one.plans.map((plan) => (
                    <li key={plan.offer} className="row between">
                      <span>
                        <b>{plan.title}</b>{' '}
                        <span className="quiet small">
                          {plan.settlementWays.map((way) => w('way', way)).join(listMark())} ·{' '}
                          {t('product.tax', { rate: percent(plan.taxRate) })}
                        </span>
                      </span>
                      <b className="price">{planText(plan.plan, language)}</b>
                    </li>
                  ))}
                </ul>
                <h3 style={{ fontSize: 16, margin: '16px 0 6px' }}>{t('product.policy')}</h3>
                <ul style={{ margin: 0, paddingLeft: '1.2em' }}>
                  {one.explanation[language].map((line) => (
                    <li key={line}>{line}</li>
                  ))}
                </ul>
              </Sheet>
              <Sheet title={t('case.about')}>
                <Facts
                  items={[
                    [t('case.state'), <StateTag key="s" list="listingState" state={one.state} />],
                    [t('who.supplier'), one.supplier.name],
                    [
                      w('basis', one.basis.kind),
                      one.basis.certificates.map((code) => (
                        <div key={code}>
                          <Link className="mono" to={paths.verifyCode(code)}>
                            {code}
                          </Link>
                        </div>
                      )),
                    ],
                    [t('product.acceptanceDays'), one.acceptanceDays],
                    [t('product.standsUntil'), <When key="u" at={one.standsUntil} />],
                    one.paper && [
                      t('papers.title'),
                      <Link key="p" to={paths.paper(one.paper)}>
                        {w('paperKind', 'listingVoucher')}
                      </Link>,
                    ],
                  ]}
                />
              </Sheet>
            </div>
          </Page>
        );
      }}
    </Loaded>
  );
}
