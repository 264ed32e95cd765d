/** What a counter-party without a log-in reads of its own with one supplier: statements of settlement, papers of both. */
import type { Rooms } from '../build.ts';
import type { Records } from '../federation/index.ts';
import { type Issue, paperOut } from '../kernel/issue/index.ts';

type Needed = Pick<Rooms, 'members' | 'settlement'> & { issue: Pick<Issue, 'read' | 'papersOf' | 'file' | 'promise'> };

export const recordsOf = ({ members, settlement, issue }: Needed): Records => ({
  recognised: async (read, name) => (await members.organisationByDataspaceId(read, name))?.id,
  statements: (read, of, query) => settlement.statementsBetween(read, of, query),
  statement: (read, of, id) => settlement.statementBetween(read, of, id),
  papers: async (read, { buyer, supplier }, query) => {
    const { items, next } = await issue.papersOf(read, [buyer, supplier], query);
    return { items: items.map(paperOut), next };
  },
  paperFile: async (read, { buyer, supplier }, id, part) => {
    const row = await issue.read(read, id);
    if (!row?.parties.includes(buyer) || !row.parties.includes(supplier)) return undefined;
    return part === 'promise' ? issue.promise(read, row) : issue.file(row, part);
  },
});
