import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY, openRig, planOf, queryConfig, type Rig, rows } from '../../rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());

const changsha = encodeURIComponent('长沙');
async function grantFor(terms: Parameters<typeof planOf>[0] = {}, config = rig.configs.query) {
  const grant = rig.grant(config, planOf(terms));
  await rig.grants.put({ ...grant, productId: grant.id });
  return {
    id: grant.id,
    ask: (path: string, init: RequestInit = {}) =>
      fetch(`${rig.origin}/${grant.id}/${path}`, {
        ...init,
        headers: { authorization: `Bearer ${KEY}`, ...init.headers },
      }),
  };
}

describe('a template', () => {
  it('answers with its parameters, by address or body, and counts rows, bytes and the call', async () => {
    const { ask, id } = await grantFor();
    const answer = await ask(`ranking?city=${changsha}&least=77`);
    const text = await answer.text();
    expect([answer.status, text]).toEqual([200, expect.any(String)]);
    expect(JSON.parse(text)).toEqual({
      data: [79, 78, 77].map((score) => ({ plate: rows[score - 60]?.plate, score })),
      meta: { rows: 3 },
    });
    expect(answer.headers.get('x-receipt')).toBeTruthy();
    const posted = await ask('ranking', {
      method: 'POST',
      body: JSON.stringify({ city: '长沙', least: 77 }),
      headers: { 'content-type': 'application/json' },
    });
    expect(await posted.text()).toBe(text);
    const slot = rig.quota.slot(id, planOf(), 'total', rig.time.now);
    expect(slot).toMatchObject({ calls: 2, rows: 6, bytes: 2 * Buffer.byteLength(text) });
  });

  it('names the parameter that is wrong, missing or not there, and is not counted then', async () => {
    const { ask, id } = await grantFor();
    const faultOf = async (path: string) => {
      const answer = await ask(path);
      const { code, field } = (await answer.json()) as { code: string; field?: string };
      return [answer.status, code, field];
    };
    expect(await faultOf('ranking')).toEqual([400, 'parameterInvalid', 'city']);
    expect(await faultOf('ranking?city=x&least=101')).toEqual([400, 'parameterInvalid', 'least']);
    expect(await faultOf("ranking?city=x&least=1'")).toEqual([400, 'parameterInvalid', 'least']);
    expect(await faultOf('ranking?city=x&more=1')).toEqual([400, 'parameterInvalid', 'more']);
    expect(await faultOf('ranking?city=x&format=xml')).toEqual([400, 'parameterInvalid', 'format']);
    expect(await faultOf('nothing')).toEqual([404, 'templateUnknown', undefined]);
    expect(rig.quota.slot(id, planOf(), 'total', rig.time.now).calls).toBe(0);
  });

  it('takes whatever stands in a text as a text', async () => {
    const { ask } = await grantFor();
    for (const city of ["' or 1=1 --", '$least', '"; drop table t', '%', '\\'])
      expect(await (await ask(`ranking?city=${encodeURIComponent(city)}`)).json()).toEqual({
        data: [],
        meta: { rows: 0 },
      });
  });
});

describe('the contract', () => {
  it('cuts rows before the query sees them, and masks as the look-up does', async () => {
    const config = await queryConfig(rig.queries, rig.trucks, [
      { name: 'count', title: '', sql: 'select count(*) as n, min(score) as least from trucks', parameters: [] },
      { name: 'owners', title: '', sql: 'select owner, phone from trucks order by score limit 1', parameters: [] },
    ]);
    const terms: Parameters<typeof planOf>[0] = {
      rowFilter: [{ column: 'score', operator: '>=', value: 70 }],
      masks: { owner: { kind: 'hash' }, phone: { kind: 'truncate', length: 3 } },
    };
    const { ask, id } = await grantFor(terms, config);
    expect(await (await ask('count')).json()).toMatchObject({ data: [{ n: 10, least: 70 }] });
    const lookup = rig.grant(rig.configs.api, planOf(terms), { id: `${id}.api` });
    await rig.grants.put({ ...lookup, id, productId: id, version: 2 });
    const plate = encodeURIComponent(rows[10]?.plate ?? '');
    const seen = (await (await ask(plate)).json()) as { data: { owner: string; phone: string }[] };
    await rig.grants.put({ ...rig.grant(config, planOf(terms)), id, productId: id, version: 3 });
    const { owner, phone } = seen.data[0] ?? {};
    expect(await (await ask('owners')).json()).toMatchObject({ data: [{ owner, phone }] });
    expect(owner).toHaveLength(22);
  });

  it('refuses a template that reads a column which is not granted, before it runs', async () => {
    const codeOf = async (terms: Parameters<typeof planOf>[0], path: string) => {
      const { ask } = await grantFor(terms);
      const answer = await ask(path);
      return [answer.status, ((await answer.json()) as { code?: string }).code];
    };
    expect(await codeOf({ columns: ['plate', 'score'] }, 'phone')).toEqual([403, 'fieldNotAllowed']);
    expect(await codeOf({ columns: ['plate', 'score'] }, 'plate')).toEqual([200, undefined]);
    // The filter's own column is read as well.
    expect(await codeOf({ columns: ['plate', 'score'] }, `ranking?city=${changsha}`)).toEqual([403, 'fieldNotAllowed']);
    expect(await codeOf({ masks: { phone: { kind: 'hide' } } }, 'phone')).toEqual([403, 'templateNotGranted']);
  });
});

describe('what goes wrong', () => {
  it('is told by a code, in both languages, without the engine’s words, and costs nothing', async () => {
    const own = (name: string, sql: string) => ({ name, title: '', sql, parameters: [] });
    const pairs = Array.from({ length: 9 }, (_, at) => `trucks t${at}`).join(', ');
    const config = await queryConfig(rig.queries, rig.trucks, [
      own('cast', 'select cast(owner as integer) as n from trucks'),
      own('slow', `select count(*) as n from ${pairs} where t0.score + t1.score + t2.score + t3.score + t8.score = -1`),
      own('many', 'select plate from trucks'),
    ]);
    const { ask, id } = await grantFor({}, { ...config, rowsMax: 10, seconds: 1 });
    const told = async (path: string) => {
      const answer = await ask(path);
      const text = await answer.text();
      expect(text).not.toMatch(/车主|Conversion|INTERRUPT/);
      return [answer.status, (JSON.parse(text) as { code: string }).code];
    };
    expect(await told('cast')).toEqual([422, 'queryFailed']);
    expect(await told('slow')).toEqual([422, 'queryTooSlow']);
    expect(await told('many')).toEqual([422, 'answerTooLarge']);
    expect(rig.quota.slot(id, planOf(), 'total', rig.time.now)).toMatchObject({ calls: 0, rows: 0, bytes: 0 });
  });

  it('a withdrawn contract stops a query that is running', async () => {
    const sql = `select count(*) as n from ${Array.from({ length: 9 }, (_, at) => `trucks t${at}`).join(', ')} where t0.score + t8.score = -1`;
    const config = await queryConfig(rig.queries, rig.trucks, [{ name: 'slow', title: '', sql, parameters: [] }]);
    const { ask, id } = await grantFor({}, config);
    const running = ask('slow');
    await expect.poll(() => rig.queries.pids.length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await rig.grants.withdraw(id);
    const answer = await running;
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, 'withdrawn']);
  });
});
