import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { referenceDocuments, wireEndpoints } from '../../../../tools/reference/documents.ts';
import { eventTypes } from '../../../../tools/reference/events.ts';
import { editedMigrations, keptDigests, migrationDigests } from '../../../../tools/reference/migrations.ts';
import { changedPacks, isReleased, keptPackDigests, packDigests } from '../../../../tools/reference/rulepacks.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { placesOf } from '../support/samples.ts';
import { isTest, root, server, sources } from './sources.ts';

let world: TestExchange;
beforeAll(async () => {
  world = await testExchange();
});
afterAll(() => world?.end());

describe('reference documents', { timeout: 120_000 }, () => {
  test('say what the program says; `npm run gen` writes them', async () => {
    const stale = Object.entries(await referenceDocuments()).flatMap(([path, text]) => {
      const file = join(root, path);
      return existsSync(file) && readFileSync(file, 'utf8') === text ? [] : [path];
    });
    expect(stale).toEqual([]);
  });

  test('every route that is described is served, and every one served is described', async () => {
    const described = (await wireEndpoints()).map((one) => one.id).sort();
    const served = world.exchange.endpoints.map((one) => one.id).sort();
    expect({
      notServed: described.filter((id) => !served.includes(id)),
      notDescribed: served.filter((id) => !described.includes(id)),
    }).toEqual({
      notServed: [],
      notDescribed: [],
    });
  });

  test('every event that is told or waited for is declared', () => {
    const declared = new Set(eventTypes(join(root, server)).map((one) => one.type));
    const rooms = [...new Set([...declared].map((type) => type.split('.')[0]))].join('|');
    const named = new RegExp(`(?:\\btype: |types: \\[[^\\]]*?|\\btype === )'((?:${rooms})\\.\\w+\\.\\w+)'`, 'g');
    const unknown = sources()
      .filter(({ path }) => path.startsWith(`${server}/`) && !isTest(path))
      .flatMap(({ path, code }) =>
        [...code.matchAll(named)]
          .map((match) => match[1]!)
          .filter((type) => !declared.has(type))
          .map((type) => `${path}: ${type}`),
      );
    expect([...new Set(unknown)]).toEqual([]);
    expect(declared.size).toBeGreaterThan(40);
  });

  test('every permission asked for in code is declared', () => {
    const known = new Set(world.exchange.permissions.flatMap((table) => Object.keys(table)));
    const wrong = sources()
      .filter(({ path }) => path.startsWith(`${server}/`) && !isTest(path))
      .flatMap(({ path, code }) =>
        [...code.matchAll(/permissions\.has\(\s*'([^']+)'/g)]
          .filter((match) => !known.has(match[1]!))
          .map((match) => `${path}: ${match[1]}`),
      );
    expect(wrong).toEqual([]);
  });
});

describe('the glossary', () => {
  const entries = [
    ...readFileSync(join(root, 'GLOSSARY.md'), 'utf8').matchAll(/^\| (?!code )([a-zA-Z]+) \| ([^|]+) \| ([^|]+) \|$/gm),
  ];

  test('has one entry for a word, each with its Chinese', () => {
    const words = entries.map((one) => one[1]!);
    expect(words.filter((word, place) => words.indexOf(word) !== place)).toEqual([]);
    expect(entries.filter((one) => !/\p{Script=Han}/u.test(one[2]!)).map((one) => one[1])).toEqual([]);
    expect(entries.length).toBeGreaterThan(150);
  });

  test('knows every state that a reply can name', async () => {
    const known = new Set(entries.map((one) => one[1]!));
    const named = (await wireEndpoints()).flatMap((endpoint) =>
      placesOf(endpoint.reply)
        .filter(({ path, schema }) => /(^|[.\]])(state|status)$/.test(path) && schema.enum)
        .flatMap(({ schema }) => schema.enum!.map(String)),
    );
    expect([...new Set(named)].filter((word) => !known.has(word)).sort()).toEqual([]);
  });

  test('and so does every role and seat of the cast', () => {
    const pages = readFileSync(join(root, 'docs/reference/permissions.md'), 'utf8');
    const roles = world.cast.organisations.flatMap((one) => one.roles.map((role) => role.role));
    expect([...new Set(roles)].filter((role) => !entries.some((one) => one[1] === role))).toEqual([]);
    const seats = world.cast.organisations.flatMap((one) => one.people.flatMap((person) => person.seats));
    expect([...new Set(seats)].filter((seat) => !pages.includes(seat))).toEqual([]);
  });
});

describe('migrations', () => {
  test('are as they were written down, and none is missing from the list', async () => {
    const now = await migrationDigests();
    expect(editedMigrations(now, keptDigests())).toEqual([]);
    expect(Object.keys(now).filter((name) => !(name in keptDigests()))).toEqual([]);
  });
});

