/** As consumer: one of our participants reads what its counter-party keeps of the two, at that one's connector. */
import * as wire from '@shugu/wire/federation-records';
import type { z } from 'zod';
import type { Reader } from '../../kernel/db/db.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Process } from '../model.ts';
import { problems } from '../problems.ts';
import { bytesFrom, type Reading } from '../service/elsewhere.ts';
import { type PaperPart, RECORDS_PATH, recordLimits } from './model.ts';

const urlOf = ({ address }: Pick<Process, 'address'>, path: string, after?: string): URL => {
  const url = new URL(`${address.replace(/\/+$/, '')}${RECORDS_PATH}${path}`);
  if (after !== undefined) url.searchParams.set('after', after);
  return url;
};

const read = (room: Reading, reader: Reader, { participant, counterparty, address }: Process, url: URL, most: number) =>
  bytesFrom(room, reader, participant, { counterparty, address }, { url, answerBytesMax: most });

/**
 * In its form, or nothing of it is believed.
 * @throws federation.recordsAbsent, recordsUnreadable, connectorClosed, addressRefused, providerAway
 */
const readAs = async <T extends z.ZodType>(room: Reading, reader: Reader, process: Process, url: URL, shape: T) => {
  const bytes = await read(room, reader, process, url, recordLimits.answerBytesMax);
  if (!bytes) throw problems.recordsAbsent();
  try {
    return shape.parse(JSON.parse(bytes.toString('utf8'))) as z.output<T>;
  } catch {
    throw problems.recordsUnreadable();
  }
};

export const statementsElsewhere = (room: Reading, reader: Reader, process: Process, after?: string) =>
  readAs(room, reader, process, urlOf(process, '/statements', after), wire.foreignStatements);

export const statementElsewhere = (room: Reading, reader: Reader, process: Process, id: string) =>
  readAs(room, reader, process, urlOf(process, `/statements/${encodeURIComponent(id)}`), wire.foreignStatement);

export const papersElsewhere = (room: Reading, reader: Reader, process: Process, after?: string) =>
  readAs(room, reader, process, urlOf(process, '/papers', after), wire.foreignPapers);

export const paperElsewhere = async (room: Reading, reader: Reader, process: Process, id: string, part: PaperPart) => {
  const url = urlOf(process, `/papers/${encodeURIComponent(id)}/${part}`);
  const bytes = await read(room, reader, process, url, recordLimits.fileBytesMax);
  if (!bytes) throw kernelProblems.unknown();
  return bytes;
};
