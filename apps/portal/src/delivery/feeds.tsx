/** Usage on its way to the organisation's own systems. */
import { createFeed, listFeeds, removeFeed, replayFeed } from '@shugu/wire/metering';
import { listWebhooks } from '@shugu/wire/notify';
import { Link } from '@tanstack/react-router';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { Loaded, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';

const beginnings = [
  ['now', '从现在开始', 'From now on'],
  ['start', '从头开始', 'From the first'],
] as const;

/** For who may keep feeds and see webhooks; the others have nothing to do here. */
export const UsageFeeds = () => {
  const me = useMe();
  return may(me, 'metering.feed.keep') && may(me, 'notify.webhook.read') ? <Feeds /> : null;
};

const Feeds = () => {
  const { t } = useWords();
  const read = useRead(listFeeds, {}, { every: 10_000 });
  const webhooks = useRead(listWebhooks, {}).data?.items ?? [];
  const nameOf = (id: string) => webhooks.find((one) => one.id === id)?.name ?? id;
  const from = field('from', 'choice', ['起点', 'Beginning'], { required: true, choices: beginnings });
  return (
    <Sheet
      title={t('feed.title')}
      extra={
        <Action
          endpoint={createFeed}
          label={t('feed.add')}
          small
          blocked={webhooks.length ? null : t('feed.noWebhook')}
          explain={<p>{t('feed.explain')}</p>}
          fields={[
            field('webhook', 'choice', ['接收地址', 'Webhook'], {
              required: true,
              choices: webhooks.map(({ id, name }) => [id, name, name] as const),
            }),
            from,
          ]}
          initial={{ from: 'now' }}
          input={(values) => ({ body: values as never })}
        />
      }
    >
      <p className="quiet">
        {t('feed.lead')} <Link to={paths.organisation}>{t('menu.organisation')}</Link>
      </p>
      <Loaded of={read}>
        {({ items }) =>
          items.length ? (
            <ul className="card-list" aria-label={t('feed.title')}>
              {items.map((one) => (
                <li key={one.id} className="row between">
                  <span>
                    <b>{nameOf(one.webhook)}</b>
                    <div className="small quiet">
                      {one.deliveredAt ? (
                        <>
                          {t('feed.taken')} <When at={one.deliveredAt} />
                        </>
                      ) : (
                        t('feed.noneYet')
                      )}
                    </div>
                    {one.failures > 0 ? (
                      <div className="small late">
                        {t('feed.failing', { count: one.failures, answer: one.lastAnswer ?? '—' })}
                      </div>
                    ) : null}
                  </span>
                  <span className="row">
                    <Action
                      endpoint={replayFeed}
                      label={t('feed.replay')}
                      small
                      fields={[from]}
                      initial={{ from: 'start' }}
                      input={(values) => ({ params: { id: one.id }, body: values as never })}
                    />
                    <Action
                      endpoint={removeFeed}
                      label={t('feed.remove')}
                      small
                      danger
                      input={() => ({ params: { id: one.id } })}
                    />
                  </span>
                </li>
              ))}
            </ul>
          ) : (
            <p className="quiet">{t('feed.none')}</p>
          )
        }
      </Loaded>
    </Sheet>
  );
};
