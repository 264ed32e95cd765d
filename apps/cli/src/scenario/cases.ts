/** Cases as people work on them: file, attach, move, look. */

import type { CallOutput, Client } from '@shugu/wire';
import * as casesWire from '@shugu/wire/cases';
import { casePaper } from './papers.ts';

export type CaseView = CallOutput<typeof casesWire.cases.get>;

export const fileCase = async (
  client: Client,
  filing: { procedure: string; handler: string; subject?: string; title: string; data: Record<string, unknown> },
): Promise<string> => {
  const filed = await client.call(casesWire.cases.file, { body: filing as never });
  return filed.id;
};

export const attach = async (
  client: Client,
  caseId: string,
  kind: string,
  name: string,
  lines: string[],
): Promise<void> => {
  await client.raw(
    casesWire.cases.addPaper,
    { params: { case: caseId }, query: { kind, name, mediaType: 'application/pdf' } },
    {
      rawBody: casePaper(name, lines),
      headers: { 'content-type': 'application/octet-stream' },
    },
  );
};

export const move = async (
  client: Client,
  caseId: string,
  name: string,
  input: Record<string, unknown> = {},
): Promise<CaseView> =>
  client.call(casesWire.cases.move, {
    params: { case: caseId },
    body: { move: name, input: input as never },
  }) as Promise<CaseView>;

export const look = (client: Client, caseId: string): Promise<CaseView> =>
  client.call(casesWire.cases.get, { params: { case: caseId } });
