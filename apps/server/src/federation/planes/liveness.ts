/** Whether data planes outside answer: whose signals get none is away, and asked now and then until it is back. */
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import type { Room } from '../service/room.ts';
import { type DataPlane, planeLimits as limits } from './model.ts';
import { awayPlanes, setAway } from './store.ts';

/** After a try of a signal: `answered` by it, whatever it said, or not, so often already. */
export const noteAnswer = async (
  tx: Tx,
  plane: Pick<DataPlane, 'participant' | 'id' | 'away_since'>,
  { answered, attempts }: { answered: boolean; attempts: number },
): Promise<void> => {
  if (answered ? plane.away_since === null : plane.away_since !== null || attempts < limits.awayAfterAttempts) return;
  const { participant, id: subject } = plane;
  if ((await setAway(tx, plane, answered ? null : tx.now)) === 0) return;
  await audit(tx, { action: `federation.plane.${answered ? 'back' : 'away'}`, subject, participant });
};

/** Any answer shows that somebody is there; that no flow is named so says it, too. Nothing of ours is shown to it. */
const answers = async ({ outgoing }: Pick<Room, 'outgoing'>, { endpoint }: DataPlane): Promise<boolean> => {
  if (outgoing.fault(endpoint)) return false;
  const url = new URL(`${endpoint}/dataflows/none/status`);
  try {
    const answer = await outgoing.agent.request({
      ...{ origin: url.origin, path: url.pathname, method: 'GET' },
      signal: AbortSignal.timeout(limits.patienceSeconds * 1000),
    });
    await answer.body.dump();
    return answer.statusCode < 500;
  } catch {
    return false;
  }
};

/** The number of those that are back. */
export const lookForAway = async (room: Room): Promise<number> => {
  const away = await awayPlanes(room.database);
  const found = await Promise.all(away.map(async (plane) => ({ plane, answered: await answers(room, plane) })));
  const back = found.filter(({ answered }) => answered);
  for (const { plane, answered } of back)
    await room.database.tx(systemActor('federation'), (tx) => noteAnswer(tx, plane, { answered, attempts: 0 }));
  return back.length;
};
