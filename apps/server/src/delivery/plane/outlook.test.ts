import { REFUSAL_CODES, refusal } from '@shugu/policy';
import { expect, test } from 'vitest';
import { outlookOf } from './outlook.ts';

test('of a policy’s refusals, time lifts those that say not now, and nothing but people the others', () => {
  const lifted = REFUSAL_CODES.filter((code) => outlookOf(refusal(code)).kind === 'lifts');
  expect(lifted).toEqual(['notYetValid', 'outsideHours', 'tooFast']);
  const others = REFUSAL_CODES.filter((code) => !lifted.includes(code)).map((code) => outlookOf(refusal(code)).kind);
  expect(new Set(others)).toEqual(new Set(['final']));
});

test('it is looked at again when the refusal says, within the hour, and never at once', () => {
  const seconds = (retryAfter?: number) => outlookOf({ code: 'outsideHours', status: 403, retryAfter });
  expect(seconds(600)).toEqual({ kind: 'lifts', seconds: 600 });
  expect(seconds(40_000)).toEqual({ kind: 'lifts', seconds: 3600 });
  expect(seconds(0)).toEqual({ kind: 'lifts', seconds: 1 });
  expect(seconds()).toEqual({ kind: 'lifts', seconds: 5 });
  expect(outlookOf({ code: 'preparing', status: 503 })).toEqual({ kind: 'lifts', seconds: 5 });
});

test('what fails on the gateway’s side is tried again', () => {
  expect(outlookOf({ code: 'driverFailed', status: 500 })).toEqual({ kind: 'again' });
  expect(outlookOf({ code: 'meteringUnavailable', status: 503 })).toEqual({ kind: 'again' });
  expect(outlookOf({ code: 'notFound', status: 404 })).toEqual({ kind: 'final' });
});
