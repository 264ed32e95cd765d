/** What an owner keeps of a use: the result that opened to it, the contract as it was signed, and evidence that verifies offline. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from '@shugu/private-compute';
import { type Client, ProblemError } from '@shugu/wire';
import { getComputation, getComputationEvidence } from '@shugu/wire/compute';
import { trust } from '@shugu/wire/kernel';

const limits = { lookMilliseconds: 500, looksMax: 120 } as const;

/** The log takes it up in its own rhythm. */
const evidenceOf = async (client: Client, use: string): Promise<Uint8Array> => {
  for (let look = 1; ; look++) {
    try {
      const found = await client.raw(getComputationEvidence, { params: { id: use } });
      return new Uint8Array(await found.arrayBuffer());
    } catch (error) {
      const early = error instanceof ProblemError && error.problem.code === 'papers.notReady';
      if (!early || look >= limits.looksMax) throw error;
      await pause(limits.lookMilliseconds);
    }
  }
};

const cell = (text: string | null): string =>
  text === null ? '' : /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
export const csvOf = ({ columns, rows }: Answer): string =>
  [columns, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');

export const keepPapers = async (
  client: Client,
  { contract, use, answer, out }: { contract: string; use: string; answer: Answer | null; out: string },
): Promise<void> => {
  await mkdir(out, { recursive: true });
  if (answer) await writeFile(join(out, 'result.csv'), csvOf(answer), { mode: 0o600 });
  const { document } = await client.call(getComputation, { params: { id: contract } });
  await writeFile(join(out, 'contract.json'), document);
  const roots = await client.raw(trust, {});
  await writeFile(join(out, 'trust.json'), new Uint8Array(await roots.arrayBuffer()));
  await writeFile(join(out, `${use}.json`), await evidenceOf(client, use));
};
