/** One market of two exchanges, and deals between them, through whatever storm blows meanwhile. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { odrlFrom } from '@shugu/policy';
import * as agreementsWire from '@shugu/wire/agreements';
import * as wire from '@shugu/wire/federation';
import * as planesWire from '@shugu/wire/federation-planes';
import * as settlementWire from '@shugu/wire/settlement';
import { applyForListing, assess, draftProduct, reviewListing } from '../../../cli/src/scenario/product.ts';
import { bringResource } from '../../../cli/src/scenario/resource.ts';
import { makeStage } from '../../../cli/src/scenario/stage.ts';
import { callsMax, divisionsListing, divisionsProduct, divisionsResource } from '../../../cli/src/trade/goods.ts';
import { configureDelivery } from '../../../cli/src/trade/settle.ts';
import { lawFirm } from '../../src/market/testing.ts';
import { readCast } from '../../src/members/testing.ts';
import { call, messageOf } from '../federation/counterpart.ts';
import { makePlane, type Plane } from '../federation/plane.ts';
import { startOfTime } from '../support/exchange.ts';
import { type Node, openNode, type Side } from './dealers.ts';
import {
  agreementFaults,
  agreementOf,
  type Dealt,
  flowFaults,
  freeFen,
  heldFen,
  moneyFaults,
  orderOf,
  processFaults,
  processOf,
} from './dealings.ts';
import { type Moment, openLine, type Trap } from './line.ts';

const format = 'HttpData-PULL';
/** Of the transfers that are handed to a data plane outside, at both. */
const streamed = 'urn:example:stream-pull';
const depositFen = 1_000_000_000;
/** For what hangs, not for what is slow: on a busy machine each start takes a minute, and a wait may hold some. */
const patienceMilliseconds = 400_000;

/** What is thrown away when a process dies, as if it had been kept in memory alone; what is kept of a message that was taken. */
export type Sabotage = 'outboxInMemory' | 'forgetsTaken';

/** Who dies at each message, or only at what data planes are told, at which moment of it. */
export interface Storm {
  victims: readonly Side[];
  moment: Moment;
  signals?: true;
}

export interface World {
  nodes: Record<Side, Node>;
  planes: Record<Side, Plane>;
  storm: Storm | undefined;
  /** Acts of this storm at which somebody was killed. */
  struck: string[];
  /** Somebody is being started again: until then nobody is killed. */
  starting: Promise<unknown> | undefined;
  /** When the message before has come to its end. */
  turn: Promise<unknown>;
  sabotage: Sabotage | undefined;
  /** Why there is nothing to wait for any more. */
  over: Error | undefined;
  product: string;
  offer: { '@id': string; permission: unknown[]; prohibition?: unknown[]; profile?: string };
  /** The consumer, as the provider's exchange knows it. */
  member: string;
  dealt: Dealt[];
}

/** A transfer starts, and starts again after it was suspended. */
const timesOf = (act: string): number => (act === 'transfer start' ? 2 : 1);

const ruled = (...given: [wire.ReactionRule['kind'], string, string][]): wire.ReactionRule[] =>
  given.map(([kind, on, reaction]) => wire.reactionRule.parse({ kind, on, reaction }));

/** Whatever is asked for or accepted is sold. */
export const sells = ruled(
  ['negotiation', 'request', 'agree'],
  ['negotiation', 'accept', 'agree'],
  ['negotiation', 'verify', 'finalize'],
  ['transfer', 'request', 'start'],
);
export const verifies = ruled(['negotiation', 'agree', 'verify']);
export const accepts = ruled(['negotiation', 'offer', 'accept']);

export const setRules = (node: Node, rules: wire.ReactionRule[]) =>
  node.say((client, key) => client.call(wire.setRules, { body: { rules } }, key));

