/** What a counter-party may read of its own with one of our participants: statements and papers of both, and of nobody else. */
import type { Reader } from '../../kernel/db/db.ts';
import type { PageQuery } from '../../kernel/pages.ts';

/** Organisations of this node. */
export interface Between {
  buyer: string;
  supplier: string;
}
export type PaperPart = 'pdf' | 'bundle' | 'promise';
export interface RecordPage {
  items: object[];
  next: string | null;
}

/** Handed in: who keeps them decides what is shown. Undefined: unknown, or not of these two. */
export interface Records {
  /** The organisation that was recognised by that name; undefined: nobody. */
  recognised(read: Reader, name: string): Promise<string | undefined>;
  statements(read: Reader, of: Between, query: PageQuery): Promise<RecordPage>;
  statement(read: Reader, of: Between, id: string): Promise<object | undefined>;
  papers(read: Reader, of: Between, query: PageQuery): Promise<RecordPage>;
  /** @throws where it is not made yet, or the promise is over */
  paperFile(read: Reader, of: Between, id: string, part: PaperPart): Promise<Uint8Array | undefined>;
}

/** Below the base of a participant's endpoints; no part of the specification. */
export const RECORDS_PATH = '/records';

export const mediaTypes: Record<PaperPart, string> = {
  pdf: 'application/pdf',
  bundle: 'application/json',
  promise: 'application/json',
};

export const recordLimits = {
  pageItems: 50,
  /** Of an answer that is a page or a statement, and of a file. */
  answerBytesMax: 1_048_576,
  fileBytesMax: 16_777_216,
} as const;
