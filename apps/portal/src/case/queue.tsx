/** A queue of cases: ours, those we handle, those that wait for us, those that are late. */
import { cases } from '@shugu/wire/cases';
import { Link } from '@tanstack/react-router';
import { Select } from 'antd';
import { type ReactNode, useState } from 'react';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { moment } from '../ui/format.ts';
import { Due } from '../ui/now.tsx';
import { OrganisationName } from '../ui/organisations.tsx';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';
import { useTurn } from './panel.tsx';

export type QueueView = 'mine' | 'handling' | 'waiting' | 'overdue' | 'supervised';

export const CaseQueue = ({
  view,
  procedure,
  empty,
  open,
  subject,
}: {
  view: QueueView;
  procedure?: string;
  empty: ReactNode;
  open?: boolean;
  subject?: string;
}) => {
  const { t, b } = useWords();
  const turn = useTurn();
  const [picked, setPicked] = useState<string>();
  const procedures = useRead(cases.procedures, {}, { enabled: !procedure });
  return (
    <PagedTable
      endpoint={cases.queue}
      label={t('case.queue')}
      input={{
        query: { view, procedure: procedure ?? picked, subject, ...(open === undefined ? {} : { open: String(open) }) },
      }}
      rowKey={(row) => row.id}
      empty={empty}
      every={30_000}
      exportName={`cases-${view}`}
      tools={
        procedure ? null : (
          <Select
            allowClear
            style={{ minWidth: 220 }}
            aria-label={t('case.procedure')}
            placeholder={t('case.anyProcedure')}
            value={picked}
            onChange={setPicked}
            options={procedures.data?.items.map((one) => ({ value: one.id, label: b(one.title) }))}
          />
        )
      }
      columns={[
        {
          key: 'title',
          title: t('case.title'),
          show: (row) => <Link to={paths.case(row.id)}>{row.title}</Link>,
          text: (row) => row.title,
          sort: (row) => row.title,
        },
        {
          key: 'procedure',
          title: t('case.procedure'),
          show: (row) => b(row.procedureTitle),
          text: (row) => b(row.procedureTitle),
          sort: (row) => row.procedure,
        },
        {
          key: 'state',
          title: t('case.state'),
          show: (row) => <StateTag state={row.state} text={b(row.stateTitle)} />,
          text: (row) => b(row.stateTitle),
          sort: (row) => row.state,
        },
        {
          key: 'next',
          title: t('case.next'),
          show: (row) => (row.endedAt ? '—' : `${turn(row).who}：${turn(row).text}`),
          text: (row) => turn(row).text,
        },
        {
          key: 'due',
          title: t('case.due'),
          show: (row) => (row.endedAt ? '—' : <Due at={row.dueAt} overdue={row.overdue} />),
          text: (row) => moment(row.dueAt),
          sort: (row) => row.dueAt ?? '9',
        },
        {
          key: 'who',
          title: t('turn.applicant'),
          show: (row) => <OrganisationName id={row.participant} />,
          text: (row) => row.participant,
        },
        { key: 'filed', title: t('case.filedAt'), when: (row) => row.filedAt },
      ]}
    />
  );
};