const list = async (url: string): Promise<string> => {
  const stage = makeStage(url, await readCast());
  const { fields, file } = await divisionsResource();
  const resource = await bringResource(stage, 'xingsha.steward', fields, file);
  const goods = divisionsProduct(resource.id);
  const made = await draftProduct(stage, 'xingsha.steward', goods.fields, goods.version);
  const report = await assess(stage, 'xingsha.trader', lawFirm, made.version, goods.fields.name);
  const quotas = [{ metric: 'calls', period: 'total', limit: callsMax } as const];
  const draft = {
    ...divisionsListing(made.version, report.id, await stage.now(), []),
    policy: odrlFrom({ actions: ['use', 'read'], purposes: ['logistics'], quotas }) as never,
  };
  await configureDelivery(stage, made.product, made.version);
  await reviewListing(stage, await applyForListing(stage, 'xingsha.trader', draft));
  return made.product;
};

const outboxLost = `delete from federation_messages where state = 'waiting'`;
const takenForgotten = `
  create or replace function forget_taken() returns trigger language plpgsql as $$ begin new.taken = null; return new; end $$;
  create or replace trigger forget_taken before insert or update on federation_processes for each row execute function forget_taken()`;

/** kill -9, and a new process of each once `between` is done; the promise waits for the deaths alone. */
export const strikeAt = async (
  world: World,
  victims: readonly Side[],
  between: () => Promise<unknown> = async () => {},
): Promise<void> => {
  const nodes = victims.map((side) => world.nodes[side]);
  const deaths = Promise.all(nodes.map((node) => node.kill()));
  const born = async (node: Node): Promise<void> => {
    if (world.sabotage === 'outboxInMemory') await node.pool.query(outboxLost);
    await node.start();
  };
  world.starting = deaths
    .then(between)
    .then(() => Promise.all(nodes.map(born)))
    .catch((error: Error) => {
      world.over = error;
    })
    .finally(() => {
      world.starting = undefined;
    });
  await deaths;
};

export const sabotaged = async (world: World, sabotage: Sabotage): Promise<void> => {
  world.sabotage = sabotage;
  if (sabotage === 'forgetsTaken') for (const { pool } of Object.values(world.nodes)) await pool.query(takenForgotten);
};

/** `teller`: whose data plane it is that is told; nobody else dies of that. */
const trapOf = (world: World, teller?: Side): Trap | undefined => {
  const { storm } = world;
  if (!storm || (teller ? !storm.victims.includes(teller) : storm.signals)) return undefined;
  const named = (act: string) => (teller ? `${teller}'s ${act}` : act);
  return {
    moment: storm.moment,
    minds: (act) => world.struck.filter((one) => one === named(act)).length < timesOf(act),
    inTurn: (carry) => {
      const turn = world.turn.then(() => world.starting).then(carry);
      world.turn = turn.catch(() => undefined);
      return turn;
    },
    spring: async (act) => {
      world.struck.push(named(act));
      await strikeAt(world, storm.victims);
    },
  };
};

/** A data plane of its own, told by a line of its own. */
const openPlane = async (world: World, { side, organisation, as }: Node): Promise<Plane> => {
  const [plane, line] = [await makePlane(), await openLine(() => trapOf(world, side))];
  line.to(plane.endpoint);
  const body = {
    ...{ id: 'streams', endpoint: line.address, profiles: [streamed] },
    authorization: { type: 'bearer' as const, token: plane.token },
  };
  await as(`${organisation}.admin`, (client) => client.call(planesWire.registerDataPlane, { body }));
  return { ...plane, close: () => Promise.all([plane.close(), line.close()]).then(() => undefined) };
};

