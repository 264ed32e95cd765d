/** Control planes of other makes that the organisation lets use the gateway, under contracts that it has as buyer. */
import {
  listControlPlanes,
  registerControlPlane,
  removeControlPlane,
  renewControlPlane,
} from '@shugu/wire/federation-control-planes';
import { type Reply, useRead } from '../api.ts';
import { Password } from '../delivery/database-fields.tsx';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Loaded } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { When } from '../ui/now.tsx';
import { HeldContractPicker, HeldContracts } from './held-contracts.tsx';
import { Noted, PlaneSheet, PlaneTable, type ShowToken } from './plane-sheet.tsx';

type ControlPlane = Reply<typeof listControlPlanes>['controlPlanes'][number];
interface Draft {
  id: string;
  contracts?: string[];
  endpoint?: string;
  token?: string;
}

/** Where it hears of what happens it may also say itself. */
const bodyOf = ({ id, contracts = [], endpoint, token }: Draft) => ({
  ...{ id, contracts },
  ...(endpoint && token ? { callback: { endpoint, authorization: { type: 'bearer' as const, token } } } : {}),
});

const Acts = ({ row, show }: { row: ControlPlane; show: ShowToken }) => {
  const { t } = useWords();
  const params = { id: row.id };
  return (
    <>
      <Action
        endpoint={renewControlPlane}
        label={t('controlPlanes.renew')}
        small
        explain={<p>{t('controlPlanes.renewExplain')}</p>}
        fields={[
          field('minutes', 'number', ['旧令牌继续有效（分钟）', 'Old token lives on for (minutes)'], {
            min: 0,
            max: 10080,
          }),
        ]}
        initial={{ minutes: 60 }}
        input={(values) => ({ params, body: values as never })}
        after={({ dataPlane }) => show(dataPlane.token)}
      />
      <Action
        endpoint={removeControlPlane}
        label={t('controlPlanes.remove')}
        small
        danger
        explain={<p>{t('controlPlanes.removeExplain')}</p>}
        input={() => ({ params, body: {} })}
      />
    </>
  );
};

const Token = ({ renewedAt, beforeUntil }: ControlPlane) => {
  const { t } = useWords();
  if (beforeUntil) return <Noted text={t('controlPlanes.beforeUntil')} at={beforeUntil} />;
  return renewedAt ? <When at={renewedAt} /> : '—';
};

export const ControlPlanes = () => {
  const { t } = useWords();
  const read = useRead(listControlPlanes, {}, { every: 30_000 });
  return (
    <PlaneSheet words="controlPlanes">
      {(show) => (
        <>
          <Loaded of={read}>
            {({ address, controlPlanes }) => (
              <>
                <PlaneTable
                  words="controlPlanes"
                  rows={controlPlanes}
                  columns={[
                    ['controlPlanes.contracts', (row) => <HeldContracts of={row.contracts} />],
                    [
                      'controlPlanes.callback',
                      (row) => (row.endpoint ? <Long text={row.endpoint} /> : t('controlPlanes.asks')),
                    ],
                    ['controlPlanes.renewed', (row) => <Token {...row} />],
                  ]}
                  acts={(row) => <Acts row={row} show={show} />}
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
                field('contracts', 'choices', ['准许的合同', 'Contracts'], {
                  required: true,
                  widget: HeldContractPicker,
                }),
                field('endpoint', 'text', [
                  '接收通知的信令地址（可由其自行登记）',
                  'Where it hears of what happens (it may say so itself)',
                ]),
                field('token', 'text', ['向其出示的令牌', 'Token that is shown to it'], { widget: Password }),
              ]}
              input={(values) => ({ body: bodyOf(values as unknown as Draft) })}
              after={({ dataPlane }) => show(dataPlane.token)}
            />
          </div>
        </>
      )}
    </PlaneSheet>
  );
};
