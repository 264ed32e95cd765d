/** Tokens that were used, in the database: whichever process sees one first, no other takes it again. */
import { createHash } from 'node:crypto';
import type { ReplayGuard } from '@shugu/claims';
import { systemActor } from '../../kernel/http/principal.ts';
import type { ClaimsRoom } from './room.ts';
import { firstUse } from './store.ts';

/** Of one participant: a token names its audience, so that the same `jti` before another is another use. */
export const replaysOf = ({ database }: Pick<ClaimsRoom, 'database'>, participant: string): ReplayGuard => ({
  firstUse: (issuer, jti, until) => {
    const digest = createHash('sha256')
      .update(JSON.stringify([participant, issuer, jti]))
      .digest('base64url');
    return database.tx(systemActor('federation'), (tx) => firstUse(tx, { digest, participant, until }));
  },
});
