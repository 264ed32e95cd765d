/**
 * Every step at once, and one death of whoever is to die while all of them stand at the same moment: what a kill for each step alone
 * would show, in as many kills as there are moments. What flows say one after the other is struck one after the other.
 */

import type { Side } from './dealers.ts';
import { agreementOf, type Dealt, standings } from './dealings.ts';
import {
  accepts,
  act,
  faultsOf,
  offer,
  opens,
  request,
  sells,
  setRules,
  strikeAt,
  transfer,
  until,
  verifies,
  type World,
} from './deals.ts';
import type { Halt } from './halts.ts';
import {
  endOf,
  isCleared,
  isOrdered,
  type Move,
  nameOf,
  type Step,
  type Stroke,
  sides,
  steps,
  stoppedAt,
} from './steps.ts';

interface Track {
  number: number;
  step: Step;
  /** Of whoever began it; empty until then. */
  id: string;
  /** Whose data a transfer is about. */
  of: Dealt;
  agreement: string;
}

/** A grant has ten keys at most: so many contracts share the transfers of a wave. */
const contractsOfWave = 2;

const perform = async (world: World, track: Track, move: Move): Promise<void> => {
  if (track.id !== '') return act(world.nodes[move.by], track.id, move.act);
  if (track.step.kind === 'transfer') track.id = await transfer(world, track.agreement);
  else track.id = move.act === 'offer' ? await offer(world) : await request(world);
};

/** Until both sides stand where each track is to be. */
const arrive = (world: World, tracks: readonly Track[], to: (track: Track) => string): Promise<void> =>
  until(world, async () => {
    const at = await standings(
      world.nodes,
      tracks.map(({ id }) => id),
    );
    const astray = tracks.find((one) => at.get(one.id)?.join() !== `${to(one)},${to(one)}`);
    return astray && `${nameOf(astray.step)} is ${at.get(astray.id)?.join(' and ')}, not ${to(astray)}`;
  });

/** A contract in force, of which transfers are asked. */
const contract = async (world: World): Promise<Pick<Track, 'of' | 'agreement'>> => {
  const negotiation = await request(world);
  const of: Dealt = { negotiation, ordered: true, holds: true, read: 0, cut: 0 };
  world.dealt.push(of);
  await until(world, async () => {
    const [one] = await agreementOf(world.nodes.consumer, negotiation);
    return one ? undefined : `${negotiation} is not final`;
  });
  return { of, agreement: (await agreementOf(world.nodes.consumer, negotiation))[0]!.id };
};

/** By people alone, to where each step begins. */
const rise = async (world: World, tracks: readonly Track[]): Promise<void> => {
  for (let depth = 0; tracks.some(({ step }) => step.path.length > depth); depth++) {
    const risen = tracks.filter(({ step }) => step.path.length > depth);
    await Promise.all(risen.map((one) => perform(world, one, one.step.path[depth]!)));
    await arrive(world, risen, ({ step }) => step.path[depth]!.to.state);
  }
};

const waiting = async (world: World, side: Side): Promise<string[]> => {
  const query = `select id from federation_messages where direction = 'out' and state = 'waiting' and attempts > 0`;
  return (await world.nodes[side].pool.query<{ id: string }>(query)).rows.map(({ id }) => id);
};

/** Until each of the group is said; `before`: what waited already. */
const saidBy = (world: World, group: readonly Track[], before: ReadonlySet<string>): Promise<void> =>
  until(world, async () => {
    for (const side of sides) {
      const asked = group.filter(({ step }) => step.by === side).length;
      const said = (await waiting(world, side)).filter((id) => !before.has(id)).length;
      if (said !== asked) return `${said} messages of the ${side} wait, not ${asked}`;
    }
    return undefined;
  });

