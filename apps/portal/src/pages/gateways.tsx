import { createGateway, listGateways, revokeGateway, rotateGateway } from '@shugu/wire/gateways';
import { useState } from 'react';
import { OnceShown } from '../delivery/keys.tsx';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { Page } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

/** Gateways of their own process: who serves in the exchange's name, since when, and what of the limits they hold. */
export default function Gateways() {
  const { t } = useWords();
  const [secret, setSecret] = useState<string>();
  const add = (
    <Action
      endpoint={createGateway}
      label={t('gateways.create')}
      primary
      explain={<p>{t('gateways.createExplain')}</p>}
      fields={[field('name', 'text', ['名称', 'Name'], { required: true })]}
      input={(values) => ({ body: values as never })}
      after={(reply) => setSecret(reply.key)}
    />
  );
  return (
    <Page title={t('menu.gateways')} lead={t('gateways.lead')} actions={add}>
      <OnceShown secret={secret} onClose={() => setSecret(undefined)} />
      <PagedTable
        endpoint={listGateways}
        label={t('menu.gateways')}
        every={4_000}
        rowKey={(row) => row.id}
        empty={
          <Empty title={t('gateways.empty')} action={add}>
            {t('gateways.emptyText')}
          </Empty>
        }
        columns={[
          {
            key: 'name',
            title: t('gateways.name'),
            show: (row) => (
              <>
                <b>{row.name}</b> <span className="mono">{row.prefix}…</span>
              </>
            ),
            sort: (row) => row.name,
          },
          {
            key: 'state',
            title: t('case.state'),
            show: (row) => (
              <>
                <StateTag list="gatewayState" state={row.state} />
                {row.connectedAt ? (
                  <div className="small">
                    {t('gateways.since')} <When at={row.connectedAt} />
                  </div>
                ) : null}
              </>
            ),
            sort: (row) => row.state,
          },
          { key: 'version', title: t('gateways.version'), show: (row) => row.softwareVersion ?? '—' },
          {
            key: 'slices',
            title: t('gateways.slices'),
            show: ({ slices }) => (
              <>
                {slices.count}
                {slices.count > 0 ? (
                  <div className="small">
                    {t('gateways.used', { used: slices.used.calls, amount: slices.amount.calls })}
                  </div>
                ) : null}
              </>
            ),
            sort: (row) => row.slices.count,
          },
          {
            key: 'records',
            title: t('gateways.records'),
            show: (row) => row.records.sequence,
            sort: (row) => row.records.sequence,
          },
          {
            key: 'act',
            title: t('jobs.act'),
            show: (row) =>
              row.revokedAt ? (
                <When at={row.revokedAt} />
              ) : (
                <span className="row">
                  <Action
                    endpoint={rotateGateway}
                    label={t('key.rotate')}
                    small
                    explain={<p>{t('gateways.rotateExplain')}</p>}
                    input={() => ({ params: { id: row.id } })}
                    after={(reply) => setSecret(reply.key)}
                  />
                  <Action
                    endpoint={revokeGateway}
                    label={t('key.revoke')}
                    small
                    danger
                    explain={<p>{t('gateways.revokeExplain')}</p>}
                    input={() => ({ params: { id: row.id } })}
                  />
                </span>
              ),
          },
        ]}
      />
    </Page>
  );
}
