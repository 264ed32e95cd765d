import { createScenario, listScenarios, placeOrder, readListing } from '@shugu/wire/market';
import { useNavigate } from '@tanstack/react-router';
import { Alert, Form } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { planText, quantityUnit } from '../market/price.ts';
import { scenarioBody, scenarioForm } from '../market/scenario-fields.ts';
import { paths } from '../paths.ts';
import { Action, SendForm } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { useId } from '../ui/route.ts';

type Listing = Reply<typeof readListing>;

/** The scenario must name nothing that the listing does not allow; the trade review decides, this only warns. */
const Hint = ({ one, scenarios }: { one: Listing; scenarios: Reply<typeof listScenarios>['items'] }) => {
  const { t, w } = useWords();
  const scenario = Form.useWatch('scenario');
  const offer = Form.useWatch('offer');
  const picked = scenarios.find((each) => each.id === scenario);
  const outside = picked && one.purposes.length ? picked.purposes.filter((each) => !one.purposes.includes(each)) : [];
  const plan = one.plans.find((each) => each.offer === offer);
  return (
    <>
      {plan ? <p className="quiet">{t(`order.quantity.${quantityUnit(plan.plan)}`)}</p> : null}
      {outside.length ? (
        <Alert
          type="warning"
          showIcon
          style={{ marginBottom: 16 }}
          title={t('order.outside', { purposes: outside.map((each) => w('purpose', each)).join(listMark()) })}
        />
      ) : null}
    </>
  );
};

export default function NewOrder() {
  const { t, w, language } = useWords();
  const id = useId();
  const navigate = useNavigate();
  const read = useRead(readListing, { params: { id } });
  const scenarios = useRead(listScenarios, { query: { limit: 100 } });
  return (
    <Loaded of={read}>
      {(one) => (
        <Page title={t('order.new')} lead={one.productName}>
          <Loaded of={scenarios}>
            {({ items }) => (
              <div className="columns">
                <Sheet
                  title={t('order.terms')}
                  extra={
                    <Action
                      endpoint={createScenario}
                      label={t('scenario.new')}
                      fields={scenarioForm}
                      initial={{ region: '430000' }}
                      width={760}
                      input={(values) => ({ body: scenarioBody(values) as never })}
                    />
                  }
                >
                  <SendForm
                    endpoint={placeOrder}
                    label={t('order.place')}
                    blocked={items.length ? null : t('order.scenarioFirst')}
                    initial={{
                      offer: one.plans[0]?.offer,
                      settlementWay: one.plans[0]?.settlementWays[0],
                      quantity: 1,
                      months: 12,
                      scenario: items[0]?.id,
                    }}
                    fields={[
                      field('offer', 'choice', ['价格方案', 'Price plan'], {
                        required: true,
                        choices: one.plans.map(
                          (plan) =>
                            [
                              plan.offer,
                              `${plan.title} ${planText(plan.plan, 'zh')}`,
                              `${plan.title} ${planText(plan.plan, 'en')}`,
                            ] as const,
                        ),
                      }),
                      field('scenario', 'choice', ['使用场景', 'Use scenario'], {
                        required: true,
                        choices: items.map((each) => [each.id, each.title, each.title] as const),
                      }),
                      field('quantity', 'number', ['数量', 'Quantity'], { required: true, min: 1 }),
                      field('months', 'number', ['合同期（月）', 'Term (months)'], { required: true, min: 1, max: 60 }),
                      field('settlementWay', 'choice', ['结算方式', 'Settlement'], {
                        required: true,
                        choices: [...new Set(one.plans.flatMap((plan) => plan.settlementWays))].map(
                          (way) => [way, w('way', way), w('way', way)] as const,
                        ),
                      }),
                    ]}
                    input={(values) => ({ body: { listing: one.id, ...values } as never })}
                    after={(reply) => navigate({ to: paths.order(reply.id) })}
                  >
                    <Hint one={one} scenarios={items} />
                  </SendForm>
                </Sheet>
                <Sheet title={t('product.policy')}>
                  <ul style={{ margin: 0, paddingLeft: '1.2em' }}>
                    {one.explanation[language].map((line) => (
                      <li key={line}>{line}</li>
                    ))}
                  </ul>
                  <Facts
                    items={[
                      [t('who.supplier'), one.supplier.name],
                      [t('product.acceptanceDays'), one.acceptanceDays],
                    ]}
                  />
                </Sheet>
              </div>
            )}
          </Loaded>
        </Page>
      )}
    </Loaded>
  );
}
