/**
 * A whole exchange as it starts, as issuer, as verifier and as holder. Before it stands what the kit needs and no exchange offers: a secure token
 * service for the holder's key; a trigger that asks for the catalogue in plain JSON, since the kit's own body is expanded JSON-LD and no
 * message of the Dataspace Protocol 2025-1; and somebody who has asked the kit's issuer again before each delivery, of which the
 * kit sends many under one number.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CONTEXT_URL } from '@shugu/dataspace';
import { guardedOutgoing } from '@shugu/gateway';
import { pino } from 'pino';
import { startTemporary } from '../../apps/cli/src/server.ts';
import { makeClaims } from '../../apps/server/src/federation/claims/claims.ts';
import { didsOf } from '../../apps/server/src/federation/claims/dids.ts';
import { rotateKey, signing } from '../../apps/server/src/federation/claims/keys.ts';
import { saveHolder } from '../../apps/server/src/federation/issuing/store.ts';
import { sql } from '../../apps/server/src/kernel/db/db.ts';
import { seedCast } from '../../apps/server/src/members/testing.ts';
import { actor } from '../../apps/server/test/federation/profile.ts';
import { correlation, grantToken } from './participants.ts';

// The kit's own sides are on this machine.
const privateConnectors = ['127.0.0.1', '::1'];

/** `trustedIssuer`, `wallet`: the kit's, the second a member's own. */
export const openServer = async (trustedIssuer: string, wallet: string) => {
  const front = createServer();
  await new Promise<void>((ready) => void front.listen(0, '127.0.0.1', ready));
  const publicUrl = `http://localhost:${(front.address() as AddressInfo).port}`;
  const { exchange, end } = await startTemporary({
    clock: 'system',
    publicUrl,
    privateConnectors,
    trustedIssuers: [trustedIssuer],
  });
  const { kernel, rooms } = exchange;
  const { database, keys, seal } = kernel;
  const { participant } = actor;
  await database.tx(actor, async (tx) => {
    await rooms.federation.open(tx);
    // Through the door it would take a token of the kit's holder, which it makes within its cases alone.
    const { organisations } = await seedCast(tx, seal);
    await saveHolder(tx, organisations.citylogistics!, wallet);
    await tx.exec(sql`update federation_holders set offer_due_at = null`);
  });
  const dids = didsOf(() => publicUrl);
  const { room } = makeClaims(
    {
      ...{ database, keys, seal, dids, trustedIssuers: [], publicUrl: () => publicUrl, now: () => new Date() },
      ...{ member: async () => undefined, peers: async () => [], log: pino({ level: 'silent' }) },
    },
    guardedOutgoing(privateConnectors, 5),
  );
  const ownWallet = `/dsp/${participant}/claims`;

  const grant = async (incoming: IncomingMessage, response: ServerResponse) => {
    let form = '';
    for await (const piece of incoming) form += piece;
    const { status, body } = await grantToken((await signing(room, participant)).signer, new URLSearchParams(form));
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
  };

  const trigger = async (incoming: IncomingMessage, response: ServerResponse) => {
    incoming.resume();
    // What a holder has shown is believed for five minutes under the key that it was shown to, and the kit's is the same in every case.
    await database.tx(actor, (tx) => rotateKey(room, tx, participant));
    const { authorization = '' } = incoming.headers;
    const answer = await fetch(`${exchange.url}/dsp/${participant}/2025-1/catalog/request`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ '@context': [CONTEXT_URL], '@type': 'CatalogRequestMessage' }),
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  };

  const askAgain = () =>
    database.tx(actor, (tx) =>
      tx.exec(sql`insert into federation_issuances (id, node, market, participant, issuer, credentials, state, created_at, changed_at)
        values (${correlation}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${trustedIssuer}, ${['kit']}, 'REQUESTED', ${tx.now},
          ${tx.now}) on conflict (id) do update set state = 'REQUESTED', issuer_pid = null`),
    );

  front.on('request', async (incoming: IncomingMessage, response: ServerResponse) => {
    if (incoming.url === '/sts/token') return grant(incoming, response);
    if (incoming.url === '/trigger') return trigger(incoming, response);
    if (incoming.url === `${ownWallet}/credentials`) await askAgain();
    const { method, headers, url } = incoming;
    const passed = request(`${exchange.url}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    incoming.pipe(passed);
  });

  return {
    did: dids.of(participant),
    issuer: dids.node(),
    root: publicUrl,
    trigger: `${publicUrl}/trigger`,
    close: async () => {
      await end();
      front.close();
      front.closeAllConnections();
    },
  };
};
