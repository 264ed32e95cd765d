/** How often an owner's part was played, by its own books: whatever the exchange counts. */
import { periodKey } from '@shugu/policy';
import type { AtOwners } from '@shugu/private-compute';
import type { Journal } from './folder.ts';

const countedIn = (uses: Journal['uses']): number => Object.values(uses).filter((one) => one !== 'returned').length;

/** Two clocks may stand on either side of a period's end. */
const skewMilliseconds = 300_000;

/** Why another one is not played; undefined where it is. `now`: ms since the epoch, by this machine's clock. */
export const tooMany = (
  { uses, times = {} }: Pick<Journal, 'uses' | 'times'>,
  terms: Pick<AtOwners, 'uses' | 'usesPer'>,
  now: number,
): 'uses' | 'period' | undefined => {
  if (countedIn(uses) >= terms.uses) return 'uses';
  const { usesPer } = terms;
  if (!usesPer) return undefined;
  const keyAt = (at: number) => periodKey(at, usesPer.timeZone, usesPer.period);
  const key = keyAt(now);
  if (keyAt(now - skewMilliseconds) !== key || keyAt(now + skewMilliseconds) !== key) return undefined;
  const inPeriod = (at: string | undefined): boolean => at !== undefined && keyAt(Date.parse(at)) === key;
  const own = Object.entries(uses).filter(([use, played]) => played !== 'returned' && inPeriod(times[use]));
  return own.length >= usesPer.most ? 'period' : undefined;
};
