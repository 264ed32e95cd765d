/**
 * The gateway asked within this process, by signed addresses as the buyer's own programs use them, so that every byte is decided,
 * counted and recorded there and nowhere else.
 */
import { CallStop, type GatewayRequest, type GatewayResponse, signAddress } from '@shugu/gateway';
import { refusal } from '@shugu/policy';
import type { Text } from '@shugu/wire';
import { lineOf } from '../rules.ts';
import { type Outlook, outlookOf } from './outlook.ts';
import type { Plane } from './plane.ts';

/** So long holds the address of one call: it is asked for at once. */
const addressSeconds = 3600;

export interface InsideRequest extends Partial<Pick<GatewayRequest, 'headers' | 'body' | 'method'>> {
  /** Id of the grant's path. */
  line: string;
  path: string;
  asked?: Record<string, string>;
  now: Date;
}

/** The gateway's refusal in its own code and words. */
export interface Refused extends Text {
  code: string;
  status: number;
  outlook: Outlook;
}

/** As the gateway tells it, or would. */
export const refusedAs = ({ code, status, zh, en, retryAfter }: Told): Refused => ({
  ...{ code, status, zh, en },
  outlook: outlookOf({ code, status, retryAfter }),
});
type Told = Omit<Refused, 'outlook'> & { retryAfter?: number };
/** `done`: to be called when the body is out, or is not wanted. */
export type InsideAnswer = Pick<GatewayResponse, 'body' | 'headers' | 'done'> | { refused: Refused };

export const askInside = async (
  plane: Plane,
  { line, path, asked = {}, now, method = 'GET', headers = {}, ...more }: InsideRequest,
  stop = new CallStop(),
): Promise<InsideAnswer> => {
  const held = plane.book.get(line);
  if (!held) return { refused: refusedAs(refusal('withdrawn')) };
  const { productId } = held;
  const expires = Math.floor(now.getTime() / 1000) + addressSeconds;
  const address = signAddress({ grantId: line, productId, file: path, expires }, plane.addressKey(line));
  const query = new URLSearchParams([...new URLSearchParams(address), ...Object.entries(asked)]);
  const answer = await plane.gateway.handle({ method, productId, path, query, headers, ...more }, stop);
  if (answer.body instanceof Uint8Array) answer.done();
  if (answer.status < 300) return answer;
  const told = JSON.parse(Buffer.from(answer.body as Uint8Array).toString()) as Told;
  return { refused: refusedAs({ ...told, status: answer.status }) };
};

/** A file of a grant, whole; its headers as the gateway tells them: type, length, digest, name. */
export const fileInside = (
  plane: Plane,
  { grant, name, now }: { grant: string; name: string; now: Date },
  stop: CallStop,
): Promise<InsideAnswer> =>
  askInside(plane, { line: lineOf(grant, 'file'), path: encodeURIComponent(name), now }, stop);
