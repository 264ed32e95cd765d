/** What narrows a list: one of a few words, or, cleared, all of them. */
import { Input, Select } from 'antd';
import { useWords } from '../i18n/index.ts';

interface Choice<V extends string> {
  value: V;
  label: string;
}

export const ListFilter = <V extends string>({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: readonly Choice<V>[] | undefined;
  value: V | undefined;
  onChange: (value: V | undefined) => void;
}) => (
  <Select<V>
    allowClear
    style={{ minWidth: 150 }}
    popupMatchSelectWidth={false}
    aria-label={label}
    placeholder={label}
    value={value}
    onChange={onChange}
    options={options && [...options]}
  />
);

/** Words to look for; they take effect when sent. */
export const SearchFilter = ({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}) => (
  <Input.Search
    key={value}
    allowClear
    style={{ maxWidth: 320 }}
    defaultValue={value}
    placeholder={label}
    aria-label={label}
    onSearch={(words) => onChange(words || undefined)}
  />
);

/** The states of a list’s rows by the words of `list`; `first` are choices that no single state says, such as what is late. */
export const StateFilter = <S extends string, F extends string = never>({
  list,
  states,
  first = [],
  ...rest
}: {
  list: string;
  states: readonly S[];
  first?: readonly Choice<F>[];
  value: S | F | undefined;
  onChange: (value: S | F | undefined) => void;
}) => {
  const { t, w } = useWords();
  return (
    <ListFilter<S | F>
      label={t('case.state')}
      options={[...first, ...states.map((state) => ({ value: state, label: w(list, state) }))]}
      {...rest}
    />
  );
};
