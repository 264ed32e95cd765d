/** A data space as people make one: founded, admitted by two of the exchange's operator, joined by signing its rules, filled. */
import type { CallInput, CallOutput } from '@shugu/wire';
import * as wire from '@shugu/wire/spaces';
import { move } from './cases.ts';
import type { Stage } from './stage.ts';

export type SpaceDraft = CallInput<typeof wire.foundSpace>['body'];
export type Space = CallOutput<typeof wire.getSpace>;

export const spaceSeen = async (stage: Stage, id: string, login: string): Promise<Space> =>
  (await stage.as(login)).call(wire.getSpace, { params: { id } });

/** Its founder operates it. */
export const admitSpace = async (stage: Stage, login: string, body: SpaceDraft): Promise<Space> => {
  const { id, case: filed } = await (await stage.as(login)).call(wire.foundSpace, { body });
  await move(await stage.as('operator.reviewer'), filed!, 'concludeReview', { opinion: '主体与规则相符' });
  await move(await stage.as('operator.approver'), filed!, 'approve');
  return spaceSeen(stage, id, login);
};

export const signSpace = async (stage: Stage, id: string, login: string): Promise<Space> => {
  const { rules } = await spaceSeen(stage, id, login);
  return (await stage.as(login)).call(wire.signSpaceRules, { params: { id }, body: { digest: rules.digest } });
};

/** Invited by the space's operator, and signing; the membership. */
export const joinSpace = async (
  stage: Stage,
  { id, operator }: { id: string; operator: string },
  login: string,
  role: (typeof wire.joiningRoles)[number],
): Promise<string> => {
  const organisation = await stage.organisation(login.split('.')[0]!);
  const body = { organisation, roles: [role] };
  const member = await (await stage.as(operator)).call(wire.inviteToSpace, { params: { id }, body });
  await signSpace(stage, id, login);
  return member.id;
};
