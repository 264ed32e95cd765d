import { randomBytes } from 'node:crypto';
import { bodyOf, type Frame } from '../channel/frames.ts';
import type { Link } from '../channel/link.ts';
import type { Role } from '../intersect/agree.ts';
import { ComputeError } from '../problem.ts';
import { Stream } from './stream.ts';

/** 0 is the first owner, 1 the second, 2 the node that helps. */
export type Place = 0 | 1 | 2;
export const places: readonly Place[] = [0, 1, 2];
export const after = (place: Place): Place => ((place + 1) % 3) as Place;
export const before = (place: Place): Place => ((place + 2) % 3) as Place;

export const placeOf = (role: Role): Place => (role === 'first' ? 0 : 1);

/** Kinds of frames, apart from those of an intersection over the same links. */
export const kind = { seed: 64, size: 65, column: 66, commitment: 67, opened: 68, sizes: 69, dealt: 70 } as const;

export const seedBytes = 32;
const pieceBytes = 1 << 18;

const bytesOf = (column: ArrayBufferView): Uint8Array =>
  new Uint8Array(column.buffer, column.byteOffset, column.byteLength);

/** One party with its links, by place: what it sends and receives, counted. */
export class Wires {
  readonly place: Place;
  /** Bytes of frames to and from each place. */
  readonly sent: [number, number, number] = [0, 0, 0];
  readonly got: [number, number, number] = [0, 0, 0];
  /** Who computes with this party. */
  readonly others: readonly Place[];
  /** Where this party alone draws from. */
  readonly draw: (bytes: number) => Uint8Array;
  readonly #links: readonly (Link | undefined)[];
  #ahead: Promise<Frame>[] = [];
  readonly #broken = Promise.withResolvers<never>();

  constructor(
    place: Place,
    links: readonly (Link | undefined)[],
    draw: (bytes: number) => Uint8Array = randomBytes,
    others: readonly Place[] = places.filter((one) => one !== place),
  ) {
    this.place = place;
    this.others = others;
    this.draw = draw;
    this.#links = links;
    this.#broken.promise.catch(() => undefined);
  }

  /**
   * From now on the links to all who compute are read a frame ahead, so that a party which waits for one peer hears when the other breaks
   * off. Nobody else may read from them any more.
   */
  watch(): void {
    for (const place of this.others) this.#ahead[place] = this.#look(this.#links[place]!);
  }

  #look(link: Link): Promise<Frame> {
    const frame = link.next();
    // That a peer has left is no fault as long as nothing is wanted of it.
    frame.catch(() => link.told && this.#broken.reject(link.told));
    return frame;
  }

