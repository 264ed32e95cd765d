import { listConnections, listImports } from '@shugu/wire/delivery';
import { changeResource, getRegistrar, getResource, retireResource, rightsOfResource } from '@shugu/wire/registry';
import { Link } from '@tanstack/react-router';
import { Alert, Button } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { CaseQueue } from '../case/queue.tsx';
import { ImportProgress, NewImport } from '../delivery/imports.tsx';
import { listMark, useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { resourceBody, resourceForm } from '../registry/fields.ts';
import { ResourceProfile } from '../registry/profile.tsx';
import { UploadData } from '../registry/upload.tsx';
import { may, useMe } from '../session.ts';
import { Held } from '../supervision/legal-holds.tsx';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { bytes, count, dayOf } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { JobProgress } from '../ui/job.tsx';
import { RegionName } from '../ui/region.tsx';
import { useId } from '../ui/route.ts';
import { NextStep, StateTag } from '../ui/step.tsx';

type Resource = Reply<typeof getResource>;

const Content = ({ one }: { one: Resource }) => {
  const { t, b } = useWords();
  const content = one.content;
  return (
    <Sheet title={t('upload.title')}>
      {content ? (
        <>
          <Facts
            items={[
              [t('upload.file'), content.fileName],
              [t('upload.bytes'), bytes(content.bytes)],
              [t('resources.rows'), count(content.rowCount)],
              [t('upload.columns'), count(content.columns.length)],
              content.digest && [
                t('upload.digest'),
                <span key="d" className="mono small">
                  {content.digest}
                </span>,
              ],
            ]}
          />
          {content.state === 'reading' && content.job ? <JobProgress id={content.job} /> : null}
          {content.fault ? (
            <Alert
              type="error"
              showIcon
              style={{ margin: '12px 0' }}
              title={b(content.fault.text)}
              description={
                <ul style={{ margin: 0, paddingLeft: '1.2em' }}>
                  {content.fault.faults.map((fault) => (
                    <li key={`${fault.code}${fault.row}${fault.column}`}>
                      {b(fault.text)} {fault.row !== undefined ? t('upload.row', { row: fault.row }) : ''}{' '}
                      {fault.column ?? ''}
                    </li>
                  ))}
                </ul>
              }
            />
          ) : null}
        </>
      ) : (
        <p className="quiet">{t('upload.none')}</p>
      )}
      <div style={{ marginTop: 12 }}>
        <UploadData resource={one.id} blocked={one.state === 'retired' ? t('app.notNow') : null} />
      </div>
      <FromDatabase one={one} />
    </Sheet>
  );
};

/** Beside the upload: only for those who deal with databases. */
const FromDatabase = ({ one }: { one: Resource }) => {
  const { t } = useWords();
  const me = useMe();
  const sees = me !== undefined && may(me, 'delivery.import.read');
  const connections = useRead(listConnections, {}, { enabled: sees });
  const read = useRead(listImports, { query: { resource: one.id, limit: 1 } }, { enabled: sees, every: 3_000 });
  if (!sees) return null;
  const none = connections.data?.items.length === 0 ? t('import.noConnection') : null;
  const last = read.data?.items[0];
  return (
    <div style={{ marginTop: 12 }}>
      <div className="row">
        <NewImport resource={one.id} blocked={one.state === 'retired' ? t('app.notNow') : none} />
        <Link to={paths.imports} search={{ resource: one.id } as never}>
          {t('import.all')}
        </Link>
      </div>
      {last ? (
        <div style={{ marginTop: 8 }}>
          <span className="mono small">
            {last.schema}.{last.table}
          </span>{' '}
          <ImportProgress one={last} />
        </div>
      ) : null}
    </div>
  );
};

const Rights = ({ resource }: { resource: string }) => {
  const { t, w } = useWords();
  const read = useRead(rightsOfResource, { params: { id: resource } });
  const items = read.data?.items ?? [];
  return (
    <Sheet title={t('rights.title')}>
      {items.length ? (
        <ul className="card-list">
          {items.map((one) => (
            <li key={one.id}>
              <div className="row between">
                <b>
                  {w('right', one.right)} · {one.holder.name}
                </b>
                <StateTag list="rightState" state={one.state} />
              </div>
              <div className="small quiet">
                {dayOf(one.from)} — {dayOf(one.until)} ·{' '}
                <Link to={paths.verifyCode(one.certificate)}>{one.certificate}</Link>
              </div>
            </li>
          ))}
        </ul>
      ) : (
        <p className="quiet">{t('rights.noneYet')}</p>
      )}
    </Sheet>
  );
};

const RegisterButton = ({ one }: { one: Resource }) => {
  const { t } = useWords();
  const registrar = useRead(getRegistrar, {});
  return (
    <Link
      to={paths.newCase('registration.first')}
      search={{ subject: one.id, title: one.name, handler: registrar.data?.id } as never}
    >
      <Button type="primary" tabIndex={-1} disabled={!registrar.data || one.state === 'retired'}>
        {t('desk.register')}
      </Button>
    </Link>
  );
};

export default function ResourcePage() {
  const { t, b, w } = useWords();
  const id = useId();
  const read = useRead(getResource, { params: { id } }, { every: 10_000 });
  return (
    <Loaded of={read}>
      {(one) => (
        <Page
          title={one.name}
          actions={
            <>
              <Action
                endpoint={changeResource}
                label={t('do.change')}
                fields={resourceForm}
                initial={one}
                width={820}
                blocked={one.state === 'retired' ? t('app.notNow') : null}
                input={(values) => ({
                  params: { id: one.id },
                  body: { ...resourceBody(values), revision: one.revision } as never,
                })}
              />
              <Action
                endpoint={retireResource}
                label={t('resources.retire')}
                danger
                blocked={one.state === 'retired' ? t('app.notNow') : null}
                fields={[field('reason', 'longText', ['理由', 'Reason'], { required: true })]}
                input={(values) => ({ params: { id: one.id }, body: values as never })}
              />
            </>
          }
        >
          <Held target={one.id} />
          <NextStep
            text={t(`resources.next.${one.state}`)}
            mine={one.state === 'draft' || one.state === 'profiled'}
            done={one.state === 'retired'}
          >
            {one.state === 'profiled' ? (
              <>
                <RegisterButton one={one} />
                <Link to={paths.newProduct}>
                  <Button tabIndex={-1}>{t('desk.newProduct')}</Button>
                </Link>
              </>
            ) : null}
          </NextStep>
          {one.warnings.map((warning) => (
            <Alert
              key={warning.field + warning.text.zh}
              type="info"
              showIcon
              style={{ marginBottom: 12 }}
              title={b(warning.text)}
            />
          ))}
          <div className="columns">
            <div>
              <Content one={one} />
              {one.content?.state === 'ready' ? <ResourceProfile resource={one.id} /> : null}
              <Sheet title={t('resources.cases')}>
                <CaseQueue view="mine" subject={one.id} empty={<p className="quiet">{t('resources.noCases')}</p>} />
              </Sheet>
            </div>
            <div>
              <Sheet title={t('resources.about')}>
                <Facts
                  items={[
                    [t('case.state'), <StateTag key="s" list="resourceState" state={one.state} />],
                    [
                      t('certificate.summary'),
                      <span key="p" className="prose">
                        {one.summary}
                      </span>,
                    ],
                    [t('facet.industry'), `${w('industry', one.industry.charAt(0))} ${one.industry}`],
                    [t('resources.source'), w('source', one.source)],
                    [
                      t('resources.region'),
                      <span key="region">
                        {w('regionScope', one.regionScope)} · <RegionName code={one.region} />
                      </span>,
                    ],
                    [t('resources.time'), `${one.timeFrom} — ${one.timeUntil ?? ''}`],
                    [t('facet.updateCycle'), w('updateFrequency', one.updateFrequency)],
                    [t('resources.forms'), one.forms.map((form) => w('dataForm', form)).join(listMark())],
                    [t('certificate.limits'), one.limits],
                    [t('resources.personal'), one.personal ? t('app.yes') : t('app.no')],
                    [t('resources.synthetic'), one.synthetic ? t('app.yes') : t('app.no')],
                    one.licence && [t('resources.licence'), one.licence],
                  ]}
                />
              </Sheet>
              <Rights resource={one.id} />
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  );
}
