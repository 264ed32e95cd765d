/** The engine of this package: queries on shares and intersections, with the exchange as the third party or, in some intersections, without one. */
import { type AnyJob, type StartedParty, startParty } from '../party/start.ts';
import type { EnginePart, EngineReport, PartyEngine } from './engine.ts';

export const placeIn = (address: string): { host: string; port: number } => {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
};

const jobOf = ({ terms, peer, helper, host, port, input, ...part }: EnginePart): AnyJob => {
  const third = helper === null ? undefined : placeIn(helper);
  const second = part.role === 'first' && peer !== null ? placeIn(peer) : undefined;
  if (terms.mode === 'shares')
    return {
      ...{ ...part, terms, host, input },
      hosts: { helper: third!.host, ...(second && { second: second.host }) },
      helperPort: third!.port,
      ...(second ? { secondPort: second.port } : { port }),
    };
  // The helper is come to by both; of two alone the second is.
  return { ...part, terms, ...(third ?? second ?? { host, port }), input: { ...input, column: input.column! } };
};

/** Contracts without an engine have this one, whatever its version: its parties tell each other what they mean by every message. */
export const localEngine: PartyEngine = {
  name: 'local',
  // An owner's report, as the job has an owner's role.
  start: (part) => startParty(jobOf(part)) as StartedParty<EngineReport>,
};
