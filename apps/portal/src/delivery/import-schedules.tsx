/** Imports by rhythm: when each comes round next, paused, resumed, removed. */
import {
  listImportSchedules,
  pauseImportSchedule,
  removeImportSchedule,
  resumeImportSchedule,
} from '@shugu/wire/delivery';
import { Link } from '@tanstack/react-router';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { Loaded, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useRhythm } from './rhythm.tsx';

type Schedule = Reply<typeof listImportSchedules>['items'][number];

const Row = ({ one }: { one: Schedule }) => {
  const { t } = useWords();
  const rhythm = useRhythm();
  const input = () => ({ params: { id: one.id }, body: {} as Record<string, never> });
  const paused = one.nextAt === null;
  return (
    <li className="row between">
      <span>
        <b className="mono" style={{ overflowWrap: 'anywhere' }}>
          {one.schema}.{one.table}
        </b>{' '}
        → <Link to={paths.resource(one.resource.id)}>{one.resource.name}</Link>
        <div className="small quiet">
          {one.connection.name} · {rhythm(one)} ·{' '}
          {one.nextAt === null ? (
            t('import.paused')
          ) : (
            <>
              {t('push.next')} <When at={one.nextAt} />
            </>
          )}
        </div>
      </span>
      <span className="row">
        <Action
          endpoint={paused ? resumeImportSchedule : pauseImportSchedule}
          label={t(paused ? 'import.resume' : 'import.pause')}
          small
          input={input}
        />
        <Action
          endpoint={removeImportSchedule}
          label={t('import.unschedule')}
          small
          danger
          explain={<p>{t('import.unscheduleExplain')}</p>}
          input={input}
        />
      </span>
    </li>
  );
};

export const ImportSchedules = () => {
  const { t } = useWords();
  const read = useRead(listImportSchedules, {}, { every: 15_000 });
  return (
    <Loaded of={read}>
      {({ items }) => (
        <Sheet title={t('import.schedules')}>
          {items.length === 0 ? (
            <Empty title={t('import.noSchedules')}>{t('import.noSchedulesText')}</Empty>
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
