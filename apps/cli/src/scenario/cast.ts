/** The fictional people and companies of one small market. */
import { readFile } from 'node:fs/promises';

export interface CastPerson {
  key: string;
  login: string;
  displayName: string;
  phone: string;
  email: string;
  seats: string[];
}

export interface CastOrganisation {
  key: string;
  name: string;
  creditCode: string;
  kind: string;
  legalRepresentative: string;
  roles: { role: string; class: string; licence: string }[];
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

export const inCast = (cast: Cast, key: string): CastOrganisation => {
  const found = cast.organisations.find((one) => one.key === key);
  if (!found) throw new Error(`nobody in the cast is called ${key}`);
  return found;
};
