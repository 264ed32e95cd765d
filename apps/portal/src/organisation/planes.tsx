/** Data planes outside that carry types of transfers for the organisation, and those that may register themselves. */
import { admitDataPlane, listDataPlanes, registerDataPlane, removeDataPlane } from '@shugu/wire/federation-planes';
import { type Reply, useRead } from '../api.ts';
import { Password } from '../delivery/database-fields.tsx';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Loaded } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { When } from '../ui/now.tsx';
import { Noted, PlaneSheet, PlaneTable, type ShowToken } from './plane-sheet.tsx';

type Planes = Reply<typeof listDataPlanes>;
type Admitted = Planes['admitted'][number];
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

const naming = [
  field('id', 'text', ['名称', 'Name'], { required: true }),
  field('profiles', 'list', ['承担的传输类型', 'Types of transfers'], { required: true }),
];

const By = ({ by, at }: { by: string | null; at: string }) => (
  <>
    {by} <When at={at} />
  </>
);

const Admit = ({ again, label, show }: { again?: Admitted; label: string; show: ShowToken }) => {
  const { t } = useWords();
  return (
    <Action
      endpoint={admitDataPlane}
      label={label}
      small={!!again}
      explain={<p>{t(again ? 'planes.admitAgainExplain' : 'planes.admitExplain')}</p>}
      fields={again ? [] : naming}
      input={(values) => ({ body: (again ? { id: again.id, profiles: again.profiles } : values) as never })}
      after={({ token }) => show(token)}
    />
  );
};

/** They have not registered yet: what waits for them can be taken back. */
const Admissions = ({ of, show }: { of: Admitted[]; show: ShowToken }) => {
  const { t } = useWords();
  return (
    <DataTable<Admitted>
      label={t('planes.admitted')}
      dataSource={of}
      rowKey="id"
      pagination={false}
      columns={[
        { key: 'id', title: t('planes.admitted'), render: (_, row) => <b>{row.id}</b> },
        { key: 'profiles', title: t('planes.profiles'), render: (_, row) => <Long text={row.profiles.join(' · ')} /> },
        { key: 'by', title: t('planes.admittedBy'), render: (_, row) => <By {...row} /> },
        {
          key: 'act',
          title: t('jobs.act'),
          render: (_, row) => (
            <span className="row">
              <Admit again={row} label={t('planes.admitAgain')} show={show} />
              <Action
                endpoint={removeDataPlane}
                label={t('planes.refuse')}
                small
                danger
                explain={<p>{t('planes.refuseExplain')}</p>}
                input={() => ({ params: { id: row.id }, body: {} })}
              />
            </span>
          ),
        },
      ]}
    />
  );
};

export const DataPlanes = ({ root }: { root: string }) => {
  const { t } = useWords();
  const read = useRead(listDataPlanes, {}, { every: 30_000 });
  return (
    <PlaneSheet words="planes">
      {(show) => (
        <>
          <Loaded of={read}>
            {({ planes, admitted }) => (
              <>
                <PlaneTable
                  words="planes"
                  rows={planes}
                  columns={[
                    ['planes.profiles', (row) => <Long text={row.profiles.join(' · ')} />],
                    ['planes.endpoint', (row) => <Long text={row.endpoint} />],
                    [
                      'planes.answers',
                      (row) =>
                        row.awaySince ? <Noted text={t('planes.away')} at={row.awaySince} /> : t('planes.there'),
                    ],
                    ['planes.admittedBy', (row) => (row.admitted ? <By {...row.admitted} /> : '—')],
                  ]}
                  acts={(row) => (
                    <Action
                      endpoint={removeDataPlane}
                      label={t('planes.remove')}
                      small
                      danger
                      blocked={row.running > 0 && t('planes.busy')}
                      explain={<p>{t('planes.removeExplain')}</p>}
                      input={() => ({ params: { id: row.id }, body: {} })}
                    />
                  )}
                />
                {admitted.length ? <Admissions of={admitted} show={show} /> : null}
              </>
            )}
          </Loaded>
          <Facts items={[[t('planes.callback'), <Long key="callback" text={`${root}/signaling`} copyable />]]} />
          <div className="row" style={{ marginTop: 12 }}>
            <Action
              endpoint={registerDataPlane}
              label={t('planes.register')}
              explain={<p>{t('planes.registerExplain')}</p>}
              fields={[
                ...naming,
                field('endpoint', 'text', ['信令地址', 'Signaling endpoint'], { required: true }),
                field('token', 'text', ['向其出示的令牌', 'Token that is shown to it'], { widget: Password }),
                field('tokenEndpoint', 'text', ['或：授权服务器地址', 'Or: its authorization server']),
                field('clientId', 'text', ['客户端编号', 'Client identifier']),
                field('clientSecret', 'text', ['客户端密钥', 'Client secret'], { widget: Password }),
              ]}
              input={(values) => ({ body: bodyOf(values as unknown as Draft) as never })}
              after={({ callback }) => show(callback.token)}
            />
            <Admit label={t('planes.admit')} show={show} />
          </div>
        </>
      )}
    </PlaneSheet>
  );
};
