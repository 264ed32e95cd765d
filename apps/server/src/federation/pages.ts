/**
 * Pages of catalogues as they were told last: as long as nothing that they are made of has changed, a page is not made again. What that is
 * says its tag; so a page that is asked for anew costs no more than to find the tag.
 */
import { createHash } from 'node:crypto';

export const limits = { pagesMax: 500, charactersMax: 33_554_432 } as const;

export interface Page {
  /** As it is sent. */
  text: string;
  /** Header `Link`; undefined on the last page. */
  link: string | undefined;
}

/** A strong entity tag (RFC 9110, 8.8.3) of whatever is made of `parts` alone. */
export const tagOf = (parts: unknown): string =>
  `"${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}"`;

/** Header `If-None-Match` (RFC 9110, 13.1.2), compared weakly. */
export const isKnown = (header: string | undefined, tag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag));

export type PageOf = (tag: string, make: () => Promise<Page>) => Promise<Page>;

/** The pages asked for last, up to so many and so long in all. */
export const makePages = (
  { pagesMax, charactersMax } = limits as { pagesMax: number; charactersMax: number },
): PageOf => {
  const kept = new Map<string, Page>();
  let characters = 0;
  const drop = (tag: string): void => {
    characters -= kept.get(tag)?.text.length ?? 0;
    kept.delete(tag);
  };
  return async (tag, make) => {
    const page = kept.get(tag) ?? (await make());
    drop(tag);
    kept.set(tag, page);
    characters += page.text.length;
    while (kept.size > pagesMax || characters > charactersMax) drop(kept.keys().next().value!);
    return page;
  };
};
