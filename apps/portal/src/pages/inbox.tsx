import { cases } from '@shugu/wire/cases';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import { ServiceButton } from '../case/notices.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { PagedTable } from '../ui/table.tsx';

/** Of what it is about; undefined: nothing with a page of its own. */
const addressOf = ({ case: one, subject }: { case: string | null; subject: string }): string | undefined => {
  if (one) return paths.case(one);
  return /^(neg|tra)_/.test(subject) ? paths.process(subject) : undefined;
};

export default function Inbox() {
  const { t, b } = useWords();
  return (
    <Page title={t('menu.inbox')} lead={t('inbox.lead')}>
      <PagedTable
        endpoint={cases.notices}
        label={t('menu.inbox')}
        exportName="notices"
        rowKey={(row) => row.id}
        every={30_000}
        empty={<Empty title={t('inbox.empty')}>{t('inbox.emptyText')}</Empty>}
        columns={[
          {
            key: 'text',
            title: t('inbox.text'),
            show: (row) => <span style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>{b(row.text)}</span>,
            text: (row) => b(row.text),
          },
          {
            key: 'case',
            title: t('case.title'),
            show: (row) => {
              const about = addressOf(row);
              return about ? <Link to={about}>{t('do.open')}</Link> : '—';
            },
            text: (row) => row.case,
          },
          { key: 'served', title: t('inbox.served'), when: (row) => row.servedAt },
          {
            key: 'read',
            title: t('inbox.read'),
            show: (row) =>
              row.readAt ? (
                <Tag>
                  <When at={row.readAt} />
                </Tag>
              ) : (
                <Action
                  endpoint={cases.readNotice}
                  label={t('inbox.receive')}
                  small
                  input={() => ({ params: { notice: row.id } })}
                />
              ),
            text: (row) => row.readAt,
          },
          { key: 'record', title: t('notice.record'), show: (row) => <ServiceButton notice={row} /> },
        ]}
      />
    </Page>
  );
}
