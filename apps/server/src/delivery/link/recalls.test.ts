import { expect, test } from 'vitest';
import { Recalls, recallLimits } from './recalls.ts';

const make = () => {
  const [sent, woken]: [string[], string[]] = [[], []];
  const recalls = new Recalls(
    (gateway) => void sent.push(gateway),
    (asker) => void woken.push(asker),
  );
  return { recalls, sent, woken };
};

test('a limit is used up once all who hold some have been asked, and whoever came back meanwhile has been, too', () => {
  const { recalls, sent, woken } = make();
  expect(recalls.ask('grant', 'a', ['b'], 0)).toBe('pending');
  recalls.answered('grant', 'b');
  expect([sent, woken]).toEqual([['b'], ['a']]);
  // c was away when the round began, and holds some.
  expect(recalls.ask('grant', 'a', ['b', 'c'], 10)).toBe('pending');
  expect(sent).toEqual(['b', 'b', 'c']);
  recalls.answered('grant', 'c');
  recalls.answered('grant', 'b');
  // What they still hold is used, and its records are on their way.
  expect(recalls.ask('grant', 'a', ['b', 'c'], 20)).toBe('exhausted');
  expect(recalls.ask('grant', 'a', [], 30)).toBe('exhausted');
});

test('who joins a round gets its verdict, and one who does not answer is not waited for', () => {
  const { recalls, woken } = make();
  expect(recalls.ask('grant', 'a', ['c'], 0)).toBe('pending');
  expect(recalls.ask('grant', 'b', ['c'], 5)).toBe('pending');
  recalls.endLate(recallLimits.roundMsMax);
  expect(woken).toEqual([]);
  recalls.endLate(recallLimits.roundMsMax + 1);
  expect(woken).toEqual(['a', 'b']);
  for (const asker of ['a', 'b']) expect(recalls.ask('grant', asker, ['c'], 3000)).toBe('exhausted');
});
