import { foreignNotice, listForeignEntries } from '@shugu/wire/catalogue';
import { Alert, Button, Checkbox, Input } from 'antd';
import { useState } from 'react';
import { useRead } from '../api.ts';
import { ForeignCard } from '../catalogue/foreign.tsx';
import { useWords } from '../i18n/index.ts';
import { Empty } from '../ui/empty.tsx';
import { Loaded, Page } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';

export default function ForeignEntries() {
  const { t, b } = useWords();
  const [filters, setFilters] = useFilters();
  const [cursors, setCursors] = useState<string[]>([]);
  const withdrawn = filters.withdrawn === 'true' ? ('true' as const) : undefined;
  const read = useRead(
    listForeignEntries,
    { query: { search: filters.q, withdrawn, after: cursors.at(-1), limit: 18 } },
    { keep: true },
  );
  const set = (change: Record<string, string | undefined>) => {
    setCursors([]);
    setFilters(change);
  };
  return (
    <Page title={t('menu.foreign')}>
      <Alert type="warning" showIcon title={b(foreignNotice)} style={{ marginBottom: 16 }} />
      <search className="row" style={{ marginBottom: 20 }}>
        <Input.Search
          key={filters.q}
          style={{ maxWidth: 560 }}
          allowClear
          defaultValue={filters.q}
          placeholder={t('foreign.placeholder')}
          aria-label={t('foreign.placeholder')}
          enterButton={t('do.search')}
          onSearch={(q) => set({ q: q || undefined })}
        />
        <Checkbox
          checked={withdrawn === 'true'}
          onChange={({ target }) => set({ withdrawn: target.checked ? 'true' : undefined })}
        >
          {t('foreign.withdrawnOnly')}
        </Checkbox>
      </search>
      <Loaded of={read}>
        {({ items, next }) =>
          items.length === 0 ? (
            <Empty title={t('foreign.empty')}>{t('foreign.emptyText')}</Empty>
          ) : (
            <>
              <div className="grid fill">
                {items.map((one) => (
                  <ForeignCard key={one.id} one={one} />
                ))}
              </div>
              {cursors.length || next ? (
                <nav
                  className="row"
                  style={{ justifyContent: 'flex-end', marginTop: 16 }}
                  aria-label={t('table.pages')}
                >
                  <Button disabled={!cursors.length} onClick={() => setCursors(cursors.slice(0, -1))}>
                    {t('table.previous')}
                  </Button>
                  <Button disabled={!next} onClick={() => next && setCursors([...cursors, next])}>
                    {t('table.next')}
                  </Button>
                </nav>
              ) : null}
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
