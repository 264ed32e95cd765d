import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { closeWithin } from './closing.ts';

const endless = function* () {
  for (;;) yield Buffer.alloc(2 ** 16, 'x');
};

it('closes although somebody has stopped reading a long answer', async () => {
  const app = Fastify();
  closeWithin(app, 50);
  app.get('/long', (_request, reply) => reply.send(Readable.from(endless())));
  await app.listen({ host: '127.0.0.1', port: 0 });
  const reader = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  reader.on('error', () => undefined);
  reader.write('GET /long HTTP/1.1\r\nhost: door\r\n\r\n');
  await once(reader, 'readable');
  await app.close();
  expect(app.server.listening).toBe(false);
  reader.destroy();
});

it('lets an answer under way end', async () => {
  const app = Fastify();
  closeWithin(app, 60_000);
  let closing: Promise<void> | undefined;
  app.get('/slow', async () => {
    closing = app.close();
    await new Promise((done) => setTimeout(done, 50));
    return 'whole';
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const answer = await fetch(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/slow`);
  expect(await answer.text()).toBe('whole');
  await closing;
});
