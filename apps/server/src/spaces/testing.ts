/** For tests only: a space founded by the data merchant, admitted by two people of the operator. */
import type { CallInput, CallOutput } from '@shugu/wire';
import * as wire from '@shugu/wire/spaces';
import { move } from '../../../cli/src/scenario/cases.ts';
import type { TestExchange } from '../../test/support/exchange.ts';

export const operator = 'merchant.trader';
export const provider = 'xingsha.trader';
export const consumer = 'citylogistics.trader';
export const outsider = 'bank.trader';

export type Draft = CallInput<typeof wire.foundSpace>['body'];
export type Space = CallOutput<typeof wire.getSpace>;

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

export const admitted = async (world: TestExchange, more: Partial<Draft> = {}, login = operator): Promise<Space> => {
  const space = await found(world, more, login);
  await move(await world.as('operator.reviewer'), space.case!, 'concludeReview', { opinion: '主体与规则相符' });
  await move(await world.as('operator.approver'), space.case!, 'approve');
  return look(world, space.id, login);
};

export const look = async (world: TestExchange, id: string, login = operator): Promise<Space> =>
  (await world.as(login)).call(wire.getSpace, { params: { id } });

/** Invited by the space's operator, and signing. */
export const joined = async (
  world: TestExchange,
  id: string,
  login: string,
  role: 'provider' | 'consumer' | 'service',
): Promise<string> => {
  const organisation = world.seeded.organisations[login.split('.')[0]!]!;
  const inviting = await world.as(operator);
  const member = await inviting.call(wire.inviteToSpace, { params: { id }, body: { organisation, roles: [role] } });
  await sign(world, id, login);
  return member.id;
};

export const sign = async (world: TestExchange, id: string, login: string): Promise<Space> => {
  const client = await world.as(login);
  const { rules } = await client.call(wire.getSpace, { params: { id } });
  return client.call(wire.signSpaceRules, { params: { id }, body: { digest: rules.digest } });
};
