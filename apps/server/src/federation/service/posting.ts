/** One request to an address that somebody else named: guarded, in time, its answer bounded. */
import { GatewayProblem } from '@shugu/gateway';
import { limits } from '../model.ts';
import { isFinalAnswer } from '../rules.ts';
import type { Room } from './room.ts';

export interface Post {
  url: URL;
  headers: Record<string, string>;
  body: string | AsyncIterable<Uint8Array> | null;
}
export type Posted = { status: number; text: string } | { again: boolean; fault: string };

export const readText = async (body: AsyncIterable<Buffer>, bytesMax: number): Promise<string> =>
  (await readBytes(body, bytesMax)).toString('utf8');

export const readBytes = async (body: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > bytesMax) throw new Error('the answer is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
};

/** What an answer that is no yes amounts to. */
export const answerFault = ({ status, text }: { status: number; text: string }) => ({
  again: !isFinalAnswer(status),
  fault: `HTTP ${status} ${text.slice(0, 300)}`.trim(),
});

/**
 * `make` is asked once the address has passed; what it throws is a fault that may be over next time. `signal`: of a caller that watches the
 * time itself, as for a body that takes long.
 */
export const postTo = async (
  outgoing: Room['outgoing'],
  address: string,
  make: () => Promise<Post>,
  answerBytesMax: number,
  signal?: AbortSignal,
): Promise<Posted> => {
  const refused = outgoing.fault(address);
  if (refused) return { again: false, fault: `address not permitted: ${refused}` };
  try {
    const { url, headers, body } = await make();
    const answer = await outgoing.agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers,
      body: body as string | null,
      ...(signal ? { headersTimeout: 0 } : {}),
      signal: signal ?? AbortSignal.timeout(limits.patienceSeconds * 1000),
    });
    return { status: answer.statusCode, text: await readText(answer.body, answerBytesMax) };
  } catch (error) {
    if (error instanceof GatewayProblem) return { again: false, fault: 'address not permitted' };
    const { code, name, message } = error as Error & { code?: unknown };
    return {
      again: true,
      fault: name === 'TimeoutError' ? 'no answer in time' : typeof code === 'string' ? code : message,
    };
  }
};
