/** Control planes of other makes that the organisation lets use the gateway, under contracts that it has as buyer. */
import { listControlPlanes, registerControlPlane, removeControlPlane } from '@shugu/wire/federation-control-planes';
import { useState } from 'react';
import { type Reply, useRead } from '../api.ts';
import { Password } from '../delivery/database-fields.tsx';
import { OnceShown } from '../delivery/keys.tsx';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Loaded, Sheet } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { When } from '../ui/now.tsx';

type ControlPlane = Reply<typeof listControlPlanes>['controlPlanes'][number];
interface Draft {
  id: string;
  contracts: string[];
  endpoint?: string;
  token?: string;
}

/** Where it hears of what happens it may also say itself. */
const bodyOf = ({ id, contracts, endpoint, token }: Draft) => ({
  ...{ id, contracts },
  ...(endpoint && token ? { callback: { endpoint, authorization: { type: 'bearer' as const, token } } } : {}),
});

export const ControlPlanes = () => {
  const { t } = useWords();
  const read = useRead(listControlPlanes, {}, { every: 30_000 });
  const [token, setToken] = useState<string>();
  return (
    <Sheet title={t('controlPlanes.title')}>
      <OnceShown secret={token} onClose={() => setToken(undefined)} />
      <Loaded of={read}>
        {({ address, controlPlanes }) => (
          <>
            <DataTable<ControlPlane>
              label={t('controlPlanes.title')}
              dataSource={controlPlanes}
              rowKey="id"
              pagination={false}
              locale={{ emptyText: <Empty title={t('controlPlanes.none')}>{t('controlPlanes.noneText')}</Empty> }}
              columns={[
                { key: 'id', title: t('people.name'), render: (_, row) => <b>{row.id}</b> },
                {
                  key: 'contracts',
                  title: t('controlPlanes.contracts'),
                  render: (_, row) => (row.contracts.length ? <Long text={row.contracts.join(' · ')} /> : '—'),
                },
                {
                  key: 'endpoint',
                  title: t('controlPlanes.callback'),
                  render: (_, row) => (row.endpoint ? <Long text={row.endpoint} /> : t('controlPlanes.asks')),
                },
                { key: 'running', title: t('controlPlanes.running'), render: (_, row) => row.running },
                { key: 'at', title: t('app.createdAt'), render: (_, row) => <When at={row.registeredAt} /> },
                {
                  key: 'act',
                  title: t('jobs.act'),
                  render: (_, row) => (
                    <Action
                      endpoint={removeControlPlane}
                      label={t('controlPlanes.remove')}
                      small
                      danger
                      explain={<p>{t('controlPlanes.removeExplain')}</p>}
                      input={() => ({ params: { id: row.id }, body: {} })}
                    />
                  ),
                },
              ]}
            />
            <Facts items={[[t('controlPlanes.address'), <Long key="address" text={address} copyable />]]} />
          </>
        )}
      </Loaded>
      <div className="row" style={{ marginTop: 12 }}>
        <Action
          endpoint={registerControlPlane}
          label={t('controlPlanes.register')}
          explain={<p>{t('controlPlanes.registerExplain')}</p>}
          fields={[
            field('id', 'text', ['名称', 'Name'], { required: true }),
            field('contracts', 'list', ['准许的合同（标识）', 'Contracts (identifiers)'], { required: true }),
            field('endpoint', 'text', [
              '接收通知的信令地址（可由其自行登记）',
              'Where it hears of what happens (it may say so itself)',
            ]),
            field('token', 'text', ['向其出示的令牌', 'Token that is shown to it'], { widget: Password }),
          ]}
          input={(values) => ({ body: bodyOf(values as unknown as Draft) })}
          after={({ dataPlane }) => setToken(dataPlane.token ?? undefined)}
        />
      </div>
    </Sheet>
  );
};
