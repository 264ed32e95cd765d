/** Names of groups, from their owner to a recipient that is not: in the open, or under keys of which it gets some. */
import { ComputeError } from '../problem.ts';
import type { Place, Wires } from './mesh.ts';
import { Stream } from './stream.ts';
import { sharesLimits } from './terms.ts';

/** The columns that a group goes by. */
export type Name = (string | null)[];

/** Of an AES-256 key, in ring elements. */
export const sealElements = 4;
/** Names are filled up to this, or to twice as much, and so on: how long the longest is shows no closer. */
const nameBytesLeast = 32;

const requireFit = (bytes: number): void => {
  if (bytes > sharesLimits.groupTextBytes)
    throw new ComputeError('compute.sizeCap', 'the groups’ names are too long together');
};

const sendText = async (wires: Wires, to: Place, text: Uint8Array): Promise<void> => {
  requireFit(text.length);
  const words = new Uint32Array((text.length + 3) >> 2);
  new Uint8Array(words.buffer).set(text);
  await wires.sendColumn(to, Uint32Array.of(text.length));
  await wires.sendColumn(to, words);
};

const receiveText = async (wires: Wires, from: Place): Promise<Buffer> => {
  const [length] = await wires.receiveColumn(from, new Uint32Array(1));
  if (length! > sharesLimits.groupTextBytes)
    throw new ComputeError('compute.peerMalformed', 'the groups’ names are too long together');
  const words = await wires.receiveColumn(from, new Uint32Array((length! + 3) >> 2));
  return Buffer.from(words.buffer, 0, length!);
};

const isName = (one: unknown): one is Name =>
  Array.isArray(one) && one.every((part) => part === null || typeof part === 'string');

const parsed = <T>(text: Buffer, sound: (found: unknown) => found is T): T => {
  let found: unknown;
  try {
    found = JSON.parse(text.toString('utf8'));
  } catch {
    found = undefined;
  }
  if (!sound(found)) throw new ComputeError('compute.peerMalformed', 'the groups’ names cannot be read');
  return found;
};

/** All of them. */
export const passNames = async (wires: Wires, owner: Place, to: Place, names: Name[] | undefined): Promise<Name[]> => {
  if (wires.place === owner) {
    await sendText(wires, to, Buffer.from(JSON.stringify(names)));
    return names!;
  }
  return parsed(await receiveText(wires, owner), (found) => Array.isArray(found) && found.every(isName)) as Name[];
};

/** A key for each group, as columns to be shared. */
export const drawSeals = (wires: Wires, groups: number): BigUint64Array[] =>
  Array.from({ length: sealElements }, () => new BigUint64Array(Uint8Array.from(wires.draw(groups * 8)).buffer));

const keyStream = (seals: readonly BigUint64Array[], group: number): Stream =>
  new Stream(new Uint8Array(BigUint64Array.from(seals, (one) => one[group]!).buffer));

const masked = (text: Uint8Array, seals: readonly BigUint64Array[], group: number): Buffer => {
  const mask = keyStream(seals, group).bytes(text.length);
  return Buffer.from(text.map((byte, at) => byte ^ mask[at]!));
};

/** Each under its own key, all of one length. */
export const sendSealed = async (
  wires: Wires,
  to: Place,
  names: readonly Name[],
  seals: readonly BigUint64Array[],
): Promise<void> => {
  const texts = names.map((name) => Buffer.from(JSON.stringify(name)));
  let bytes = nameBytesLeast;
  while (texts.some(({ length }) => length > bytes)) bytes *= 2;
  requireFit(bytes * texts.length);
  // JSON may end in spaces.
  const filled = texts.map((text, group) => masked(Buffer.concat([text], bytes).fill(0x20, text.length), seals, group));
  await sendText(wires, to, Buffer.concat(filled));
};

/** Those of the groups that opened; others stay unread. */
export const receiveSealed = async (
  wires: Wires,
  owner: Place,
  seals: readonly BigUint64Array[],
  opened: readonly boolean[],
): Promise<Name[]> => {
  const text = await receiveText(wires, owner);
  const bytes = opened.length === 0 ? 0 : text.length / opened.length;
  if (!Number.isInteger(bytes)) throw new ComputeError('compute.peerMalformed', 'names do not fit groups');
  return opened.map((open, group) =>
    open ? parsed(masked(text.subarray(group * bytes, (group + 1) * bytes), seals, group), isName) : [],
  );
};
