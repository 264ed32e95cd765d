/**
 * `shugu compute verify`: what `shugu verify` does, and for records of uses whose data stayed with their owners also whether each owner's statement is signed by the
 * key that the record names, and by the contract, where it lies beside as contract.json. A clean room's result with its evidence in one file (`computationProof`) is
 * held against the record.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PublicJwk } from '@shugu/evidence';
import {
  type AtOwners,
  type Computation,
  endingOf,
  hasThird,
  openingCommitment,
  type PartStatement,
  readPart,
} from '@shugu/private-compute';
import { type ComputationProof, computationProof, proofForm, provedText } from '@shugu/wire/compute-proof';
import type { Context } from '../command.ts';
import { green, red, say } from '../say.ts';
import { asJson, type Checked, holds, type Looked, lookAt, tell } from '../verify.ts';
import { digestOfFile } from './opening.ts';

/** What was found of one record; each is true, false, or null where there was nothing to look at. */
export interface UseReport {
  file: string;
  use: number;
  outcome: string;
  /** Each owner's statement under its key; null of a clean room, where owners state nothing. */
  statements: boolean | null;
  /** contract.json beside it is the contract of this record, and names these keys. */
  contract: boolean | null;
  /** The outcome is what the statements amount to under that contract. */
  ending: boolean | null;
  /** result.csv beside it is what its recipient stated, by opening.json; of a proof, that its rows are what the record names. */
  opened: boolean | null;
}

interface Said {
  owner: string;
  key: PublicJwk;
  statement: string | null;
  signature: string | null;
}
interface UseDocument {
  contract: string;
  contractDigest: string;
  number: number;
  mode: string;
  outcome: string;
  result: string | null;
  parts: Said[];
  /** Null where the owners were alone. */
  third: { outcome: string | null; met: boolean } | null;
}

const modes = ['shares', 'psi'];

interface Bundle {
  kind?: string;
  document?: UseDocument;
}