export const openWorld = async (): Promise<World> => {
  const world = { struck: [] as string[], dealt: [] as Dealt[], turn: Promise.resolve() } as unknown as World;
  const armed = () => trapOf(world);
  const [provider, consumer] = await Promise.all([openNode('provider', armed), openNode('consumer', armed)]);
  world.nodes = { provider, consumer };
  world.planes = { provider: await openPlane(world, provider), consumer: await openPlane(world, consumer) };
  world.product = await list(provider.url());
  await setRules(provider, sells);
  await setRules(consumer, verifies);
  const offered = async () => {
    const asked = messageOf('request', {}, { '@type': 'CatalogRequestMessage' });
    const { body } = await call(`${provider.address}/catalog/request`, asked, 'Bearer consumer');
    return (body.dataset as { '@id': string; hasPolicy: World['offer'][] }[] | undefined)?.[0]?.hasPolicy[0];
  };
  await until(world, async () => ((await offered()) ? undefined : 'the catalogue is empty'));
  world.offer = (await offered())!;
  // Nothing lies at the bank yet: refused, and known from now on.
  await reached(world, await request(world), 'TERMINATED');
  const { rows } = await provider.pool.query<{ id: string }>('select id from organisations where dataspace_id = $1', [
    consumer.name,
  ]);
  world.member = rows[0]!.id;
  // It pays into it before it asks again.
  await until(world, async () => {
    const { rowCount } = await provider.pool.query(
      'select 1 from settlement_accounts where participant = $1 and state = $2',
      [world.member, 'open'],
    );
    return rowCount === 1 ? undefined : 'no account is open';
  });
  await provider.deposit({ participant: world.member, fen: depositFen, reference: randomUUID() });
  return world;
};

export const endWorld = async (world: World): Promise<void> => {
  world.over ??= new Error('the world has ended');
  await world.starting;
  for (const plane of Object.values(world.planes)) await plane.close();
  for (const node of Object.values(world.nodes)) await node.end();
};

/** Until `look` finds it. @throws where it hangs, with what it saw, and where somebody cannot be started any more */
export const until = async (world: World, look: () => Promise<string | undefined>): Promise<void> => {
  const end = performance.now() + patienceMilliseconds;
  for (;;) {
    const seen = await look();
    if (seen === undefined) return;
    if (world.over) throw world.over;
    if (performance.now() > end) throw new Error(`not in ${patienceMilliseconds / 1000} s: ${seen}`);
    await pause(20);
  }
};

const reached = (world: World, id: string, state: string): Promise<void> =>
  until(world, async () => {
    const { provider, consumer } = world.nodes;
    const [given, taken] = [(await processOf(provider, id))?.state, (await processOf(consumer, id))?.state];
    return given === state && taken === state
      ? undefined
      : `${id} is ${taken} with the consumer, ${given} with the provider, not ${state}`;
  });

export const request = async ({ nodes: { provider, consumer }, product, offer }: World): Promise<string> => {
  const { '@id': id, permission, prohibition, profile } = offer;
  const terms = { permission, ...(prohibition ? { prohibition } : {}), ...(profile ? { profile } : {}) };
  const body = { counterparty: provider.name, address: provider.address, dataset: product, offer: id };
  const made = await consumer.say((client, key) =>
    client.call(wire.requestContract, { body: { ...body, terms: terms as never } }, key),
  );
  return made.id;
};

export const offer = async ({ nodes: { provider, consumer }, product }: World): Promise<string> => {
  const body = { counterparty: consumer.name, address: consumer.address, dataset: product };
  return (await provider.say((client, key) => client.call(wire.offerContract, { body }, key))).id;
};

export const act = async (node: Node, id: string, verb: wire.ReactionRule['on']): Promise<void> => {
  const own = (await processOf(node, id))!.id;
  await node.say((client, key) => client.call(wire.actOnProcess, { params: { id: own }, body: { act: verb } }, key));
};

export const transfer = async (
  { nodes: { provider, consumer } }: World,
  agreement: string,
  of = format,
): Promise<string> =>
  (
    await consumer.say((client, key) =>
      client.call(wire.requestTransfer, { body: { agreement, address: provider.address, format: of } }, key),
    )
  ).id;

