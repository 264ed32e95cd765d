/** What an endpoint of the protocol answers, for whichever server carries it. */
import { ClaimsError, problemCodes } from './problem.ts';
import type { Json } from './shape.ts';

export type Answer = { status: number; headers?: Record<string, string>; body?: Json };

/** A refusal says its code and kind; the detail is for the log of the endpoint, since it may tell a stranger too much. */
export async function answered(
  work: () => Promise<Answer>,
  onRefusal: (error: ClaimsError) => void = () => {},
): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ClaimsError)) throw error;
    onRefusal(error);
    return { status: error.status, body: { error: error.code, message: problemCodes[error.code].en } };
  }
}
