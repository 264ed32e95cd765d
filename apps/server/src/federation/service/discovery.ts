/**
 * Where a counter-party is reached, by its identifier alone (Dataspace Protocol 2025-1, “Discovery of Service Endpoints”): its DID
 * document names version documents, one of those a version that we speak, too, and where.
 */
import { ClaimsError, type Resolver, servicesOf } from '@shugu/claims';
import { PROTOCOL_VERSION, protocolBase, VERSION_PATH } from '@shugu/dataspace';
import { GatewayProblem } from '@shugu/gateway';
import { federationLimits } from '@shugu/wire/federation';
import type { Reader } from '../../kernel/db/db.ts';
import type { Dids } from '../claims/dids.ts';
import { isDid } from '../claims/dids.ts';
import { limits } from '../model.ts';
import { problems } from '../problems.ts';
import { connectorNamed, connectorOf } from '../reads.ts';
import { readText } from './posting.ts';
import { addressOf, type Room } from './room.ts';

/**
 * Base address of a counter-party's endpoints. `field`: of the request, in which it is named.
 * @throws federation.addressNeeded, counterpartyUnfound, connectorUnnamed, versionsDiffer, addressRefused, providerAway
 */
export type Discover = (read: Reader, counterparty: string, field: string) => Promise<string>;

const discoveryLimits = {
  /** Version documents that one DID document may lead to. */
  connectorsMax: 4,
  versionBytesMax: 65_536,
  /** As long as documents of DIDs are kept. */
  keepSeconds: 300,
  keptMax: 1000,
} as const;

export const makeDiscovery = ({
  resolver,
  identity,
  outgoing,
  dids,
  publicUrl,
  now,
}: Pick<Room, 'identity' | 'outgoing' | 'publicUrl' | 'now'> & { resolver: Resolver; dids: Dids }): Discover => {
  const kept = new Map<string, { at: number; base: string }>();

  const rootsOf = async (did: string, field: string): Promise<string[]> => {
    try {
      return servicesOf(await resolver.document(did), 'DataService')
        .filter((one) => one.endsWith(VERSION_PATH))
        .map((one) => one.slice(0, -VERSION_PATH.length))
        .slice(0, discoveryLimits.connectorsMax);
    } catch (error) {
      if (!(error instanceof ClaimsError)) throw error;
      throw problems.counterpartyUnfound({ field, detail: error.message.slice(0, 300) });
    }
  };

  const versionsAt = async (root: string, field: string): Promise<unknown> => {
    const address = `${root}${VERSION_PATH}`;
    const refused = () => problems.addressRefused({ field, detail: address.slice(0, 300) });
    if (outgoing.fault(address)) throw refused();
    const { origin, pathname, search } = new URL(address);
    try {
      const answer = await outgoing.agent.request({
        ...{ origin, path: pathname + search, method: 'GET', headers: { accept: 'application/json' } },
        signal: AbortSignal.timeout(limits.patienceSeconds * 1000),
      });
      const text = await readText(answer.body, discoveryLimits.versionBytesMax);
      if (answer.statusCode !== 200) throw new Error(`HTTP ${answer.statusCode}`);
      return JSON.parse(text);
    } catch (error) {
      if (error instanceof GatewayProblem) throw refused();
      throw problems.providerAway({ field, detail: `${address}: ${(error as Error).message}`.slice(0, 300) });
    }
  };

  const { shown = {} } = identity;
  const spoken = [PROTOCOL_VERSION, shown.identifierType, shown.auth?.protocol, shown.auth?.version]
    .filter(Boolean)
    .join(' ');
  const look = async (did: string, field: string): Promise<string> => {
    const roots = await rootsOf(did, field);
    if (roots.length === 0) throw problems.connectorUnnamed({ field });
    let fault: unknown = problems.versionsDiffer({ field, detail: spoken });
    for (const root of roots) {
      try {
        const base = protocolBase(root, await versionsAt(root, field), shown);
        if (base !== null && base.length <= federationLimits.charactersMax && !outgoing.fault(base)) return base;
      } catch (error) {
        // Another of its connectors may be there.
        fault = error;
      }
    }
    throw fault;
  };

  return async (read, counterparty, field) => {
    const own = await connectorNamed(read, counterparty, dids.participantOf(counterparty));
    if (own !== undefined && (await connectorOf(read, own))) return addressOf({ publicUrl }, own);
    if (!isDid(counterparty)) throw problems.addressNeeded({ field: 'body.address' });
    // One of ours without an open connector.
    if (dids.participantOf(counterparty) !== undefined) throw problems.counterpartyUnfound({ field });
    const at = now().getTime();
    const known = kept.get(counterparty);
    if (known && at - known.at < discoveryLimits.keepSeconds * 1000) return known.base;
    const base = await look(counterparty, field);
    kept.delete(counterparty);
    kept.set(counterparty, { at, base });
    if (kept.size > discoveryLimits.keptMax) kept.delete(kept.keys().next().value!);
    return base;
  };
};
