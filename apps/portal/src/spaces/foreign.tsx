/** Entries of other catalogues and nodes in a space: always with where they come from, bought by the routed purchase or at their source. */
import { listForeignEntries } from '@shugu/wire/catalogue';
import { listEntries } from '@shugu/wire/nodes';
import type { listSpaceEntries } from '@shugu/wire/spaces';
import { Link } from '@tanstack/react-router';
import { Select, Tag } from 'antd';
import { useState } from 'react';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import type { WidgetProps } from '../ui/fields.tsx';

export type Entry = Reply<typeof listSpaceEntries>['items'][number];

/** Of what was harvested, and of what nodes list at this hub; the value is what the entry refers to, as text. */
export const ForeignPicker = ({ id, value, onChange }: WidgetProps) => {
  const [search, setSearch] = useState('');
  const harvested = useRead(listForeignEntries, { query: { search: search || undefined, limit: 20 } }, { keep: true });
  const nodes = useRead(listEntries, { query: { q: search || undefined, kind: 'listing', limit: 20 } }, { keep: true });
  const options = [
    ...(harvested.data?.items ?? [])
      .filter(({ withdrawnAt }) => withdrawnAt === null)
      .map((one) => ({
        value: JSON.stringify({ kind: 'harvest', entry: one.id }),
        label: `${one.content.title} · ${one.source.name}`,
      })),
    ...(nodes.data?.items ?? []).map((one) => ({
      value: JSON.stringify({ kind: 'node', node: one.node.id, subject: one.subject }),
      label: `${one.title} · ${one.node.name}`,
    })),
  ];
  return (
    <Select
      id={id}
      value={value as string}
      onChange={(picked) => onChange?.(picked)}
      loading={harvested.isFetching || nodes.isFetching}
      showSearch={{ onSearch: setSearch, filterOption: false }}
      options={options}
    />
  );
};

export const ForeignTitle = ({ row, foreign }: { row: Entry; foreign: NonNullable<Entry['foreign']> }) => {
  const { t } = useWords();
  const me = useMe();
  const routed = foreign.traded && may(me, 'nodes.goods.read');
  return (
    <>
      <a href={foreign.url} target="_blank" rel="noopener noreferrer nofollow ugc">
        {row.title} ↗
      </a>
      <Tag color="warning" style={{ marginInlineStart: 8 }}>
        {t('foreign.tag')}
      </Tag>
      {routed ? (
        <Link to={paths.goods} search={{ node: foreign.node, subject: foreign.subject, title: row.title } as never}>
          {t('spaces.foreignBuy')}
        </Link>
      ) : null}
    </>
  );
};

/** Who publishes it, and in whose catalogue. */
export const sourceOf = ({ supplier, foreign }: Entry): string =>
  supplier?.name ?? [foreign?.by, foreign?.origin].filter(Boolean).join(' · ');
