/** What we show a data plane: its own token, or one of its authorization server (RFC 6749, 4.4), kept until shortly before its end. */
import type { Reader } from '../../kernel/db/db.ts';
import { readText } from '../service/posting.ts';
import type { Room } from '../service/room.ts';
import { type DataPlane, planeLimits as limits } from './model.ts';
import { subjectOf } from './signals.ts';

/** What stands in the place of a data plane, or of a control plane that is told of its flows. */
type Shown = Pick<DataPlane, 'participant' | 'id' | 'changed_at' | 'access' | 'sealed_secret'>;

export interface PlaneAccess {
  /** Value of the header `Authorization`. @throws when no token can be had */
  authorization(read: Reader, plane: Shown): Promise<string>;
  /** It was not taken: the next try asks for another. */
  forget(plane: Shown): void;
}

export const makePlaneAccess = (room: Pick<Room, 'seal' | 'outgoing' | 'now'>): PlaneAccess => {
  const kept = new Map<string, { value: string; until: number }>();
  const keyOf = ({ participant, id, changed_at }: Shown): string => `${participant} ${id} ${changed_at.getTime()}`;

  const fetchToken = async ({ access }: Shown, secret: string) => {
    if (access.type !== 'oauth2_client_credentials') throw new Error('no authorization server');
    const fault = room.outgoing.fault(access.tokenEndpoint);
    if (fault) throw new Error(`address not permitted: ${fault}`);
    const url = new URL(access.tokenEndpoint);
    const form = { grant_type: 'client_credentials', client_id: access.clientId, client_secret: secret };
    const { statusCode, body } = await room.outgoing.agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams(form).toString(),
      signal: AbortSignal.timeout(limits.patienceSeconds * 1000),
    });
    const text = await readText(body, limits.answerBytesMax);
    if (statusCode !== 200) throw new Error(`its authorization server answered HTTP ${statusCode}`);
    const { access_token, expires_in } = JSON.parse(text) as { access_token?: unknown; expires_in?: unknown };
    if (typeof access_token !== 'string') throw new Error('its authorization server gave no token');
    return { token: access_token, seconds: typeof expires_in === 'number' ? expires_in : 60 };
  };

  return {
    authorization: async (read, plane) => {
      const known = kept.get(keyOf(plane));
      if (known && known.until > room.now().getTime()) return known.value;
      const secret = await room.seal.open(read, subjectOf(plane.participant), plane.sealed_secret);
      if (secret === null) throw new Error('its secret has been destroyed');
      if (plane.access.type === 'bearer') return `Bearer ${secret}`;
      const { token, seconds } = await fetchToken(plane, secret);
      const value = `Bearer ${token}`;
      kept.set(keyOf(plane), { value, until: room.now().getTime() + (seconds - limits.tokenMarginSeconds) * 1000 });
      if (kept.size > limits.tokensKeptMax) kept.delete(kept.keys().next().value!);
      return value;
    },
    forget: (plane) => void kept.delete(keyOf(plane)),
  };
};
