/** The conformance kit's cases in both roles, and what it leaves out, against a running exchange over HTTP. */
import { randomUUID } from 'node:crypto';
import { checkMessage } from '@shugu/dataspace';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { NO_PID } from '../../src/federation/messages.ts';
import { limits, USER_AGENT } from '../../src/federation/model.ts';
import { openAddress } from '../../src/federation/service/secrets.ts';
import { fixedTokens } from '../../src/federation/testing.ts';
import { sql } from '../../src/kernel/db/db.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { consumerNegotiations, consumerTransfers, providerNegotiations, providerTransfers } from './cases.ts';
import { agreement, type Counterpart, call, makeCounterpart, messageOf, offer } from './counterpart.ts';
import { ourPlay, theirPlay, type World, walk } from './play.ts';
import { actor, kitParticipant, kitToken, offerIdOf, ourName, ourToken, seedKit } from './profile.ts';

const strangerToken = 'the fixed token of a stranger';
let tested: TestExchange;
let other: Counterpart;
let root: string;
let world: World;

beforeAll(async () => {
  const identity = fixedTokens({
    [kitToken]: kitParticipant,
    [ourToken]: ourName,
    [strangerToken]: 'urn:example:stranger',
  });
  tested = await testExchange({ seeded: false, identity, config: { privateConnectors: ['127.0.0.1'] } });
  other = await makeCounterpart();
  root = await seedKit(tested.exchange, 0);
  world = { exchange: tested.exchange, address: `${root}/2025-1`, other };
});
afterAll(async () => {
  await tested?.end();
  await other?.stop();
});
beforeEach(() => {
  other.answers.length = 0;
  other.before = null;
});

describe('the cases of the kit', () => {
  test.each([...providerNegotiations, ...providerTransfers])('%s %s: %s', async (_id, subject, steps) => {
    await walk(theirPlay(world, subject), steps);
  });
  test.each([...consumerNegotiations])('%s %s: %s', async (_id, subject, steps) => {
    await walk(await ourPlay(world, 'negotiation', subject), steps);
  });
  test.each([...consumerTransfers])('%s %s: %s', async (_id, subject, steps) => {
    await walk(await ourPlay(world, 'transfer', subject), steps);
  });

  test('MET:01-01, CAT:01-01 to 01-03: version document, catalogue, one data set, none', async () => {
    const version = await call(`${root}/.well-known/dspace-version`, undefined, null);
    // Of the fixed tokens nothing is said.
    expect(version.body).toEqual({
      protocolVersions: [{ version: '2025-1', path: '/2025-1', binding: 'HTTPS', serviceId: expect.any(String) }],
    });
    const catalog = await call(
      `${world.address}/catalog/request`,
      messageOf('request', {}, { '@type': 'CatalogRequestMessage' }),
    );
    expect(catalog.status).toBe(200);
    expect(checkMessage('Catalog', catalog.body)).toMatchObject({ ok: true });
    expect((catalog.body.dataset as { '@id': string }[]).map((one) => one['@id'])).toContain('CAT0101');
    const dataset = await call(`${world.address}/catalog/datasets/CAT0102`);
    expect(checkMessage('Dataset', dataset.body)).toMatchObject({ ok: true, message: { '@id': 'CAT0102' } });
    const none = await call(`${world.address}/catalog/datasets/CAT0103`);
    expect(none.status).toBe(404);
    expect(checkMessage('CatalogError', none.body)).toMatchObject({ ok: true });
  });
});

