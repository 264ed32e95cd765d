import { expect, test } from 'vitest';
import { isKnown, makePages, tagOf } from './pages.ts';

test('a page is made once as long as its tag stands, and those asked for longest ago go first', async () => {
  const made: string[] = [];
  const pageOf = makePages({ pagesMax: 3, charactersMax: 10 });
  const ask = async (tag: string, text = tag) => {
    const page = await pageOf(tag, async () => {
      made.push(tag);
      return { text, link: undefined };
    });
    return page.text;
  };
  for (const tag of ['a', 'b', 'a', 'c', 'a', 'd', 'a', 'b']) expect(await ask(tag)).toBe(tag);
  // The fourth took the place of `b`.
  expect(made.splice(0)).toEqual(['a', 'b', 'c', 'd', 'b']);
  // Longer than all together may be: told, and not kept; nothing else has room beside it meanwhile.
  expect(await ask('long', 'x'.repeat(11))).toHaveLength(11);
  for (const tag of ['long', 'a', 'a']) await ask(tag, tag === 'long' ? 'x'.repeat(11) : tag);
  expect(made).toEqual(['long', 'long', 'a']);
  await expect(pageOf('failed', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await ask('failed')).toBe('failed');
});

test('tags differ where a part does, and are known weakly, in lists, and by a star', () => {
  expect(tagOf(['a', 1])).toBe(tagOf(['a', 1]));
  expect(new Set([['a', 1], ['a', '1'], ['a'], [['a'], 1]].map(tagOf)).size).toBe(4);
  const tag = tagOf('a');
  for (const header of [tag, `W/${tag}`, `"b", ${tag}`, '*', ' * ']) expect(isKnown(header, tag)).toBe(true);
  for (const header of [undefined, '', '"b"', tag.slice(1), `"b${tag}`]) expect(isKnown(header, tag)).toBe(false);
});
