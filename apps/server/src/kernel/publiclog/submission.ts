/** C2SP tlog-witness, the wire form: what a log sends to a witness and what comes back. */
import { decodeBase64, encodeBase64, formatNote, type NoteSignature, parseNote } from '@shugu/tlog';

export const submissionLimits = {
  bytesMax: 65_536,
  proofHashesMax: 63,
  answerBytesMax: 65_536,
  patienceSeconds: 5,
} as const;

export const sizeMediaType = 'text/x.tlog.size';

export interface Submission {
  /** Size of the tree that the log believes the witness has cosigned last; 0 for none. */
  old: number;
  proof: Uint8Array[];
  /** Signed checkpoint. */
  note: string;
}

export const formatSubmission = ({ old, proof, note }: Submission): string =>
  `old ${old}\n${proof.map((hash) => `${encodeBase64(hash)}\n`).join('')}\n${note}`;

/** Undefined for anything but exactly this form. */
export const parseSubmission = (text: string): Submission | undefined => {
  const split = text.indexOf('\n\n');
  if (split < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, split).split('\n');
  const size = /^old (0|[1-9]\d{0,15})$/.exec(first)?.[1];
  if (size === undefined || !Number.isSafeInteger(Number(size)) || lines.length > submissionLimits.proofHashesMax)
    return undefined;
  try {
    return { old: Number(size), proof: lines.map((line) => decodeBase64(line)), note: text.slice(split + 2) };
  } catch {
    return undefined;
  }
};

export type WitnessAnswer =
  | { kind: 'cosigned'; signatures: readonly NoteSignature[] }
  /** It has cosigned a tree of this size last. */
  | { kind: 'conflict'; size: number }
  | { kind: 'unknownLog' }
  | { kind: 'refused'; status: number };

/** Throws where the witness does not answer in time. The signatures are not verified here. */
export const submit = async (url: string, submission: Submission): Promise<WitnessAnswer> => {
  const response = await fetch(`${url}/add-checkpoint`, {
    method: 'POST',
    body: formatSubmission(submission),
    redirect: 'error',
    signal: AbortSignal.timeout(submissionLimits.patienceSeconds * 1000),
  });
  const text = await response.text();
  if (text.length > submissionLimits.answerBytesMax) throw new Error('the answer of the witness is too long');
  if (response.status === 200) {
    const { text: checkpoint } = parseNote(submission.note);
    return { kind: 'cosigned', signatures: parseNote(`${checkpoint}\n${text}`).signatures };
  }
  const size = /^(0|[1-9]\d{0,15})\n$/.exec(text)?.[1];
  if (response.status === 409 && size !== undefined) return { kind: 'conflict', size: Number(size) };
  return response.status === 404 ? { kind: 'unknownLog' } : { kind: 'refused', status: response.status };
};

export const signatureLines = (text: string, signatures: readonly NoteSignature[]): string =>
  formatNote({ text, signatures }).slice(text.length + 1);
