/** Keys of a grant; a secret is shown once and never again. */
import { createKey, listKeys, revokeKey, rotateKey } from '@shugu/wire/delivery';
import { Alert, Button, Modal, Tag, Typography } from 'antd';
import { useState } from 'react';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';

export const OnceShown = ({ secret, onClose }: { secret: string | undefined; onClose: () => void }) => {
  const { t } = useWords();
  return (
    <Modal
      open={!!secret}
      title={t('key.once')}
      onCancel={onClose}
      footer={
        <Button type="primary" onClick={onClose}>
          {t('key.kept')}
        </Button>
      }
      mask={{ closable: false }}
    >
      <Alert type="warning" showIcon title={t('key.onceText')} style={{ marginBottom: 12 }} />
      <Typography.Text copyable code style={{ overflowWrap: 'anywhere' }}>
        {secret ?? ''}
      </Typography.Text>
    </Modal>
  );
};

export const GrantKeys = ({
  grant,
  active,
  onSecret,
}: {
  grant: string;
  active: boolean;
  onSecret: (secret: string) => void;
}) => {
  const { t } = useWords();
  const me = useMe();
  const [secret, setSecret] = useState<string>();
  const read = useRead(listKeys, { params: { id: grant } }, { enabled: may(me, 'delivery.key.write') });
  const shown = (reply: { secret: string }) => {
    setSecret(reply.secret);
    onSecret(reply.secret);
  };
  return (
    <Sheet
      title={t('key.title')}
      extra={
        <Action
          endpoint={createKey}
          label={t('key.create')}
          primary
          blocked={active ? null : t('grant.notActive')}
          fields={[
            field('name', 'text', ['名称', 'Name'], {
              required: true,
              help: { zh: '如“生产环境”', en: 'e.g. production' },
            }),
          ]}
          input={(values) => ({ params: { id: grant }, body: values as never })}
          after={shown}
        />
      }
    >
      <OnceShown secret={secret} onClose={() => setSecret(undefined)} />
      {read.data?.items.length ? (
        <ul className="card-list">
          {read.data.items.map((one) => (
            <li key={one.id} className="row between">
              <span>
                <b>{one.name}</b> <span className="mono">{one.prefix}…</span>
                <div className="small quiet">
                  <When at={one.createdAt} />
                </div>
              </span>
              {one.revokedAt ? (
                <Tag color="error">
                  {t('key.revoked')} <When at={one.revokedAt} />
                </Tag>
              ) : (
                <span className="row">
                  <Action
                    endpoint={rotateKey}
                    label={t('key.rotate')}
                    small
                    fields={[
                      field('minutes', 'number', ['旧密钥继续有效（分钟）', 'Old key lives on for (minutes)'], {
                        min: 0,
                        max: 10080,
                      }),
                    ]}
                    initial={{ minutes: 60 }}
                    input={(values) => ({ params: { id: grant, key: one.id }, body: values as never })}
                    after={shown}
                  />
                  <Action
                    endpoint={revokeKey}
                    label={t('key.revoke')}
                    small
                    danger
                    explain={<p>{t('key.revokeExplain')}</p>}
                    input={() => ({ params: { id: grant, key: one.id }, body: {} })}
                  />
                </span>
              )}
            </li>
          ))}
        </ul>
      ) : (
        <p className="quiet">{t('key.none')}</p>
      )}
    </Sheet>
  );
};
