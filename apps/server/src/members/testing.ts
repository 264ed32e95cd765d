/** For tests only: the demo cast straight into a database, without setup, cases and reviews. */
import { readFile } from 'node:fs/promises';
import type { Tx } from '../kernel/db/db.ts';
import { newId } from '../kernel/ids.ts';
import type { Seal } from '../kernel/seal.ts';
import type { OrganisationKind, Role, RoleClass, Seat } from './model.ts';
import { hashPassword } from './password.ts';
import * as store from './store.ts';

export interface CastPerson {
  key: string;
  login: string;
  displayName: string;
  phone: string;
  email: string;
  seats: Seat[];
}
export interface CastOrganisation {
  key: string;
  name: string;
  nameEn: string;
  creditCode: string;
  kind: OrganisationKind;
  legalRepresentative: string;
  roles: { role: Role; class: RoleClass; licence: string }[];
  people: CastPerson[];
  bank?: { bankName: string; holder: string; account: string };
}
export interface Cast {
  demoPassword: string;
  organisations: CastOrganisation[];
  rulebook: { code: string; title: { zh: string; en: string }; mandatory: boolean; text: { zh: string; en: string } }[];
}

export const readCast = async (): Promise<Cast> =>
  JSON.parse(await readFile(new URL('../../../../fixtures/cast.json', import.meta.url), 'utf8')) as Cast;

export interface SeededCast {
  password: string;
  /** By key: `operator`, `xingsha` … */
  organisations: Record<string, string>;
  /** By login: `xingsha.trader` … */
  people: Record<string, string>;
}

// One hash for everybody: hashing each would cost two seconds a test file.
let hashed: Promise<string> | undefined;

/** Every organisation active, every person able to sign in with the demo password. Each seed reuses one hash. */
export const seedCast = async (tx: Tx, seal: Seal): Promise<SeededCast> => {
  const cast = await readCast();
  hashed ??= hashPassword(cast.demoPassword);
  const seeded: SeededCast = { password: cast.demoPassword, organisations: {}, people: {} };
  for (const one of cast.organisations) {
    const id = newId('org', tx.now);
    seeded.organisations[one.key] = id;
    const legalRepresentativeSealed = await seal.seal(tx, id, one.legalRepresentative);
    await store.insertOrganisation(tx, { ...one, id, legalRepresentativeSealed, status: 'active' });
    for (const role of one.roles) await store.insertRole(tx, id, { ...role, status: 'active' });
    if (one.bank)
      await store.setBankAccount(tx, id, {
        ...one.bank,
        sealed: await seal.seal(tx, id, one.bank.account),
        masked: `************${one.bank.account.slice(-4)}`,
      });
    for (const person of one.people) {
      const personId = newId('per', tx.now);
      seeded.people[person.login] = personId;
      await store.insertPerson(tx, {
        id: personId,
        participant: id,
        login: person.login,
        displayName: person.displayName,
        phoneSealed: await seal.seal(tx, personId, person.phone),
        emailSealed: await seal.seal(tx, personId, person.email),
        passwordHash: await hashed,
      });
      for (const seat of person.seats) await store.insertSeat(tx, personId, id, seat);
    }
  }
  return seeded;
};
