/** 入场: an organisation applies with its papers, two people of the operator review, the members' people get their seats. */
import * as casesWire from '@shugu/wire/cases';
import * as membersWire from '@shugu/wire/members';
import { inCast } from './cast.ts';
import { casePaper } from './papers.ts';
import type { Stage } from './stage.ts';

type Seat = (typeof membersWire.seat)['_output'];

const specimenLetter = (name: string): string => casePaper('Letter of authorisation', [name]).toString('base64');

export const applyForMembership = async (
  stage: Stage,
  key: string,
): Promise<{ organisation: string; case: string }> => {
  const one = inCast(stage.cast, key);
  const administrator = one.people.find((person) => person.seats.includes('administrator'))!;
  const { items } = await stage.anyone.call(membersWire.listRulebook, {});
  const acceptedVersions = items.flatMap((document) => (document.current ? [document.current.id] : []));
  const applied = await stage.anyone.call(membersWire.apply, {
    body: {
      name: one.name,
      creditCode: one.creditCode,
      kind: one.kind as 'enterprise',
      legalRepresentative: one.legalRepresentative,
      roles: one.roles as never,
      administrator: {
        login: administrator.login,
        displayName: administrator.displayName,
        phone: administrator.phone,
        email: administrator.email,
        password: stage.cast.demoPassword,
      },
      authorisationLetter: {
        fileName: '授权书（样张）.pdf',
        mediaType: 'application/pdf',
        content: specimenLetter(one.name),
      },
      acceptedVersions,
    },
  });
  stage.remember(key, applied.organisation);
  return { organisation: applied.organisation, case: applied.case };
};

/** First review and decision by two people. */
export const reviewAdmission = async (stage: Stage, caseId: string): Promise<void> => {
  const reviewer = await stage.as('operator.reviewer');
  const approver = await stage.as('operator.approver');
  const move = (client: typeof reviewer, name: string, input: Record<string, never> | { opinion: string }) =>
    client.call(casesWire.cases.move, { params: { case: caseId }, body: { move: name, input } });
  await move(reviewer, 'startReview', {});
  await move(reviewer, 'concludeReview', { opinion: '主体信息与证照一致，材料齐全。' });
  await move(approver, 'approve', {});
};

export const seatPeople = async (stage: Stage, key: string): Promise<void> => {
  const one = inCast(stage.cast, key);
  const first = one.people.find((person) => person.seats.includes('administrator'))!;
  const administrator = await stage.as(first.login);
  for (const person of one.people) {
    if (person === first) continue;
    const made = await administrator.call(membersWire.createPerson, {
      body: {
        login: person.login,
        displayName: person.displayName,
        phone: person.phone,
        email: person.email,
        seats: person.seats as Seat[],
      },
    });
    await stage.anyone.call(membersWire.redeemInvitation, {
      body: { code: made.invitation.code, password: stage.cast.demoPassword },
    });
  }
  if (one.bank) await administrator.call(membersWire.updateBankAccount, { body: one.bank });
};