describe('what the kit leaves out', () => {
  const begun = async (subject: string) => {
    const play = theirPlay(world, subject);
    expect((await play.send('request')).status).toBe(201);
    return play;
  };

  test('a catalogue by the pages and ids that EDC asks for; other filters are refused, not ignored', async () => {
    const asked = (filter: unknown, query = '') =>
      call(
        `${world.address}/catalog/request${query}`,
        messageOf('request', {}, { '@type': 'CatalogRequestMessage', filter: [filter].flat() }),
      );
    const page = (more: object) => ({ '@type': 'QuerySpec', limit: 50, offset: 0, sortOrder: 'ASC', ...more });
    const idsOf = ({ status, body }: Awaited<ReturnType<typeof call>>) => [
      status,
      ...((body.dataset ?? []) as { '@id': string }[]).map((one) => one['@id']),
    ];
    const all = idsOf(await asked([])).slice(1);
    expect(all.length).toBeGreaterThan(5);
    expect(idsOf(await asked(page({ filterExpression: [] })))).toEqual([200, ...all]);
    const second = await asked(page({ limit: 2, offset: 3 }));
    expect(idsOf(second)).toEqual([200, ...all.slice(3, 5)]);
    // The link leads on from there, whatever the filter passes over.
    const [, next = ''] = /<[^?]*(\?[^>]*)>; rel="next"/.exec(second.headers.get('link') ?? '') ?? [];
    expect(idsOf(await asked(page({ limit: 2, offset: 3 }), next))).toEqual([200, ...all.slice(5, 7)]);
    expect(idsOf(await asked(page({ offset: all.length })))).toEqual([200]);
    const by = (operandLeft: string, operator: string, operandRight: unknown) =>
      asked(page({ filterExpression: [{ '@type': 'Criterion', operandLeft, operator, operandRight }] }));
    expect(idsOf(await by('https://w3id.org/edc/v0.0.1/ns/id', '=', 'CAT0102'))).toEqual([200, 'CAT0102']);
    expect(idsOf(await by('id', 'in', ['CAT0102', 'CAT0101', 'none']))).toEqual([200, 'CAT0101', 'CAT0102']);
    expect(idsOf(await by('id', '=', 'none'))).toEqual([200]);
    for (const wrong of [
      await by('title', '=', 'x'),
      await by('id', 'like', '%'),
      await by('id', 'in', [5]),
      await asked(page({ offset: -1 })),
      await asked(page({ offset: 100_001 })),
      await asked(page({ limit: 0 })),
      await asked(page({ sortField: 'title' })),
      await asked([page({}), page({})]),
      await asked('everything'),
    ])
      expect([wrong.status, wrong.body.code]).toEqual([400, 'filterUnsupported']);
  });

  test('an offset far into a long catalogue leads to the same data sets, also once it has changed', async () => {
    const { database } = tested.exchange.kernel;
    const { federation } = tested.exchange.rooms;
    const title = (n: number) => `long-${String(n).padStart(5, '0')}`;
    const made = offer('urn:example:long', 'none');
    const published = (id: string) =>
      database.tx(actor, (tx) =>
        federation.publish(tx, actor.participant, {
          '@id': id,
          '@type': 'Dataset',
          hasPolicy: [{ '@id': `offer-${id}`, '@type': 'Offer', permission: made.permission }],
          distribution: [{ '@type': 'Distribution', format: 'HttpData-PULL', accessService: 'urn:example:service' }],
        } as never),
      );
    await published(title(0));
    await database.pool.query(
      `insert into federation_datasets (node, market, participant, id, body, offers, digest, traded, published_at)
        select node, market, participant, 'long-' || lpad(n::text, 5, '0'), body || jsonb_build_object('@id', 'long-' || lpad(n::text, 5, '0')),
          offers, digest, traded, published_at from federation_datasets, generate_series(1, 2400) n where id = $1`,
      [title(0)],
    );
    const page = async (offset: number) => {
      const filter = [{ '@type': 'QuerySpec', limit: 2, offset, filterExpression: [] }];
      const asked = messageOf('request', {}, { '@type': 'CatalogRequestMessage', filter });
      const { body } = await call(`${world.address}/catalog/request`, asked);
      return ((body.dataset ?? []) as { '@id': string }[]).map((one) => one['@id']);
    };
    const { rows } = await database.pool.query<{ id: string }>(
      'select id from federation_datasets where participant = $1 order by id',
      [actor.participant],
    );
    const all = rows.map(({ id }) => id);
    const places = [999, 1000, 1001, 1999, 2000, 2345, all.length - 1, all.length, 3000, 100_000];
    // Counted, then remembered.
    for (let turn = 0; turn < 2; turn++)
      for (const at of places) expect([at, await page(at)]).toEqual([at, all.slice(at, at + 2)]);
    await published('long-00000a');
    all.splice(all.indexOf(title(1)), 0, 'long-00000a');
    for (let turn = 0; turn < 2; turn++) expect(await page(2000)).toEqual(all.slice(2000, 2002));
    await database.tx(actor, (tx) => federation.withdraw(tx, actor.participant, 'long-00000a'));
    all.splice(all.indexOf('long-00000a'), 1);
    for (let turn = 0; turn < 2; turn++) expect(await page(2000)).toEqual(all.slice(2000, 2002));
    await database.pool.query(`delete from federation_datasets where id like 'long-%'`);
  });

  test('nobody without an identity, and a stranger sees of a process what he sees of none', async () => {
    const play = await begun('ACN0202');
    const asked = `${world.address}/negotiations/${play.pid()}`;
    expect((await call(asked, undefined, null)).status).toBe(401);
    expect((await call(asked, undefined, 'wrong')).status).toBe(401);
    const foreign = await call(asked, undefined, strangerToken);
    const none = await call(`${world.address}/negotiations/neg_00000000000000000000000000`, undefined, strangerToken);
    const wiped = (body: object) => JSON.stringify(body).replaceAll(/neg_\w+/g, 'pid');
    expect([foreign.status, wiped(foreign.body)]).toEqual([404, wiped(none.body)]);
    expect(checkMessage('ContractNegotiationError', foreign.body)).toMatchObject({ ok: true });
    const ended = await call(`${asked}/termination`, messageOf('terminate', play.pids), strangerToken);
    expect(ended.status).toBe(404);
    // Of the other kind, and below the root of an organisation that is not there.
    expect((await call(`${world.address}/transfers/${play.pid()}`)).status).toBe(404);
    const elsewhere = asked.replace(/\/dsp\/\w+/, '/dsp/org_00000000000000000000000000');
    expect((await call(elsewhere)).status).toBe(404);
    expect(await play.state()).toBe('REQUESTED');
  });

  test('another organisation of this exchange has no process of its neighbour’s, whoever asks', async () => {
    const { kernel, rooms } = tested.exchange;
    const neighbour = { ...actor, participant: 'org_01tckne1ghb0urundertest000' };
    await kernel.database.tx(neighbour, (tx) => rooms.federation.open(tx, 'urn:example:neighbour'));
    const play = await begun('ACN0202');
    const at = `${root.replace(actor.participant, neighbour.participant)}/2025-1/negotiations/${play.pid()}`;
    const unseen = await call(at);
    const none = await call(at.replace(play.pid(), 'neg_00000000000000000000000000'));
    const wiped = (body: object) => JSON.stringify(body).replaceAll(/neg_\w+/g, 'pid');
    expect([unseen.status, wiped(unseen.body)]).toEqual([404, wiped(none.body)]);
    expect((await call(`${at}/termination`, messageOf('terminate', play.pids))).status).toBe(404);
    expect(await play.state()).toBe('REQUESTED');
    expect((await call(`${world.address}/negotiations/${play.pid()}`)).status).toBe(200);
  });

  test('an offer that was never published, for another data set or of another agreement is refused and leaves nothing', async () => {
    const count = () =>
      tested.exchange.kernel.database.one<{ n: number }>(sql`select count(*)::int as n from federation_processes`);
    const before = await count();
    for (const wrong of [offer('CD123:ACN0101:999', 'ACN0101'), offer(offerIdOf('ACN0101'), 'ACN0102')]) {
      const play = theirPlay(world, 'ACN0101');
      const { status, body } = await play.send('request', { offer: wrong });
      expect([status, body.code]).toEqual([400, 'offerUnknown']);
      // There is no process of ours that it could name; theirs is the one that they named.
      expect(body).toMatchObject({ providerPid: NO_PID, consumerPid: play.pids.consumerPid });
      expect(checkMessage('ContractNegotiationError', body)).toMatchObject({ ok: true });
    }
    for (const agreementId of ['ATP9999', 'ATPC0101']) {
      const { status, body } = await theirPlay(world, 'ATP0101').send('begin', { agreementId });
      expect([status, body.code, body.providerPid]).toEqual([400, 'agreementUnknown', NO_PID]);
      expect(checkMessage('TransferError', body)).toMatchObject({ ok: true });
    }
    expect(await count()).toEqual(before);
  });

  test('bad JSON, no context, wrong types, wrong pids, a call-back into the network: 400, and the state is as it was', async () => {
    const play = await begun('ACN0202');
    const at = `${world.address}/negotiations/${play.pid()}/termination`;
    const right = messageOf('terminate', play.pids);
    const bodies: (object | string)[] = [
      '{',
      '[]',
      'null',
      { ...right, '@context': undefined },
      { ...right, '@context': ['https://example.com/other'] },
      { ...right, '@type': 'ContractNegotiationEventMessage' },
      { ...right, consumerPid: 'urn:uuid:another' },
      { ...right, providerPid: 'urn:uuid:another' },
      { ...right, providerPid: 5 },
    ];
    for (const body of bodies) {
      const answer = await call(at, body as never);
      expect([answer.status, answer.body['@type']], JSON.stringify(body)).toEqual([400, 'ContractNegotiationError']);
      expect(checkMessage('ContractNegotiationError', answer.body)).toMatchObject({ ok: true });
    }
    expect(await play.state()).toBe('REQUESTED');
    const listed = await call(`${world.address}/catalog/request`, { '@type': 'CatalogRequestMessage' });
    expect([listed.status, listed.body.reason]).toEqual([
      400,
      [expect.stringMatching(/\p{Script=Han}/u), expect.stringMatching(/^[ -~]+$/)],
    ]);
    for (const callbackAddress of [
      'http://10.0.0.1/',
      'https://169.254.169.254/x',
      'ftp://example.com',
      'https://user@example.com',
      'no',
    ])
      expect((await theirPlay(world, 'ACN0202').send('request', { callbackAddress })).status, callbackAddress).toBe(
        400,
      );
    // A counter-request at the address of first messages.
    expect(
      (await call(`${world.address}/negotiations/request`, messageOf('request', play.pids, { offer: offer('a', 'b') })))
        .status,
    ).toBe(400);
    expect((await call(at, 'x'.repeat(300_000))).status).toBe(413);
  });

  test('a message that comes twice takes effect once; a pid names one process', async () => {
    const play = theirPlay(world, 'ACN0103');
    const first = messageOf(
      'request',
      { consumerPid: play.pids.consumerPid },
      { offer: offer(offerIdOf('ACN0103'), 'ACN0103'), callbackAddress: other.address },
    );
    const at = `${world.address}/negotiations/request`;
    const answers = await Promise.all([first, first, first].map((body) => call(at, body)));
    expect(answers.map((one) => one.status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map((one) => one.body.providerPid)).size).toBe(1);
    play.pids.providerPid = String(answers[0]!.body.providerPid);
    await play.hear('offer');
    const accepted = messageOf('accept', play.pids);
    const events = `${world.address}/negotiations/${play.pid()}/events`;
    const twice = await Promise.all([call(events, accepted), call(events, accepted)]);
    expect(twice.map((one) => one.status)).toEqual([200, 200]);
    await play.hear('agree');
    expect((await call(events, accepted)).status).toBe(200);
    expect((await call(events, messageOf('accept', play.pids))).status).toBe(400);
    const other_ = await call(at, { ...first, '@id': 'another', offer: offer(offerIdOf('ACN0101'), 'ACN0101') });
    expect([other_.status, other_.body.code]).toEqual([400, 'pidTaken']);
    const ours = other.heard.filter((one) => one.body.consumerPid === play.pids.consumerPid);
    // A node of the same make answers these at once.
    expect(new Set(ours.map(({ userAgent }) => userAgent))).toEqual(new Set([USER_AGENT]));
    expect(ours.map((one) => one.path.split('/').at(-1))).toEqual(['offers', 'agreement']);
  });

  test('of messages that exclude each other one is taken', async () => {
    const play = await begun('ACN0302');
    await play.hear('offer');
    const answers = await Promise.all([
      play.send('accept'),
      play.send('request'),
      play.send('accept'),
      play.send('request'),
    ]);
    expect(answers.map((one) => one.status).sort()).toEqual([200, 400, 400, 400]);
  });

  test('an answer that overtakes our message’s acknowledgement shows that it arrived', async () => {
    other.before = async ({ path, body }) => {
      if (!path.endsWith('/offers')) return;
      const { consumerPid, providerPid } = body as { consumerPid: string; providerPid: string };
      const accepted = messageOf('accept', { consumerPid, providerPid });
      expect((await call(`${world.address}/negotiations/${providerPid}/events`, accepted)).status).toBe(200);
    };
    const play = await begun('ACN0103');
    await play.hear('agree');
    await expect.poll(() => play.state()).toBe('AGREED');
  });

  test('so with our first message, whose answer is not there yet when the offer comes', async () => {
    other.before = async ({ path, body }) => {
      if (path !== '/negotiations/request') return;
      const { consumerPid, providerPid } = body as { consumerPid: string; providerPid: string };
      const told = messageOf('offer', { consumerPid, providerPid }, { offer: offer('urn:example:o', 'ACNC0204') });
      expect((await call(`${world.address}/negotiations/${consumerPid}/offers`, told)).status).toBe(200);
    };
    const play = await ourPlay(world, 'negotiation', 'ACNC0204');
    await play.hear('request');
    await expect.poll(() => play.state()).toBe('OFFERED');
  });

  test('an agreement says what the offer said, of the same data set, between the same two', async () => {
    const play = await ourPlay(world, 'negotiation', 'ACNC0104');
    await play.hear('request');
    const right = agreement('ACNC0104', kitParticipant, ourName);
    const wrongs = [
      { ...right, target: 'ACNC0101' },
      { ...right, assigner: 'urn:example:stranger' },
      { ...right, assignee: kitParticipant },
      { ...right, permission: [{ action: 'distribute' }] },
      { ...right, permission: [{ action: 'http://example.com/use' }] },
      { ...right, prohibition: [{ action: 'distribute' }] },
      {
        ...right,
        permission: [{ action: 'use', constraint: [{ leftOperand: 'count', operator: 'lteq', rightOperand: '5' }] }],
      },
    ];
    for (const wrong of wrongs) {
      const { status, body } = await play.send('agree', { agreement: wrong });
      expect([status, body.code], JSON.stringify(wrong)).toEqual([400, 'agreementWrong']);
    }
    const taken = await play.send('agree', { agreement: { ...right, '@id': 'ATPC0101' } });
    expect([taken.status, taken.body.code], 'another agreement goes by that id').toEqual([400, 'agreementTaken']);
    expect(await play.state()).toBe('REQUESTED');
    expect((await play.send('agree', { agreement: { ...right, timestamp: undefined } })).status).toBe(400);
    // The same words as ODRL's own context has them.
    const prefixed = { ...right, permission: [{ action: 'odrl:use' }] };
    expect((await play.send('agree', { agreement: prefixed })).status).toBe(200);
    await play.hear('verify');
  });

  test('of two agreements by one id the second is not finalised', async () => {
    const one = agreement('ACNC0104', kitParticipant, ourName);
    const plays = [
      await ourPlay(world, 'negotiation', 'ACNC0104'),
      await ourPlay(world, 'negotiation', 'ACNC0104'),
    ] as const;
    for (const play of plays) {
      await play.hear('request');
      expect((await play.send('agree', { agreement: one })).status).toBe(200);
      await play.hear('verify');
    }
    const [first, second] = plays;
    expect((await first.send('finalize')).status).toBe(200);
    const { status, body } = await second.send('finalize');
    expect([status, body.code]).toEqual([400, 'agreementTaken']);
    expect(await second.state()).toBe('VERIFIED');
    expect((await second.send('terminate')).status).toBe(200);
  });

  test('nobody negotiates with itself, and what waits with one counter-party has an end', async () => {
    const ask = (token: string, consumerPid = `urn:uuid:${randomUUID()}`) => {
      const body = {
        '@id': consumerPid,
        offer: offer(offerIdOf('CAT0101'), 'CAT0101'),
        callbackAddress: other.address,
      };
      return call(`${world.address}/negotiations/request`, messageOf('request', { consumerPid }, body), token);
    };
    const own = await ask(ourToken);
    expect([own.status, own.body.code]).toEqual([400, 'ownPartner']);
    const { database } = tested.exchange.kernel;
    const { status, body } = await ask(strangerToken);
    expect(status).toBe(201);
    await database.pool.query(
      `insert into federation_processes select (jsonb_populate_record(p, jsonb_build_object('id', 'clone' || n, 'their_pid', 'clone' || n))).*
        from federation_processes p, generate_series(1, $2) n where p.id = $1`,
      [body.providerPid, limits.waitingWithMax - 1],
    );
    const refused = await ask(strangerToken);
    expect([refused.status, refused.body.code]).toEqual([429, 'tooManyWait']);
    expect((await ask(strangerToken, String(body.consumerPid))).status, 'the one that came before').toBe(201);
    expect((await ask(kitToken)).status, 'of others').toBe(201);
    await database.pool.query(`delete from federation_processes where their_pid like 'clone%'`);
    expect((await ask(strangerToken)).status).toBe(201);
  });

  test('a data address as EDC writes it, all in properties of its own names, is read as the specification has it', async () => {
    const play = await ourPlay(world, 'transfer', 'ATPC0101');
    await play.hear('begin');
    const property = (name: string, value: string) => ({ '@type': 'EndpointProperty', name, value });
    const edc = 'https://w3id.org/edc/v0.0.1/ns/';
    const dataAddress = {
      '@type': 'DataAddress',
      endpointType: 'https://w3id.org/idsa/v4.1/HTTP',
      endpointProperties: [
        property(`${edc}endpoint`, 'http://example.com/public'),
        property(`${edc}authorization`, 'a key'),
        property(`${edc}other`, 'x'),
      ],
    };
    expect((await play.send('start', { dataAddress })).status).toBe(200);
    const { federation } = tested.exchange.rooms;
    const { database } = tested.exchange.kernel;
    const process = (await federation.process(database, play.pid()))!;
    const opened = await openAddress(tested.exchange.kernel, database, process, process.data_address);
    expect(opened).toEqual({
      ...dataAddress,
      endpoint: 'http://example.com/public',
      endpointProperties: [
        property('endpoint', 'http://example.com/public'),
        property('authorization', 'a key'),
        property(`${edc}other`, 'x'),
      ],
    });
  });

  test('our agreement says what was offered last, and both sides keep it', async () => {
    const play = await begun('ACN0104');
    const { body } = await play.hear('agree');
    expect(body.agreement).toMatchObject({ target: 'ACN0104', assigner: ourName, assignee: kitParticipant });
    expect(checkMessage('ContractAgreementMessage', body)).toMatchObject({ ok: true });
    await play.send('verify');
    await play.hear('finalize');
    await expect.poll(() => play.state()).toBe('FINALIZED');
    const transfer = theirPlay(world, String((body.agreement as { '@id': string })['@id']));
    expect((await transfer.send('begin')).status).toBe(201);
    expect(await transfer.state()).toBe('REQUESTED');
  });

  test('a provider may begin; the offer waits for a person, who accepts', async () => {
    const play = theirPlay(world, 'urn:example:theirs', 'consumer');
    expect((await play.send('offer')).status).toBe(201);
    expect(await play.state()).toBe('OFFERED');
    const { federation } = tested.exchange.rooms;
    const { database } = tested.exchange.kernel;
    const held = await database.one<{ held: object }>(
      sql`select held from federation_processes where id = ${play.pid()}`,
    );
    expect(held.held).toEqual({ act: 'offer', by: 'other' });
    await database.tx(actor, (tx) => federation.act(tx, play.pid(), 'accept'));
    await play.hear('accept');
    expect((await play.send('agree')).status).toBe(200);
    expect(await play.state()).toBe('AGREED');
  });

  test('push: the consumer says where to bring the data; whoever suspended resumes', async () => {
    const dataAddress = {
      '@type': 'DataAddress',
      endpointType: 'https://w3id.org/idsa/v4.1/HTTP',
      endpoint: 'https://example.com/in',
    };
    const play = theirPlay(world, 'ATP0204');
    expect((await play.send('begin', { dataAddress, format: 'HttpData-PUSH' })).status).toBe(201);
    await play.hear('start');
    const kept = await tested.exchange.kernel.database.one<{ data_address: object }>(
      sql`select data_address from federation_processes where id = ${play.pid()}`,
    );
    expect(kept.data_address).toEqual(dataAddress);
    await walk(play, '> suspend > start = STARTED');
    const ours = await ourPlay(world, 'transfer', 'ATPC0101');
    await walk(ours, '< begin > start > suspend = SUSPENDED');
    const resume = tested.exchange.kernel.database.tx(actor, (tx) =>
      tested.exchange.rooms.federation.act(tx, ours.pid(), 'start'),
    );
    await expect(resume).rejects.toThrow('federation.notNow');
  });

  test('a counter-party that is away or stumbles is tried again; its no waits for a person', async () => {
    const stumbled = theirPlay(world, 'ACN0101');
    other.answers.push(503, 404, 409);
    await stumbled.send('request');
    await stumbled.hear('offer');
    await expect.poll(() => stumbled.state()).toBe('OFFERED');

    const away = theirPlay(world, 'ACN0103');
    await other.stop();
    await away.send('request');
    expect(await away.state()).toBe('REQUESTED');
    await other.start();
    await walk(away, '< offer = OFFERED');

    const refused = theirPlay(world, 'ACN0101');
    other.answers.push(400);
    await refused.send('request');
    const heldOf = () =>
      tested.exchange.kernel.database.one<{ held: { fault: string } | null }>(
        sql`select held from federation_processes where id = ${refused.pid()}`,
      );
    await expect.poll(async () => (await heldOf()).held?.fault).toMatch(/^HTTP 400/);
    expect(await refused.state()).toBe('REQUESTED');
  });

  test('nothing is sent in a process that is over', async () => {
    const play = theirPlay(world, 'ACN0101');
    other.answers.push(503, 503);
    await play.send('request');
    await play.send('terminate');
    const waits = () =>
      tested.exchange.kernel.database.rows<{ state: string }>(
        sql`select state from federation_messages where process = ${play.pid()} and direction = 'out'`,
      );
    await expect.poll(waits).toEqual([{ state: 'dropped' }]);
    expect(other.heard.some((one) => one.body.consumerPid === play.pids.consumerPid)).toBe(false);
  });
});
