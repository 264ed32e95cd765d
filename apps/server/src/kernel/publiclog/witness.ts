/**
 * A witness (C2SP tlog-witness): remembers the last checkpoint of each log that it watches, and cosigns a new one only when
 * that extends it. Two honest readers of one witness therefore never see two histories of a log.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { join } from 'node:path';
import {
  generateKey,
  type KnownVerifier,
  privateKeyFrom,
  type Signer,
  type SuiteName,
  softwareSigner,
  suite as suiteOf,
  verifierOf,
  vkeyOf,
  witnessSigner,
} from '@shugu/evidence';
import {
  type Checkpoint,
  decodeBase64,
  encodeBase64,
  equalBytes,
  openNote,
  parseCheckpoint,
  parseNote,
  TlogError,
  verifyConsistency,
} from '@shugu/tlog';
import { parseSubmission, signatureLines, sizeMediaType, submissionLimits } from './submission.ts';

export interface WitnessedLog {
  origin: string;
  vkey: string;
  /** Of the last checkpoint cosigned; 0 before the first. */
  size: number;
  /** Base64; empty before the first. */
  root: string;
  /** The checkpoint with the log's and our signature: what a restore is held against. */
  note: string;
}

export type Verdict = { status: 200 } | { status: 400 | 403 | 404 | 422 } | { status: 409; size: number };

/** The decision alone. `root` and `size` of `known` are those of the last checkpoint cosigned. */
export const judge = (
  known: Pick<WitnessedLog, 'size' | 'root'>,
  hash: Parameters<typeof verifyConsistency>[0]['hash'],
  checkpoint: Checkpoint,
  submission: { old: number; proof: Uint8Array[] },
): Verdict => {
  const { old, proof } = submission;
  if (old > checkpoint.size) return { status: 400 };
  if (old !== known.size) return { status: 409, size: known.size };
  if (old === 0) return proof.length === 0 ? { status: 200 } : { status: 400 };
  const root = decodeBase64(known.root);
  if (old === checkpoint.size && !equalBytes(root, checkpoint.root)) return { status: 409, size: known.size };
  const consistent = verifyConsistency({
    hash,
    from: old,
    to: checkpoint.size,
    fromRoot: root,
    toRoot: checkpoint.root,
    proof,
  });
  return consistent ? { status: 200 } : { status: 422 };
};

interface WitnessFile {
  format: 'shugu-witness';
  version: 1;
  name: string;
  suite: SuiteName;
  /** Base64. The file is private; a witness holds nothing else that is. */
  secret: string;
  logs: WitnessedLog[];
}

export interface WitnessOptions {
  home: string;
  /** Used when the key is made; a host name by custom. */
  name: string;
  suite: SuiteName;
  /** vkeys of logs to watch, beside those it already watches. */
  logs: readonly string[];
  now(): Date;
}

export interface WitnessNode {
  vkey: string;
  logs(): readonly WitnessedLog[];
  /** Status and body, as over HTTP. */
  addCheckpoint(text: string): Promise<{ status: number; body: string; mediaType?: string }>;
}

const fileName = 'witness.json';

const writeState = async (home: string, state: WitnessFile): Promise<void> => {
  const path = join(home, fileName);
  const file = await open(`${path}.new`, 'w', 0o600);
  await file.writeFile(JSON.stringify(state, null, 2));
  await file.sync();
  await file.close();
  await rename(`${path}.new`, path);
  const folder = await open(home, 'r');
  await folder.sync().finally(() => folder.close());
};

