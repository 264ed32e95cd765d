import {
  closeConnector,
  getConnector,
  getIdentity,
  openConnector,
  requestCredential,
  rotateDidKey,
} from '@shugu/wire/federation';
import { Link } from '@tanstack/react-router';
import { type Reply, useRead } from '../api.ts';
import { WalletElsewhere } from '../federation/holder.tsx';
import { Processes } from '../federation/processes.tsx';
import { Rules } from '../federation/rules.tsx';
import { useWords } from '../i18n/index.ts';
import { ControlPlanes } from '../organisation/control-planes.tsx';
import { DataPlanes } from '../organisation/planes.tsx';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { When } from '../ui/now.tsx';
import { StateTag } from '../ui/step.tsx';

type Connector = NonNullable<Reply<typeof getConnector>['connector']>;
type Identity = NonNullable<Reply<typeof getIdentity>['identity']>;

const Standing = ({ connector, identity }: { connector: Connector; identity: Identity }) => {
  const { t } = useWords();
  return (
    <Sheet title={t('identity.title')}>
      <Facts
        items={[
          [t('identity.did'), <Long key="did" text={identity.did} copyable />],
          [t('connector.address'), <Long key="address" text={connector.address} copyable />],
          [
            t('identity.document'),
            <a key="document" href={identity.document} target="_blank" rel="noopener noreferrer">
              {identity.document} ↗
            </a>,
          ],
          [t('identity.key'), <Long key="key" text={identity.key.id} />],
          [t('identity.keySince'), <When key="since" at={identity.key.createdAt} />],
          [t('connector.opened'), <When key="opened" at={connector.openedAt} />],
        ]}
      />
      <div className="row" style={{ marginTop: 12 }}>
        <Action
          endpoint={rotateDidKey}
          label={t('identity.rotate')}
          explain={<p>{t('identity.rotateExplain')}</p>}
          input={() => ({ body: {} })}
        />
        <Action
          endpoint={closeConnector}
          label={t('connector.close')}
          danger
          explain={<p>{t('connector.closeExplain')}</p>}
          input={() => ({ body: {} })}
        />
      </div>
    </Sheet>
  );
};

const Credentials = ({ of }: { of: Identity['credentials'] }) => {
  const { t } = useWords();
  return (
    <Sheet title={t('identity.credentials')}>
      <DataTable<Identity['credentials'][number]>
        label={t('identity.credentials')}
        dataSource={of}
        rowKey="id"
        pagination={false}
        locale={{ emptyText: <Empty title={t('identity.noCredentials')}>{t('identity.noCredentialsText')}</Empty> }}
        columns={[
          {
            key: 'type',
            title: t('identity.type'),
            render: (_, row) => row.types.filter((type) => type !== 'VerifiableCredential').join(' · '),
          },
          {
            key: 'issuer',
            title: t('identity.issuer'),
            render: (_, row) => (row.own ? t('identity.own') : <Long text={row.issuer} />),
          },
          {
            key: 'state',
            title: t('case.state'),
            render: (_, row) => <StateTag list="credentialState" state={row.state} />,
          },
          { key: 'until', title: t('identity.until'), render: (_, row) => <When at={row.validUntil} /> },
        ]}
      />
    </Sheet>
  );
};

const Issuances = ({ of }: { of: Identity['issuances'] }) => {
  const { t } = useWords();
  return (
    <Sheet title={t('identity.issuances')}>
      <DataTable<Identity['issuances'][number]>
        label={t('identity.issuances')}
        dataSource={of}
        rowKey="id"
        pagination={false}
        locale={{ emptyText: <Empty title={t('identity.noIssuances')} /> }}
        columns={[
          {
            key: 'credentials',
            title: t('identity.asked'),
            render: (_, row) => <Long text={row.credentials.join(' · ')} />,
          },
          { key: 'issuer', title: t('identity.issuer'), render: (_, row) => <Long text={row.issuer} /> },
          {
            key: 'state',
            title: t('case.state'),
            render: (_, row) => (
              <>
                <StateTag list="issuanceState" state={row.state} /> <span className="quiet small">{row.reason}</span>
              </>
            ),
          },
          { key: 'at', title: t('app.createdAt'), render: (_, row) => <When at={row.createdAt} /> },
        ]}
      />
      <div className="row" style={{ marginTop: 12 }}>
        <Action
          endpoint={requestCredential}
          label={t('identity.request')}
          explain={<p>{t('identity.requestExplain')}</p>}
          fields={[
            field('issuer', 'text', ['签发方（did:web:…）', 'Issuer (did:web:…)'], { required: true }),
            field('credential', 'text', ['凭证编号', 'Identifier of the credential'], { required: true }),
          ]}
          input={(values) => ({ body: values as never })}
        />
      </div>
    </Sheet>
  );
};

/** The organisation in the dataspace: its connector, its DID, what issuers say of it. */
export default function ConnectorPage() {
  const { t } = useWords();
  const connector = useRead(getConnector, {});
  const read = useRead(getIdentity, {}, { every: 10_000 });
  const open = connector.data?.connector;
  return (
    <Page title={t('menu.connector')} lead={t('connector.lead')}>
      <Loaded of={read}>
        {({ identity }) =>
          identity && open ? (
            <>
              <p>
                <Link to={paths.queue}>{t('queue.title')}</Link> ·{' '}
                <Link to={paths.partnerCatalogue}>{t('partner.title')}</Link>
              </p>
              <Processes />
              <Rules of={open.rules} />
              <Standing connector={open} identity={identity} />
              <Credentials of={identity.credentials} />
              <Issuances of={identity.issuances} />
              <WalletElsewhere />
              <DataPlanes root={open.root} />
              <ControlPlanes />
            </>
          ) : (
            <>
              <Empty
                title={t('connector.none')}
                action={
                  <Action endpoint={openConnector} label={t('connector.open')} primary input={() => ({ body: {} })} />
                }
              >
                {t('connector.noneText')}
              </Empty>
              <WalletElsewhere />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
