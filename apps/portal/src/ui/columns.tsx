/** Columns of lists: those of the common kinds are shown, exported and sorted alike everywhere. */
import type { ReactNode } from 'react';
import { useWords } from '../i18n/index.ts';
import { money } from './format.ts';
import { When } from './now.tsx';
import { StateTag } from './step.tsx';

type Text = string | null | undefined;

export interface FullColumn<R> {
  key: string;
  title: string;
  show: (row: R) => ReactNode;
  /** Plain text for the export; without it the column is left out there. */
  text?: (row: R) => string | number | null | undefined;
  sort?: (row: R) => string | number | bigint;
  right?: boolean;
  /** Stands in the file alone. */
  exportOnly?: boolean;
  width?: number;
}

type CommonColumn<R> = { key: string; title: string } & (
  | { plain: (row: R) => Text }
  /** Fen, as a string of digits. */
  | { money: (row: R) => Text }
  /** An instant. */
  | { when: (row: R) => Text }
  /** `words` names the list that the state is a word of. */
  | { state: (row: R) => string; words: string }
);

export type Column<R> = FullColumn<R> | CommonColumn<R>;

export const useFull = () => {
  const { w } = useWords();
  return <R,>(column: Column<R>): FullColumn<R> => {
    if ('show' in column) return column;
    const { key, title } = column;
    if ('plain' in column) {
      const of = column.plain;
      return { key, title, show: (row) => of(row) ?? '—', text: of, sort: (row) => of(row) ?? '' };
    }
    if ('money' in column) {
      const of = column.money;
      return { key, title, right: true, show: (row) => money(of(row)), text: of, sort: (row) => BigInt(of(row) ?? 0) };
    }
    if ('when' in column) {
      const of = column.when;
      return { key, title, show: (row) => <When at={of(row)} />, text: of, sort: (row) => of(row) ?? '' };
    }
    const { state: of, words } = column;
    const text = (row: R) => w(words, of(row));
    return { key, title, show: (row) => <StateTag list={words} state={of(row)} />, text, sort: text };
  };
};