const readState = async ({ home, name, suite }: WitnessOptions): Promise<WitnessFile> => {
  const text = await readFile(join(home, fileName), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (text !== undefined) return JSON.parse(text) as WitnessFile;
  const secret = encodeBase64(generateKey(suite).secret);
  return { format: 'shugu-witness', version: 1, name, suite, secret, logs: [] };
};

const watch = (state: WitnessFile, vkey: string): void => {
  const verifier = verifierOf(vkey);
  if (verifier.use !== 'log') throw new Error(`${vkey} is not the key of a log`);
  const known = state.logs.find((one) => one.origin === verifier.name);
  if (known && known.vkey !== vkey) throw new Error(`${verifier.name} is already watched under another key`);
  if (!known) state.logs.push({ origin: verifier.name, vkey, size: 0, root: '', note: '' });
};

const readCheckpoint = async (note: string, verifier: KnownVerifier): Promise<Checkpoint | 400 | 403> => {
  try {
    return parseCheckpoint((await openNote(note, [verifier])).text);
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    return /signature-invalid|unverified/.test(error.code) ? 403 : 400;
  }
};

const originOf = (note: string): string | undefined => {
  try {
    return parseCheckpoint(parseNote(note).text).origin;
  } catch {
    return undefined;
  }
};

export const openWitness = async (options: WitnessOptions): Promise<WitnessNode> => {
  await mkdir(options.home, { recursive: true, mode: 0o700 });
  const state = await readState(options);
  for (const vkey of options.logs) watch(state, vkey);
  await writeState(options.home, state);
  const key = privateKeyFrom(state.suite, decodeBase64(state.secret));
  const signer: Signer = softwareSigner(key, { level: 'sealed-file' });

  const add = async (text: string): Promise<{ status: number; body: string; mediaType?: string }> => {
    const submission = parseSubmission(text);
    const origin = submission && originOf(submission.note);
    if (!submission || origin === undefined) return { status: 400, body: 'malformed\n' };
    const log = state.logs.find((one) => one.origin === origin);
    if (!log) return { status: 404, body: 'this log is not watched here\n' };
    const verifier = verifierOf(log.vkey);
    const checkpoint = await readCheckpoint(submission.note, verifier);
    if (typeof checkpoint === 'number')
      return { status: checkpoint, body: 'the checkpoint is not signed by the log\n' };
    const verdict = judge(log, suiteOf(verifier.publicKey.suite).hash, checkpoint, submission);
    if (verdict.status === 409) return { status: 409, body: `${verdict.size}\n`, mediaType: sizeMediaType };
    if (verdict.status !== 200) return { status: verdict.status, body: 'not consistent with what was cosigned\n' };
    const note = parseNote(submission.note);
    const cosigner = witnessSigner(state.name, signer, Math.floor(options.now().getTime() / 1000));
    const signature = await cosigner.sign(new TextEncoder().encode(note.text));
    const line = signatureLines(note.text, [{ name: cosigner.name, keyHash: cosigner.keyHash, signature }]);
    const own = note.signatures.filter(
      (one) => one.name === verifier.name && equalBytes(one.keyHash, verifier.keyHash),
    );
    // Durable before the signature leaves: a witness that forgot could be led to cosign a fork.
    Object.assign(log, {
      size: checkpoint.size,
      root: encodeBase64(checkpoint.root),
      note: `${note.text}\n${signatureLines(note.text, own)}${line}`,
    });
    await writeState(options.home, state);
    return { status: 200, body: line };
  };

  // One submission after the other, or two could both extend the same tree.
  let last: Promise<unknown> = Promise.resolve();
  return {
    vkey: vkeyOf(state.name, signer.publicKey, 'witness'),
    logs: () => state.logs,
    addCheckpoint: (text) => {
      const next = last.then(() => add(text));
      last = next.catch(() => undefined);
      return next;
    },
  };
};

const readBody = async (request: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > submissionLimits.bytesMax) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** Over HTTP: `POST /add-checkpoint`; for people and restores also `GET /checkpoint?origin=…`, the last one cosigned. */
export const serveWitness = (witness: WitnessNode): Server =>
  createServer((request, response) => {
    const answer = (status: number, body: string, mediaType = 'text/plain; charset=utf-8') =>
      response.writeHead(status, { 'content-type': mediaType }).end(body);
    const handle = async () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://witness');
      if (request.method === 'POST' && pathname === '/add-checkpoint') {
        const text = await readBody(request);
        if (text === undefined) return answer(413, 'too large\n');
        const { status, body, mediaType } = await witness.addCheckpoint(text);
        return answer(status, body, mediaType);
      }
      const found = witness.logs().find((one) => one.origin === searchParams.get('origin'));
      return request.method === 'GET' && pathname === '/checkpoint' && found?.note
        ? answer(200, found.note)
        : answer(404, 'nothing here\n');
    };
    handle().catch(() => answer(500, 'the witness failed\n'));
  });
