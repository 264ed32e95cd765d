import { expect, test } from 'vitest';
import { isKnown, tagOf } from './etag.ts';

test('tags differ where a text does, and are known weakly, in lists, and by a star', () => {
  const tag = tagOf('a');
  expect([tag, tagOf('b')]).toEqual([tagOf('a'), expect.not.stringContaining(tag)]);
  for (const header of [tag, `W/${tag}`, `"b", ${tag}`, '*', ' * ']) expect(isKnown(header, tag)).toBe(true);
  for (const header of [undefined, '', '"b"', tag.slice(1), `"b${tag}`]) expect(isKnown(header, tag)).toBe(false);
});
