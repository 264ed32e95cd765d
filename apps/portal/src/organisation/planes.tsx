/** Data planes outside that carry types of transfers for the organisation. */
import { listDataPlanes, registerDataPlane, removeDataPlane } from '@shugu/wire/federation-planes';
import { Tag } from 'antd';
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

type Plane = Reply<typeof listDataPlanes>['planes'][number];
interface Draft {
  id: string;
  endpoint: string;
  profiles: string[];
  token?: string;
  tokenEndpoint?: string;
  clientId?: string;
  clientSecret?: string;
}

/** Whoever names an authorization server means it; otherwise the token is shown as it is. */
const bodyOf = ({ id, endpoint, profiles, token, tokenEndpoint, clientId, clientSecret }: Draft) => ({
  ...{ id, endpoint, profiles },
  authorization: tokenEndpoint
    ? { type: 'oauth2_client_credentials', tokenEndpoint, clientId, clientSecret }
    : { type: 'bearer', token },
});

export const DataPlanes = ({ root }: { root: string }) => {
  const { t } = useWords();
  const read = useRead(listDataPlanes, {}, { every: 30_000 });
  const [token, setToken] = useState<string>();
  return (
    <Sheet title={t('planes.title')}>
      <OnceShown secret={token} onClose={() => setToken(undefined)} />
      <Loaded of={read}>
        {({ planes }) => (
          <DataTable<Plane>
            label={t('planes.title')}
            dataSource={planes}
            rowKey="id"
            pagination={false}
            locale={{ emptyText: <Empty title={t('planes.none')}>{t('planes.noneText')}</Empty> }}
            columns={[
              { key: 'id', title: t('people.name'), render: (_, row) => <b>{row.id}</b> },
              {
                key: 'profiles',
                title: t('planes.profiles'),
                render: (_, row) => <Long text={row.profiles.join(' · ')} />,
              },
              { key: 'endpoint', title: t('planes.endpoint'), render: (_, row) => <Long text={row.endpoint} /> },
              { key: 'running', title: t('planes.running'), render: (_, row) => row.running },
              {
                key: 'away',
                title: t('planes.answers'),
                render: (_, row) =>
                  row.awaySince ? (
                    <>
                      <Tag color="warning">{t('planes.away')}</Tag> <When at={row.awaySince} />
                    </>
                  ) : (
                    t('planes.there')
                  ),
              },
              { key: 'at', title: t('app.createdAt'), render: (_, row) => <When at={row.registeredAt} /> },
              {
                key: 'act',
                title: t('jobs.act'),
                render: (_, row) => (
                  <Action
                    endpoint={removeDataPlane}
                    label={t('planes.remove')}
                    small
                    danger
                    blocked={row.running > 0 && t('planes.busy')}
                    explain={<p>{t('planes.removeExplain')}</p>}
                    input={() => ({ params: { id: row.id }, body: {} })}
                  />
                ),
              },
            ]}
          />
        )}
      </Loaded>
      <Facts items={[[t('planes.callback'), <Long key="callback" text={`${root}/signaling`} copyable />]]} />
      <div className="row" style={{ marginTop: 12 }}>
        <Action
          endpoint={registerDataPlane}
          label={t('planes.register')}
          explain={<p>{t('planes.registerExplain')}</p>}
          fields={[
            field('id', 'text', ['名称', 'Name'], { required: true }),
            field('endpoint', 'text', ['信令地址', 'Signaling endpoint'], { required: true }),
            field('profiles', 'list', ['承担的传输类型', 'Types of transfers'], { required: true }),
            field('token', 'text', ['向其出示的令牌', 'Token that is shown to it'], { widget: Password }),
            field('tokenEndpoint', 'text', ['或：授权服务器地址', 'Or: its authorization server']),
            field('clientId', 'text', ['客户端编号', 'Client identifier']),
            field('clientSecret', 'text', ['客户端密钥', 'Client secret'], { widget: Password }),
          ]}
          input={(values) => ({ body: bodyOf(values as unknown as Draft) as never })}
          after={({ callback }) => setToken(callback.token ?? undefined)}
        />
      </div>
    </Sheet>
  );
};
