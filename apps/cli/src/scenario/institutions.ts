/** From an empty node to a market: operator, registrar, regulator, rulebook, contract templates. */

import type { Client } from '@shugu/wire';
import * as agreementsWire from '@shugu/wire/agreements';
import * as membersWire from '@shugu/wire/members';
import { type CastOrganisation, type CastPerson, inCast } from './cast.ts';
import type { Stage } from './stage.ts';

type Seat = (typeof membersWire.seat)['_output'];

const asPerson = ({ login, displayName, phone, email }: CastPerson) => ({ login, displayName, phone, email });
const facts = ({ name, creditCode, kind, legalRepresentative }: CastOrganisation) => ({
  name,
  creditCode,
  kind: kind as 'enterprise',
  legalRepresentative,
});

/** The operator and its three administrators, who are three people (三员分立). */
export const setUpOperator = async (stage: Stage, setupToken: string): Promise<void> => {
  const operator = inCast(stage.cast, 'operator');
  const holder = (seat: string) => {
    const person = operator.people.find((one) => one.seats.includes(seat))!;
    return { ...asPerson(person), password: stage.cast.demoPassword };
  };
  const done = await stage.anyone.call(membersWire.setUp, {
    body: {
      setupToken,
      operator: facts(operator),
      administrators: {
        system: holder('systemAdministrator'),
        security: holder('securityAdministrator'),
        audit: holder('auditAdministrator'),
      },
    },
  });
  stage.remember('operator', done.organisation);
};

/** Accounts by one administrator, seats by another where the organisation is the operator. */
const addPeople = async (stage: Stage, people: CastPerson[], creator: Client, granter: Client): Promise<void> => {
  for (const person of people) {
    const made = await creator.call(membersWire.createPerson, { body: asPerson(person) });
    for (const seat of person.seats)
      await granter.call(membersWire.grantSeat, { params: { id: made.person }, body: { seat: seat as Seat } });
    await stage.anyone.call(membersWire.redeemInvitation, {
      body: { code: made.invitation.code, password: stage.cast.demoPassword },
    });
  }
};

export const staffOperator = async (stage: Stage): Promise<void> => {
  const people = inCast(stage.cast, 'operator').people.filter(
    (one) => !one.seats.some((seat) => seat.endsWith('Administrator')),
  );
  await addPeople(stage, people, await stage.as('operator.system'), await stage.as('operator.security'));
};

export const enterInstitution = async (stage: Stage, key: 'registrar' | 'regulator'): Promise<void> => {
  const institution = inCast(stage.cast, key);
  const [administrator, ...others] = institution.people;
  const system = await stage.as('operator.system');
  const made = await system.call(membersWire.createInstitution, {
    body: { ...facts(institution), role: key, administrator: asPerson(administrator!) },
  });
  stage.remember(key, made.organisation);
  await stage.anyone.call(membersWire.redeemInvitation, {
    body: { code: made.invitation.code, password: stage.cast.demoPassword },
  });
  const own = await stage.as(administrator!.login);
  await addPeople(stage, others, own, own);
};

/** Rules of the operator: drafted by one person, published by another. */
export const publishRulebook = async (stage: Stage): Promise<void> => {
  const drafter = await stage.as('operator.reviewer');
  const publisher = await stage.as('operator.approver');
  const today = new Date((await stage.now()).getTime() + 8 * 3_600_000).toISOString().slice(0, 10);
  for (const { code, title, mandatory, text } of stage.cast.rulebook) {
    const drafted = await drafter.call(membersWire.draftRuleDocument, { body: { code, title, mandatory, text } });
    await publisher.call(membersWire.publishRuleVersion, {
      params: { id: drafted.version },
      body: { effectiveOn: today },
    });
  }
};

export const enableTemplates = async (stage: Stage): Promise<void> => {
  const drafter = await stage.as('operator.reviewer');
  const enabler = await stage.as('operator.approver');
  await drafter.call(agreementsWire.importTemplates, { body: {} });
  const { items } = await drafter.call(agreementsWire.listTemplates, { query: {} });
  for (const one of items)
    if (one.state === 'draft') await enabler.call(agreementsWire.enableTemplate, { params: { id: one.id }, body: {} });
};
