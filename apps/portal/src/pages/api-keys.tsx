import { createKey, listKeys, listPermissions, revokeKey, rotateKey } from '@shugu/wire/members';
import { Tag } from 'antd';
import { useState } from 'react';
import { useRead } from '../api.ts';
import { OnceShown } from '../delivery/keys.tsx';
import { useWords } from '../i18n/index.ts';
import { useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { Page } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { PagedTable } from '../ui/table.tsx';

export default function ApiKeys() {
  const { t } = useWords();
  const me = useMe();
  const [secret, setSecret] = useState<string>();
  const permissions = useRead(listPermissions, {});
  // A key carries at most what its maker may do.
  const own = (permissions.data?.items ?? []).filter((one) => me?.permissions.includes(one.permission));
  const add = (
    <Action
      endpoint={createKey}
      label={t('key.create')}
      primary
      fields={[
        field('name', 'text', ['名称', 'Name'], { required: true }),
        field('permissions', 'choices', ['权限', 'Permissions'], {
          required: true,
          choices: own.map((one) => [one.permission, one.title.zh, one.title.en] as const),
        }),
        field('expiresInDays', 'number', ['有效天数', 'Valid for (days)'], { required: true, min: 1, max: 366 }),
        field('addresses', 'list', ['限定来源地址（IP 或网段）', 'Source addresses (IP or CIDR)'], {}),
      ]}
      initial={{ expiresInDays: 90 }}
      input={(values) => ({ body: values as never })}
      after={(reply) => setSecret(reply.key)}
    />
  );
  return (
    <Page title={t('menu.apiKeys')} lead={t('apiKeys.lead')} actions={add}>
      <OnceShown secret={secret} onClose={() => setSecret(undefined)} />
      <PagedTable
        endpoint={listKeys}
        label={t('menu.apiKeys')}
        rowKey={(row) => row.id}
        empty={
          <Empty title={t('apiKeys.empty')} action={add}>
            {t('apiKeys.emptyText')}
          </Empty>
        }
        columns={[
          {
            key: 'name',
            title: t('people.name'),
            show: (row) => (
              <>
                <b>{row.name}</b> <span className="mono">{row.prefix}…</span>
              </>
            ),
            sort: (row) => row.name,
          },
          {
            key: 'permissions',
            title: t('apiKeys.permissions'),
            show: (row) =>
              row.permissions.map((one) => (
                <Tag key={one} className="mono">
                  {one}
                </Tag>
              )),
          },
          { key: 'expires', title: t('contract.until'), when: (row) => row.expiresAt },
          { key: 'used', title: t('apiKeys.lastUsed'), when: (row) => row.lastUsedAt },
          {
            key: 'act',
            title: t('jobs.act'),
            show: (row) =>
              row.revokedAt ? (
                <Tag color="error">
                  {t('key.revoked')} <When at={row.revokedAt} />
                </Tag>
              ) : (
                <span className="row">
                  <Action
                    endpoint={rotateKey}
                    label={t('key.rotate')}
                    small
                    fields={[
                      field('overlapHours', 'number', ['旧密钥继续有效（小时）', 'Old key lives on for (hours)'], {
                        min: 0,
                        max: 168,
                      }),
                    ]}
                    initial={{ overlapHours: 24 }}
                    input={(values) => ({ params: { id: row.id }, body: values as never })}
                    after={(reply) => setSecret(reply.key)}
                  />
                  <Action
                    endpoint={revokeKey}
                    label={t('key.revoke')}
                    small
                    danger
                    explain={<p>{t('key.revokeExplain')}</p>}
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
