/** Records of a provider elsewhere, for the organisation here that bought of it. */
import * as wire from '@shugu/wire/federation-records';
import type { Reader } from '../../kernel/db/db.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Process } from '../model.ts';
import { findProcess } from '../reads.ts';
import type { Room } from '../service/room.ts';
import type { PaperPart } from './model.ts';
import { paperElsewhere, papersElsewhere, statementElsewhere, statementsElsewhere } from './reading.ts';

interface Asked {
  read: Reader;
  principal: { participant: string };
  params: { id: string };
}

/** Of the organisation's own, as the buyer. */
const boughtBy = async ({ read, principal, params }: Asked): Promise<Process> => {
  const process = await findProcess(read, principal.participant, params.id);
  if (process?.kind !== 'negotiation' || process.side !== 'consumer') throw kernelProblems.unknown();
  return process;
};

export const recordRoutes = (room: Room): Route[] => {
  const file = async (asked: Asked & { params: { paper: string } }, part: PaperPart, ending: string) => ({
    body: await paperElsewhere(room, asked.read, await boughtBy(asked), asked.params.paper, part),
    fileName: `${asked.params.paper}.${ending}`,
  });
  return [
    on(wire.listForeignStatements, async (asked) =>
      statementsElsewhere(room, asked.read, await boughtBy(asked), asked.query.after),
    ),
    on(wire.readForeignStatement, async (asked) =>
      statementElsewhere(room, asked.read, await boughtBy(asked), asked.params.statement),
    ),
    on(wire.listForeignPapers, async (asked) =>
      papersElsewhere(room, asked.read, await boughtBy(asked), asked.query.after),
    ),
    on(wire.foreignPaperPdf, (asked) => file(asked, 'pdf', 'pdf')),
    on(wire.foreignPaperBundle, (asked) => file(asked, 'bundle', 'bundle.json')),
    on(wire.foreignPaperPromise, (asked) => file(asked, 'promise', 'promise.json')),
  ];
};
