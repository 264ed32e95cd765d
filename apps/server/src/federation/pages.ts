/**
 * Pages of catalogues as they were told last: as long as nothing that they are made of has changed, a page is not made again. What that is
 * says its tag; so a page that is asked for anew costs no more than to find the tag.
 */
export const limits = { pagesMax: 500, charactersMax: 33_554_432 } as const;

export interface Page {
  /** As it is sent. */
  text: string;
  /** Header `Link`; undefined on the last page. */
  link: string | undefined;
}

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
