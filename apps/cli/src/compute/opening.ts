/** What opened to an owner, and how its statement names that: by a salted commitment to the file that it gets. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  type Answer,
  type AtOwners,
  type EngineReport,
  openingCommitment,
  openingSalt,
  openingSaltOfBoth,
  type PartStatement,
  type QueryReport,
} from '@shugu/private-compute';
import type { PartyFolder } from './folder.ts';

export const isOfShares = (report: EngineReport): report is QueryReport => 'answer' in report;

export interface Opened {
  answer: Answer | null;
  /** A file with the owner's own rows; it is taken from there when the use has ended well. */
  rows: string | null;
}

export const rowsAt = ({ path }: PartyFolder, use: string): string => join(path, `${use}.rows.csv`);

export const openedOf = (report: EngineReport | null, rows: string): Opened => {
  if (report === null) return { answer: null, rows: null };
  if (isOfShares(report)) return { answer: report.answer, rows: null };
  if (report.rowsOut !== null) return { answer: null, rows };
  const answer = report.common === null ? null : { columns: ['count'], rows: [[String(report.common)]] };
  return { answer, rows: null };
};

const cell = (text: string | null): string =>
  text === null ? '' : /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
export const csvOf = ({ columns, rows }: Answer): string =>
  [columns, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');

export const digestOfFile = async (path: string): Promise<Buffer> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest();
};

/**
 * Of a use's own, for what opens to this owner. On shares one result opens to both: then the salt is one that both have, so that both state
 * one commitment.
 */
export const saltOf = (terms: AtOwners, { salt, channelKey, channelSecret }: PartyFolder, use: string): Buffer => {
  const peer = terms.dataSets.find((one) => one.channelKey !== channelKey)!;
  return terms.mode === 'shares' && terms.recipients.length > 1
    ? openingSaltOfBoth(channelSecret, peer.channelKey, use)
    : openingSalt(salt, use);
};

/** As the owner states it; nulls at one to whom nothing opens. */
export const statedResult = async (
  terms: AtOwners,
  { answer, rows }: Opened,
  folder: PartyFolder,
  use: string,
): Promise<Pick<PartStatement, 'result' | 'resultRows'>> => {
  if (answer === null && rows === null) return { result: null, resultRows: null };
  const digest = rows ? await digestOfFile(rows) : createHash('sha256').update(csvOf(answer!)).digest();
  return {
    result: openingCommitment(saltOf(terms, folder, use), digest),
    // How many keys are common is not for the record.
    resultRows: terms.mode === 'shares' ? answer!.rows.length : null,
  };
};