const stand = async (world: World, stroke: Stroke, group: readonly Track[]): Promise<void> =>
  until(world, async () => {
    const still = new Set(
      (
        await Promise.all(
          sides.map((side) => world.nodes[side].halts.halted().then((all) => all.map((one) => `${side} ${one}`))),
        )
      ).flat(),
    );
    const astray = group.find(({ step, number }) => !still.has(`${stoppedAt(stroke, step)} ${number}`));
    return astray && `${nameOf(astray.step)} does not come to be ${stroke.at}`;
  });

/** All of the group stand at the moment, and whoever is to die, dies. */
const strike = async (world: World, stroke: Stroke, group: readonly Track[]): Promise<void> => {
  const { at, kept, victims } = stroke;
  const nodes = sides.map((side) => world.nodes[side]);
  const haltOf = ({ number, step: { kind, act }, id }: Track): Halt => ({ number, at, kind, act, pid: id || null });
  for (const node of nodes)
    await node.halts.arm(group.filter(({ step }) => stoppedAt(stroke, step) === node.side).map(haltOf));
  // What is said waits on the line until all is said: whoever stands still keeps flows from going on.
  const onTheLine = at !== 'written';
  const before = new Set((await Promise.all(sides.map((side) => waiting(world, side)))).flat());
  if (onTheLine) for (const { line } of nodes) line.to(undefined);
  const said = group.map(async (track) => {
    try {
      await perform(world, track, track.step);
    } catch (error) {
      world.over ??= error as Error;
    }
  });
  if (onTheLine) {
    await saidBy(world, group, before);
    for (const { line, url } of nodes) line.to(url());
  }
  await stand(world, stroke, group);
  await strikeAt(world, victims, async () => {
    await Promise.all(nodes.map(({ side, halts }) => halts.release({ dead: victims.includes(side), kept })));
  });
  await world.starting;
  await Promise.all(said);
};

/** What a flow says is written alone: it takes one event after the other. */
const groupsOf = ({ at }: Stroke, tracks: readonly Track[]): Track[][] => {
  if (at !== 'written') return [[...tracks]];
  const cleared = tracks.filter(({ step }) => isCleared(step));
  return [tracks.filter(({ step }) => !isCleared(step)), ...cleared.map((one) => [one])].filter(
    (one) => one.length > 0,
  );
};

/** Faults of what both sides came to. @throws where they do not come to an end */
export const wave = async (world: World, stroke: Stroke, which: readonly Step[] = steps): Promise<string[]> => {
  const contracts = which.some(({ kind }) => kind === 'transfer')
    ? await Promise.all(Array.from({ length: contractsOfWave }, () => contract(world)))
    : [];
  const tracks = which.map(
    (step, number): Track => ({ number, step, id: '', ...contracts[number % contractsOfWave]! }),
  );
  await Promise.all(sides.map((side) => setRules(world.nodes[side], [])));
  await rise(world, tracks);
  await setRules(world.nodes.provider, sells);
  await setRules(world.nodes.consumer, [...accepts, ...verifies]);
  for (const group of groupsOf(stroke, tracks)) {
    await strike(world, stroke, group);
    await arrive(world, group, ({ step }) => endOf(step));
  }
  for (const { step, id } of tracks)
    if (step.kind === 'negotiation')
      world.dealt.push({
        negotiation: id,
        ordered: isOrdered(step),
        holds: endOf(step) === 'FINALIZED',
        read: 0,
        cut: 0,
      });
  const given = tracks.filter(
    ({ step }) => step.kind === 'transfer' && (step.path.length > 1 || endOf(step) === 'STARTED'),
  );
  await Promise.all(given.map(({ step, ...one }) => opens(world, one, endOf(step) === 'STARTED' ? 200 : 404)));
  await setRules(world.nodes.consumer, verifies);
  const faults = await faultsOf(
    world,
    tracks.map(({ step, id }) => (step.kind === 'negotiation' ? [id, endOf(step) === 'FINALIZED'] : [id])),
  );
  return faults.map((fault) => {
    const its = tracks.find(({ id }) => fault.startsWith(id));
    return its ? `${nameOf(its.step)}: ${fault}` : fault;
  });
};
