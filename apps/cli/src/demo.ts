/** The demo market: played through the public API like everything else. */
import type { Exchange } from '@shugu/server';
import { readCast } from './scenario/cast.ts';
import { makeStage } from './scenario/stage.ts';
import { makeWalk } from './steps.ts';

export const playDemo = async (exchange: Exchange, language: 'zh' | 'en'): Promise<void> => {
  makeStage(exchange.url, await readCast());
  makeWalk(language, false);
};
