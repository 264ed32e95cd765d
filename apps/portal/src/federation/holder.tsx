/** The organisation's own wallet elsewhere: registered by a token under its key, and what the exchange issued to it. */
import { getHolder, registerHolder, removeHolder } from '@shugu/wire/federation-holders';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Loaded, Sheet } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { When } from '../ui/now.tsx';
import { StateTag } from '../ui/step.tsx';

type View = Reply<typeof getHolder>;
type Registered = NonNullable<View['holder']>;

const Standing = ({ of, issuer }: { of: Registered; issuer: View['issuer'] }) => {
  const { t } = useWords();
  const told = of.offeredAt ? <When key="offered" at={of.offeredAt} /> : t('holder.notOffered');
  return (
    <Facts
      items={[
        [t('holder.did'), <Long key="did" text={of.did} copyable />],
        [t('holder.since'), <When key="since" at={of.registeredAt} />],
        [
          t('holder.offered'),
          of.fault ? (
            <span key="fault" className="late">
              {of.fault}
            </span>
          ) : (
            told
          ),
        ],
        [t('holder.issuerAddress'), <Long key="address" text={issuer.address} copyable />],
      ]}
    />
  );
};

const Given = ({ of }: { of: Registered['credentials'] }) => {
  const { t } = useWords();
  return (
    <DataTable<Registered['credentials'][number]>
      label={t('holder.given')}
      dataSource={of}
      rowKey="id"
      pagination={false}
      locale={{ emptyText: <Empty title={t('holder.noneGiven')}>{t('holder.noneGivenText')}</Empty> }}
      columns={[
        { key: 'credential', title: t('identity.asked'), render: (_, row) => row.credential },
        { key: 'holder', title: t('holder.did'), render: (_, row) => <Long text={row.holder} /> },
        {
          key: 'state',
          title: t('case.state'),
          render: (_, row) => <StateTag list="credentialState" state={row.state} />,
        },
        { key: 'until', title: t('identity.until'), render: (_, row) => <When at={row.validUntil} /> },
      ]}
    />
  );
};

const Asked = ({ of }: { of: Registered['requests'] }) => {
  const { t } = useWords();
  if (of.length === 0) return null;
  return (
    <DataTable<Registered['requests'][number]>
      label={t('holder.requests')}
      dataSource={of}
      rowKey="id"
      pagination={false}
      columns={[
        { key: 'credentials', title: t('holder.requests'), render: (_, row) => row.credentials.join(' · ') },
        {
          key: 'state',
          title: t('case.state'),
          render: (_, row) => (
            <>
              <StateTag list="credentialRequestState" state={row.state} />{' '}
              <span className="quiet small">{row.reason}</span>
            </>
          ),
        },
        { key: 'at', title: t('app.createdAt'), render: (_, row) => <When at={row.createdAt} /> },
      ]}
    />
  );
};

export const WalletElsewhere = () => {
  const { t } = useWords();
  const read = useRead(getHolder, {}, { every: 10_000 });
  return (
    <Sheet title={t('holder.title')}>
      <p className="small quiet">{t('holder.lead')}</p>
      <Loaded of={read}>
        {({ holder, issuer }) => (
          <>
            {holder ? (
              <>
                <Standing of={holder} issuer={issuer} />
                <Given of={holder.credentials} />
                <Asked of={holder.requests} />
              </>
            ) : null}
            <div className="row" style={{ marginTop: 12 }}>
              <Action
                endpoint={registerHolder}
                label={t(holder ? 'holder.another' : 'holder.register')}
                explain={
                  <>
                    <p>{t('holder.registerExplain')}</p>
                    <Long text={issuer.did} copyable />
                  </>
                }
                fields={[field('token', 'longText', ['自签身份令牌', 'Self-issued ID token'], { required: true })]}
                input={(values) => ({ body: values as never })}
              />
              {holder ? (
                <Action
                  endpoint={removeHolder}
                  label={t('holder.remove')}
                  danger
                  explain={<p>{t('holder.removeExplain')}</p>}
                  input={() => ({})}
                />
              ) : null}
            </div>
          </>
        )}
      </Loaded>
    </Sheet>
  );
};
