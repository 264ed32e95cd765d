/**
 * For tests: brokers of two owners as SCQL's published API describes them. They hold each request to its shape, keep projects, invitations,
 * tables and grants, compute the query over the owners' files, and open nothing that is not granted. No SCQL: nothing is hidden here.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Grant } from './scql-plan.ts';

type Told = Record<string, unknown>;
const shapes: Record<string, Record<string, string>> = {
  '/intra/project/create': { project_id: 'string', name: 'string', description: 'string', conf: 'object' },
  '/intra/project/list': { ids: 'object' },
  '/intra/project/archive': { project_id: 'string' },
  '/intra/member/invite': { project_id: 'string', invitee: 'string' },
  '/intra/invitation/list': { inviter: 'string' },
  '/intra/invitation/process': { invitation_id: 'string', respond: 'string' },
  '/intra/table/create': {
    project_id: 'string',
    table_name: 'string',
    ref_table: 'string',
    db_type: 'string',
    columns: 'object',
  },
  '/intra/table/list': { project_id: 'string', names: 'object' },
  '/intra/table/drop': { project_id: 'string', table_name: 'string' },
  '/intra/ccl/grant': { project_id: 'string', column_control_list: 'object' },
  '/intra/ccl/show': { project_id: 'string', tables: 'object', dest_parties: 'object' },
  '/intra/query': { project_id: 'string', query: 'string', dry_run: 'boolean' },
  '/intra/query/submit': { project_id: 'string', query: 'string' },
  '/intra/query/fetch': { job_id: 'string' },
  '/intra/query/cancel': { job_id: 'string' },
};

interface Table {
  table_name: string;
  ref_table: string;
  table_owner: string;
  columns: { name: string; dtype: string }[];
}
interface Project {
  described: Told;
  members: string[];
  archived: boolean;
  invitation: { id: string; invitee: string; status: string } | undefined;
  tables: Table[];
  grants: Grant[];
}

/** What a broker does otherwise than it should; called before it answers. True where it has answered. */
export type Otherwise = (party: string, path: string, body: Told, response: ServerResponse) => boolean;

export class TestBrokers {
  readonly #servers: Server[] = [];
  readonly #projects = new Map<string, Project>();
  readonly #jobs = new Map<string, { fetched: number; columns: Told[] }>();
  readonly files = new Map<string, string>();
  readonly asked: { party: string; path: string; body: Told }[] = [];
  /** Requests that are not as the API says. */
  readonly faults: string[] = [];
  otherwise: Otherwise = () => false;

  /** Address of a party's broker. `file`: what its data source reads as `table`. */
  async start(party: string, file: string): Promise<string> {
    this.files.set(party, file);
    const server = createServer((request, response) => void this.#handle(party, request, response));
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  end(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  get projects(): { archived: boolean; tables: number }[] {
    return [...this.#projects.values()].map(({ archived, tables }) => ({ archived, tables: tables.length }));
  }

  async #handle(party: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const path = request.url!;
    const body = JSON.parse(Buffer.concat(pieces).toString('utf8')) as Told;
    this.asked.push({ party, path, body });
    const shape = shapes[path];
    const bad =
      request.method !== 'POST' ||
      request.headers['content-type'] !== 'application/json' ||
      !shape ||
      Object.keys(body).sort().join() !== Object.keys(shape).sort().join() ||
      Object.entries(shape).some(([name, type]) => (typeof body[name] as string) !== type);
    if (bad) this.faults.push(`${request.method} ${path} ${JSON.stringify(body)}`);
    if (this.otherwise(party, path, body, response)) return;
    const answer = bad ? this.#no(100, 'illegal request') : await this.#answer(party, path, body);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  }

  #no(code: number, message: string): Told {
    return { status: { code, message, details: [] } };
  }
  #ok(told: Told = {}): Told {
    return { status: { code: 0, message: 'ok', details: [] }, ...told };
  }

  async #answer(party: string, path: string, body: Told): Promise<Told> {
    const id = body.project_id as string;
    const project = this.#projects.get(id);
    const told = (one: Project) => ({ ...one.described, members: one.members, archived: one.archived });
    if (path === '/intra/project/create') {
      if (project) return this.#no(300, `project ${id} already exists`);
      this.#projects.set(id, {
        described: { ...body, creator: party },
        members: [party],
        archived: false,
        invitation: undefined,
        tables: [],
        grants: [],
      });
      return this.#ok({ project_id: id });
    }
    if (path === '/intra/project/list') {
      const ids = body.ids as string[];
      const found = ids.map((one) => this.#projects.get(one)).filter((one) => one?.members.includes(party));
      return this.#ok({ projects: found.map((one) => told(one!)) });
    }
    if (path.startsWith('/intra/invitation/')) return this.#invitations(party, path, body, told);
    if (path === '/intra/query/fetch' || path === '/intra/query/cancel') return this.#jobOf(path, body);
    if (!project?.members.includes(party)) return this.#no(140, 'project not found');
    if (path === '/intra/project/archive') {
      project.archived = true;
      return this.#ok();
    }
    if (project.archived) return this.#no(103, 'project is archived');
    return this.#within(party, path, body, project);
  }

