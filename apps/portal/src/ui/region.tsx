/** Places by name instead of six digits: a picker from province to county, and a code with its name beside it. */
import { regions } from '@shugu/wire/kernel';
import { Cascader } from 'antd';
import { useMemo } from 'react';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import type { WidgetProps } from './fields.tsx';

interface Option {
  value: string;
  label: string;
  children?: Option[];
}

const provinceOf = (code: string) => `${code.slice(0, 2)}0000`;
const cityOf = (code: string) => `${code.slice(0, 4)}00`;
/** '430104' → 430000, 430100, 430104: the way to it. */
const pathOf = (code: string): string[] => [...new Set([provinceOf(code), cityOf(code), code])];
const prefixOf = (code: string): string => code.replace(/(00){1,2}$/, '');

const useRegions = () => {
  const { w, language } = useWords();
  const read = useRead(regions, {});
  const items = read.data?.items;
  // biome-ignore lint/correctness/useExhaustiveDependencies: words change with the language alone.
  return useMemo(() => {
    const names = new Map<string, string>();
    const official = new Map<string, string>();
    const options = new Map<string, Option>();
    const roots: Option[] = [];
    for (const { code, name } of items ?? []) {
      const own = w('region', code);
      const label = language === 'en' && own !== code ? own : name;
      names.set(code, label);
      official.set(code, name);
      const option: Option = { value: code, label };
      options.set(code, option);
      // Codes come in order: what a place lies in is there before it.
      const above =
        code === provinceOf(code)
          ? undefined
          : (options.get(code === cityOf(code) ? provinceOf(code) : cityOf(code)) ?? options.get(provinceOf(code)));
      if (above) above.children = [...(above.children ?? []), option];
      else roots.push(option);
    }
    return { names, official, roots, loading: read.isPending };
  }, [items, language, read.isPending]);
};

const matches = (typed: string, path: Option[]): boolean => {
  const text = path.map((one) => `${one.label}${one.value}`).join(' ');
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.toLowerCase().includes(word));
};
const search = {
  filter: matches as never,
  limit: 60,
  matchInputWidth: false,
  render: (_: string, path: Option[]) => `${path.map((one) => one.label).join(' / ')} ${path.at(-1)?.value}`,
};

/** One place; its value is the six-digit code, of a whole province or city, too. */
export const RegionPicker = ({ id, value, onChange, disabled }: WidgetProps) => {
  const { t } = useWords();
  const { roots, loading } = useRegions();
  return (
    <Cascader
      id={id}
      disabled={disabled}
      loading={loading}
      options={roots}
      changeOnSelect
      showSearch={search as never}
      placeholder={t('region.hint')}
      style={{ width: '100%', maxWidth: 420 }}
      value={typeof value === 'string' && value ? pathOf(value) : []}
      onChange={(path) => onChange?.((path as string[] | undefined)?.at(-1))}
      displayRender={(labels, picked) => `${labels.join(' / ')} ${picked?.at(-1)?.value ?? value ?? ''}`}
    />
  );
};

/** Several places; its value is the list of prefixes by which a policy names them. */
export const RegionsPicker = ({ id, value, onChange, disabled }: WidgetProps) => {
  const { t } = useWords();
  const { roots, loading } = useRegions();
  const codes = Array.isArray(value) ? (value as string[]).map((one) => one.padEnd(6, '0')) : [];
  return (
    <Cascader
      multiple
      id={id}
      disabled={disabled}
      loading={loading}
      options={roots}
      showCheckedStrategy={Cascader.SHOW_PARENT}
      showSearch={search as never}
      placeholder={t('region.hint')}
      style={{ width: '100%', maxWidth: 560 }}
      value={codes.map(pathOf)}
      onChange={(paths) => onChange?.((paths as string[][]).map((path) => prefixOf(path.at(-1)!)))}
    />
  );
};

/** The whole name of a place, as papers write it in whatever language one reads; undefined until it is known. */
export const useRegionName = (code: string | null | undefined): string | undefined => {
  const { official } = useRegions();
  const path = code ? pathOf(code).flatMap((step) => official.get(step) ?? []) : [];
  return path.length ? path.join('') : undefined;
};

/** 湖南省长沙市 (430100): the name is read, the code is copied. */
export const RegionName = ({ code }: { code: string | null | undefined }) => {
  const { names } = useRegions();
  if (!code) return <>—</>;
  const path = pathOf(code.padEnd(6, '0')).map((step) => names.get(step));
  const known = path.filter((one): one is string => one !== undefined);
  return (
    <span>
      {known.join(' ')} <span className="mono small quiet">{code}</span>
    </span>
  );
};
