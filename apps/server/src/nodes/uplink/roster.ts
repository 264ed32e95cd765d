/** The other nodes of the hub, by its signed word: asked for when it names another version, and put in place of what was held. */
import { type PublicJwk, publicKeyFromJwk, type Signer } from '@shugu/evidence';
import * as wire from '@shugu/wire/nodes';
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import type { Message, NodesDeps, RosterNode } from '../model.ts';
import type { HubLine } from './hub.ts';
import type { Uplink } from './store.ts';

const { nodesMax, rosterNodesMax } = wire.nodeLimits;

export const rosterIsOld = (one: Uplink): boolean =>
  one.state === 'active' && one.roster_named !== null && one.roster_named !== one.roster;

const askAll = async (
  line: HubLine,
  one: Uplink,
  signer: Signer,
): Promise<{ version: string; nodes: RosterNode[] }> => {
  const hub = { url: one.hub_url, key: one.hub_key };
  const to = publicKeyFromJwk(one.hub_key).keyId;
  const nodes: RosterNode[] = [];
  for (let version: string | undefined; nodes.length <= nodesMax; ) {
    const words = { kind: 'roster', to, after: nodes.at(-1)?.id ?? '' } satisfies Message;
    const said = await line.say(wire.tell, hub, signer, words);
    if (said.roster === null || said.nodes === null) throw new Error('the hub says no roster');
    // Somebody came or went between two pages: the next heartbeat asks anew.
    if (version !== undefined && said.roster !== version) throw new Error('the roster changed while it was told');
    version = said.roster;
    nodes.push(...said.nodes);
    if (said.nodes.length < rosterNodesMax) return { version, nodes };
  }
  throw new Error('the roster has no end');
};

const replace = async (tx: Tx, one: Uplink, { version, nodes }: { version: string; nodes: RosterNode[] }) => {
  await tx.exec(sql`delete from node_roster where uplink = ${one.id}`);
  for (const { id, name, kind, url, origin, key } of nodes) {
    // Itself.
    if (id === one.registration) continue;
    const { keyId } = publicKeyFromJwk(key);
    await tx.exec(sql`insert into node_roster (uplink, id, node, market, participant, name, kind, url, origin, key_id, public_key, at)
      values (${one.id}, ${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${name}, ${kind}, ${url}, ${origin}, ${keyId},
        ${JSON.stringify(key)}, ${tx.now})`);
  }
  await tx.exec(sql`update node_uplinks set roster = ${version} where id = ${one.id}`);
};

export const takeRoster = async (
  deps: NodesDeps,
  line: HubLine,
  { one, signer, write }: { one: Uplink; signer: Signer; write: (run: (tx: Tx) => Promise<void>) => Promise<void> },
): Promise<void> => {
  const told = await askAll(line, one, signer);
  await write((tx) => replace(tx, one, told));
  deps.log.info({ nodes: told.nodes.length }, 'the roster of nodes is another');
};

/** Of the hub at which this node is active; what an earlier one said counts for nothing. */
export const rosterHeld = async (read: Reader): Promise<RosterNode[]> =>
  (
    await read.rows<
      Omit<RosterNode, 'key'> & { public_key: PublicJwk }
    >(sql`select r.id, r.name, r.kind, r.url, r.origin, r.public_key
      from node_roster r join node_uplinks u on u.id = r.uplink where u.state = 'active' order by r.name, r.id`)
  ).map(({ public_key: key, ...row }) => ({ ...row, key }));
