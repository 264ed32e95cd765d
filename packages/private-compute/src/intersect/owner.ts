import { generateIdentity, type Identity } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import type { Scanned } from '../table/records.ts';
import { agree, inputMessage, type Role, readPeerInput } from './agree.ts';
import { kind, nothing, peerInputBytes } from './messages.ts';
import { type Input, prepare, requireWithin, SentRows } from './prepare.ts';
import { type OwnerReport, receiveResult, reportOf, sendParts, tellingWhy } from './result.ts';
import { bytesOf, type Run } from './runs.ts';
import { tagBytes } from './tags.ts';
import { inputCommitment, requireAgreed, type Terms } from './terms.ts';

/** Gets the numbers of an owner's common rows in the order of their tags, which is the same at both owners, and what was read. */
export type TakeRows = (rows: Uint32Array, scanned: Scanned) => void;

/** Gets, for each row, the place of its key among the distinct ones that were sent (`noPlace`: it took no part), and what was read. */
export interface TakePlaces {
  places: (places: Uint32Array, keys: number, scanned: Scanned) => void;
}
export const noPlace = 0xffffffff;

/**
 * One owner's side with a helper in between. `out`, a file or who takes their numbers, gets this owner's own common rows, where the
 * terms let it know them. Where something fails, the helper is told the reason, and through it the other owner.
 */
export const ownWithHelper = tellingWhy(own);

async function own(
  link: Link,
  terms: Terms,
  role: Role,
  identity: Identity,
  input: Input,
  out: string | TakeRows | TakePlaces | undefined,
  fresh = generateIdentity(),
): Promise<OwnerReport> {
  const { tagKey, proofKey } = await agree(link, terms, role, identity, fresh);
  const prepared = await prepare(input, tagKey);
  try {
    const runs: Run[] = [];
    const sent = new SentRows();
    let keys = 0;
    for await (const run of prepared.runs.sorted()) {
      runs.push(run);
      sent.add(run.rows, run.again);
      keys += run.tags.length / 3;
    }
    requireWithin(keys, terms.keysMax);
    if (typeof out === 'object') out.places(sent.places(prepared.rows, noPlace), keys, prepared);
    const commitment = inputCommitment(input.salt, prepared.digest, input.column);
    requireAgreed(input.agreed, commitment.toString('hex'));
    await link.send(kind.input, inputMessage(proofKey, role, keys, commitment));
    for (const { tags } of runs.splice(0)) await sendParts(link, kind.items, bytesOf(tags), tagBytes);
    await link.send(kind.done, nothing);

    const peerCommitment = readPeerInput(proofKey, role, await link.receive(kind.peerInput, peerInputBytes));
    requireAgreed(input.agreed, undefined, peerCommitment.toString('hex'));
    const known = { ...prepared, keys, commitment, peerCommitment };
    const result = await receiveResult(link, terms, role, keys);
    if (typeof out === 'function' && result.bits) out(sent.inOrder(result.bits), prepared);
    const file = typeof out === 'string' ? out : undefined;
    return await reportOf(input, known, result, (bits) => sent.chosen(bits, prepared.rows), file);
  } finally {
    await prepared.runs.close();
  }
}
