import { expect, test } from 'vitest';
import { makePages } from './pages.ts';

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
