import { HTTP_PULL, HTTP_PUSH } from '@shugu/dataspace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alikeFormats, formatsBy, gatewayFormatOf, servedFormats } from './formats.ts';

const plane = (away: boolean, ...profiles: string[]) => ({ profiles, away_since: away ? new Date(0) : null });

test('the gateway serves what can be fetched, and what is files it brings', () => {
  expect(formatsBy(['pull'])).toEqual(['HttpData-PULL', HTTP_PULL]);
  expect(formatsBy(['pull', 'push'])).toEqual(['HttpData-PULL', HTTP_PULL, 'HttpData-PUSH', HTTP_PUSH]);
  expect(formatsBy([])).toEqual([]);
  // As data sets were published before there were two names of a way.
  expect(alikeFormats(['HttpData-PULL', 'urn:other'])).toEqual(['HttpData-PULL', HTTP_PULL, 'urn:other']);
  expect([gatewayFormatOf('toString'), gatewayFormatOf(null)]).toEqual([undefined, undefined]);
});

test('what a data plane has taken over is its own, and offered as long as it answers', () => {
  const own = formatsBy(['pull']);
  expect(servedFormats(own, [])).toEqual(own);
  expect(servedFormats(own, [plane(false, 'urn:stream')])).toEqual([...own, 'urn:stream']);
  expect(servedFormats(own, [plane(true, 'urn:stream')])).toEqual(own);
  expect(servedFormats(own, [plane(false, HTTP_PULL)])).toEqual(['HttpData-PULL', HTTP_PULL]);
  // It does not fall back to the gateway behind the back of whoever took it from there.
  expect(servedFormats(own, [plane(true, HTTP_PULL)])).toEqual(['HttpData-PULL']);
});

test('nothing is offered that nobody serves, and nothing twice', () => {
  const word: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c', 'd');
  const some = fc.record({ profiles: fc.array(word), away_since: fc.constantFrom(null, new Date(0)) });
  fc.assert(
    fc.property(fc.array(word), fc.array(some), (own, planes) => {
      const served = servedFormats(own, planes);
      expect(new Set(served).size).toBe(served.length);
      for (const one of served) {
        const takers = planes.filter(({ profiles }) => profiles.includes(one));
        expect(takers.length === 0 ? own.includes(one) : takers.some(({ away_since }) => away_since === null)).toBe(
          true,
        );
      }
    }),
  );
});
