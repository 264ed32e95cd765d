/** For tests only: a space founded by the data merchant, admitted by two people of the operator. */
import * as wire from '@shugu/wire/spaces';
import {
  admitSpace,
  joinSpace,
  type Space,
  type SpaceDraft,
  signSpace,
  spaceSeen,
} from '../../../cli/src/scenario/space.ts';
import type { TestExchange } from '../../test/support/exchange.ts';

export const operator = 'merchant.trader';
export const provider = 'xingsha.trader';
export const consumer = 'citylogistics.trader';
export const outsider = 'bank.trader';

export type Draft = SpaceDraft;

export const rulesOf = (terms: Partial<Draft['rules']['terms']> = {}, version = 1): Draft['rules'] => ({
  text: { zh: `成员依约提供与使用数据（第 ${version} 版）。`, en: `Members give and use data as agreed (${version}).` },
  terms: { catalogue: 'members', joinRoles: [], policy: [], ...terms },
});

export const draftOf = (more: Partial<Draft> = {}): Draft => ({
  kind: 'industry',
  name: { zh: '道路货运数据空间（样例）', en: 'Road freight data space (specimen)' },
  purpose: { zh: '运价与运力数据在成员间流通', en: 'Freight prices and capacity among members' },
  rules: rulesOf(),
  ...more,
});

export const found = async (world: TestExchange, more: Partial<Draft> = {}, login = operator): Promise<Space> =>
  (await world.as(login)).call(wire.foundSpace, { body: draftOf(more) });

export const admitted = (world: TestExchange, more: Partial<Draft> = {}, login = operator): Promise<Space> =>
  admitSpace(world.stage, login, draftOf(more));

export const look = (world: TestExchange, id: string, login = operator): Promise<Space> =>
  spaceSeen(world.stage, id, login);

/** Invited by the space's operator, and signing. */
export const joined = (
  world: TestExchange,
  id: string,
  login: string,
  role: Parameters<typeof joinSpace>[3],
): Promise<string> => joinSpace(world.stage, { id, operator }, login, role);

export const sign = (world: TestExchange, id: string, login: string): Promise<Space> =>
  signSpace(world.stage, id, login);