  #invitations(party: string, path: string, body: Told, told: (one: Project) => Told): Told {
    const mine = [...this.#projects.values()].filter(({ invitation }) => invitation?.invitee === party);
    if (path === '/intra/invitation/list')
      return this.#ok({
        invitations: mine
          .filter(({ described }) => described.creator === body.inviter)
          .map((one) => ({
            invitation_id: one.invitation!.id,
            project: told(one),
            inviter: one.described.creator,
            invitee: party,
            status: one.invitation!.status,
          })),
      });
    const found = mine.find(({ invitation }) => invitation!.id === body.invitation_id);
    if (!found || body.respond !== 'ACCEPT') return this.#no(140, 'no such invitation');
    found.invitation!.status = 'ACCEPTED';
    found.members.push(party);
    return this.#ok();
  }

  #jobOf(path: string, body: Told): Told {
    const job = this.#jobs.get(body.job_id as string);
    if (!job) return this.#no(140, 'no existing session');
    if (path === '/intra/query/cancel') {
      this.#jobs.delete(body.job_id as string);
      return this.#ok();
    }
    // Not at once, as it is there.
    if (job.fetched++ === 0) return { ...this.#no(104, 'not ready'), job_status: { summary: 'job is running' } };
    return this.#ok({ result: { affected_rows: '0', warnings: [], cost_time_s: 1, out_columns: job.columns } });
  }

  async #within(party: string, path: string, body: Told, project: Project): Promise<Told> {
    const name = body.table_name as string;
    switch (path) {
      case '/intra/member/invite':
        project.invitation = {
          id: String(this.#projects.size),
          invitee: body.invitee as string,
          status: 'UNDECIDED',
        };
        return this.#ok();
      case '/intra/table/create':
        if (body.db_type !== 'csvdb' || !/^[a-z]\w{0,63}$/.test(name)) return this.#no(103, 'table');
        // Whole numbers of 64 bits: `int` has 32.
        if (!(body as unknown as Table).columns.every(({ dtype }) => ['string', 'int64'].includes(dtype)))
          return this.#no(103, 'column');
        project.tables.push({ ...(body as unknown as Table), table_owner: party });
        return this.#ok();
      case '/intra/table/list':
        return this.#ok({ tables: project.tables });
      case '/intra/table/drop':
        project.tables = project.tables.filter((one) => one.table_name !== name || one.table_owner !== party);
        return this.#ok();
      case '/intra/ccl/grant': {
        const grants = body.column_control_list as Grant[];
        const own = (one: Grant) =>
          project.tables.some(({ table_name, table_owner, columns }) =>
            table_name === one.col.table_name && table_owner === party
              ? columns.some((column) => column.name === one.col.column_name)
              : false,
          );
        if (!grants.every((one) => own(one) && project.members.includes(one.party_code)))
          return this.#no(131, 'not the owner');
        project.grants.push(...grants);
        return this.#ok();
      }
      case '/intra/ccl/show': {
        const tables = body.tables as string[];
        return this.#ok({
          column_control_list: project.grants.filter(({ col }) => tables.includes(col.table_name)),
        });
      }
      default:
        return this.#query(party, path, body, project);
    }
  }

  async #query(party: string, path: string, body: Told, project: Project): Promise<Told> {
    const read =
      /^SELECT (\w+)\.g, COUNT\(\*\) AS n((?:, SUM\(\w+\.v\d+\) AS \w+)*) FROM (\w+) INNER JOIN (\w+) ON \3\.k = \4\.k GROUP BY \1\.g HAVING COUNT\(\*\) >= (\d+)$/.exec(
        body.query as string,
      );
    if (!read) return this.#no(102, `near "${body.query as string}"`);
    const [, group, sums, first, second, least] = read;
    const wanted = [...sums!.matchAll(/SUM\((\w+)\.(v\d+)\) AS (\w+)/g)].map(([, table, column, as]) => ({
      ...{ table: table!, column: column!, as: as! },
    }));
    const granted = (table: string, column: string) =>
      project.grants.find(
        ({ col, party_code }) => col.table_name === table && col.column_name === column && party_code === party,
      )?.constraint ?? 'ENCRYPTED_ONLY';
    const may = (table: string, column: string, how: string) => ['PLAINTEXT', how].includes(granted(table, column));
    if (
      !may(first!, 'k', 'PLAINTEXT_AFTER_JOIN') ||
      !may(second!, 'k', 'PLAINTEXT_AFTER_JOIN') ||
      !may(group!, 'g', 'PLAINTEXT_AFTER_GROUP_BY') ||
      !wanted.every(({ table, column }) => may(table, column, 'PLAINTEXT_AFTER_AGGREGATE'))
    )
      return this.#no(160, 'ccl check failed');
    if (path === '/intra/query') return body.dry_run ? this.#ok() : this.#no(340, 'only dry runs here');
    const rows = async (table: string) => {
      const { table_owner: owner } = project.tables.find((one) => one.table_name === table)!;
      return rowsIn(await readFile(this.files.get(owner)!, 'utf8'));
    };
    const [mine, theirs] = [await rows(first!), await rows(second!)];
    const byKey = new Map(theirs.map((row) => [row.k!, row]));
    const groups = new Map<string, { n: bigint; sums: bigint[] }>();
    for (const row of mine) {
      const other = byKey.get(row.k!);
      if (!other) continue;
      const of = (table: string) => (table === first ? row : other);
      const name = of(group!).g!;
      const found = groups.get(name) ?? { n: 0n, sums: wanted.map(() => 0n) };
      found.n += 1n;
      found.sums = found.sums.map((sum, at) => sum + BigInt(of(wanted[at]!.table)[wanted[at]!.column]!));
      groups.set(name, found);
    }
    // As large as the query asks, and as the project does.
    const threshold = BigInt(String((project.described.conf as Told).group_by_threshold));
    const open = [...groups].filter(([, { n }]) => n >= BigInt(least!) && n >= threshold);
    const whole = (name: string, data: bigint[]) => ({ name, elem_type: 'INT64', int64_data: data.map(String) });
    const columns: Told[] = [
      { name: 'g', elem_type: 'STRING', string_data: open.map(([name]) => name), data_validity: [] },
      whole(
        'n',
        open.map(([, { n }]) => n),
      ),
      ...wanted.map(({ as }, at) =>
        whole(
          as,
          open.map(([, found]) => found.sums[at]!),
        ),
      ),
    ];
    const job = `job-${this.#jobs.size}`;
    this.#jobs.set(job, { fetched: 0, columns });
    return this.#ok({ job_id: job });
  }
}

/** CSV as `scqlRow` writes it. */
const rowsIn = (text: string): Record<string, string>[] => {
  const [head, ...lines] = text.trimEnd().split('\n');
  const names = head!.split(',');
  return lines.map((line) => {
    const cells = [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell]) =>
      cell!.startsWith('"') ? cell!.slice(1, -1).replaceAll('""', '"') : cell!,
    );
    return Object.fromEntries(names.map((name, at) => [name, cells[at]!]));
  });
};
