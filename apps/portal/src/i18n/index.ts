/** Two languages, Chinese first. The choice is remembered; i18next holds it and fills in the figures. */
import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import { type Key, words } from './words.ts';

export type Language = 'zh' | 'en';
export interface Bilingual {
  zh: string;
  en: string;
}
const remembered = 'shugu.language';

const pick = (index: 0 | 1) => Object.fromEntries(Object.entries(words).map(([key, pair]) => [key, pair[index]]));
const firstLanguage = (): Language => (localStorage.getItem(remembered) === 'en' ? 'en' : 'zh');

const showLanguage = (language: string) => {
  document.documentElement.lang = language === 'en' ? 'en' : 'zh-CN';
};

export const startLanguages = async (): Promise<void> => {
  await i18next.use(initReactI18next).init({
    resources: { zh: { translation: pick(0) }, en: { translation: pick(1) } },
    lng: firstLanguage(),
    fallbackLng: 'zh',
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false, prefix: '{', suffix: '}' },
    returnNull: false,
  });
  showLanguage(i18next.language);
  i18next.on('languageChanged', showLanguage);
};

export const languageNow = (): Language => (i18next.language === 'en' ? 'en' : 'zh');

/** What stands between the items of a list: 、 in Chinese, a comma in English. */
export const listMark = (): string => (languageNow() === 'en' ? ', ' : '、');

export const setLanguage = (language: Language): void => {
  localStorage.setItem(remembered, language);
  void i18next.changeLanguage(language);
};

export type Say = (key: Key, values?: Record<string, string | number>) => string;

/** `t`: a text of ours; `b`: a text the server gave in both languages; `w`: the word for a value of a named list. */
export const useWords = () => {
  const { t, i18n } = useTranslation();
  const language: Language = i18n.language === 'en' ? 'en' : 'zh';
  return {
    language,
    t: t as unknown as Say,
    b: (text: Bilingual | null | undefined): string => (text ? text[language] || text.zh : ''),
    w: (list: string, value: string): string => {
      const pair = (words as Record<string, readonly [string, string]>)[`${list}.${value}`];
      return pair ? pair[language === 'en' ? 1 : 0] : value;
    },
  };
};
export type { Key } from './words.ts';
