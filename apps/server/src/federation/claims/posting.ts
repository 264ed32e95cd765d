/** A message of claims from one of ours, or from the node, to a service elsewhere. */
import { makeIdToken } from '@shugu/claims';
import { signing } from './keys.ts';
import type { ClaimsRoom } from './room.ts';

const waitMilliseconds = 10_000;

/** Nothing of its answer is read but status and headers. `token`: by which it may ask our credential service. @throws where nobody answers */
export const postClaims = async (
  room: ClaimsRoom,
  from: string,
  to: { audience: string; address: string; token?: string },
  message: object,
): Promise<Pick<Response, 'status' | 'headers'>> => {
  const { signer } = await signing(room, from);
  const { audience, address, token } = to;
  const idToken = await makeIdToken(signer, { audience, now: room.now(), ...(token === undefined ? {} : { token }) });
  const answer = await room.fetch(address, {
    method: 'POST',
    headers: { authorization: `Bearer ${idToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(message),
    redirect: 'error',
    signal: AbortSignal.timeout(waitMilliseconds),
  });
  await answer.body?.cancel();
  return answer;
};
