/**
 * A running exchange whose gateway is the kit's data plane under test: contracts in force, the kit let in as a control plane of their
 * buyer, and before it where pushes go, which takes its time, and through which the kit hears what it is told.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import * as federationWire from '@shugu/wire/federation';
import { registerControlPlane } from '@shugu/wire/federation-control-planes';
import { stopTestPostgres } from '../../apps/server/src/kernel/postgres/testing.ts';
import { holdContract } from '../../apps/server/test/federation/held.ts';
import { testExchange } from '../../apps/server/test/support/exchange.ts';

/** A file is taken so much later: the kit looks at what flows, and suspends it, before it is done. */
const takesMilliseconds = 3000;

/** Ids of the kit, with the contract under which a case runs. */
export const served = {
  DP_P_PULL: ['01-01', '01-02', '02-01', '02-02', '04-01'],
  DP_P_PUSH: ['01-01', '01-02', '02-01', '02-02', '03-01', '04-01'],
  DP_P_HTTP_PULL: ['01-01', '02-01', '02-02'],
} as const;
const profiles: Record<string, string> = { DP_P_PULL: 'HttpData-PULL', DP_P_PUSH: 'HttpData-PUSH' };

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const piece of request) text += piece;
  return text;
};

/** `kit`: where it listens. */
export const openGateway = async (kit: string) => {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === 'POST' && request.url === '/') {
      request.resume();
      await pause(takesMilliseconds);
      return void response.writeHead(204).end();
    }
    const text = await bodyOf(request);
    const passed = await fetch(kit + request.url, {
      method: request.method!,
      headers: { 'content-type': 'application/json' },
      ...(request.method === 'POST' ? { body: text } : {}),
    });
    response.writeHead(passed.status, { 'content-type': 'application/json' }).end(await passed.text());
  };
  const front = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  await new Promise<void>((ready) => void front.listen(0, '127.0.0.1', ready));
  const { port } = front.address() as AddressInfo;
  const callback = `http://127.0.0.1:${port}`;

  const world = await testExchange({ config: { privateConnectors: ['127.0.0.1'] } });
  const { kernel, rooms } = world.exchange;
  // The kit's tokens say what time it is: contracts are of then, too.
  const clock = kernel.clock as typeof kernel.clock & { moveTo(to: Date): void };
  if (new Date() > clock.now()) clock.moveTo(new Date());
  const held = await holdContract(world);
  const slow = {
    DP_P_PULL: await holdContract(world, { ready: false }),
    DP_P_PUSH: await holdContract(world, { ready: false }),
  };
  const buyer = await world.as('citylogistics.admin');
  const { did } = await buyer.call(federationWire.openConnector, { body: {} });
  const authorization = { type: 'bearer' as const, token: 'shown to the kit' };
  const contracts = [held, ...Object.values(slow)].map(({ contract }) => contract);
  const { dataPlane } = await buyer.call(registerControlPlane, {
    body: { id: 'dps-tck', contracts, callback: { endpoint: callback, authorization } },
  });

  // What is asked for before it is ready becomes so.
  let closed = false;
  const making = Promise.all(
    Object.values(slow).map(async ({ contract, makeReady: ready }) => {
      while (!closed && (await rooms.federation.served.under(kernel.database, contract)).length === 0) await pause(50);
      if (!closed) await ready();
    }),
  );

  const parameters = Object.entries(served).flatMap(([role, ids]) =>
    ids.flatMap((id) => {
      const of = id === '04-01' ? slow[role as keyof typeof slow] : held;
      const name = `${role}_${id.replace('-', '_')}`;
      const profile = profiles[role];
      return [
        `-D${name}_AGREEMENTID=${of.contract}`,
        `-D${name}_DATASETID=${of.product}`,
        ...(profile ? [`-D${name}_PROFILE=${profile}`] : []),
      ];
    }),
  );
  return {
    callback,
    parameters,
    settings: {
      'dps.dataplane.url': dataPlane.address,
      'dps.dataplane.authorization': `Bearer ${dataPlane.token}`,
      'dps.dataplane.provider.id': did,
      'dps.dataplane.counterparty.id': `did:web:127.0.0.1%3A${port}`,
      'dps.default.wait': '60',
    },
    close: async () => {
      closed = true;
      await making;
      await world.end();
      front.close();
      front.closeAllConnections();
      await stopTestPostgres();
    },
  };
};
