/** For tests only: three parties over loopback in one process. */
import { createHash } from 'node:crypto';
import { identityOf } from '../channel/keys.ts';
import { dial, type Link, listen } from '../channel/link.ts';
import { type Mesh, meetInMesh, type Place, places } from './mesh.ts';

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

export const closeAll = (links: readonly (Link | undefined)[][]): Promise<unknown> =>
  Promise.all(links.flat().map((link) => link?.close()));
