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

test('who was given more after its answer, or has not answered in time, is asked again', () => {
  const { recalls, sent, woken } = make();
  expect(recalls.ask('grant', 'a', ['b'], 0)).toBe('pending');
  recalls.answered('grant', 'b');
  recalls.given('grant', 'b');
  expect(recalls.ask('grant', 'a', ['b'], 10)).toBe('pending');
  // b waits for the database, which is away; c is asked, answers, and is given some while the round runs.
  expect(recalls.ask('grant', 'c', ['b'], 20)).toBe('pending');
  recalls.endLate(10 + recallLimits.roundMsMax, () => false);
  expect(woken).toEqual(['a']);
  recalls.endLate(11 + recallLimits.roundMsMax, () => false);
  expect(woken).toEqual(['a', 'a', 'c']);
  expect(recalls.ask('grant', 'a', ['b', 'c'], 3000)).toBe('pending');
  recalls.answered('grant', 'c');
  recalls.given('grant', 'c');
  recalls.answered('grant', 'b');
  expect(recalls.ask('grant', 'a', ['b', 'c'], 3010)).toBe('pending');
  expect(sent).toEqual(['b', 'b', 'b', 'c', 'b', 'c']);
});

test('who joins a round gets its verdict, and one whose session ends, or who says nothing, is not waited for', () => {
  const { recalls, woken } = make();
  expect(recalls.ask('grant', 'a', ['c', 'd'], 0)).toBe('pending');
  expect(recalls.ask('grant', 'b', ['c', 'd'], 5)).toBe('pending');
  recalls.answered('grant', 'd');
  expect(woken).toEqual([]);
  recalls.gone('c');
  expect(woken).toEqual(['a', 'b']);
  for (const asker of ['a', 'b']) expect(recalls.ask('grant', asker, ['d'], 30)).toBe('exhausted');
  // It is back, and has not answered.
  expect(recalls.ask('grant', 'b', ['c'], 40)).toBe('pending');
  recalls.endLate(41 + recallLimits.roundMsMax, (gateway) => gateway === 'c');
  expect(recalls.ask('grant', 'b', ['c'], 3000)).toBe('exhausted');
});
