/** Who computes: the engines that a draft may name, and the one that a contract names. */
import { listEngines } from '@shugu/wire/compute-engines';
import type { Reply } from '../api.ts';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { type FormField, field } from '../ui/fields.tsx';

type Offered = Reply<typeof listEngines>['items'][number];
type Mode = Offered['modes'][number];
export const engineTitles = {
  local: 'Shugu',
  secretflow: 'SecretFlow SPU',
  spark: 'Apache Spark',
  trino: 'Trino',
  scql: 'SCQL',
  kuscia: 'Kuscia (SecretFlow PSI)',
} as const;
type Other = Exclude<Offered['name'], 'local'>;

/** One choice for each version of the others, with what they rest on; nothing where the exchange offers no other. */
const engineForm = (items: readonly Offered[], mode: Mode): FormField[] => {
  const others = items.filter(({ name, modes }) => name !== 'local' && modes.includes(mode));
  if (others.length === 0) return [];
  const choices = others.flatMap(({ name, versions, checked, untested }) =>
    versions.map((version) => {
      const title = `${engineTitles[name]} ${version}`;
      const known = checked.includes(version);
      return [
        `${name} ${version}`,
        known ? title : untested ? `${title}（未经实测：从未与真实的引擎一起运行过）` : `${title}（未经本系统测试）`,
        known
          ? title
          : untested
            ? `${title} (untested: never run against a real one)`
            : `${title} (not run in our tests)`,
      ] as const;
    }),
  );
  const told = (language: 'zh' | 'en') =>
    others
      .map(({ name, trust, intersectionTrust }) => {
        const said = mode === 'psi' ? intersectionTrust : trust;
        return `${engineTitles[name]}${language === 'zh' ? '：' : ': '}${said?.[language] ?? ''}`;
      })
      .join(' ');
  return [
    field('engine', 'choice', ['计算引擎（不选即本系统自带）', 'Engine (none: this program’s own)'], {
      choices,
      help: { zh: told('zh'), en: told('en') },
    }),
  ];
};

/** The form with the choice in it, once it is known what is offered; without a mode there is none. */
export const useEngines = (form: readonly FormField[], mode: Mode | null): FormField[] => {
  const read = useRead(listEngines, {});
  return mode ? [...form, ...engineForm(read.data?.items ?? [], mode)] : [...form];
};

/** As chosen in the form. */
export const engineIn = (chosen: string | undefined) => {
  const [name, version] = (chosen ?? '').split(' ');
  return name && version ? { engine: { name: name as Other, version } } : {};
};

export const Engine = ({ of }: { of: { name: Other; version: string; checked: boolean } | null }) => {
  const { t } = useWords();
  if (!of) return t('compute.engineOwn');
  return `${engineTitles[of.name]} ${of.version}${of.checked ? '' : t('compute.engineUnchecked')}`;
};
