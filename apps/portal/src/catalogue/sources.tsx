/** Catalogues elsewhere: named, read by hand or by rhythm, given up; and what came of each reading. */
import {
  createSource,
  harvestRhythms,
  harvestRunStates,
  listHarvests,
  listSources,
  removeSource,
  sourceKinds,
  startHarvest,
  stopHarvest,
} from '@shugu/wire/catalogue';
import { Link, useNavigate } from '@tanstack/react-router';
import { Tag } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { count } from '../ui/format.ts';
import { Loaded, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useFilters } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

type Source = Reply<typeof listSources>['items'][number];
export type Harvest = Reply<typeof listHarvests>['items'][number];
export const isOpen = ({ state }: Pick<Harvest, 'state'>): boolean => state === 'waiting' || state === 'running';

/** Only what is not nothing, so that the eye finds it. */
export const useCounts = () => {
  const { w } = useWords();
  return ({ counts }: Pick<Harvest, 'counts'>): string =>
    (['added', 'changed', 'withdrawn', 'refused', 'unchanged'] as const)
      .filter((name) => counts[name] > 0)
      .map((name) => `${w('outcome', name)} ${count(counts[name])}`)
      .join(' · ') || '—';
};

export const NewSource = ({ primary }: { primary?: boolean }) => {
  const { t } = useWords();
  const lists = useChoices();
  return (
    <Action
      endpoint={createSource}
      label={t('harvest.newSource')}
      primary={primary}
      small={!primary}
      explain={<p>{t('harvest.newSourceExplain')}</p>}
      fields={[
        field('name', 'text', ['名称', 'Name'], { required: true }),
        field('kind', 'choice', ['类型', 'Kind'], { required: true, choices: lists('sourceKind', sourceKinds) }),
        field('address', 'text', ['地址', 'Address'], { required: true }),
        field('rhythm', 'choice', ['频次', 'Rhythm'], {
          required: true,
          choices: lists('harvestRhythm', harvestRhythms),
        }),
      ]}
      initial={{ kind: 'ckan', rhythm: 'daily' }}
      input={(values) => ({ body: values as never })}
    />
  );
};

const useChoices = () => {
  const { w } = useWords();
  return (list: string, ids: readonly string[]) => ids.map((id) => [id, w(list, id), w(list, id)] as const);
};

/** Starting one leads to it: there it is seen at work. */
export const StartHarvest = ({
  source,
  dry,
  primary,
  blocked,
}: {
  source: string;
  dry: boolean;
  primary?: boolean;
  blocked?: string | null;
}) => {
  const { t } = useWords();
  const navigate = useNavigate();
  return (
    <Action
      endpoint={startHarvest}
      label={t(dry ? 'harvest.dry' : 'harvest.run')}
      small={!primary}
      primary={primary}
      blocked={blocked}
      input={() => ({ params: { id: source }, body: { dry } })}
      after={({ id }) => void navigate({ to: paths.harvest(id) })}
    />
  );
};

export const StopHarvest = ({ id }: { id: string }) => {
  const { t } = useWords();
  return (
    <Action
      endpoint={stopHarvest}
      label={t('harvest.stop')}
      small
      danger
      input={() => ({ params: { id }, body: {} as Record<string, never> })}
    />
  );
};

const LastRun = ({ run }: { run: Harvest }) => {
  const { t, b } = useWords();
  const counts = useCounts();
  return (
    <div className={run.fault ? 'late small' : 'quiet small'}>
      <Link to={paths.harvest(run.id)}>{t('harvest.lastRun')}</Link> <When at={run.createdAt} />{' '}
      {run.dry ? <Tag>{t('harvest.dryTag')}</Tag> : null}
      {run.fault ? `${b(run.fault.title)} — ${b(run.fault.next)}` : counts(run)}
    </div>
  );
};

const Row = ({ one }: { one: Source }) => {
  const { t, w } = useWords();
  const blocked = one.lastRun && isOpen(one.lastRun) ? t('harvest.running') : null;
  return (
    <li className="row between">
      <span style={{ minWidth: 0 }}>
        <b>{one.name}</b> <Tag>{w('sourceKind', one.kind)}</Tag>
        <div className="mono small" style={{ overflowWrap: 'anywhere' }}>
          {one.address}
        </div>
        <div className="small">
          {t('harvest.entries', { count: count(one.entries) })} · {w('harvestRhythm', one.rhythm)}
          {one.nextAt ? (
            <>
              {' '}
              · {t('harvest.nextAt')} <When at={one.nextAt} />
            </>
          ) : null}{' '}
          · {t('harvest.owner')} {one.owner.name}
        </div>
        {one.lastRun ? <LastRun run={one.lastRun} /> : null}
      </span>
      <span className="row">
        <StartHarvest source={one.id} dry blocked={blocked} />
        <StartHarvest source={one.id} dry={false} blocked={blocked} />
        <Action
          endpoint={removeSource}
          label={t('harvest.remove')}
          small
          danger
          explain={<p>{t('harvest.removeExplain')}</p>}
          input={() => ({ params: { id: one.id }, body: {} as Record<string, never> })}
        />
      </span>
    </li>
  );
};

export const Sources = () => {
  const { t } = useWords();
  const read = useRead(listSources, {}, { every: 5_000 });
  return (
    <Loaded of={read}>
      {({ items }) => (
        <Sheet title={t('harvest.sources')}>
          {items.length === 0 ? (
            <Empty title={t('harvest.noSources')}>{t('harvest.noSourcesText')}</Empty>
          ) : (
            <ul className="card-list">
              {items.map((one) => (
                <Row key={one.id} one={one} />
              ))}
            </ul>
          )}
        </Sheet>
      )}
    </Loaded>
  );
};

export const Harvests = ({ source }: { source?: string }) => {
  const { t } = useWords();
  const counts = useCounts();
  const [filters, setFilters] = useFilters();
  return (
    <Sheet title={t('harvest.runs')}>
      <PagedTable
        endpoint={listHarvests}
        label={t('harvest.runs')}
        every={5_000}
        input={{ query: { source, state: filters.state } }}
        rowKey={(row) => row.id}
        empty={<Empty title={t('harvest.noRuns')} />}
        tools={
          <StateFilter
            list="harvestState"
            states={harvestRunStates}
            value={filters.state}
            onChange={(state) => setFilters({ state })}
          />
        }
        columns={[
          {
            key: 'at',
            title: t('app.createdAt'),
            show: (row) => (
              <Link to={paths.harvest(row.id)}>
                <When at={row.createdAt} />
              </Link>
            ),
          },
          { key: 'source', title: t('harvest.source'), show: (row) => row.source.name },
          {
            key: 'state',
            title: t('case.state'),
            show: (row) => (
              <>
                <StateTag list="harvestState" state={row.state} /> {row.dry ? <Tag>{t('harvest.dry')}</Tag> : null}
              </>
            ),
          },
          { key: 'found', title: t('harvest.found'), show: (row) => counts(row) },
        ]}
      />
    </Sheet>
  );
};
