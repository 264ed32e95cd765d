/** What every step of a trade needs. */
import { ProblemError } from '@shugu/wire';
import type { Stage } from '../scenario/stage.ts';
import type { Walk } from '../steps.ts';
import type { Folder } from './folder.ts';

export interface TradeWalk {
  stage: Stage;
  walk: Walk;
  folder: Folder;
  /** Needed where the exchange is still empty. */
  setupToken?: string;
  suite: 'intl' | 'sm';
  /** Organisations to admit; those of the trade itself unless said. */
  admit?: readonly string[];
}

export const supplier = 'xingsha.trader';
export const buyer = 'citylogistics.trader';
export const developer = 'citylogistics.developer';
export const finance = 'citylogistics.finance';

/** True when the call is refused with that problem: a proof that the wrong user stays outside. */
export const refused = async (call: Promise<unknown>, ...codes: string[]): Promise<boolean> => {
  try {
    await call;
    return false;
  } catch (error) {
    return error instanceof ProblemError && codes.includes(error.problem.code);
  }
};
