/** What was promised of a grant's service, beside what is measured; each month's verdict. */
import { getLevels } from '@shugu/wire/delivery';
import { listHours } from '@shugu/wire/metering';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import { useMemo } from 'react';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Chart } from '../ui/chart.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { count } from '../ui/format.ts';
import { Loaded, Sheet } from '../ui/frame.tsx';

type Levels = Reply<typeof getLevels>;
type Month = NonNullable<Levels['current']>;
export type Finding = Omit<Month['findings'][number], 'met'>;

export const useLevelWords = () => {
  const { t } = useWords();
  const name = ({ level, withinMs }: Finding): string => t(`level.${level}`, { ms: String(withinMs ?? '') });
  const value = ({ level }: Finding, figure: number | null): string => {
    if (figure === null) return t('level.unmeasured');
    return level === 'freshness' ? t('level.hours', { count: String(Math.round(figure * 10) / 10) }) : `${figure}%`;
  };
  return { name, value };
};

const Findings = ({ findings }: { findings: Month['findings'] }) => {
  const { t } = useWords();
  const words = useLevelWords();
  return (
    <DataTable
      pagination={false}
      rowKey="level"
      dataSource={findings}
      columns={[
        { title: t('level.level'), key: 'level', render: (_, one) => words.name(one) },
        { title: t('level.target'), key: 'target', render: (_, one) => words.value(one, one.target) },
        { title: t('level.measured'), key: 'measured', render: (_, one) => <b>{words.value(one, one.measured)}</b> },
        {
          title: '',
          key: 'met',
          render: (_, one) => (
            <Tag color={one.met ? 'success' : 'error'}>{one.met ? t('level.met') : t('level.missed')}</Tag>
          ),
        },
      ]}
    />
  );
};

/** Ten below the worst day, so that its bar can be seen too. */
const floorOf = (shares: readonly (number | null)[]): number =>
  Math.max(0, Math.floor((Math.min(...shares.map((one) => one ?? 100)) - 1) / 10) * 10);

const Days = ({ grant, target }: { grant: string; target: number | null }) => {
  const { t } = useWords();
  const today = useRead(listHours, { params: { id: grant }, query: {} }).data;
  const until = today?.asOf.slice(0, 10);
  const from = until && new Date(Date.parse(until) - 29 * 86_400_000).toISOString().slice(0, 10);
  const read = useRead(listHours, { params: { id: grant }, query: { from, until } }, { keep: true });
  const option = useMemo(() => {
    const days = [...Map.groupBy(read.data?.items ?? [], ({ day }) => day)];
    const shares = days.map(([, hours]) => {
      const [requests, failures] = [hours, hours].map((all, at) =>
        all.reduce((sum, one) => sum + (at === 0 ? one.requests : one.failures), 0),
      ) as [number, number];
      return requests === 0 ? null : Math.floor(((requests - failures) / requests) * 10_000) / 100;
    });
    return {
      grid: { left: 12, right: 12, top: 16, bottom: 8, containLabel: true },
      tooltip: { trigger: 'axis' },
      xAxis: { type: 'category', data: days.map(([day]) => day) },
      yAxis: { type: 'value', max: 100, min: floorOf(shares) },
      series: [
        { type: 'bar', name: t('level.availability'), data: shares, barMaxWidth: 28 },
        ...(target === null
          ? []
          : [{ type: 'line', name: t('level.target'), data: days.map(() => target), symbol: 'none' }]),
      ],
    };
  }, [read.data, target, t]);
  return read.data?.items.length ? <Chart option={option} label={t('level.chart')} height={180} /> : null;
};

const MonthRow = ({ one }: { one: Levels['periods'][number] }) => {
  const { t } = useWords();
  const words = useLevelWords();
  const missed = one.findings.filter(({ met }) => !met);
  return (
    <li>
      <div className="row between">
        <b className="number">{one.period}</b>
        <Tag color={one.breached ? 'error' : 'success'}>{one.breached ? t('level.missed') : t('level.met')}</Tag>
      </div>
      {missed.map((finding) => (
        <div key={finding.level}>
          {words.name(finding)} {words.value(finding, finding.measured)} / {words.value(finding, finding.target)}
        </div>
      ))}
      <div className="small quiet">
        {t('level.basis', { requests: count(one.evidence.requests), failures: count(one.evidence.failures) })} ·{' '}
        {t('level.segments', { count: count(one.evidence.segments.count) })}
      </div>
      <div className="small mono quiet" style={{ overflowWrap: 'anywhere' }}>
        {t('level.digest')} {one.evidence.digest}
      </div>
    </li>
  );
};

export const ServiceLevels = ({ grant }: { grant: string }) => {
  const { t } = useWords();
  const read = useRead(getLevels, { params: { id: grant } }, { every: 30_000 });
  return (
    <Sheet title={t('level.title')} extra={<Link to={paths.credits}>{t('level.credits')}</Link>}>
      <Loaded of={read}>
        {({ levels, current, periods }) =>
          levels ? (
            <>
              <p className="quiet">{t('level.lead')}</p>
              {current ? <Findings findings={current.findings} /> : null}
              <Days grant={grant} target={levels.availabilityPercent} />
              {periods.length ? (
                <ul className="card-list">
                  {periods.map((one) => (
                    <MonthRow key={one.id} one={one} />
                  ))}
                </ul>
              ) : null}
            </>
          ) : (
            <p className="quiet">{t('level.none')}</p>
          )
        }
      </Loaded>
    </Sheet>
  );
};
