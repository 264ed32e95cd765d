import { productPage } from '@shugu/wire/market-find';
import { Link } from '@tanstack/react-router';
import { Alert, Button, Grid, Tag, Tooltip } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { AskAndTry } from '../market/ask.tsx';
import { MembersOnly } from '../market/members-only.tsx';
import { planText } from '../market/price.ts';
import { VersionTables } from '../market/version.tsx';
import { paths } from '../paths.ts';
import { isBuyer, may, useMe } from '../session.ts';
import { dayOf, percent } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';

type ProductPage = Reply<typeof productPage>;

const OrderButton = ({ one }: { one: ProductPage }) => {
  const { t } = useWords();
  const me = useMe();
  const blocked =
    me === null
      ? t('app.signInFirst')
      : me && one.supplier.id === me.organisation.id
        ? t('product.ownGoods')
        : !one.orderable
          ? t('product.notOrderable')
          : me && (!isBuyer(me) || !may(me, 'market.scenario.file'))
            ? t('app.noPermission')
            : null;
  const stays = !!blocked && me !== null;
  const button = (
    <Button
      type="primary"
      size="large"
      // Within a link the link takes the focus; on its own the button must, or its reason is out of a keyboard's reach.
      tabIndex={stays ? 0 : -1}
      aria-disabled={stays}
      style={stays ? { opacity: 0.62, cursor: 'not-allowed' } : undefined}
    >
      {me === null ? t('product.signInToOrder') : t('product.order')}
    </Button>
  );
  if (stays) return <Tooltip title={blocked}>{button}</Tooltip>;
  const order = paths.newOrder(one.listing.id);
  return me ? (
    <Link to={order}>{button}</Link>
  ) : (
    <Link to={paths.signIn} search={{ next: order } as never}>
      {button}
    </Link>
  );
};

const Policy = ({ one }: { one: ProductPage }) => {
  const { t, w, language } = useWords();
  return (
    <Sheet title={t('product.policy')}>
      <p className="quiet">{t('product.policyLead')}</p>
      <ul style={{ margin: 0, paddingLeft: '1.2em' }}>
        {one.listing.explanation[language].map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <p className="row" style={{ marginTop: 12 }}>
        {one.listing.purposes.map((purpose) => (
          <Tag key={purpose}>{w('purpose', purpose)}</Tag>
        ))}
      </p>
    </Sheet>
  );
};

const Plans = ({ one }: { one: ProductPage }) => {
  const { t, w, language } = useWords();
  const me = useMe();
  return (
    <Sheet title={t('product.plans')}>
      <ul className="card-list">
        {one.listing.plans.map((plan) => (
          <li key={plan.offer}>
            <div className="row between">
              <b>{plan.title}</b>
              <b className="price">{planText(plan.plan, language)}</b>
            </div>
            <div className="small quiet">
              {t('product.tax', { rate: percent(plan.taxRate) })} ·{' '}
              {plan.settlementWays.map((way) => w('way', way)).join(listMark())}
            </div>
          </li>
        ))}
      </ul>
      <p className="small quiet" style={{ marginTop: 10 }}>
        {t('product.acceptance', { days: one.listing.acceptanceDays })}
        {one.listing.trial
          ? ` · ${t('product.trial', { calls: one.listing.trial.calls, days: one.listing.trial.days })}`
          : ''}
      </p>
      <div className="row">
        <OrderButton one={one} />
        <AskAndTry listing={one.listing.id} trial={!!one.listing.trial} own={me?.organisation.id === one.supplier.id} />
      </div>
    </Sheet>
  );
};

const Trust = ({ one }: { one: ProductPage }) => {
  const { t, w } = useWords();
  return (
    <Sheet title={t('product.trust')}>
      <Facts
        items={[
          [
            w('basis', one.listing.basis),
            one.listing.certificates.length
              ? one.listing.certificates.map((code) => (
                  <div key={code}>
                    <Link to={paths.verifyCode(code)} className="mono">
                      {code}
                    </Link>
                  </div>
                ))
              : '—',
          ],
          [
            t('product.reports'),
            one.reports.map((report) => (
              <div key={report.id}>
                {w('conclusion', report.conclusion)} · {report.body.name}
                <div className="small quiet">
                  {report.number} · {t('product.until', { day: dayOf(report.validUntil) })}
                  {report.limits ? ` · ${report.limits}` : ''}
                </div>
              </div>
            )),
          ],
          [t('product.sourceStatement'), one.listing.sourceStatement],
          [t('product.securityStatement'), one.listing.securityStatement],
          [
            t('product.listingNumber'),
            one.listing.paper ? (
              <Link key="l" to={paths.paper(one.listing.paper)}>
                {one.listing.number}
              </Link>
            ) : (
              one.listing.number
            ),
          ],
          [t('product.standsUntil'), <When key="w" at={one.listing.standsUntil} />],
        ]}
      />
    </Sheet>
  );
};

export default function Product() {
  const { t, w } = useWords();
  const read = useRead(productPage, { params: { id: useId() } });
  // On a phone there is one column: what it costs comes before the dictionary, which may be long.
  const beside = Grid.useBreakpoint().lg ?? true;
  return (
    <Loaded of={read}>
      {(one) => (
        <Page
          title={one.version.about.name}
          lead={one.version.about.summary}
          actions={<StateTag list="listingState" state={one.listing.state} />}
        >
          <MembersOnly of={one.listing.space} />
          {one.listing.reason ? (
            <Alert type="warning" showIcon style={{ marginBottom: 16 }} title={one.listing.reason} />
          ) : null}
          <div className="columns">
            <div>
              <Sheet title={t('product.about')}>
                <p className="prose">{one.version.about.description}</p>
                <Facts
                  items={[
                    [t('facet.kind'), w('kind', one.version.about.kind)],
                    [
                      t('facet.industry'),
                      `${w('industry', one.version.about.industry.charAt(0))} ${one.version.about.industry}`,
                    ],
                    [
                      t('facet.deliveryMode'),
                      one.listing.deliveryModes.map((mode) => w('deliveryMode', mode)).join(listMark()),
                    ],
                    [t('facet.updateCycle'), w('updateCycle', one.version.about.updateCycle)],
                    [
                      t('product.coverage'),
                      `${one.version.about.coverageFrom ?? '—'} — ${one.version.about.coverageUntil ?? '—'}`,
                    ],
                    [t('product.scenarios'), one.version.about.scenarios.join(listMark())],
                    [t('product.keywords'), one.version.about.keywords.join(listMark())],
                    [t('product.version'), `${one.version.number} · ${one.version.note}`],
                  ]}
                />
              </Sheet>
              {beside ? null : <Plans one={one} />}
              <Sheet title={t('product.data')}>
                <VersionTables tables={one.version.tables} />
              </Sheet>
            </div>
            <div>
              {beside ? <Plans one={one} /> : null}
              <Policy one={one} />
              <Trust one={one} />
              <Sheet title={t('product.supplier')}>
                <Facts
                  items={[
                    [t('directory.name'), one.supplier.name],
                    [
                      t('directory.code'),
                      <span key="c" className="mono">
                        {one.supplier.creditCode}
                      </span>,
                    ],
                    [t('directory.roles'), one.supplier.roles.map((role) => w('role', role)).join(listMark())],
                    [t('directory.since'), <When key="s" at={one.supplier.since} />],
                    [t('product.supplierListings'), one.supplier.listings],
                  ]}
                />
              </Sheet>
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  );
}
