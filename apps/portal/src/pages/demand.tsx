import { listListings } from '@shugu/wire/market';
import {
  acceptQuotation,
  changeDemand,
  closeDemand,
  createQuotation,
  declineQuotation,
  listQuotations,
  publishDemand,
  readDemand,
  withdrawQuotation,
} from '@shugu/wire/market-more';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { demandForm, quotationForm } from '../market/demand-fields.ts';
import { type PlanValues, planOf, rateOf } from '../market/plan-fields.ts';
import { planText } from '../market/price.ts';
import { paths } from '../paths.ts';
import { isSupplier, useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { money } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { Due, When } from '../ui/now.tsx';
import { RegionName } from '../ui/region.tsx';
import { useId } from '../ui/route.ts';
import { NextStep, StateTag } from '../ui/step.tsx';

type Demand = Reply<typeof readDemand>;

const Quote = ({ one }: { one: Demand }) => {
  const { t } = useWords();
  const listed = useRead(listListings, { query: { state: 'listed', limit: 100 } });
  return (
    <Action
      endpoint={createQuotation}
      label={t('demand.quote')}
      primary
      width={760}
      blocked={['published', 'quoted'].includes(one.state) ? null : t('app.notNow')}
      initial={{ kind: 'oneOff', taxPercent: 6, settlementWays: ['custody'], validDays: 10 }}
      fields={[
        field('listing', 'choice', ['以哪个在架产品交付', 'Which listed product would be delivered'], {
          choices: (listed.data?.items ?? []).map((each) => [each.id, each.productName, each.productName] as const),
        }),
        ...quotationForm,
      ]}
      input={(raw) => {
        const values = raw as unknown as PlanValues & { listing?: string; note: string; validDays?: number };
        return {
          body: {
            demand: one.id,
            enquiry: null,
            listing: values.listing ?? null,
            plan: planOf(values),
            taxRate: rateOf(values.taxPercent),
            settlementWays: values.settlementWays,
            note: values.note,
            ...(values.validDays ? { validDays: values.validDays } : {}),
          },
        };
      }}
    />
  );
};

const Quotations = ({ demand }: { demand: string }) => {
  const { t, b, language } = useWords();
  const me = useMe();
  const read = useRead(listQuotations, { query: { demand, limit: 50 } }, { enabled: !!me });
  const items = read.data?.items ?? [];
  return (
    <Sheet title={t('demand.quotations')}>
      {items.length ? (
        <ul className="card-list">
          {items.map((one) => {
            const buyer = me?.organisation.id === one.buyer.id;
            const params = { id: one.id };
            const open = one.state === 'offered' ? null : t('app.notNow');
            return (
              <li key={one.id}>
                <div className="row between">
                  <b>{one.supplier.name}</b>
                  <StateTag list="quotationState" state={one.state} />
                </div>
                <div className="price">{planText(one.plan, language)}</div>
                <p className="prose">{one.note}</p>
                <div className="small quiet">
                  {t('demand.validUntil')} <Due at={one.validUntil} /> · {b(one.next)}
                </div>
                <div className="row" style={{ marginTop: 8 }}>
                  {buyer ? (
                    <>
                      <Action
                        endpoint={acceptQuotation}
                        label={t('demand.accept')}
                        small
                        primary
                        blocked={open}
                        explain={<p>{planText(one.plan, language)}</p>}
                        input={() => ({ params, body: {} })}
                      />
                      <Action
                        endpoint={declineQuotation}
                        label={t('demand.decline')}
                        small
                        danger
                        blocked={open}
                        input={() => ({ params, body: {} })}
                      />
                      {one.state === 'accepted' && one.listing ? (
                        <Link to={paths.newOrder(one.listing)}>{t('product.order')}</Link>
                      ) : null}
                    </>
                  ) : (
                    <Action
                      endpoint={withdrawQuotation}
                      label={t('demand.withdraw')}
                      small
                      danger
                      blocked={open}
                      input={() => ({ params, body: {} })}
                    />
                  )}
                </div>
              </li>
            );
          })}
        </ul>
      ) : (
        <p className="quiet">{me ? t('demand.noQuotations') : t('demand.signInToSee')}</p>
      )}
    </Sheet>
  );
};

export default function DemandPage() {
  const { t, b, w } = useWords();
  const me = useMe();
  const id = useId();
  const read = useRead(readDemand, { params: { id } });
  return (
    <Loaded of={read}>
      {(one) => {
        const mine = me?.organisation.id === one.buyer.id;
        const draft = one.state === 'draft' ? null : t('app.notNow');
        return (
          <Page title={one.title} lead={one.buyer.name} actions={<StateTag list="demandState" state={one.state} />}>
            <NextStep
              who={t(`who.${one.next.who}`)}
              text={b(one.next)}
              mine={mine && one.next.who === 'buyer'}
              done={one.next.who === 'nobody'}
            >
              {mine ? (
                <>
                  <Action
                    endpoint={publishDemand}
                    label={t('demand.publish')}
                    primary
                    blocked={draft}
                    input={() => ({ params: { id }, body: {} })}
                  />
                  <Action
                    endpoint={changeDemand}
                    label={t('do.change')}
                    blocked={draft}
                    fields={demandForm}
                    initial={{ ...one, budgetMax: one.budgetMax ?? undefined }}
                    width={760}
                    input={(values) => ({ params: { id }, body: { budgetMax: null, ...values } as never })}
                  />
                  <Action
                    endpoint={closeDemand}
                    label={t('demand.close')}
                    danger
                    blocked={one.state === 'closed' ? t('app.notNow') : null}
                    fields={[field('reason', 'longText', ['理由', 'Reason'], { required: true })]}
                    input={(values) => ({ params: { id }, body: values as never })}
                  />
                </>
              ) : isSupplier(me) ? (
                <Quote one={one} />
              ) : null}
            </NextStep>
            <div className="columns">
              <div>
                <Sheet title={t('demand.what')}>
                  <p className="prose">{one.description}</p>
                </Sheet>
                <Quotations demand={one.id} />
              </div>
              <Sheet>
                <Facts
                  items={[
                    [t('facet.industry'), `${w('industry', one.industry.charAt(0))} ${one.industry}`],
                    [t('facet.region'), <RegionName key="region" code={one.region} />],
                    [
                      t('facet.deliveryMode'),
                      one.deliveryModes.map((mode) => w('deliveryMode', mode)).join(listMark()),
                    ],
                    [t('scenario.purposes'), one.purposes.map((each) => <Tag key={each}>{w('purpose', each)}</Tag>)],
                    [t('demand.budget'), one.budgetMax ? money(one.budgetMax) : t('demand.noBudget')],
                    [t('demand.openUntil'), one.openUntil],
                    [t('notices.published'), <When key="p" at={one.publishedAt} />],
                    one.reason && [t('members.reason'), one.reason],
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