/** Undefined where the file is no such proof. */
const proofIn = (text: string): ComputationProof | undefined => {
  if (!text.includes(proofForm)) return undefined;
  try {
    return computationProof.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

const evidenceIn = (bytes: Uint8Array): Uint8Array => {
  const proof = proofIn(Buffer.from(bytes).toString('utf8'));
  return proof ? Buffer.from(JSON.stringify(proof.evidence ?? null)) : bytes;
};

const reportOfProof = (file: string, proof: ComputationProof): UseReport => {
  const { kind, document } = proof.evidence as Bundle;
  const { number: use = 0, outcome = '', result = null } = document ?? {};
  const digest = createHash('sha256').update(provedText(proof)).digest();
  const made = proof.opening && openingCommitment(Buffer.from(proof.opening.salt, 'hex'), digest);
  const opened = kind === 'computationUse' && made !== null && made === result;
  return { file, use, outcome, statements: null, contract: null, ending: null, opened };
};

const documentOf = async ({ file, format }: Checked): Promise<UseDocument | undefined> => {
  if (format !== 'bundle') return undefined;
  const { kind, document } = JSON.parse(await readFile(file, 'utf8')) as Bundle;
  return kind === 'computationUse' && modes.includes(document?.mode ?? '') ? document : undefined;
};

/** Null where there is none beside; false where it is another. */
const contractFor = async (
  file: string,
  { contract, contractDigest }: UseDocument,
): Promise<AtOwners | null | false> => {
  const text = await readFile(join(dirname(file), 'contract.json')).catch(() => undefined);
  if (!text) return null;
  if (`sha256:${createHash('sha256').update(text).digest('hex')}` !== contractDigest) return false;
  const terms = JSON.parse(text.toString('utf8')) as Computation;
  return terms.mode !== 'cleanRoom' && terms.id === contract && terms;
};

/** The statement where it is this owner's of this very contract; undefined where none was made. */
const statedBy = (
  { owner, key, statement, signature }: Said,
  record: UseDocument,
): PartStatement | undefined | false => {
  if (statement === null || signature === null) return undefined;
  const found = readPart(statement, signature, key);
  if (!found) return false;
  return found.owner === owner && found.contract === record.contract && found.digest === record.contractDigest && found;
};

/** What the record should say by the statements alone. */
const fits = (terms: AtOwners, record: UseDocument, parts: readonly (PartStatement | undefined)[]): boolean => {
  const { outcome, result, third } = record;
  const all = parts.filter((one) => one !== undefined);
  if (all.length < parts.length) return outcome !== 'released' && outcome !== 'compute.untouched';
  const ending = endingOf(terms, all, third?.met ?? false);
  if (hasThird(terms) !== (third !== null)) return false;
  if (outcome === 'released')
    return ending.kind === 'done' && ending.result === result && (third === null || third.outcome === 'done');
  return (outcome === 'compute.untouched') === (ending.kind === 'untouched');
};

/** Null where there is nothing beside, or it is of another use. */
const openedBeside = async (
  file: string,
  said: readonly (PartStatement | undefined | false)[],
): Promise<boolean | null> => {
  const text = await readFile(join(dirname(file), 'opening.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return null;
  const { use, salt } = JSON.parse(text) as { use: string; salt: string };
  if (!said.some((one) => one && one.use === use)) return null;
  const digest = await digestOfFile(join(dirname(file), 'result.csv')).catch(() => undefined);
  if (!digest) return false;
  const made = openingCommitment(Buffer.from(salt, 'hex'), digest);
  return said.some((one) => one && one.result === made);
};

const reportOf = async (file: string, record: UseDocument): Promise<UseReport> => {
  const said = record.parts.map((one) => statedBy(one, record));
  const uses = new Set(said.flatMap((one) => (one ? [one.use] : [])));
  const statements = said.every((one) => one !== false) && uses.size <= 1;
  const terms = await contractFor(file, record);
  const keyed = (of: AtOwners): boolean =>
    of.dataSets.every(
      ({ owner, signingKey }, at) =>
        record.parts[at]?.owner === owner && JSON.stringify(record.parts[at].key) === JSON.stringify(signingKey),
    );
  const beside = (look: (of: AtOwners) => boolean): boolean | null => (terms === null ? null : terms && look(terms));
  return {
    ...{ file, use: record.number, outcome: record.outcome, statements },
    contract: beside(keyed),
    opened: await openedBeside(file, said),
    ending: beside((of) => statements && fits(of, record, said as (PartStatement | undefined)[])),
  };
};

const words = {
  zh: {
    statements: '各方陈述均由记录所列密钥签名',
    contract: '旁边的合约就是这份记录的合约，密钥一致',
    ending: '记录的结局与各方陈述相符',
    opened: '旁边的 result.csv 就是接收单位陈述的结果',
    proved: '文件中的结果就是记录所承诺的结果',
    none: '旁边没有 contract.json：密钥是否为合约所列，未作核对',
  },
  en: {
    statements: 'each party’s statement is signed by the key that the record names',
    contract: 'the contract beside it is this record’s, and names these keys',
    ending: 'what the record says is what the statements amount to',
    opened: 'result.csv beside it is what its recipient stated',
    proved: 'the result in this file is the one that the record commits to',
    none: 'no contract.json beside it: whether the contract names these keys was not checked',
  },
} as const;

const print = (report: UseReport, language: Context['language']): void => {
  const word = words[language];
  const proof = report.statements === null;
  for (const what of ['statements', 'contract', 'ending', 'opened'] as const)
    if (report[what] !== null) say(`  ${report[what] ? green('✓') : red('✗')} ${word[proof ? 'proved' : what]}`);
  if (report.contract === null && !proof) say(`  ${word.none}`);
};

const sound = ({ statements, contract, ending, opened }: UseReport): boolean =>
  statements !== false && contract !== false && ending !== false && opened !== false;

/** As `lookAt`, and into the records of uses whose data stayed with their owners. */
export const check = async (
  args: string[],
  context: Context,
): Promise<{ looked: Looked; uses: UseReport[]; ok: boolean }> => {
  const looked = await lookAt(args, context, evidenceIn);
  const uses: UseReport[] = [];
  for (const one of looked.checked.filter(holds)) {
    const proof = one.format === 'bundle' && proofIn(await readFile(one.file, 'utf8'));
    if (proof) uses.push(reportOfProof(one.file, proof));
    if (proof) continue;
    const record = await documentOf(one);
    if (record) uses.push(await reportOf(one.file, record));
  }
  return { looked, uses, ok: looked.ok && uses.every(sound) };
};

export const run = async (args: string[], context: Context): Promise<number> => {
  const { looked, uses, ok } = await check(args, context);
  if (looked.json) {
    say(JSON.stringify({ ...asJson(looked, context), ok, uses }));
    return ok ? 0 : 1;
  }
  tell(looked.checked, looked.others, context);
  for (const one of uses) print(one, context.language);
  return ok ? 0 : 1;
};
