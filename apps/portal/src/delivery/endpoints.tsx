/** How a version is delivered: look-up API, files, a table share, or a proxy to the supplier's own service. */
import { listEndpoints, publishRevision, putEndpoints } from '@shugu/wire/delivery';
import { Alert } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { bytes, count } from '../ui/format.ts';
import { Facts, Loaded, Sheet } from '../ui/frame.tsx';
import { JobProgress } from '../ui/job.tsx';
import { StateTag } from '../ui/step.tsx';
import { QueryEditor } from './query-editor.tsx';

type EndpointView = Reply<typeof listEndpoints>['items'][number];
interface Tables {
  name: string;
  columns: { name: string; title: string }[];
}

const proxyFields = [
  field('upstream', 'text', ['上游地址', 'Upstream address'], { required: true }),
  field('secretHeader', 'text', ['上游密钥请求头', 'Header of the upstream’s secret'], {}),
  field('secret', 'text', ['上游密钥（密封保存，不再显示）', 'Secret (sealed, never shown again)'], {}),
  field('rowsMember', 'text', ['应答中的行所在成员', 'Member that holds the rows'], {}),
  field('methods', 'choices', ['请求方法', 'Methods'], {
    choices: [
      ['GET', 'GET', 'GET'],
      ['POST', 'POST', 'POST'],
    ],
  }),
  field(
    'document',
    'longText',
    ['接口文档（OpenAPI 3 的 JSON；不填则保留原有的）', 'Document (OpenAPI 3 in JSON; the one kept stays if empty)'],
    {},
  ),
];

const EndpointFacts = ({ one }: { one: EndpointView }) => {
  const { t, b } = useWords();
  return (
    <>
      {one.fault ? <Alert type="error" showIcon title={b(one.fault)} style={{ marginBottom: 8 }} /> : null}
      {[...(one.share?.faults ?? []), ...(one.copies?.faults ?? [])].map((fault) => (
        <Alert key={fault.en} type="warning" showIcon title={b(fault)} style={{ marginBottom: 8 }} />
      ))}
      {one.state === 'building' && one.job ? <JobProgress id={one.job} /> : null}
      <Facts
        items={[
          one.api && [
            t('endpoints.keys'),
            <span key="k" className="mono">
              {one.api.keyColumns.join(' / ')}
            </span>,
          ],
          one.api && [
            t('endpoints.answers'),
            one.api.answerColumns.length ? one.api.answerColumns.join(listMark()) : t('app.all'),
          ],
          one.api && [t('resources.rows'), count(one.api.rows)],
          one.files && [
            t('endpoints.files'),
            one.files.map((file) => (
              <div key={file.name}>
                {file.name}（{bytes(file.bytes)}）
              </div>
            )),
          ],
          one.copies && one.copies.made + one.copies.building > 0
            ? [
                t('endpoints.copies'),
                <>
                  {t('endpoints.copiesText', { count: one.copies.made })}
                  {one.copies.building ? ` · ${t('endpoints.cutting', { count: one.copies.building })}` : ''}
                </>,
              ]
            : null,
          one.share && [
            t('endpoints.revision'),
            <>
              {t('endpoints.revisionText', { number: one.share.revision ?? 0, cuts: one.share.cuts })}
              {one.share.building ? ` · ${t('endpoints.cutting', { count: one.share.building })}` : ''}
            </>,
          ],
          one.proxy && [
            t('endpoints.upstream'),
            <span key="u" className="mono">
              {one.proxy.upstream}
            </span>,
          ],
          one.proxy && [
            t('endpoints.document'),
            t(one.proxy.documented ? 'endpoints.documented' : 'endpoints.undocumented'),
          ],
          one.query && [
            t('endpoints.templates'),
            one.query.templates.map((template) => (
              <div key={template.name}>
                {template.title} <span className="mono quiet">{template.name}</span>
              </div>
            )),
          ],
        ]}
      />
    </>
  );
};

export const Endpoints = ({ version, tables }: { version: string; tables: Tables[] }) => {
  const { t, w } = useWords();
  const read = useRead(listEndpoints, { params: { id: version } }, { every: 8_000 });
  const tableChoices = tables.map((one) => [one.name, one.name, one.name] as const);
  const columnChoices = tables.flatMap((one) =>
    one.columns.map((column) => [column.name, `${column.name} ${column.title}`, column.name] as const),
  );
  /** One kind is set at a time; the others stay as they are. */
  const put = (draft: { kind: string } & Record<string, unknown>) =>
    ({ params: { id: version }, body: { endpoints: [draft] } }) as never;
  return (
    <Loaded of={read}>
      {({ items }) => (
        <Sheet
          title={t('endpoints.title')}
          extra={
            <>
              <Action
                endpoint={putEndpoints}
                label={t('endpoints.api')}
                fields={[
                  field('table', 'choice', ['数据表', 'Table'], { required: true, choices: tableChoices }),
                  field(
                    'keyColumns',
                    'choices',
                    ['查询键（按地址中的次序）', 'Key columns, in the order of the address'],
                    { required: true, choices: columnChoices },
                  ),
                  field('filterColumns', 'choices', ['可选过滤字段', 'Filter columns'], { choices: columnChoices }),
                  field('answerColumns', 'choices', ['返回字段（空为全部）', 'Answer columns (all when empty)'], {
                    choices: columnChoices,
                  }),
                ]}
                initial={{ table: tables[0]?.name }}
                input={(values) => put({ kind: 'api', ...values })}
              />
              <Action
                endpoint={putEndpoints}
                label={t('endpoints.file')}
                explain={t('endpoints.fileExplain')}
                input={() => put({ kind: 'file' })}
              />
              <Action
                endpoint={putEndpoints}
                label={t('endpoints.share')}
                explain={t('endpoints.shareExplain')}
                input={() => put({ kind: 'share' })}
              />
              <Action
                endpoint={putEndpoints}
                label={t('endpoints.proxy')}
                fields={proxyFields}
                initial={{ methods: ['GET'] }}
                input={(values) => put({ kind: 'proxy', ...values })}
              />
              <QueryEditor version={version} tables={tables} kept={items.find((one) => one.query)?.query ?? null} />
            </>
          }
        >
          {items.length ? (
            <ul className="card-list">
              {items.map((one) => (
                <li key={one.id}>
                  <div className="row between">
                    <b>{w('driver', one.kind)}</b>
                    <StateTag list="endpointState" state={one.state} />
                  </div>
                  <EndpointFacts one={one} />
                  {one.share ? (
                    <Action
                      endpoint={publishRevision}
                      label={t('endpoints.publish')}
                      small
                      explain={<p>{t('endpoints.publishExplain')}</p>}
                      input={() => ({ params: { id: version }, body: {} })}
                    />
                  ) : null}
                </li>
              ))}
            </ul>
          ) : (
            <p className="quiet">{t('endpoints.none')}</p>
          )}
        </Sheet>
      )}
    </Loaded>
  );
};
