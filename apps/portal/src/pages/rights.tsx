import { listCertificates, listResources, ownCertificates, ownRights } from '@shugu/wire/registry';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { useRead } from '../api.ts';
import { CaseQueue } from '../case/queue.tsx';
import { listMark, useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Remarks } from '../registry/remarks.tsx';
import { hasRole, may, useMe } from '../session.ts';
import { Empty } from '../ui/empty.tsx';
import { dayOf } from '../ui/format.ts';
import { Page } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';
import { Tabs } from '../ui/tabs.tsx';

const Certificates = ({ own }: { own: boolean }) => {
  const { t, w } = useWords();
  return (
    <PagedTable
      endpoint={own ? ownCertificates : listCertificates}
      label={t('rights.certificates')}
      exportName="certificates"
      rowKey={(row) => row.id}
      empty={<Empty title={t('rights.noCertificates')}>{t('rights.noCertificatesText')}</Empty>}
      columns={[
        {
          key: 'code',
          title: t('certificate.code'),
          show: (row) => (
            <Link to={paths.verifyCode(row.code)} className="mono">
              {row.code}
            </Link>
          ),
          text: (row) => row.code,
          sort: (row) => row.code,
        },
        { key: 'data', title: t('certificate.dataName'), plain: (row) => row.dataName },
        {
          key: 'holders',
          title: t('rights.holders'),
          show: (row) =>
            row.holders
              .map((one) => `${one.name}（${one.rights.map((right) => w('right', right)).join(listMark())}）`)
              .join('；'),
          text: (row) => row.holders.map((one) => one.name).join('；'),
        },
        { key: 'state', title: t('case.state'), words: 'certificateState', state: (row) => row.state },
        {
          key: 'until',
          title: t('certificate.validity'),
          show: (row) => `${dayOf(row.validFrom)} — ${dayOf(row.validUntil)}`,
          text: (row) => row.validUntil,
          sort: (row) => row.validUntil,
        },
      ]}
    />
  );
};

const Rights = () => {
  const { t, w } = useWords();
  const me = useMe();
  const reads = may(me, listResources.permission);
  const resources = useRead(listResources, { query: { limit: 100 } }, { enabled: reads });
  const nameOf = (id: string) => resources.data?.items.find((one) => one.id === id)?.name;
  return (
    <PagedTable
      endpoint={ownRights}
      label={t('rights.title')}
      exportName="rights"
      rowKey={(row) => row.id}
      empty={<Empty title={t('rights.none')}>{t('rights.noneText')}</Empty>}
      columns={[
        {
          key: 'right',
          title: t('rights.right'),
          show: (row) => w('right', row.right),
          text: (row) => w('right', row.right),
          sort: (row) => row.right,
        },
        {
          key: 'resource',
          title: t('rights.resource'),
          show: (row) => <Link to={paths.resource(row.resource)}>{nameOf(row.resource) ?? t('do.open')}</Link>,
          text: (row) => nameOf(row.resource) ?? row.resource,
          sort: (row) => nameOf(row.resource) ?? row.resource,
        },
        {
          key: 'certificate',
          title: t('certificate.code'),
          show: (row) => (
            <Link to={paths.verifyCode(row.certificate)} className="mono">
              {row.certificate}
            </Link>
          ),
          text: (row) => row.certificate,
        },
        {
          key: 'term',
          title: t('certificate.validity'),
          show: (row) => `${dayOf(row.from)} — ${dayOf(row.until)}`,
          text: (row) => row.until,
          sort: (row) => row.until,
        },
        { key: 'limits', title: t('certificate.limits'), show: (row) => row.limits || '—', text: (row) => row.limits },
        { key: 'state', title: t('case.state'), words: 'rightState', state: (row) => row.state },
        { key: 'remarks', title: t('rights.remarks'), show: (row) => <Remarks right={row.id} /> },
      ]}
    />
  );
};

export default function RightsPage() {
  const { t } = useWords();
  const registrar = hasRole(useMe(), 'registrar');
  const file = (
    <Link to={paths.newCase('registration.first')}>
      <Button type="primary" tabIndex={-1}>
        {t('desk.register')}
      </Button>
    </Link>
  );
  return (
    <Page
      title={registrar ? t('menu.rightsRegistered') : t('menu.rights')}
      lead={t('rights.lead')}
      actions={registrar ? null : file}
    >
      <Tabs
        items={[
          ...(registrar
            ? [
                {
                  key: 'handling',
                  label: t('cases.handling'),
                  children: <CaseQueue view="handling" empty={<Empty title={t('cases.handlingEmpty')} />} />,
                },
              ]
            : [
                { key: 'rights', label: t('rights.title'), children: <Rights /> },
                {
                  key: 'cases',
                  label: t('rights.cases'),
                  children: (
                    <CaseQueue
                      view="mine"
                      procedure="registration.first"
                      empty={<Empty title={t('cases.mineEmpty')} action={file} />}
                    />
                  ),
                },
              ]),
          { key: 'certificates', label: t('rights.certificates'), children: <Certificates own={!registrar} /> },
        ]}
      />
    </Page>
  );
}
