/**
 * What the server tells people stands in both languages. A detail or a field's message is `{ zh, en }`; a bare string is a
 * figure, a name or a code, or, where it is kept for later readers, "中文 / English".
 */
import { expect, test } from 'vitest';
import { isTest, server, sources } from './sources.ts';

const files = sources().filter(
  // The samples are a drawn example of a paper, in Chinese as papers are.
  ({ path }) => path.startsWith(`${server}/`) && !isTest(path) && !path.endsWith('kernel/paper/samples.ts'),
);
const told = /(?:\b(?:detail|message): |\bfault\([^'`]*?'\w+', )(['`])((?:(?!\1).)*)\1/g;
const holes = /\$\{(?:[^{}]|\{[^}]*\})*\}/g;
const han = /\p{Script=Han}/u;

const faultOf = (text: string): string | undefined => {
  const bare = text.replaceAll(holes, ' ');
  if (han.test(bare)) return / \/ .*[a-z]{2,}/i.test(bare) ? undefined : 'Chinese alone';
  return /[a-z]{2,}\s+[a-z]{2,}/i.test(bare) ? 'English alone' : undefined;
};

test('details and messages', () => {
  const found = files.flatMap(({ path, code }) =>
    [...code.matchAll(told)].flatMap((match) => {
      const fault = faultOf(match[2]!);
      return fault ? [`${path}: ${fault}: ${match[2]}`] : [];
    }),
  );
  expect(found).toEqual([]);
});

test('the rule tells one language from two', () => {
  expect(faultOf('too many items')).toBe('English alone');
  expect(faultOf('条目过多')).toBe('Chinese alone');
  expect(faultOf('条目过多 / too many items')).toBeUndefined();
  // biome-ignore lint/suspicious/noTemplateCurlyInString: source text, as it stands in a template.
  const bare = ['${limits.itemsMax}', '${table.name}.${column.name}', 'closed'];
  expect(bare.map(faultOf)).toEqual([undefined, undefined, undefined]);
});
