/** Served notices: how each went out, and the proof of its service. */
import { cases } from '@shugu/wire/cases';
import { lettersOfNotice } from '@shugu/wire/notify';
import { Button, Modal } from 'antd';
import { useState } from 'react';
import { addressOf, type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Empty } from '../ui/empty.tsx';
import { Facts, Loaded } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { OrganisationName } from '../ui/organisations.tsx';
import { StateTag } from '../ui/step.tsx';
import { History } from '../ui/timeline.tsx';

type Notice = Reply<typeof cases.caseNotices>['items'][number];
type Letter = Reply<typeof lettersOfNotice>['items'][number];

/** What went before is told by its number. */
const attemptsMax = 3;

export const Attempts = ({ of }: { of: Letter }) => {
  const { t, w } = useWords();
  const earlier = of.attempts.length - attemptsMax;
  return (
    <>
      {earlier > 0 ? <div className="small quiet">{t('notice.earlierAttempts', { count: earlier })}</div> : null}
      {of.attempts.slice(-attemptsMax).map((attempt) => (
        <div key={attempt.at} className="small quiet">
          <When at={attempt.at} /> {w('letterState', attempt.outcome)} <span className="mono">{attempt.answer}</span>
        </div>
      ))}
    </>
  );
};

const proofAddress = (notice: string, how: 'inbox' | 'read') => addressOf(cases.noticeProof.path, { notice }, { how });

const ServiceRecord = ({ notice }: { notice: Notice }) => {
  const { t, w } = useWords();
  const read = useRead(lettersOfNotice, { params: { notice: notice.id } });
  return (
    <Loaded of={read}>
      {({ items }) => (
        <>
          <Facts
            items={[
              [t('inbox.served'), <When key="s" at={notice.servedAt} />],
              [t('inbox.read'), <When key="r" at={notice.readAt} />],
              [
                t('notice.proof'),
                <span key="p" className="row">
                  <a href={proofAddress(notice.id, 'inbox')}>{t('notice.proofInbox')}</a>
                  {notice.readAt ? <a href={proofAddress(notice.id, 'read')}>{t('notice.proofRead')}</a> : null}
                </span>,
              ],
            ]}
          />
          {items.length ? (
            <ul className="card-list">
              {items.map((one) => (
                <li key={one.id}>
                  {w('channel', one.channel)} {one.to ? <span className="mono">{one.to}</span> : null}{' '}
                  <StateTag list="letterState" state={one.state} />
                  <Attempts of={one} />
                </li>
              ))}
            </ul>
          ) : (
            <p className="quiet">{t('notice.inboxOnly')}</p>
          )}
        </>
      )}
    </Loaded>
  );
};

/** Opens the record of one notice. */
export const ServiceButton = ({ notice }: { notice: Notice }) => {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t('notice.record')}
      </Button>
      <Modal open={open} title={t('notice.record')} footer={null} onCancel={() => setOpen(false)} destroyOnHidden>
        <ServiceRecord notice={notice} />
      </Modal>
    </>
  );
};

export const CaseNotices = ({ id }: { id: string }) => {
  const { t, b } = useWords();
  const read = useRead(cases.caseNotices, { params: { case: id }, query: { limit: 100 } });
  return (
    <Loaded of={read}>
      {({ items }) =>
        items.length ? (
          <History
            items={items.map((notice) => ({
              key: notice.id,
              at: notice.createdAt,
              title: (
                <>
                  {b(notice.text)} <OrganisationName id={notice.participant} />
                </>
              ),
              detail: <ServiceButton notice={notice} />,
            }))}
          />
        ) : (
          <Empty title={t('inbox.empty')} />
        )
      }
    </Loaded>
  );
};
