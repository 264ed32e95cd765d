/** Negotiations and transfers of the organisation, the newest first; each leads to its page. */
import { listProcesses, processKinds, processSides, processStates } from '@shugu/wire/federation';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { ListFilter, StateFilter } from '../ui/filter.tsx';
import { Sheet } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';
import type { ListedProcess } from './process.ts';
import { ProcessState } from './state.tsx';

const every = 5_000;

const Standing = ({ of }: { of: ListedProcess }) => {
  const { t } = useWords();
  return (
    <span className="tags">
      <ProcessState of={of} />
      {of.held ? <Tag color="warning">{t('process.attention')}</Tag> : null}
      {of.clearance ? <Tag>{t('beside.underWay')}</Tag> : null}
    </span>
  );
};

export const Processes = () => {
  const { t, w } = useWords();
  const [filters, setFilters] = useFilters();
  const { kind, side, state, held } = filters;
  const filtered = kind ?? side ?? state ?? held;
  const choices = (list: string, values: readonly string[]) =>
    values.map((value) => ({ value, label: w(list, value) }));
  return (
    <Sheet title={t('process.list')}>
      <PagedTable
        endpoint={listProcesses}
        label={t('process.list')}
        input={{ query: { kind, side, state, held } }}
        every={every}
        exportName="dataspace-processes"
        rowKey={(row) => row.id}
        empty={
          filtered ? (
            <Empty title={t('process.noneFiltered')} />
          ) : (
            <Empty title={t('process.none')}>{t('process.noneText')}</Empty>
          )
        }
        tools={
          <>
            <ListFilter
              label={t('process.kind')}
              options={choices('processKind', processKinds)}
              value={kind}
              onChange={(value) => setFilters({ kind: value })}
            />
            <ListFilter
              label={t('process.side')}
              options={choices('processSide', processSides)}
              value={side}
              onChange={(value) => setFilters({ side: value })}
            />
            <StateFilter
              list="processState"
              states={processStates}
              value={state}
              onChange={(value) => setFilters({ state: value })}
            />
            <ListFilter
              label={t('process.attention')}
              options={[{ value: 'true', label: t('process.attention') }]}
              value={held}
              onChange={(value) => setFilters({ held: value })}
            />
          </>
        }
        columns={[
          {
            key: 'product',
            title: t('process.product'),
            show: (row) => (
              <Link to={paths.process(row.id)} className={row.title ? undefined : 'mono'}>
                {row.title ?? row.dataset ?? row.subject}
              </Link>
            ),
            text: (row) => row.title ?? row.dataset ?? row.subject,
            sort: (row) => row.title ?? row.dataset ?? row.subject,
          },
          {
            key: 'kind',
            title: t('process.kind'),
            show: (row) => w('processKind', row.kind),
            text: (row) => w('processKind', row.kind),
            sort: (row) => row.kind,
          },
          {
            key: 'side',
            title: t('process.side'),
            show: (row) => w('processSide', row.side),
            text: (row) => w('processSide', row.side),
            sort: (row) => row.side,
          },
          {
            key: 'counterparty',
            title: t('process.counterparty'),
            show: (row) => <Long text={row.counterparty} />,
            text: (row) => row.counterparty,
            sort: (row) => row.counterparty,
          },
          {
            key: 'state',
            title: t('case.state'),
            show: (row) => <Standing of={row} />,
            text: (row) => (row.state ? w('processState', row.state) : t('process.unacknowledged')),
            sort: (row) => row.state ?? '',
          },
          { key: 'changed', title: t('process.changed'), when: (row) => row.changedAt },
        ]}
      />
    </Sheet>
  );
};
