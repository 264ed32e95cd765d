/** Contracts in force that the organisation has as buyer: chosen by what they are about, their number or their supplier; shown by name. */
import { listContracts } from '@shugu/wire/agreements';
import { Link } from '@tanstack/react-router';
import { Select } from 'antd';
import { useRef, useState } from 'react';
import { type Reply, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import type { WidgetProps } from '../ui/fields.tsx';
import { shortId } from '../ui/format.ts';

type Contract = Reply<typeof listContracts>['items'][number];

const labelOf = ({ productName, supplier, number, id }: Contract): string =>
  [productName, supplier.name, number ?? shortId(id)].join(' · ');

const useHeld = (search?: string) =>
  useRead(
    listContracts,
    { query: { state: 'effective', side: 'buyer', search: search || undefined, limit: 50 } },
    { keep: true },
  );

export const HeldContractPicker = ({ id, value, onChange, disabled }: WidgetProps) => {
  const { t } = useWords();
  const [search, setSearch] = useState('');
  const found = useHeld(search);
  // What was chosen keeps its name when another search no longer finds it.
  const names = useRef(new Map<string, string>());
  const listed = found.data?.items ?? [];
  for (const one of listed) names.current.set(one.id, labelOf(one));
  const chosen = ((value as string[] | undefined) ?? []).filter((one) => !listed.some((each) => each.id === one));
  const options = [...listed.map((one) => one.id), ...chosen].map((one) => ({
    value: one,
    label: names.current.get(one) ?? one,
  }));
  return (
    <Select
      id={id}
      mode="multiple"
      disabled={disabled}
      value={(value as string[] | undefined) ?? []}
      onChange={(picked) => onChange?.(picked)}
      showSearch={{ onSearch: setSearch, filterOption: (_, option) => !chosen.includes(String(option?.value)) }}
      loading={found.isFetching}
      placeholder={t('controlPlanes.contractsHint')}
      notFoundContent={found.isFetching ? null : t('controlPlanes.noContracts')}
      options={options}
    />
  );
};

export const HeldContracts = ({ of }: { of: string[] }) => {
  const held = useHeld().data?.items ?? [];
  if (!of.length) return '—';
  return of.map((id, place) => (
    <span key={id}>
      {place ? listMark() : null}
      <Link to={paths.contract(id)} title={id}>
        {held.find((one) => one.id === id)?.productName ?? shortId(id)}
      </Link>
    </span>
  ));
};
