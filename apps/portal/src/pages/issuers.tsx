import { listTrustedIssuers, rotateIssuerKey } from '@shugu/wire/federation';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { When } from '../ui/now.tsx';

type Issuer = Reply<typeof listTrustedIssuers>['issuers'][number];

/** Whose word about its members the node takes, and the node's own as issuer. */
export default function Issuers() {
  const { t, w } = useWords();
  const read = useRead(listTrustedIssuers, {});
  return (
    <Page title={t('menu.issuers')} lead={t('issuers.lead')}>
      <Loaded of={read}>
        {({ did, document, key, issuers }) => (
          <>
            <Sheet title={t('issuers.node')}>
              <Facts
                items={[
                  [t('identity.did'), <Long key="did" text={did} copyable />],
                  [
                    t('identity.document'),
                    <a key="document" href={document} target="_blank" rel="noopener noreferrer">
                      {document} ↗
                    </a>,
                  ],
                  [t('identity.key'), <Long key="key" text={key.id} />],
                  [t('identity.keySince'), <When key="since" at={key.createdAt} />],
                ]}
              />
              <div className="row" style={{ marginTop: 12 }}>
                <Action
                  endpoint={rotateIssuerKey}
                  label={t('identity.rotate')}
                  explain={<p>{t('issuers.rotateExplain')}</p>}
                  input={() => ({ body: {} })}
                />
              </div>
            </Sheet>
            <Sheet title={t('issuers.trusted')}>
              <DataTable<Issuer>
                label={t('issuers.trusted')}
                dataSource={issuers}
                rowKey="did"
                pagination={false}
                columns={[
                  { key: 'did', title: t('identity.did'), render: (_, row) => <Long text={row.did} /> },
                  { key: 'name', title: t('issuers.name'), render: (_, row) => row.name || '—' },
                  { key: 'why', title: t('issuers.why'), render: (_, row) => w('issuerWhy', row.why) },
                ]}
              />
              <p className="quiet small" style={{ marginTop: 12 }}>
                {t('issuers.settings')}
              </p>
            </Sheet>
          </>
        )}
      </Loaded>
    </Page>
  );
}
