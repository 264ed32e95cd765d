/** A clean room's result with what shows that it is the one of a use: a file that its recipient hands on, checked offline by `shugu compute verify`. */
import { z } from 'zod';

export const proofForm = 'shugu/computation-result/1';

/** `evidence` is the bundle of the use as it came; columns and rows stand as the API told them, for the digest is of that text. */
export const computationProof = z.object({
  form: z.literal(proofForm),
  use: z.string(),
  trust: z.object({ zh: z.string(), en: z.string() }),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
  opening: z.object({ salt: z.string() }).nullable(),
  evidence: z.unknown(),
});
export type ComputationProof = z.output<typeof computationProof>;

type Told = Omit<ComputationProof, 'form' | 'use' | 'evidence'> & { use: { id: string } };

export const proofOf = ({ use, trust, columns, rows, opening }: Told, evidence: unknown): ComputationProof => ({
  form: proofForm,
  use: use.id,
  trust,
  columns: columns.map(({ name, type }) => ({ name, type })),
  ...{ rows, opening, evidence },
});

/** What the commitment of the record is to. */
export const provedText = ({ columns, rows }: Pick<ComputationProof, 'columns' | 'rows'>): string =>
  JSON.stringify({ columns: columns.map(({ name, type }) => ({ name, type })), rows });