  async send(to: Place, body: Uint8Array, type: number = kind.column): Promise<void> {
    this.sent[to] += body.length;
    await Promise.race([this.#links[to]!.send(type, body), this.#broken.promise]);
  }

  async receive(from: Place, bytes?: number, type: number = kind.column): Promise<Buffer> {
    const link = this.#links[from]!;
    const ahead = this.#ahead[from];
    const frame = await Promise.race([ahead ?? link.next(), this.#broken.promise]);
    if (ahead) this.#ahead[from] = this.#look(link);
    const body = bodyOf(frame, type, bytes);
    this.got[from] += body.length;
    return body;
  }

  /** A column in pieces; `ready` fills those rows of it that are about to leave. */
  async sendColumn(
    to: Place,
    column: Uint32Array | BigUint64Array,
    ready: (from: number, until: number) => void = () => {},
  ): Promise<void> {
    const bytes = bytesOf(column);
    const step = pieceBytes / column.BYTES_PER_ELEMENT;
    for (let from = 0; from < column.length; from += step) {
      const until = Math.min(column.length, from + step);
      ready(from, until);
      await this.send(to, bytes.subarray(from * column.BYTES_PER_ELEMENT, until * column.BYTES_PER_ELEMENT));
    }
  }

  /**
   * Columns of one length to one party while as many come from one, piece by piece: `fill` makes those rows of them that are about to leave.
   * Gives those that came.
   */
  async swap<Column extends Uint32Array | BigUint64Array>(
    to: Place,
    from: Place,
    columns: readonly [Column, ...Column[]],
    fill: (from: number, until: number) => void = () => {},
  ): Promise<Column[]> {
    const [{ length, BYTES_PER_ELEMENT: width }] = columns;
    const step = pieceBytes / width;
    const sent = columns.map(bytesOf);
    const got = columns.map(() => columns[0].slice() as Column);
    const into = got.map(bytesOf);
    const send = async (): Promise<void> => {
      for (let at = 0; at < length; at += step) {
        const until = Math.min(length, at + step);
        fill(at, until);
        for (const bytes of sent) await this.send(to, bytes.subarray(at * width, until * width));
      }
    };
    const receive = async (): Promise<void> => {
      for (let at = 0; at < length * width; at += pieceBytes) {
        const until = Math.min(length * width, at + pieceBytes);
        for (const bytes of into) bytes.set(await this.receive(from, until - at), at);
      }
    };
    await Promise.all([send(), receive()]);
    return got;
  }

  /** `took` is told of rows as they come. */
  async receiveColumn<Column extends Uint32Array | BigUint64Array>(
    from: Place,
    into: Column,
    took: (from: number, until: number) => void = () => {},
  ): Promise<Column> {
    const bytes = bytesOf(into);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const until = Math.min(bytes.length, at + pieceBytes);
      bytes.set(await this.receive(from, until - at), at);
      took(at / into.BYTES_PER_ELEMENT, until / into.BYTES_PER_ELEMENT);
    }
    return into;
  }
}

/**
 * One of three parties, with what it draws alike with each of the others. Key i is known to the parties i and i − 1, as share i is: `own` is
 * key i, `next` key i + 1, and the party knows nothing of the third.
 */
export class Mesh extends Wires {
  readonly own: Stream;
  readonly next: Stream;

  constructor(
    place: Place,
    links: readonly (Link | undefined)[],
    own: Uint8Array,
    next: Uint8Array,
    draw: (bytes: number) => Uint8Array,
  ) {
    super(place, links, draw);
    this.own = new Stream(own);
    this.next = new Stream(next);
  }

  /** What this party draws alike with `other`. */
  with(other: Place): Stream {
    return other === after(this.place) ? this.next : this.own;
  }

  /** Each party’s to the party before; gives those of the party after. */
  passOn<Column extends Uint32Array | BigUint64Array>(
    columns: readonly [Column, ...Column[]],
    fill: (from: number, until: number) => void,
  ): Promise<Column[]> {
    return this.swap(before(this.place), after(this.place), columns, fill);
  }
}

/** Party i draws key i and gives it to the party before. `draw` is for tests, which need to see the same again. */
export const meetInMesh = async (
  place: Place,
  links: readonly (Link | undefined)[],
  draw: (bytes: number) => Uint8Array = randomBytes,
): Promise<Mesh> => {
  const own = draw(seedBytes);
  const [next] = await Promise.all([
    links[after(place)]!.receive(kind.seed, seedBytes),
    links[before(place)]!.send(kind.seed, own),
  ]);
  return new Mesh(place, links, own, Buffer.from(next), draw);
};

/** All must name the same number, as the number of rows. */
export const agreeOn = async (wires: Wires, own: number | undefined, what: string): Promise<number> => {
  const body = Buffer.alloc(4);
  body.writeUInt32LE(own ?? 0, 0);
  const { others } = wires;
  const owners = others.filter((place) => place !== 2);
  const [told] = await Promise.all([
    Promise.all(owners.map((place) => wires.receive(place, 4, kind.size))),
    own === undefined ? undefined : Promise.all(others.map((place) => wires.send(place, body, kind.size))),
  ]);
  const counts = [...(own === undefined ? [] : [own]), ...told.map((one) => one.readUInt32LE(0))];
  if (new Set(counts).size > 1) throw new ComputeError('compute.input', `${what} differ: ${counts.sort().join(', ')}`);
  return counts[0]!;
};

/** One party tells all others a number. */
export const tellAll = async (wires: Wires, from: Place, own: number | undefined): Promise<number> => {
  if (wires.place !== from) return (await wires.receive(from, 4, kind.size)).readUInt32LE(0);
  const body = Buffer.alloc(4);
  body.writeUInt32LE(own!, 0);
  for (const place of wires.others) await wires.send(place, body, kind.size);
  return own!;
};
