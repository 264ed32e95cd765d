/** Picks organisations by name from the public directory; an id that is known can be typed in. */
import { listAdmissions, listDirectory, readProfile } from '@shugu/wire/members';
import { Select } from 'antd';
import { useState } from 'react';
import { type Input, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { shortId } from './format.ts';

interface PickerProps {
  id?: string;
  value?: unknown;
  onChange?: (value: unknown) => void;
  single?: boolean;
  query?: Input<typeof listDirectory>['query'];
}

export const OrganisationPicker = ({ id, value, onChange, single, query }: PickerProps) => {
  const { t, w } = useWords();
  const [search, setSearch] = useState('');
  const me = useMe();
  const found = useRead(listDirectory, { query: { ...query, search: search || undefined, limit: 50 } }, { keep: true });
  const listed = (found.data?.items ?? []).map((one) => ({
    value: one.id,
    label: `${one.name} · ${one.roles.map((role) => (role.class ? w('class', role.class) : w('role', role.role))).join(listMark())}`,
  }));
  // What stands there already has its name, and an id that is known can be typed in, where one alone is picked too.
  const own = me && value === me.organisation.id ? [{ value: me.organisation.id, label: me.organisation.name }] : [];
  const typed = single && /^org_\w+$/.test(search) ? [{ value: search, label: search }] : [];
  const extra = [...own, ...typed].filter((one) => !listed.some((each) => each.value === one.value));
  return (
    <Select
      id={id}
      value={value as string}
      onChange={(picked) => onChange?.(picked)}
      mode={single ? undefined : 'tags'}
      showSearch={{ onSearch: setSearch, filterOption: false }}
      placeholder={t('form.organisationHint')}
      loading={found.isFetching}
      options={[...extra, ...listed]}
    />
  );
};

/** An organisation by its name where only the id is known. */
export const OrganisationName = ({ id }: { id: string | null | undefined }) => {
  const me = useMe();
  // Members who keep out of the public directory are known by name to those who supervise them.
  const supervises = may(me, 'members.organisation.read');
  const members = useRead(listAdmissions, { query: { limit: 100 } }, { enabled: supervises });
  const own = me?.organisation.id === id ? me?.organisation.name : undefined;
  const known = own ?? members.data?.items.find((one) => one.id === id)?.name;
  const asks = !!id?.startsWith('org_') && !known && !(supervises && members.isPending);
  const found = useRead(readProfile, { params: { id: id ?? '' } }, { enabled: asks });
  return <span title={id ?? undefined}>{known ?? found.data?.name ?? (id ? shortId(id) : '—')}</span>;
};
