/** The reference documents, written from what the program itself is made of; a test compares them with the files. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyEndpoint } from '@shugu/wire';
import { roomPermissions } from '../../apps/server/src/build.ts';
import { casePermissions } from '../../apps/server/src/kernel/case/index.ts';
import { settings } from '../../apps/server/src/kernel/config.ts';
import type { PermissionTable } from '../../apps/server/src/kernel/http/principal.ts';
import { issuePermissions } from '../../apps/server/src/kernel/issue/index.ts';
import { notifyPermissions } from '../../apps/server/src/kernel/notify/index.ts';
import { allProblems } from '../../apps/server/src/kernel/problem.ts';
import { kernelPermissions } from '../../apps/server/src/kernel/routes.ts';
import type { Procedure } from '../../apps/server/src/kernel/rulepack/model.ts';
import { loadRulePacks } from '../../apps/server/src/kernel/rulepack/rulebook.ts';
// Importing the whole server declares every problem.
import '../../apps/server/src/app.ts';
import { eventTypes } from './events.ts';

const root = join(import.meta.dirname, '../..');
const made = 'Made by `npm run gen`; do not edit.';

const cell = (text: unknown): string =>
  String(text ?? '')
    .replaceAll('|', '\\|')
    .replace(/\s+/g, ' ')
    .trim();
const table = (heads: string[], rows: unknown[][]): string =>
  [
    `| ${heads.join(' | ')} |`,
    `|${heads.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
  ].join('\n');
const page = (title: string, lead: string, ...parts: string[]): string =>
  `# ${title}\n\n${made} ${lead}\n\n${parts.join('\n\n')}\n`;

const groupBy = <T>(items: readonly T[], key: (item: T) => string): [string, T[]][] => {
  const groups = new Map<string, T[]>();
  for (const one of items) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
};

const isEndpoint = (value: unknown): value is AnyEndpoint =>
  typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'permission' in value;

/** Every endpoint that the wire package exports, by itself or in a table. */
export const wireEndpoints = async (): Promise<AnyEndpoint[]> => {
  const folder = join(root, 'packages/wire/src');
  const found = new Map<string, AnyEndpoint>();
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.ts') && !one.endsWith('.test.ts'))) {
    const module = (await import(join(folder, name))) as Record<string, unknown>;
    for (const value of Object.values(module)) {
      const values = isEndpoint(value)
        ? [value]
        : typeof value === 'object' && value !== null
          ? Object.values(value)
          : [];
      for (const one of values.filter(isEndpoint)) found.set(one.id, one);
    }
  }
  return [...found.values()].sort((a, b) => a.path.localeCompare(b.path) || a.method.localeCompare(b.method));
};

