/** What an owner keeps of a use: the result that opened to it and what that rests on, the contract as it was signed, evidence that verifies offline. */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, ProblemError } from '@shugu/wire';
import { getComputation, getComputationEvidence } from '@shugu/wire/compute';
import { trust as roots } from '@shugu/wire/kernel';
import { csvOf, type Opened } from './opening.ts';

const limits = { lookMilliseconds: 500, looksMax: 120 } as const;

/** The log takes it up in its own rhythm. */
export const evidenceOf = async (client: Client, use: string): Promise<Uint8Array> => {
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

interface Kept {
  contract: string;
  use: string;
  /** What opened to this owner; null where it is not to be had. */
  opened: Opened | null;
  out: string;
  /** Where the record has a commitment: with it whoever is shown the result can hold it against the record. */
  proof?: { use: string; salt: string } | undefined;
}

/** Perhaps to another disk. */
const moved = async (from: string, to: string): Promise<void> => {
  await copyFile(from, to);
  await rm(from);
};

export const keepPapers = async (client: Client, { contract, use, opened, out, proof }: Kept): Promise<void> => {
  await mkdir(out, { recursive: true });
  const result = join(out, 'result.csv');
  if (opened?.answer) await writeFile(result, csvOf(opened.answer), { mode: 0o600 });
  if (opened?.rows) await moved(opened.rows, result);
  if (opened && proof) await writeFile(join(out, 'opening.json'), JSON.stringify(proof), { mode: 0o600 });
  const { document, trust } = await client.call(getComputation, { params: { id: contract } });
  await writeFile(join(out, 'contract.json'), document);
  await writeFile(join(out, 'rests-on.txt'), `${trust.zh}\n\n${trust.en}\n`);
  const known = await client.raw(roots, {});
  await writeFile(join(out, 'trust.json'), new Uint8Array(await known.arrayBuffer()));
  await writeFile(join(out, `${use}.json`), await evidenceOf(client, use));
};
