/** Legal name and credit code of a counter-party, as far as an issuer that is trusted here says them in a credential of its membership. */
import { isCreditCode } from '../../members/index.ts';
import { type ClaimsRoom, MEMBERSHIP } from '../claims/room.ts';
import { trustedIssuers } from '../claims/trust.ts';
import type { Attested } from './identity.ts';

const nameCharactersMax = 200;
/** As names of members are: no line breaks, nothing that turns the direction of writing, nothing unseen. */
const plain = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u;

interface Shown {
  counterParty: string;
  claims: readonly {
    id: string | undefined;
    issuer: string;
    types: readonly string[];
    subjects: readonly Record<string, unknown>[];
  }[];
}

const nameIn = (value: unknown): string | undefined => {
  const name = typeof value === 'string' ? value.normalize('NFC').trim() : '';
  return name !== '' && name.length <= nameCharactersMax && plain.test(name) ? name : undefined;
};

export const attestedIn = async (
  room: ClaimsRoom,
  { counterParty, claims }: Shown,
): Promise<{ attested?: Attested }> => {
  for (const { id, issuer, types, subjects } of claims) {
    const about = types.includes(MEMBERSHIP) ? subjects.find((one) => one.id === counterParty) : undefined;
    const name = nameIn(about?.name);
    // An organisation that speaks for itself is no issuer of its own name.
    if (!name || issuer === counterParty) continue;
    const issuerName = (await trustedIssuers(room)).find(({ did }) => did === issuer)?.name ?? '';
    const said = about?.creditCode;
    const creditCode = typeof said === 'string' && isCreditCode(said) ? said : '';
    return { attested: { name, creditCode, issuer, issuerName, credential: id ?? '' } };
  }
  return {};
};