const problems = (): string =>
  page(
    '问题目录 Problems',
    'Every refusal is an RFC 9457 problem with one of these codes; `GET /api/problems` serves the same list.',
    ...groupBy(allProblems(), ([code]) => code.split('.')[0]!).map(
      ([room, list]) =>
        `## ${room}\n\n${table(
          ['code', 'status', '含义', 'meaning', '下一步', 'what to do'],
          list.map(([code, one]) => [`\`${code}\``, one.status, one.title.zh, one.title.en, one.next.zh, one.next.en]),
        )}`,
    ),
  );

const events = (): string =>
  page(
    '事件 Events',
    'Facts that rooms tell, committed with the change; each consumer sees each exactly once.',
    ...groupBy(eventTypes(join(root, 'apps/server/src')), (one) => one.type.split('.')[0]!).map(
      ([room, list]) =>
        `## ${room}\n\n${table(
          ['type', 'data', 'note'],
          list.map((one) => [`\`${one.type}\``, one.data ? `\`${one.data}\`` : '', one.about]),
        )}`,
    ),
  );

const routes = async (): Promise<string> =>
  page(
    '接口 Routes',
    'The same as `GET /api/openapi.json`. Beside them: `/log/*` (public log, C2SP tlog-tiles), `/gateway/*` (data plane), `/dsp/*` (Dataspace Protocol), `/metrics`.',
    ...groupBy(await wireEndpoints(), (one) => one.id.split('.')[0]!).map(
      ([room, list]) =>
        `## ${room}\n\n${table(
          ['route', 'id', 'permission', '用途', 'what it does'],
          list.map((one) => [
            `\`${one.method} ${one.path}\``,
            `\`${one.id}\``,
            `\`${one.permission}\``,
            one.summary.zh,
            one.summary.en,
          ]),
        )}`,
    ),
  );

const shippedRuleBook = () => loadRulePacks(join(root, 'rulepacks'));

const permissions = async (): Promise<string> => {
  const tables: PermissionTable[] = [
    kernelPermissions,
    casePermissions,
    issuePermissions,
    notifyPermissions,
    (await shippedRuleBook()).permissions,
    ...roomPermissions,
  ];
  const all = Object.entries(Object.assign({}, ...tables) as PermissionTable).sort(([a], [b]) => a.localeCompare(b));
  return page(
    '权限 Permissions',
    'A person has a permission when their organisation has one of the roles and they hold one of the seats.',
    ...groupBy(all, ([name]) => name.split('.')[0]!).map(
      ([room, list]) =>
        `## ${room}\n\n${table(
          ['permission', '含义', 'meaning', 'roles', 'seats'],
          list.map(([name, rule]) => [
            `\`${name}\``,
            rule.title.zh,
            rule.title.en,
            rule.roles.join(', '),
            rule.seats.join(', '),
          ]),
        )}`,
    ),
  );
};

const procedureText = (one: Procedure, rule: (id: string) => string): string =>
  [
    `### ${one.title.zh} ${one.title.en} (\`${one.id}\`)`,
    `Handled by: ${one.handlerRole}. Applicants: ${one.applicantRoles.join(', ') || 'any member'}.`,
    table(
      ['state', '名称', 'name', 'whose turn', 'public'],
      Object.entries(one.states).map(([id, state]) => [
        `\`${id}\``,
        state.title.zh,
        state.title.en,
        state.end ? 'end' : state.turn,
        state.public ? 'yes' : 'no',
      ]),
    ),
    table(
      ['move', '名称', 'name', 'from → to', 'by', 'permission'],
      one.moves.map((move) => [
        `\`${move.id}\``,
        move.title.zh,
        move.title.en,
        `${move.from.join(', ')} → ${move.to}`,
        move.by.join(', '),
        move.permission ? `\`${move.permission}\`` : '',
      ]),
    ),
    ...(one.clocks.length
      ? [
          table(
            ['clock', '名称', 'name', 'length', 'due to', 'when it passes'],
            one.clocks.map((clock) => [
              `\`${clock.id}\``,
              clock.title.zh,
              clock.title.en,
              'rule' in clock.length
                ? rule(clock.length.rule)
                : `field \`${clock.length.input}\` (${clock.length.unit})`,
              clock.dueTo,
              clock.onExpiry ? `\`${clock.onExpiry.move}\` (${clock.onExpiry.when})` : 'overdue',
            ]),
          ),
        ]
      : []),
  ].join('\n\n');

const procedures = async (): Promise<string> => {
  const { packs } = await shippedRuleBook();
  return page(
    '办事事项 Procedures',
    'From the rule packs in `rulepacks/`; forms, papers and drawings are at `GET /api/procedures`.',
    ...packs.flatMap((pack) => {
      const rule = (id: string) => {
        const found = pack.rules.get(id);
        return found
          ? `${String(found.value)} ${found.unit} (${found.force}: ${found.source.instrument} ${found.source.article})`
          : id;
      };
      const list = [...pack.procedures.values()].sort((a, b) => a.id.localeCompare(b.id));
      return [`## ${pack.title.zh} ${pack.title.en} (\`${pack.pin}\`)`, ...list.map((one) => procedureText(one, rule))];
    }),
  );
};

const settingsPage = (): string =>
  page(
    '设置 Settings',
    'Read from the environment at start; a wrong or unknown `SHUGU_…` variable stops the start and is named.',
    table(
      ['variable', 'default', '含义', 'meaning'],
      Object.values(settings).map((one) => [
        `\`${one.variable}\`${one.secret ? ' 🔒' : ''}`,
        one.fallback === '' ? '' : `\`${one.fallback}\``,
        one.about.zh,
        one.about.en,
      ]),
    ),
    '🔒 is never printed. `SHUGU_TEST_…`, `SHUGU_BENCH_…`, `SHUGU_CRASH_…` and `SHUGU_E2E_…` belong to the tests and are let pass.',
  );

/** Path from the root, and text. */
export const referenceDocuments = async (): Promise<Record<string, string>> => ({
  'docs/reference/problems.md': problems(),
  'docs/reference/events.md': events(),
  'docs/reference/routes.md': await routes(),
  'docs/reference/permissions.md': await permissions(),
  'docs/reference/procedures.md': await procedures(),
  'docs/operate/settings.md': settingsPage(),
});
