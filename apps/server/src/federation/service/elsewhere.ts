/** Reading a counter-party's catalogue as one of our participants. */
import { GatewayProblem } from '@shugu/gateway';
import type { Reader } from '../../kernel/db/db.ts';
import { type Json, limits } from '../model.ts';
import { problems } from '../problems.ts';
import { connectorOf } from '../reads.ts';
import type { Asking } from './beginning.ts';
import { readText } from './posting.ts';
import type { Room } from './room.ts';

/**
 * One data set as its provider offers it to this participant now; undefined where it offers it to nobody, or not to this one.
 * @throws federation.connectorClosed, federation.addressRefused, federation.providerAway
 */
export const datasetElsewhere = async (
  room: Pick<Room, 'outgoing' | 'identity'>,
  read: Reader,
  participant: string,
  { counterparty, address, dataset }: Asking,
): Promise<Json | undefined> => {
  const connector = await connectorOf(read, participant);
  if (!connector) throw problems.connectorClosed();
  if (room.outgoing.fault(address)) throw problems.addressRefused();
  const url = new URL(`${address}/catalog/datasets/${encodeURIComponent(dataset)}`);
  try {
    const answer = await room.outgoing.agent.request({
      origin: url.origin,
      path: url.pathname,
      method: 'GET',
      headers: {
        accept: 'application/json',
        authorization: await room.identity.authorize(connector, { name: counterparty, address }),
      },
      signal: AbortSignal.timeout(limits.patienceSeconds * 1000),
    });
    const text = await readText(answer.body, limits.answerBytesMax);
    if (answer.statusCode === 404) return undefined;
    if (answer.statusCode !== 200) throw new Error(`HTTP ${answer.statusCode}`);
    const told: unknown = JSON.parse(text);
    return typeof told === 'object' && told !== null && !Array.isArray(told) ? (told as Json) : undefined;
  } catch (error) {
    if (error instanceof GatewayProblem) throw problems.addressRefused();
    throw problems.providerAway({ detail: (error as Error).message.slice(0, 200) });
  }
};
