/** For tests only: three parties over loopback in one process. */
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { identityOf, secretOf } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import { dial, listen } from '../channel/meet.ts';
import type { AgreedInputs } from '../intersect/terms.ts';
import { Additive } from './additive.ts';
import type { Arithmetic } from './arithmetic.ts';
import { correctedIn, type Demand, deal, halfOf, type Side } from './correlations.ts';
import { type Mesh, meetInMesh, type Place, places, Wires } from './mesh.ts';
import { playShares, type SharesJob, type SharesReport } from './play.ts';
import { replicated } from './protocol.ts';
import { Stream } from './stream.ts';
import { Tally } from './tally.ts';
import type { SharesTerms } from './terms.ts';

export const host = '127.0.0.1';
const job = Buffer.alloc(32, 9);
export const identities = [1, 2, 3].map((byte) => identityOf(Buffer.alloc(32, byte)));

/** For each party its links by place, met over TLS. */
export const meetAll = async (silenceMs?: number): Promise<(Link | undefined)[][]> => {
  const links: (Link | undefined)[][] = [[], [], []];
  const meet = async (from: Place, to: Place) => {
    const [own, peer] = [identities[from]!, identities[to]!];
    const door = await listen({ own: peer, job, peers: [own.publicKey], host, silenceMs });
    const [near, [far]] = await Promise.all([
      dial({ own, job, peer: peer.publicKey, host, port: door.port, silenceMs }),
      door.met,
    ]);
    links[from]![to] = near;
    links[to]![from] = far;
  };
  await Promise.all([meet(0, 1), meet(0, 2), meet(1, 2)]);
  return links;
};

/** The same bytes for the same seed, so that a test sees the same on every run. */
export const drawnFrom = (seed: string) => {
  let count = 0;
  return (bytes: number): Uint8Array =>
    createHash('shake256', { outputLength: bytes }).update(`${seed} ${count++}`).digest();
};

export const meshesOver = (links: (Link | undefined)[][], seed = 'seed'): Promise<Mesh[]> =>
  Promise.all(places.map((place) => meetInMesh(place, links[place]!, drawnFrom(`${seed} ${place}`))));

/** What each of three parties makes of the same steps. */
export const allThree = <T>(meshes: readonly Mesh[], step: (mesh: Mesh) => Promise<T>): Promise<T[]> =>
  Promise.all(meshes.map(step));

/** Each side’s halves of what was dealt for these steps, without a wire. */
export const dealtFor = (
  demands: readonly Demand[],
  seed: string,
  changed: (stream: Stream) => Stream = (stream) => stream,
): [Side, (one: Demand) => ReturnType<typeof halfOf>][] => {
  const streamOf = (side: Side) => changed(new Stream(drawnFrom(`${seed} dealt ${side}`)(32)));
  const streams = [streamOf(0), streamOf(1)] as const;
  const dealt = demands.map((one) => ({ one, corrections: deal(streams, one) }));
  return ([0, 1] as const).map((side) => {
    const stream = streamOf(side);
    let at = 0;
    return [
      side,
      (one) => {
        const { one: due, corrections } = dealt[at++]!;
        if (JSON.stringify(due) !== JSON.stringify(one)) throw new Error(`${one.of} where ${due.of} was dealt`);
        return halfOf(stream, side, one, correctedIn(one) === side ? corrections : []);
      },
    ];
  });
};

/** A protocol among its parties, over the same links. Steps treat what a party has as opaque. */
export interface Rig {
  name: string;
  parties: readonly Place[];
  run<T>(step: (on: Arithmetic<never, never>) => Promise<T>): Promise<T[]>;
}
type Step<T> = (on: Arithmetic<never, never>) => Promise<T>;
const opaque = (on: unknown) => on as Arithmetic<never, never>;

/** `links` are asked for at each run: tests meet before all. */
export const rigs = (links: () => (Link | undefined)[][]): Rig[] => {
  let runs = 0;
  return [
    {
      name: 'replicated among three',
      parties: places,
      run: async <T>(step: Step<T>) => allThree(await meshesOver(links()), (mesh) => step(opaque(replicated(mesh)))),
    },
    {
      name: 'additive between two, after a dealer',
      parties: [0, 1],
      run: async <T>(step: Step<T>) => {
        const tally = new Tally();
        await step(opaque(tally));
        return Promise.all(
          dealtFor(tally.demands, `run ${runs++}`).map(([side, take]) =>
            step(opaque(new Additive(wiresOfTwo(links(), side), take))),
          ),
        );
      },
    },
  ];
};

export const wiresOfTwo = (links: (Link | undefined)[][], side: Side, seed = 'seed'): Wires =>
  new Wires(side, links[side]!, drawnFrom(`${seed} ${side}`), [side === 0 ? 1 : 0]);

export const closeAll = (links: readonly (Link | undefined)[][]): Promise<unknown> =>
  Promise.all(links.flat().map((link) => link?.close()));

export const termsFor = (asked: Pick<SharesTerms, 'plan' | 'recipient'> & Partial<SharesTerms>): SharesTerms => {
  const [first, second, helper] = identities.map(({ publicKey }) => publicKey.toString('hex')) as [
    string,
    string,
    string,
  ];
  return {
    job: randomBytes(16).toString('hex'),
    mode: 'shares',
    decimals: 2,
    rowsMax: 1000,
    first,
    second,
    helper,
    ...asked,
  };
};

/** All three from files to their reports; with `settled`, what each ended with instead of the first failure. */
export const playAll = async <Settled extends boolean = false>(
  asked: Parameters<typeof termsFor>[0],
  [a, b]: readonly [string, string],
  settled?: Settled,
  agreed: Partial<Record<SharesJob['role'], AgreedInputs>> = {},
): Promise<Settled extends true ? Promise<SharesReport>[] : [SharesReport, SharesReport, SharesReport]> => {
  const terms = termsFor(asked);
  const job = (role: SharesJob['role'], place: Place, more: Partial<SharesJob>): SharesJob => ({
    terms,
    role,
    secret: secretOf(identities[place]!).toString('hex'),
    host,
    ...(agreed[role] && { agreed: agreed[role] }),
    ...more,
  });
  const input = (path: string) => ({ path, salt: Buffer.alloc(32, 5).toString('hex'), folder: tmpdir() });
  const heard = () => Promise.withResolvers<number>();
  const [atHelper, atSecond] = [heard(), heard()];
  const helper = playShares(job('helper', 2, {}), atHelper.resolve);
  const helperPort = await atHelper.promise;
  const second = playShares(job('second', 1, { helperPort, input: input(b) }), atSecond.resolve);
  const first = playShares(
    job('first', 0, { helperPort, secondPort: await atSecond.promise, input: input(a) }),
    () => {},
  );
  const all = [first, second, helper];
  await Promise.allSettled(all);
  return (settled ? all : await Promise.all(all)) as never;
};

export const codeOf = (running: Promise<unknown>): Promise<string> =>
  running.then(
    () => 'went well',
    (error: { code?: string }) => error.code ?? String(error),
  );
