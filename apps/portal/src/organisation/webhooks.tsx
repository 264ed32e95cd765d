/** Addresses at which an organisation's own systems are told of its notices. */
import {
  createWebhook,
  listLetters,
  listWebhooks,
  pauseWebhook,
  removeWebhook,
  replayLetter,
  resumeWebhook,
  rotateWebhook,
} from '@shugu/wire/notify';
import { Button, Modal } from 'antd';
import { useState } from 'react';
import { type Reply, useRead } from '../api.ts';
import { Attempts } from '../case/notices.tsx';
import { OnceShown } from '../delivery/keys.tsx';
import { useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { Loaded, Sheet } from '../ui/frame.tsx';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

type Webhook = Reply<typeof listWebhooks>['items'][number];

const Letters = ({ webhook }: { webhook: Webhook }) => {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t('webhook.history')}
      </Button>
      <Modal
        open={open}
        title={t('webhook.historyOf', { name: webhook.name })}
        footer={null}
        width={860}
        onCancel={() => setOpen(false)}
        destroyOnHidden
      >
        <PagedTable
          endpoint={listLetters}
          input={{ params: { id: webhook.id } }}
          label={t('webhook.history')}
          rowKey={(row) => row.id}
          empty={<Empty title={t('webhook.noHistory')} />}
          columns={[
            { key: 'at', title: t('app.createdAt'), when: (row) => row.createdAt },
            {
              key: 'notice',
              title: t('notice.about'),
              show: (row) => (
                <>
                  {row.title}
                  <div className="mono small quiet">{row.notice}</div>
                </>
              ),
            },
            {
              key: 'state',
              title: t('case.state'),
              show: (row) => (
                <>
                  <StateTag list="letterState" state={row.state} />
                  <Attempts of={row} />
                </>
              ),
            },
            {
              key: 'act',
              title: t('jobs.act'),
              show: (row) => (
                <Action
                  endpoint={replayLetter}
                  label={t('webhook.replay')}
                  small
                  blocked={row.state === 'waiting' ? t('webhook.stillTrying') : null}
                  input={() => ({ params: { id: webhook.id, letter: row.id }, body: {} })}
                />
              ),
            },
          ]}
        />
      </Modal>
    </>
  );
};

const Row = ({ one, onSecret }: { one: Webhook; onSecret: (secret: string) => void }) => {
  const { t } = useWords();
  const input = () => ({ params: { id: one.id }, body: {} as Record<string, never> });
  return (
    <li className="row between">
      <span>
        <b>{one.name}</b> <StateTag list="webhookState" state={one.state} />
        <div className="mono small" style={{ overflowWrap: 'anywhere' }}>
          {one.url}
        </div>
        {one.failures ? <div className="small quiet">{t('webhook.failures', { count: one.failures })}</div> : null}
      </span>
      <span className="row">
        <Letters webhook={one} />
        {one.state === 'paused' ? (
          <Action endpoint={resumeWebhook} label={t('webhook.resume')} small primary input={input} />
        ) : (
          <Action endpoint={pauseWebhook} label={t('webhook.pause')} small input={input} />
        )}
        <Action
          endpoint={rotateWebhook}
          label={t('webhook.rotate')}
          small
          explain={<p>{t('webhook.rotateExplain')}</p>}
          input={input}
          after={(reply) => onSecret(reply.secret)}
        />
        <Action
          endpoint={removeWebhook}
          label={t('do.remove')}
          small
          danger
          input={() => ({ params: { id: one.id } })}
        />
      </span>
    </li>
  );
};

export const Webhooks = () => {
  const { t } = useWords();
  const me = useMe();
  const [secret, setSecret] = useState<string>();
  const allowed = !!me && may(me, listWebhooks.permission);
  const read = useRead(listWebhooks, {}, { enabled: allowed });
  if (!allowed) return null;
  return (
    <Sheet
      title={t('webhook.title')}
      extra={
        <Action
          endpoint={createWebhook}
          label={t('webhook.create')}
          fields={[
            field('name', 'text', ['名称', 'Name'], { required: true }),
            field('url', 'text', ['接收地址（https）', 'Address (https)'], { required: true }),
          ]}
          explain={<p>{t('webhook.explain')}</p>}
          input={(values) => ({ body: values as never })}
          after={(reply) => setSecret(reply.secret)}
        />
      }
    >
      <OnceShown secret={secret} onClose={() => setSecret(undefined)} />
      <Loaded of={read}>
        {({ items }) =>
          items.length ? (
            <ul className="card-list">
              {items.map((one) => (
                <Row key={one.id} one={one} onSecret={setSecret} />
              ))}
            </ul>
          ) : (
            <p className="quiet">{t('webhook.none')}</p>
          )
        }
      </Loaded>
    </Sheet>
  );
};