/** Reads by the key that the consumer holds until it is answered like that; only the last one, answered or cut off, may be a use. */
export const opens = async (world: World, { id, of }: { id: string; of: Dealt }, status: number) => {
  const { consumer } = world.nodes;
  const { process } = await consumer.say((client) => client.call(wire.getProcess, { params: { id } }));
  const { endpoint, endpointProperties } = process.dataAddress as never as {
    endpoint: string;
    endpointProperties: { name: string; value: string }[];
  };
  const token = endpointProperties.find(({ name }) => name === 'authorization')!.value;
  const read = async (): Promise<number> => {
    const answer = await fetch(`${endpoint}/430102`, { headers: { authorization: `Bearer ${token}` } }).catch(() => {
      of.cut++;
    });
    if (answer?.status === 200) of.read++;
    await answer?.body?.cancel();
    return answer?.status ?? 0;
  };
  await until(world, async () => {
    const answered = await read();
    return answered === status ? undefined : `data of ${id} is answered by ${answered}, not ${status}`;
  });
};

/** All that stands of both sides, once it has come to rest. */
export const faultsOf = async (
  world: World,
  processes: readonly (readonly [string, boolean?])[],
): Promise<string[]> => {
  const look = async () => [
    ...(await Promise.all(processes.map(([id]) => processFaults(world.nodes, id)))).flat(),
    ...(
      await Promise.all(
        processes.flatMap(([id, agreed]) => (agreed === undefined ? [] : [agreementFaults(world.nodes, id, agreed)])),
      )
    ).flat(),
    ...(await Promise.all(processes.map(([id]) => flowFaults(world, id)))).flat(),
    ...(await moneyFaults(world.nodes.provider, world.dealt, world.member)),
  ];
  const end = performance.now() + patienceMilliseconds / 4;
  for (;;) {
    const faults = await look();
    if (faults.length === 0 || performance.now() > end) return faults;
    await new Promise((done) => setTimeout(done, 50));
  }
};

/** The consumer dies in the middle of asking, with nobody to hear it, and would not ask again for an hour. */
export const askAndDie = async (world: World): Promise<string> => {
  const { provider, consumer } = world.nodes;
  await provider.kill();
  const id = await request(world);
  await until(world, async () => {
    const tried = 'select 1 from federation_messages where process = $1 and attempts > 0';
    return (await consumer.pool.query(tried, [id])).rowCount === 1 ? undefined : 'nothing is tried';
  });
  await consumer.kill();
  await consumer.pool.query(
    `update federation_messages set due_at = due_at + interval '1 hour' where process = $1 and state = 'waiting'`,
    [id],
  );
  await Promise.all([provider.start(), consumer.start()]);
  return id;
};

/**
 * Asked, agreed, final; the data opened, stopped, opened again and done with; opened once more, and broken off; and carried by data
 * planes outside.
 */
export const buy = async (world: World, ask: typeof request = request): Promise<string[]> => {
  const { provider, consumer } = world.nodes;
  const negotiation = await ask(world);
  const of: Dealt = { negotiation, ordered: true, holds: true, read: 0, cut: 0 };
  world.dealt.push(of);
  await reached(world, negotiation, 'FINALIZED');
  const agreement = (await agreementOf(consumer, negotiation))[0]!.id;
  const first = { id: await transfer(world, agreement), of };
  const turns = async (one: typeof first, state: string, status: number): Promise<void> => {
    await reached(world, one.id, state);
    await opens(world, one, status);
  };
  await turns(first, 'STARTED', 200);
  await act(provider, first.id, 'suspend');
  await turns(first, 'SUSPENDED', 404);
  await act(provider, first.id, 'start');
  await turns(first, 'STARTED', 200);
  await act(consumer, first.id, 'complete');
  await turns(first, 'COMPLETED', 404);
  const second = { id: await transfer(world, agreement), of };
  await turns(second, 'STARTED', 200);
  await act(consumer, second.id, 'terminate');
  await turns(second, 'TERMINATED', 404);
  const third = { id: await transfer(world, agreement, streamed), of };
  await turns(third, 'STARTED', 200);
  await act(consumer, third.id, 'suspend');
  await turns(third, 'SUSPENDED', 403);
  await act(consumer, third.id, 'start');
  await turns(third, 'STARTED', 200);
  await act(consumer, third.id, 'terminate');
  await turns(third, 'TERMINATED', 403);
  const fourth = { id: await transfer(world, agreement, streamed), of };
  await turns(fourth, 'STARTED', 200);
  await act(provider, fourth.id, 'complete');
  await turns(fourth, 'COMPLETED', 403);
  return faultsOf(world, [[negotiation, true], ...[first, second, third, fourth].map(({ id }) => [id] as const)]);
};

