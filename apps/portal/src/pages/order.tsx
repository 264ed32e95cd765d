import {
  acceptOrder,
  approveOrderDecision,
  cancelOrder,
  deliverOrder,
  extendOrder,
  objectOrder,
  proposeOrderDecision,
  readOrder,
} from '@shugu/wire/market';
import { readOrderMoney } from '@shugu/wire/settlement';
import { Link } from '@tanstack/react-router';
import { Button, Steps, Tag } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { planText } from '../market/price.ts';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import { Held } from '../supervision/legal-holds.tsx';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { count, money, percent } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { Due, When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { NextStep, StateTag } from '../ui/step.tsx';

type Order = Reply<typeof readOrder>;

const chain = ['reviewing', 'contracting', 'contracted', 'delivered', 'accepted', 'settled'] as const;
/** Where a state stands in the chain that is drawn. */
const place: Record<string, number> = {
  reviewing: 0,
  refused: 0,
  contracting: 1,
  cancelled: 1,
  contracted: 2,
  delivering: 2,
  delivered: 3,
  objected: 3,
  accepted: 4,
  // All steps are done.
  settled: 6,
  closed: 6,
};

const metered = new Set(['perCall', 'perRow', 'perGigabyte', 'tiered']);

const note = (required: boolean) => [field('note', 'longText', ['说明', 'Note'], { required, charactersMax: 2000 })];

const Moves = ({ one }: { one: Order }) => {
  const { t } = useWords();
  const me = useMe();
  const buyer = me?.organisation.id === one.buyer.id;
  const supplier = me?.organisation.id === one.supplier.id;
  const when = (...states: Order['state'][]) => (states.includes(one.state) ? null : t('app.notNow'));
  const send = (values: Record<string, never>) => ({ params: { id: one.id }, body: { note: '', ...values } as never });
  const signing = one.state === 'contracting' && one.contract;
  return (
    <>
      {signing ? (
        <Link to={paths.contract(signing)}>
          <Button type="primary" tabIndex={-1}>
            {t('order.toContract')}
          </Button>
        </Link>
      ) : null}
      {supplier ? (
        <Action
          endpoint={deliverOrder}
          label={t('order.deliver')}
          primary={one.next.who === 'supplier' && !signing}
          blocked={when('contracted', 'delivering', 'objected')}
          fields={note(true)}
          explain={<p className="quiet">{t('order.deliverExplain')}</p>}
          input={send}
        />
      ) : null}
      {buyer ? (
        <>
          <Action
            endpoint={acceptOrder}
            label={t('order.accept')}
            primary={one.next.who === 'buyer' && !signing}
            blocked={when('delivered')}
            fields={note(false)}
            explain={<p>{t('order.acceptExplain')}</p>}
            input={send}
          />
          <Action
            endpoint={objectOrder}
            label={t('order.object')}
            danger
            blocked={when('delivered')}
            fields={note(true)}
            explain={<p>{t('order.objectExplain')}</p>}
            input={send}
          />
          <Action
            endpoint={cancelOrder}
            label={t('order.cancel')}
            danger
            blocked={when('reviewing', 'contracting')}
            fields={note(false)}
            input={send}
          />
        </>
      ) : null}
      {buyer && metered.has(one.plan.kind) && one.settlementWay === 'custody' ? (
        <Action
          endpoint={extendOrder}
          label={t('order.extend')}
          blocked={one.endedAt === null ? when('delivering', 'delivered', 'accepted') : t('app.notNow')}
          fields={[field('quantity', 'number', ['追加数量', 'More'], { required: true })]}
          explain={<p>{t('order.extendExplain')}</p>}
          input={(values) => ({
            params: { id: one.id },
            body: { quantity: Number((values as { quantity?: number }).quantity) },
          })}
        />
      ) : null}
      {one.next.who === 'operator' && one.state !== 'reviewing' && may(me, 'market.order.decide') ? (
        <Decide one={one} />
      ) : null}
    </>
  );
};

/** Proposed by one person of the operator, carried out by another's word. */
const Decide = ({ one }: { one: Order }) => {
  const { t } = useWords();
  const params = { id: one.id };
  return (
    <>
      <Action
        endpoint={proposeOrderDecision}
        label={t('order.decide')}
        fields={[
          field('verdict', 'choice', ['处理', 'Decision'], {
            required: true,
            choices: [
              ['bill', '按应付结算', 'Bill what is owed'],
              ...(one.endedAt ? [['release', '退回冻结款项', 'Give back what is held'] as const] : []),
            ],
          }),
          field('reason', 'longText', ['理由', 'Reason'], { required: true, charactersMax: 2000 }),
        ]}
        explain={<p>{t('order.decideExplain')}</p>}
        input={(values) => ({ params, body: values as never })}
      />
      {one.decision ? (
        <Action
          endpoint={approveOrderDecision}
          label={t('order.decideApprove')}
          primary
          explain={
            <p>
              <b>{t(`order.verdict.${one.decision.verdict}`)}</b> {one.decision.reason}
            </p>
          }
          input={() => ({ params, body: {} })}
        />
      ) : null}
    </>
  );
};

/** States before the contract, when no money is spoken of yet. */
const beforeMoney = ['reviewing', 'refused', 'contracting', 'cancelled'];

const Money = ({ order, state }: { order: string; state: string }) => {
  const { t, w } = useWords();
  const me = useMe();
  const read = useRead(
    readOrderMoney,
    { params: { order } },
    { enabled: may(me, 'settlement.account.read') && !beforeMoney.includes(state) },
  );
  if (!read.data) return null;
  const one = read.data;
  return (
    <Sheet title={t('order.money')}>
      <Facts
        items={[
          [t('order.estimate'), `${money(one.estimate)}（${t('product.tax', { rate: percent(one.taxRate) })}）`],
          [t('account.held'), money(one.held)],
          [t('order.way'), w('way', one.way)],
          [t('case.state'), w('orderMoneyState', one.state)],
        ]}
      />
      {one.waiting ? <p className="soon">{t('order.holdWaits')}</p> : null}
      {one.statements.map((each) => (
        <div key={each.id}>
          <Link to={paths.statement(each.id)}>{each.number}</Link> {money(each.total)}{' '}
          <StateTag list="statementState" state={each.state} />
        </div>
      ))}
    </Sheet>
  );
};

const Review = ({ one }: { one: Order }) => {
  const { t, language } = useWords();
  return (
    <Sheet title={t('order.review')} extra={<Link to={paths.case(one.review.case)}>{t('do.open')}</Link>}>
      <ul className="card-list">
        {one.review.findings.map((finding) => (
          <li key={finding.rule}>
            <Tag color={finding.outcome === 'pass' ? 'success' : finding.outcome === 'refuse' ? 'error' : 'warning'}>
              {t(`order.finding.${finding.outcome}`)}
            </Tag>
            {finding[language]}
          </li>
        ))}
      </ul>
    </Sheet>
  );
};

export default function OrderPage() {
  const { t, b, w, language } = useWords();
  const me = useMe();
  const id = useId();
  const read = useRead(readOrder, { params: { id } }, { every: 10_000 });
  return (
    <Loaded of={read}>
      {(one) => {
        const side =
          me?.organisation.id === one.buyer.id
            ? 'buyer'
            : me?.organisation.id === one.supplier.id
              ? 'supplier'
              : 'operator';
        const failed = ['refused', 'cancelled', 'objected'].includes(one.state);
        return (
          <Page
            title={one.productName}
            lead={<span className="mono">{one.number}</span>}
            actions={<StateTag list="orderState" state={one.state} />}
          >
            <Held target={one.id} />
            <NextStep
              who={t(`who.${one.next.who}`)}
              text={b(one.next)}
              mine={one.next.who === side}
              done={one.next.who === 'nobody'}
            >
              <Moves one={one} />
            </NextStep>
            <Sheet>
              <Steps
                size="small"
                responsive
                current={place[one.state] ?? 0}
                status={failed ? 'error' : undefined}
                items={chain.map((step) => ({ title: w('orderState', step) }))}
              />
            </Sheet>
            <div className="columns">
              <div>
                <Sheet title={t('order.terms')}>
                  <Facts
                    items={[
                      [t('who.buyer'), one.buyer.name],
                      [t('who.supplier'), one.supplier.name],
                      [t('product.plans'), `${one.planTitle} · ${planText(one.plan, language)}`],
                      [t('order.quantity'), count(one.quantity)],
                      [t('order.estimate'), money(one.estimate)],
                      [t('order.way'), w('way', one.settlementWay)],
                      one.until && [t('order.until'), <When key="u" at={one.until} />],
                      one.endedAt && [t('order.ended'), <When key="e" at={one.endedAt} />],
                      one.contract && [
                        t('menu.contracts'),
                        <Link key="c" to={paths.contract(one.contract)}>
                          {t('do.open')}
                        </Link>,
                      ],
                      [
                        t('products.name'),
                        <Link key="p" to={paths.product(one.product)}>
                          {one.productName}
                        </Link>,
                      ],
                    ]}
                  />
                </Sheet>
                <Sheet title={t('order.scenario')}>
                  <Facts
                    items={[
                      [t('scenario.title'), one.scenario.title],
                      [
                        t('scenario.purposes'),
                        one.scenario.purposes.map((each) => w('purpose', each)).join(listMark()),
                      ],
                      [t('scenario.endUser'), one.scenario.endUser],
                      [t('resources.personal'), one.scenario.personalData ? t('app.yes') : t('app.no')],
                      [t('scenario.onward'), one.scenario.onwardUse],
                      [t('scenario.term'), `${one.scenario.from} — ${one.scenario.until}`],
                      one.scenario.licence && [t('directory.licence'), one.scenario.licence],
                    ]}
                  />
                </Sheet>
                <Review one={one} />
              </div>
              <div>
                <Sheet title={t('order.delivery')}>
                  {one.delivery ? (
                    <>
                      <When at={one.delivery.at} /> {one.delivery.note}
                      <ul className="prose">
                        {one.delivery.items.map((item) => (
                          <li key={item.kind + item.text}>
                            {item.text}
                            {item.digest ? <div className="mono small quiet">{item.digest}</div> : null}
                          </li>
                        ))}
                      </ul>
                    </>
                  ) : (
                    <p className="quiet">{t('order.notDelivered')}</p>
                  )}
                  {one.acceptBy ? (
                    <p>
                      {t('order.acceptBy')} <Due at={one.acceptBy} />
                    </p>
                  ) : null}
                  {one.acceptance ? (
                    <p>
                      <b>{t(`order.acceptance.${one.acceptance.kind}`)}</b> <When at={one.acceptance.at} />{' '}
                      {one.acceptance.note}
                    </p>
                  ) : null}
                </Sheet>
                <Money order={one.id} state={one.state} />
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
                    <p className="quiet">{t('order.noPapers')}</p>
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