describe('rule packs', () => {
  // Before 0.1.0 is released `npm run gen` takes a change over; afterwards it takes a new version, in a new file.
  test('say under their pins what was written down, and none is missing from the list', async () => {
    const now = await packDigests();
    expect(changedPacks(now, keptPackDigests())).toEqual([]);
    expect(Object.keys(now).filter((pin) => !(pin in keptPackDigests()))).toEqual([]);
    expect(Object.keys(now).length).toBeGreaterThan(2);
  });

  test('are frozen from the day on which the changelog declares the release', () => {
    expect(isReleased('# Changelog\n\n## 0.1.0 (not yet released)\n')).toBe(false);
    expect(isReleased('# Changelog\n\n## 0.1.0 (2026-12-01)\n')).toBe(true);
    expect(changedPacks({ 'a@1': 'x', 'b@1': 'y' }, { 'a@1': 'z', 'c@1': 'y' })).toEqual(['a@1', 'c@1']);
  });
});

describe('tables', () => {
  /** Tables of the node itself, whose rows belong to nobody, each with its reason. This list may only shrink. */
  const ofTheNode: Record<string, string> = {
    migrations: 'the schema’s own history',
    node_state: 'what the node remembers about itself',
    counters: 'numbers of papers, of the whole node',
    event_cursors: 'how far each consumer has read',
    rule_packs: 'what each pin of a rule pack says',
    idempotency: 'answers kept for a caller’s retries, by participant and person',
    log_checkpoints: 'the public log, of one origin',
    log_tiles: 'the public log, of one origin',
  };

  test('every owned table says to whom a row belongs', async () => {
    const { rows } = await world.exchange.kernel.database.pool.query<{ name: string; columns: string[] }>(
      `select t.table_name as name, array_agg(c.column_name::text) as columns from information_schema.tables t
       join information_schema.columns c using (table_schema, table_name)
       where t.table_schema = 'public' and t.table_type = 'BASE TABLE' group by 1 order by 1`,
    );
    const wrong = rows.flatMap(({ name, columns }) => {
      const missing = ['node', 'market', 'participant'].filter((column) => !columns.includes(column));
      return missing.length && !(name in ofTheNode) ? [`${name}: ${missing.join(', ')}`] : [];
    });
    expect(wrong).toEqual([]);
    expect(rows.length).toBeGreaterThan(40);
  });

  /** What the node keeps as long as it lives, and tells of nobody, each with its reason. This list may only shrink. */
  const asLongAsTheNode = ['migrations', 'node_state', 'counters', 'event_cursors', 'rule_packs'];

  test('every table says how long its rows are kept, and each row where it was stored', async () => {
    const { pool } = world.exchange.kernel.database;
    const { rows } = await pool.query<{ name: string; column: string; default: string | null; nullable: string }>(
      `select t.table_name as name, c.column_name as column, c.column_default as default, c.is_nullable as nullable
       from information_schema.tables t join information_schema.columns c using (table_schema, table_name)
       where t.table_schema = 'public' and t.table_type = 'BASE TABLE'`,
    );
    const { ruleBook } = world.exchange.cases;
    const ofTable = (name: string, column: string) => rows.find((one) => one.name === name && one.column === column);
    const known = new Set(ruleBook.retention(world.exchange.kernel.clock.now()).map((one) => one.id));
    const tables = [...new Set(rows.map((one) => one.name))].filter((name) => !asLongAsTheNode.includes(name));
    const wrong = tables.flatMap((name) => {
      const kept = ofTable(name, 'retention_class');
      const stored = ofTable(name, 'stored_region');
      const id = /^'([a-z-]+)'/.exec(kept?.default ?? '')?.[1];
      return [
        ...(kept?.nullable === 'NO' ? [] : [`${name}: no retention_class`]),
        // Whoever issues a paper says its class.
        ...(name === 'papers' || known.has(id ?? '') ? [] : [`${name}: ${id ?? 'nothing'} is no class`]),
        ...(stored?.nullable === 'NO' && stored.default === 'storage_region()' ? [] : [`${name}: no stored_region`]),
      ];
    });
    expect(wrong).toEqual([]);
    expect(tables.length).toBeGreaterThan(80);
  });

  test('classes named by procedures and by code are classes of the rule packs', () => {
    const { ruleBook } = world.exchange.cases;
    const known = new Set(ruleBook.retention(world.exchange.kernel.clock.now()).map((one) => one.id));
    const byProcedures = ruleBook.packs.flatMap((pack) =>
      [...pack.procedures.values()].map((one) => one.retentionClass),
    );
    const byCode = sources()
      .filter(({ path }) => path.startsWith(`${server}/`) && !isTest(path))
      .flatMap(({ code }) => [...code.matchAll(/retentionClass: '([^']+)'/g)].map((match) => match[1]!));
    expect(byCode.length).toBeGreaterThan(5);
    expect([...byProcedures, ...byCode, 'access-log'].filter((id) => !known.has(id))).toEqual([]);
  });
});
