/**
 * The dealer of two parties: told sizes by both, and by both alike, it sends each a seed, and what they cannot draw; then it is gone, before
 * a share of anything leaves either of them.
 */
import { deriveKey } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import { ComputeError } from '../problem.ts';
import { widths } from './bits.ts';
import { correctedIn, correctionsFor, type Demand, deal, type Half, halfOf, type Side } from './correlations.ts';
import { requireOpenable, type Sizes } from './execute.ts';
import { kind, type Place, seedBytes, type Wires } from './mesh.ts';
import { Stream } from './stream.ts';
import { demandsOf } from './tally.ts';
import { type SharesTerms, sharesDigest } from './terms.ts';

/** The place of the dealer among the three. */
const dealer: Place = 2;
const sides: readonly Side[] = [0, 1];

const malformed = (what: string) => new ComputeError('compute.peerMalformed', what);

/** Of four bytes each: rows, groups and one more or nought, a width for each comparison. */
const messageOf = ({ rows, groups, widths: found }: Sizes): Buffer => {
  const words = [rows, groups === null ? 0 : groups + 1, ...found];
  const body = Buffer.alloc(words.length * 4);
  for (const [at, word] of words.entries()) body.writeUInt32LE(word, at * 4);
  return body;
};

const sizesIn = (body: Buffer, { plan, rowsMax }: SharesTerms): Sizes => {
  const [rows, groups, ...found] = Array.from({ length: body.length / 4 }, (_, at) => body.readUInt32LE(at * 4));
  const named = widths.filter((one) => found.includes(one));
  const some = plan.groups !== null && (plan.atLeast !== undefined || plan.top !== undefined);
  if (groups! > 0 !== some || new Set(found).size !== named.length)
    throw malformed('an owner tells sizes that cannot be');
  if (rows! > rowsMax) throw new ComputeError('compute.sizeCap', `${rows} rows; the terms allow ${rowsMax}`);
  const sizes = { rows: rows!, groups: some ? groups! - 1 : null, widths: found as Sizes['widths'] };
  // There are no more groups than rows.
  if (sizes.groups !== null && sizes.groups > sizes.rows) throw malformed('more groups than rows');
  if (sizes.groups !== null) requireOpenable(plan, sizes.groups);
  return sizes;
};

/** A seed is of one use alone, whatever a dealer sends: masks that came twice would tell the difference of what they mask. */
const streamOf = (seed: Uint8Array, terms: SharesTerms): Stream =>
  new Stream(deriveKey(seed, sharesDigest(terms), ['shugu dealt seed v1']));

/** What a party has of a deal. Each step takes its own once, in the order in which they were dealt. */
const taking =
  (stream: Stream, side: Side, dealt: { one: Demand; corrections: ReturnType<typeof correctionsFor> }[]) =>
  (one: Demand): Half => {
    const due = dealt.shift();
    if (!due || JSON.stringify(due.one) !== JSON.stringify(one)) throw new Error(`${one.of} was not dealt here`);
    return halfOf(stream, side, one, due.corrections);
  };

/** Tells the dealer of sizes and takes what it deals; nothing comes from it any more then. Throws `compute.peerMalformed`. */
export const takeDeal = async (
  wires: Wires,
  link: Link,
  terms: SharesTerms,
  sizes: Sizes,
): Promise<(one: Demand) => Half> => {
  const side: Side = wires.place === 0 ? 0 : 1;
  const demands = await demandsOf(terms, sizes);
  await wires.send(dealer, messageOf(sizes), kind.sizes);
  const seed = await wires.receive(dealer, seedBytes, kind.seed);
  const dealt: Parameters<typeof taking>[2] = [];
  for (const one of demands) {
    const corrections = correctedIn(one) === side ? correctionsFor(one) : [];
    for (const column of corrections) await wires.receiveColumn(dealer, column);
    dealt.push({ one, corrections });
  }
  await wires.receive(dealer, 0, kind.dealt);
  await link.close();
  return taking(streamOf(seed, terms), side, dealt);
};

/** The dealer’s own part. The seeds are known to it and to one party each. */
export const dealTo = async (wires: Wires, terms: SharesTerms): Promise<Sizes> => {
  const bytes = 8 + terms.plan.compared.length * 4;
  const told = await Promise.all(sides.map((one) => wires.receive(one, bytes, kind.sizes)));
  if (!told[0]!.equals(told[1]!)) throw new ComputeError('compute.input', 'the owners tell different sizes');
  const sizes = sizesIn(told[0]!, terms);
  const seeds = sides.map(() => wires.draw(seedBytes));
  const streams = seeds.map((seed) => streamOf(seed, terms)) as [Stream, Stream];
  await Promise.all(sides.map((one) => wires.send(one, seeds[one]!, kind.seed)));
  for (const one of await demandsOf(terms, sizes)) {
    for (const column of deal(streams, one)) await wires.sendColumn(correctedIn(one), column);
  }
  await Promise.all(sides.map((one) => wires.send(one, new Uint8Array(0), kind.dealt)));
  return sizes;
};
