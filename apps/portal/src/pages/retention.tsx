import { retention } from '@shugu/wire/kernel';
import { type Reply, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { LegalHolds } from '../supervision/legal-holds.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';

type Retention = Reply<typeof retention>;

const Keeping = ({ data }: { data: Retention }) => {
  const { t, b, w } = useWords();
  const rows = Object.entries(data.pruned?.rows ?? {});
  return (
    <>
      <Sheet title={t('retention.pruned')}>
        <Facts
          items={[
            [t('retention.region'), data.region],
            [t('retention.last'), data.pruned ? <When key="w" at={data.pruned.at} /> : t('retention.never')],
            [
              t('retention.rows'),
              rows.map(([table, count]) => `${w('pruned', table)} ${count}`).join(listMark()) || t('retention.nothing'),
            ],
          ]}
        />
      </Sheet>
      <Sheet title={t('retention.classes')}>
        <DataTable
          label={t('retention.classes')}
          rowKey="id"
          pagination={false}
          dataSource={data.classes}
          columns={[
            { title: t('retention.class'), render: (_, one) => b(one.title) },
            {
              title: t('retention.minimum'),
              render: (_, one) =>
                one.minimum.length
                  ? one.minimum.map(({ text }) => (
                      <div key={text.en} className="wrapped">
                        {b(text)}
                      </div>
                    ))
                  : '—',
            },
            {
              title: t('retention.maximum'),
              render: (_, one) => (
                <div className="wrapped">{one.maximum ? b(one.maximum.text) : t('retention.stays')}</div>
              ),
            },
          ]}
        />
      </Sheet>
    </>
  );
};

const Classes = () => {
  const read = useRead(retention, {});
  return <Loaded of={read}>{(data) => <Keeping data={data} />}</Loaded>;
};

export default function RetentionPage() {
  const { t } = useWords();
  const me = useMe();
  return (
    <Page title={t('retention.title')} lead={t('retention.lead')}>
      <Sheet title={t('legalHold.title')}>
        <LegalHolds />
      </Sheet>
      {may(me, 'kernel.retention.read') ? <Classes /> : null}
    </Page>
  );
}
