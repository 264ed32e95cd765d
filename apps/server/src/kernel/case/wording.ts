/** Text of served notices, from a procedure's templates. */
import { dayOf } from '../calendar/calendar.ts';
import type { Move, Procedure } from '../rulepack/model.ts';
import type { CaseState, ClockState, Data, Text } from './model.ts';

export interface Occasion {
  one: CaseState;
  table: Procedure;
  move: Move;
  input: Data;
  clocks: ReadonlyMap<string, ClockState>;
}

const inputCharactersMax = 2000;

const wordOf = (name: string, language: 'zh' | 'en', { one, table, move, input, clocks }: Occasion): string => {
  if (name === 'title') return one.title;
  if (name === 'id') return one.id;
  if (name === 'procedure') return table.title[language];
  if (name === 'state') return table.states[move.to === 'stay' ? one.state : move.to]!.title[language];
  if (name.startsWith('due.')) {
    const dueAt = clocks.get(name.slice(4))?.dueAt;
    // The limit ends at 24:00 of the day before the first moment after it.
    return dueAt ? dayOf(new Date(dueAt.getTime() - 1)) : '–';
  }
  const field = move.input.find((item) => `input.${item.id}` === name);
  const value = field && input[field.id];
  if (value === undefined || value === null) return '–';
  const shown = (item: unknown) =>
    field?.choices?.find((choice) => choice.id === item)?.title[language] ?? String(item);
  if (field?.type === 'records') return JSON.stringify(value).slice(0, inputCharactersMax);
  return (Array.isArray(value) ? value.map(shown).join(language === 'zh' ? '；' : '; ') : shown(value)).slice(
    0,
    inputCharactersMax,
  );
};

const fill = (template: string, language: 'zh' | 'en', occasion: Occasion): string =>
  template.replace(/\{([a-zA-Z.]+)\}/g, (_, name: string) => wordOf(name, language, occasion));

export const renderNotice = (text: Text, occasion: Occasion): Text => ({
  zh: fill(text.zh, 'zh', occasion),
  en: fill(text.en, 'en', occasion),
});
