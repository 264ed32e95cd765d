/** The rows that a query answered: a table, and a small chart where figures stand by a name or a day. */
import type { grantTemplate } from '@shugu/wire/delivery';
import { useEffect, useMemo, useState } from 'react';
import type { z } from 'zod';
import { useWords } from '../i18n/index.ts';
import { Chart } from '../ui/chart.tsx';
import { DataTable } from '../ui/data-table.tsx';

export type Cell = string | number | boolean | null;
export type AnswerColumn = z.output<typeof grantTemplate>['answer'][number];
export interface Answer {
  columns: AnswerColumn[];
  rows: Cell[][];
}

/** More bars than this are read in the table. */
const drawnRowsMax = 40;
const isFigure = ({ type }: AnswerColumn) =>
  /^(TINY|SMALL|BIG|HUGE|U)?(INT|INTEGER|BIGINT|SMALLINT|TINYINT)$|^(DECIMAL|DOUBLE|FLOAT)/.test(type);
const isDay = ({ type }: AnswerColumn) => /^(DATE|TIMESTAMP)/.test(type);

/** Which columns to draw: the first that names, and the first figure beside it; null when a table says it better. */
const drawing = ({ columns, rows }: Answer): { by: number; value: number } | null => {
  const by = columns.findIndex((column) => !isFigure(column));
  const value = columns.findIndex(isFigure);
  if (by < 0 || value < 0 || rows.length < 2 || rows.length > drawnRowsMax) return null;
  // One bar for one name: otherwise the rows are no summary.
  return new Set(rows.map((row) => row[by])).size === rows.length ? { by, value } : null;
};

export const QueryAnswer = ({ answer }: { answer: Answer }) => {
  const { t } = useWords();
  const { columns, rows } = answer;
  const drawn = useMemo(() => drawing(answer), [answer]);
  const option = useMemo(() => {
    if (!drawn) return null;
    const day = isDay(columns[drawn.by]!);
    return {
      grid: { left: 8, right: 16, top: 16, bottom: 8, containLabel: true },
      tooltip: { trigger: 'axis' },
      xAxis: { type: 'category', data: rows.map((row) => String(row[drawn.by] ?? '—')) },
      yAxis: { type: 'value', scale: day },
      series: [
        {
          type: day ? 'line' : 'bar',
          name: columns[drawn.value]!.name,
          barMaxWidth: 36,
          data: rows.map((row) => Number(row[drawn.value])),
        },
      ],
    };
  }, [drawn, columns, rows]);
  if (rows.length === 0) return <p className="quiet">{t('query.noRows')}</p>;
  return (
    <>
      {option && drawn ? (
        <Chart
          option={option}
          height={200}
          label={t('query.chart', { value: columns[drawn.value]!.name, by: columns[drawn.by]!.name })}
        />
      ) : null}
      <DataTable
        label={t('query.answer')}
        rowKey="key"
        dataSource={rows.map((cells, key) => ({ key, cells }))}
        pagination={rows.length > 20 ? { pageSize: 20, showSizeChanger: false } : false}
        columns={columns.map((column, at) => ({
          key: column.name,
          title: column.name,
          align: isFigure(column) ? ('right' as const) : ('left' as const),
          render: (_: unknown, { cells }: { cells: Cell[] }) =>
            cells[at] === null ? <span className="quiet">—</span> : String(cells[at]),
        }))}
      />
    </>
  );
};

/** Whole seconds since `busy` became true. */
export const useSeconds = (busy: boolean): number => {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    setSeconds(0);
    if (!busy) return;
    const timer = setInterval(() => setSeconds((before) => before + 1), 1000);
    return () => clearInterval(timer);
  }, [busy]);
  return seconds;
};
