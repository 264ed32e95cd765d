/** The platform's self-check of a table: measured rules by dimension (GB/T 36344), drawn and listed. */
import { Progress, Tag } from 'antd';
import { useWords } from '../i18n/index.ts';
import { DataTable } from '../ui/data-table.tsx';
import { count } from '../ui/format.ts';

interface Metric {
  id: string;
  dimension: string;
  column: string | null;
  zh: string;
  en: string;
  value: string;
  threshold: string | null;
  met: boolean | null;
}
interface Report {
  rows: number;
  metrics: Metric[];
  digest?: string;
  standard?: string;
}

const asReport = (value: unknown): Report | undefined => {
  const one = value as Partial<Report> | null;
  return one && typeof one === 'object' && Array.isArray(one.metrics) ? (one as Report) : undefined;
};

/** '99/100' → 0.99, for the bar only; the exact fraction is shown beside it. */
const part = (fraction: string): number => {
  const [over, under] = fraction.split('/').map(Number);
  return under ? (over ?? 0) / under : 1;
};

export const Quality = ({ quality }: { quality: unknown }) => {
  const { t, w, language } = useWords();
  const report = asReport(quality);
  if (!report) return <p className="quiet">{t('quality.none')}</p>;
  const dimensions = [...new Set(report.metrics.map((one) => one.dimension))];
  return (
    <>
      <p className="quiet">
        <Tag>{t('app.selfCheck')}</Tag>
        {t('quality.lead', { rows: count(report.rows), standard: report.standard ?? 'GB/T 36344' })}
      </p>
      <div className="grid" style={{ '--least': '150px', marginBottom: 14 } as never}>
        {dimensions.map((dimension) => {
          const values = report.metrics.filter((one) => one.dimension === dimension).map((one) => part(one.value));
          const least = Math.min(...values);
          return (
            <div key={dimension} className="small">
              {w('dimension', dimension)}
              <Progress percent={Math.floor(least * 10_000) / 100} aria-label={w('dimension', dimension)} />
            </div>
          );
        })}
      </div>
      <DataTable
        rowKey={(one) => `${one.id}${one.column}`}
        dataSource={report.metrics}
        pagination={report.metrics.length > 15 ? { pageSize: 15, showSizeChanger: false } : false}
        columns={[
          { title: t('quality.dimension'), dataIndex: 'dimension', render: (one: string) => w('dimension', one) },
          { title: t('version.column'), dataIndex: 'column', render: (one: string | null) => one ?? '—' },
          { title: t('quality.rule'), render: (_, one) => one[language] },
          {
            title: t('quality.value'),
            align: 'right',
            render: (_, one) => <span title={one.value}>{(part(one.value) * 100).toFixed(2)}%</span>,
          },
          {
            title: t('quality.met'),
            render: (_, one) =>
              one.met === null ? (
                '—'
              ) : (
                <Tag color={one.met ? 'success' : 'error'}>{one.met ? t('quality.yes') : t('quality.no')}</Tag>
              ),
          },
        ]}
      />
    </>
  );
};
