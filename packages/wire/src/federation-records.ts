/** What a provider elsewhere keeps of its trade with an organisation of ours: statements and papers, read at its connector. */
import { z } from 'zod';
import { anyId, decimal, fen, limits, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';

/** As others write them: bounded, on one line, and nothing in them that a terminal would follow. */
const plain = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;
const short = z.string().min(1).max(limits.nameCharactersMax).regex(plain);
const title = z.string().max(limits.textCharactersMax).regex(plain);
const recordId = z.string().regex(/^[\w-]{1,60}$/);

const statementFields = {
  id: recordId,
  number: short,
  title,
  way: short,
  from: time,
  until: time,
  state: short,
  final: z.boolean(),
  total: fen.nullable(),
  createdAt: time,
  settledAt: time.nullable(),
};
export const foreignStatements = page(z.object(statementFields));
export const foreignStatement = z.object({
  ...statementFields,
  contract: short,
  net: fen.nullable(),
  tax: fen.nullable(),
  taxRate: decimal,
  lines: z
    .array(
      z.object({
        title,
        quantity: short,
        billableQuantity: short,
        unitPrice: short,
        amount: fen,
      }),
    )
    .max(limits.listItemsMax),
  papers: z.array(z.object({ id: recordId, kind: short, number: short })).max(limits.listItemsMax),
});
export const foreignPapers = page(
  z.object({
    id: recordId,
    kind: short,
    number: short,
    title: z.object({ zh: title, en: title }),
    issuedAt: time,
    ready: z.boolean().describe('PDF and bundle can be fetched; before that the promise'),
    withdrawnAt: time.nullable(),
  }),
);

const of = { params: z.object({ id: anyId }), query: pageQuery };

export const listForeignStatements = endpoint({
  id: 'federation.statement.list',
  method: 'GET',
  path: '/api/dataspace/processes/:id/statements',
  summary: { zh: '对方为本单位出具的结算单', en: 'Statements that the provider of a negotiation of ours keeps of us' },
  permission: 'federation.read',
  ...of,
  reply: foreignStatements,
});

export const readForeignStatement = endpoint({
  id: 'federation.statement.read',
  method: 'GET',
  path: '/api/dataspace/processes/:id/statements/:statement',
  summary: { zh: '对方出具的一张结算单', en: 'One of those statements, with its lines' },
  permission: 'federation.read',
  params: z.object({ id: anyId, statement: recordId }),
  reply: foreignStatement,
});

export const listForeignPapers = endpoint({
  id: 'federation.paper.list',
  method: 'GET',
  path: '/api/dataspace/processes/:id/papers',
  summary: { zh: '对方与本单位交易的凭证', en: 'Papers that the provider of a negotiation of ours keeps of us' },
  permission: 'federation.read',
  ...of,
  reply: foreignPapers,
});

const paperFile = (part: 'pdf' | 'bundle' | 'promise', mediaType: string, zh: string, en: string) =>
  endpoint({
    id: `federation.paper.${part}`,
    method: 'GET',
    path: `/api/dataspace/processes/:id/papers/:paper/${part}`,
    summary: { zh, en },
    permission: 'federation.read',
    params: z.object({ id: anyId, paper: recordId }),
    reply: z.unknown(),
    replyKind: 'bytes',
    mediaType,
  });
export const foreignPaperPdf = paperFile('pdf', 'application/pdf', '对方凭证 PDF', 'One of those papers as PDF');
export const foreignPaperBundle = paperFile('bundle', 'application/json', '对方凭证证据包', 'Its proof bundle');
export const foreignPaperPromise = paperFile(
  'promise',
  'application/json',
  '对方凭证的收录承诺',
  'The promise of its log, until the bundle is there',
);
