/** A list of the server: cursor pages, sorting within the page, export of everything; cards instead of rows on narrow screens. */
import type { AnyEndpoint } from '@shugu/wire/endpoint';
import { App, Button, Grid } from 'antd';
import { type ReactNode, useState } from 'react';
import { client, type Input, type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { type Column, useFull } from './columns.tsx';
import { DataTable } from './data-table.tsx';
import { Loaded } from './frame.tsx';

/** Rows that one export holds at most: 50 pages of 100. */
const exportPagesMax = 50;
const pageItems = 20;

type RowOf<E> = Reply<E> extends { items: (infer R)[] } ? R : never;

interface TableProps<E extends AnyEndpoint> {
  endpoint: E;
  input?: { params?: Record<string, string>; query?: Record<string, unknown> };
  columns: Column<RowOf<E>>[];
  rowKey: (row: RowOf<E>) => string;
  empty: ReactNode;
  /** Filters shown above the list. */
  tools?: ReactNode;
  /** File name of the export, without ending; no export without it. */
  exportName?: string;
  every?: number;
  label: string;
}

const cell = (value: unknown): string => {
  const text = String(value ?? '');
  // A spreadsheet would run text that begins like a formula.
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** Lines as a file of a spreadsheet; the mark at its head lets it see UTF-8. */
export const csvOf = (lines: readonly (readonly unknown[])[]): string =>
  `\uFEFF${lines.map((line) => line.map(cell).join(',')).join('\r\n')}\r\n`;

export const download = (name: string, content: BlobPart, mediaType: string): void => {
  const address = URL.createObjectURL(new Blob([content], { type: mediaType }));
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
};

const compare = (a: string | number | bigint, b: string | number | bigint): number =>
  typeof a === 'string' && typeof b === 'string' ? a.localeCompare(b, 'zh') : a < b ? -1 : a > b ? 1 : 0;

export function PagedTable<E extends AnyEndpoint>({
  endpoint,
  input,
  columns,
  rowKey,
  empty,
  tools,
  exportName,
  every,
  label,
}: TableProps<E>) {
  type R = RowOf<E>;
  const { t } = useWords();
  const { notification } = App.useApp();
  const full = columns.map(useFull());
  const shown = full.filter((column) => !column.exportOnly);
  const wide = Grid.useBreakpoint().md ?? true;
  const [cursors, setCursors] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  // A changed filter starts from the first page again.
  const filter = JSON.stringify(input ?? {});
  const [seen, setSeen] = useState(filter);
  if (seen !== filter) {
    setSeen(filter);
    setCursors([]);
  }
  const call = (after: string | undefined, limit: number) =>
    ({ ...input, query: { ...input?.query, ...(after ? { after } : {}), limit } }) as unknown as Input<E>;
  const read = useRead(endpoint, call(cursors.at(-1), pageItems), { keep: true, every });

  const exportAll = async () => {
    setBusy(true);
    try {
      const kept = full.filter((column) => column.text);
      const lines: unknown[][] = [kept.map((column) => column.title)];
      let after: string | undefined;
      for (let page = 0; page < exportPagesMax; page++) {
        const reply = (await client.call(endpoint, call(after, 100))) as { items: R[]; next: string | null };
        for (const row of reply.items) lines.push(kept.map((column) => column.text!(row)));
        if (!reply.next) break;
        after = reply.next;
        if (page === exportPagesMax - 1)
          notification.warning({ title: t('table.exportCut', { count: lines.length - 1 }) });
      }
      download(`${exportName}.csv`, csvOf(lines), 'text/csv;charset=utf-8');
    } catch (error) {
      notification.error({ title: t('table.exportFailed'), description: String(error) });
    } finally {
      setBusy(false);
    }
  };

  const pager = (next: string | null) =>
    cursors.length || next ? (
      <nav className="row" style={{ justifyContent: 'flex-end', marginTop: 12 }} aria-label={t('table.pages')}>
        <Button disabled={!cursors.length} onClick={() => setCursors(cursors.slice(0, -1))}>
          {t('table.previous')}
        </Button>
        <span className="quiet small">{t('table.page', { count: cursors.length + 1 })}</span>
        <Button disabled={!next} onClick={() => next && setCursors([...cursors, next])}>
          {t('table.next')}
        </Button>
      </nav>
    ) : null;

  const body = (items: R[]) => {
    if (items.length === 0) return empty;
    if (!wide)
      return (
        <ul className="card-list" aria-label={label}>
          {items.map((row) => (
            <li key={rowKey(row)}>
              <div style={{ fontWeight: 600, marginBottom: 6 }}>{shown[0]?.show(row)}</div>
              <dl className="facts" style={{ gridTemplateColumns: '6.5em minmax(0,1fr)', gap: '2px 12px' }}>
                {shown.slice(1).map((column) => (
                  <div key={column.key} style={{ display: 'contents' }}>
                    <dt>{column.title}</dt>
                    <dd style={{ margin: 0 }}>{column.show(row)}</dd>
                  </div>
                ))}
              </dl>
            </li>
          ))}
        </ul>
      );
    return (
      <DataTable<R & object>
        label={label}
        dataSource={items as (R & object)[]}
        rowKey={(row) => rowKey(row)}
        pagination={false}
        columns={shown.map((column) => ({
          key: column.key,
          title: column.title,
          width: column.width,
          align: column.right ? ('right' as const) : undefined,
          render: (_: unknown, row: R & object) => column.show(row),
          ...(column.sort
            ? { sorter: (a: R & object, b: R & object) => compare(column.sort!(a), column.sort!(b)) }
            : {}),
        }))}
      />
    );
  };

  return (
    <div>
      {tools || exportName ? (
        <div className="row between" style={{ marginBottom: 12 }}>
          <div className="row">{tools}</div>
          {exportName ? (
            <Button onClick={exportAll} loading={busy} disabled={!read.data}>
              {t('table.export')}
            </Button>
          ) : null}
        </div>
      ) : null}
      <Loaded of={read}>
        {(data) => {
          const reply = data as unknown as { items: R[]; next?: string | null };
          return (
            <>
              {body(reply.items)}
              {pager(reply.next ?? null)}
            </>
          );
        }}
      </Loaded>
    </div>
  );
}
