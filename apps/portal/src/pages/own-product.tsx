import {
  changeProduct,
  createVersion,
  getProduct,
  getVersion,
  listVersions,
  readyProduct,
  retireProduct,
} from '@shugu/wire/catalogue';
import { Link } from '@tanstack/react-router';
import { Button, Tag } from 'antd';
import { addressOf, type Reply, useRead } from '../api.ts';
import { Endpoints } from '../delivery/endpoints.tsx';
import { Health } from '../delivery/health.tsx';
import { listMark, useWords } from '../i18n/index.ts';
import { productBody, productForm, versionBody, versionForm } from '../market/product-fields.tsx';
import { VersionTables } from '../market/version.tsx';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { count } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { NextStep, StateTag } from '../ui/step.tsx';

type Product = Reply<typeof getProduct>;

const Versions = ({ one }: { one: Product }) => {
  const { t } = useWords();
  const read = useRead(listVersions, { params: { id: one.id }, query: {} });
  return (
    <Sheet
      title={t('products.versions')}
      extra={
        <Action
          endpoint={createVersion}
          label={t('products.newVersion')}
          fields={versionForm}
          initial={{ sampleRows: 10 }}
          width={860}
          explain={<p className="quiet">{t('products.versionExplain')}</p>}
          input={(values) => ({ params: { id: one.id }, body: versionBody(values) as never })}
        />
      }
    >
      <Loaded of={read}>
        {({ items }) =>
          items.length ? (
            <ul className="card-list">
              {items.map((version) => (
                <li key={version.id}>
                  <div className="row between">
                    <b>
                      v{version.number} {version.note}
                    </b>
                    <span>{version.published ? <Tag color="success">{t('products.published')}</Tag> : null}</span>
                  </div>
                  <div className="small quiet">
                    {t('version.rows', { count: count(version.rowCount) })} ·{' '}
                    {t('products.columns', { count: version.columnCount })} · <When at={version.createdAt} />
                  </div>
                  <div className="row small" style={{ marginTop: 6 }}>
                    <a
                      href={addressOf('/api/products/:id/versions/:version/contract.yaml', {
                        id: one.id,
                        version: version.id,
                      })}
                    >
                      {t('products.odcs')}
                    </a>
                    <Link
                      to={paths.newCase('compliance.engagement')}
                      search={{ subject: version.id, title: one.name } as never}
                    >
                      {t('products.assess')}
                    </Link>
                    <Link to={paths.newListing(version.id)}>{t('products.list')}</Link>
                  </div>
                </li>
              ))}
            </ul>
          ) : (
            <p className="quiet">{t('products.noVersion')}</p>
          )
        }
      </Loaded>
    </Sheet>
  );
};

const Latest = ({ product, version }: { product: string; version: string }) => {
  const { t } = useWords();
  const read = useRead(getVersion, { params: { id: product, version } });
  return (
    <Loaded of={read}>
      {(one) => (
        <>
          <Sheet title={t('products.latest', { number: one.number })}>
            <VersionTables tables={one.tables} />
          </Sheet>
          <Endpoints version={version} tables={one.tables} />
          <Health version={version} />
        </>
      )}
    </Loaded>
  );
};

export default function OwnProduct() {
  const { t, w } = useWords();
  const id = useId();
  const read = useRead(getProduct, { params: { id } });
  return (
    <Loaded of={read}>
      {(one) => {
        const step =
          one.state === 'retired'
            ? 'retired'
            : one.published
              ? 'published'
              : one.state === 'ready'
                ? 'ready'
                : one.latestVersion
                  ? 'version'
                  : 'draft';
        return (
          <Page
            title={one.name}
            lead={one.summary}
            actions={
              <>
                <Action
                  endpoint={changeProduct}
                  label={t('do.change')}
                  fields={productForm}
                  initial={one}
                  width={820}
                  blocked={one.state === 'retired' ? t('app.notNow') : null}
                  input={(values) => ({
                    params: { id },
                    body: { ...productBody(values), revision: one.revision } as never,
                  })}
                />
                <Action
                  endpoint={retireProduct}
                  label={t('products.retire')}
                  danger
                  blocked={one.state === 'retired' ? t('app.notNow') : null}
                  fields={[field('reason', 'longText', ['理由', 'Reason'], { required: true })]}
                  input={(values) => ({ params: { id }, body: values as never })}
                />
              </>
            }
          >
            <NextStep
              text={t(`products.next.${step}`)}
              mine={step !== 'retired' && step !== 'published'}
              done={step === 'retired'}
            >
              {step === 'version' ? (
                <Action
                  endpoint={readyProduct}
                  label={t('products.ready')}
                  primary
                  input={() => ({ params: { id }, body: {} })}
                />
              ) : null}
              {step === 'ready' && one.latestVersion ? (
                <>
                  <Link
                    to={paths.newCase('compliance.engagement')}
                    search={{ subject: one.latestVersion, title: one.name } as never}
                  >
                    <Button tabIndex={-1}>{t('products.assess')}</Button>
                  </Link>
                  <Link to={paths.newListing(one.latestVersion)}>
                    <Button type="primary" tabIndex={-1}>
                      {t('products.list')}
                    </Button>
                  </Link>
                </>
              ) : null}
              {one.published ? <Link to={paths.product(id)}>{t('products.publicPage')}</Link> : null}
            </NextStep>
            <div className="columns">
              <div>
                <Versions one={one} />
                {one.latestVersion ? <Latest product={id} version={one.latestVersion} /> : null}
              </div>
              <Sheet title={t('product.about')}>
                <Facts
                  items={[
                    [t('case.state'), <StateTag key="s" list="productState" state={one.state} />],
                    [t('facet.kind'), w('kind', one.kind)],
                    [t('facet.industry'), `${w('industry', one.industry.charAt(0))} ${one.industry}`],
                    [
                      t('facet.deliveryMode'),
                      one.deliveryModes.map((mode) => w('deliveryMode', mode)).join(listMark()),
                    ],
                    [t('facet.updateCycle'), w('updateCycle', one.updateCycle)],
                    [
                      t('products.rights'),
                      (one.rights ?? []).map((right) => (
                        <div key={right.resource}>
                          <Tag color={right.covered ? 'success' : 'warning'}>
                            {right.covered ? t('products.covered') : t('products.notCovered')}
                          </Tag>
                          <Link to={paths.resource(right.resource)}>
                            {right.certificateCode ?? t('menu.resources')}
                          </Link>
                        </div>
                      )),
                    ],
                    [t('product.keywords'), one.keywords.join(listMark())],
                    [t('product.scenarios'), one.scenarios.join(listMark())],
                  ]}
                />
                <p className="prose" style={{ marginTop: 12 }}>
                  {one.description}
                </p>
              </Sheet>
            </div>
          </Page>
        );
      }}
    </Loaded>
  );
}