/** Offered, accepted, agreed, and broken off before it binds anybody. */
export const breakOff = async (world: World): Promise<string[]> => {
  const { consumer } = world.nodes;
  await setRules(consumer, accepts);
  const id = await offer(world);
  world.dealt.push({ negotiation: id, ordered: true, holds: false, read: 0, cut: 0 });
  await reached(world, id, 'AGREED');
  await act(consumer, id, 'terminate');
  await reached(world, id, 'TERMINATED');
  await setRules(consumer, verifies);
  return faultsOf(world, [[id, false]]);
};

/** Contracts whose data was read end: what was read is billed, each once, and what is left of their money lies free again. */
export const conclude = async (world: World): Promise<string[]> => {
  const { provider } = world.nodes;
  const bills = world.dealt.filter(({ holds, read }) => holds && read > 0);
  for (const { negotiation } of bills) {
    const params = { id: (await orderOf(provider, negotiation))!.contract! };
    const forced = await provider.as('operator.reviewer', (client) =>
      client.call(agreementsWire.forceTermination, { params, body: { reason: '测试结束' } }),
    );
    const termination = forced.terminations.at(-1)!.id;
    await provider.as('operator.approver', (client) =>
      client.call(agreementsWire.confirmForcedTermination, {
        params: { ...params, termination },
        body: { accept: true },
      }),
    );
  }
  for (const one of bills) one.holds = false;
  const billed = async () => {
    let paid = 0n;
    const faults: string[] = [];
    for (const { negotiation, read, cut } of bills) {
      const { id } = (await orderOf(provider, negotiation))!;
      const { items } = await provider.as('xingsha.finance', (client) =>
        client.call(settlementWire.listStatements, { query: { order: id } }),
      );
      if (items.length !== 1 || items[0]!.state !== 'settled')
        faults.push(`${negotiation}: ${items.length} statements`);
      const lines = await Promise.all(
        items.map((one) =>
          provider.as('xingsha.finance', (client) =>
            client.call(settlementWire.readStatement, { params: { id: one.id } }),
          ),
        ),
      );
      const used = lines.flatMap((one) => one.lines).reduce((sum, { quantity }) => sum + Number(quantity), 0);
      if (used < read || used > read + cut) faults.push(`${negotiation}: ${used} uses billed, ${read} answered`);
      paid += items.reduce((sum, { total }) => sum + BigInt(total ?? 0), 0n);
    }
    const [free, held] = [await freeFen(provider, world.member), await heldFen(provider, world.member)];
    if (free !== BigInt(depositFen) - paid - held)
      faults.push(`${free} fen are free, ${paid} of ${depositFen} were paid and ${held} are held`);
    return faults;
  };
  await until(world, async () => (await billed()).join() || undefined);
  const day = startOfTime.slice(0, 10);
  const compared = await provider.as('operator.settlement', (client) =>
    client.call(settlementWire.runReconciliation, { body: { day } }),
  );
  return [
    ...(compared.differences > 0 ? [`the bank differs: ours ${compared.ours}, theirs ${compared.theirs}`] : []),
    ...(await faultsOf(world, [])),
  ];
};
