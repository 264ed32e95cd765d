/**
 * For tests of faults and of what is asked: nodes of two owners that speak KusciaAPI as it is published. They keep data, grants and jobs, hand
 * them to the other node, and match keys of the owners' files once a job is approved. No Kuscia, and nothing is hidden here: that a real one
 * does the same is not shown by it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

type Told = Record<string, unknown>;
/** Fields of each request that is made, of which those with ? may be left out. */
const shapes: Record<string, string> = {
  '/api/v1/appimage/query': 'name',
  '/api/v1/domaindata/create': 'columns domain_id domaindata_id file_format name relative_uri type vendor',
  '/api/v1/domaindata/query': 'data',
  '/api/v1/domaindata/delete': 'domain_id domaindata_id',
  '/api/v1/domaindatagrant/create': 'domain_id domaindata_id domaindatagrant_id grant_domain',
  '/api/v1/domaindatagrant/delete': 'domain_id domaindatagrant_id',
  '/api/v1/job/create': 'initiator job_id max_parallelism tasks',
  '/api/v1/job/query': 'job_id',
  '/api/v1/job/approve': 'job_id reason result',
  '/api/v1/job/stop': 'job_id reason',
};

interface Task {
  parties: { domain_id: string }[];
  task_input_config: string;
}
interface Job {
  described: Told & { job_id: string; initiator: string; tasks: Task[] };
  state: string;
  approved: Map<string, string>;
}
interface PsiConfig {
  protocol_config: { role: string; broadcast_result: boolean };
  input_config: { path: string };
  output_config: { path: string };
}

/** What a node does otherwise than it should; called before it answers. True where it has answered. */
export type Otherwise = (node: string, path: string, body: Told, response: ServerResponse) => boolean;

export const testToken = 'a-token';
export const testImage = { name: 'psi-image', tag: '0.6.0' };

export class TestKuscia {
  readonly #servers: Server[] = [];
  readonly folders = new Map<string, string>();
  readonly #data = new Map<string, Map<string, Told>>();
  readonly jobs = new Map<string, Job>();
  readonly asked: { node: string; path: string; body: Told }[] = [];
  readonly answered: { path: string; request: Told; answer: Told }[] = [];
  /** Requests that are not as the API says. */
  readonly faults: string[] = [];
  otherwise: Otherwise = () => false;
  /** Runs what a job says, where that is not the matching here; whether it went well. */
  program: ((config: string) => Promise<boolean>) | undefined;
  /** Of a node that asks nobody: `enableWorkloadApprove` is off. */
  approvesAlone = false;

  /** Address of a node's API. `folder`: its `var/storage/data`. */
  async start(node: string, folder: string): Promise<string> {
    this.folders.set(node, folder);
    this.#data.set(node, new Map());
    const server = createServer((request, response) => void this.#handle(node, request, response));
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

  get dataLeft(): number {
    return [...this.#data.values()].reduce((sum, { size }) => sum + size, 0);
  }

  async #handle(node: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const path = request.url!;
    const body = JSON.parse(Buffer.concat(pieces).toString('utf8')) as Told;
    this.asked.push({ node, path, body: structuredClone(body) });
    if (request.headers.token !== testToken) return void response.writeHead(401).end();
    const bad = request.method !== 'POST' || Object.keys(body).sort().join(' ') !== shapes[path];
    if (bad) this.faults.push(`${request.method} ${path} ${JSON.stringify(body)}`);
    if (this.otherwise(node, path, body, response)) return;
    const answer = bad ? no(11100, 'request validate') : this.#answer(node, path, body);
    this.answered.push({ path, request: body, answer });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  }

  #answer(node: string, path: string, body: Told): Told {
    const mine = this.#data.get(node)!;
    const named = String(body.domaindata_id ?? body.domaindatagrant_id ?? body.job_id);
    const job = this.jobs.get(named);
    switch (path) {
      case '/api/v1/appimage/query':
        return body.name === testImage.name
          ? ok({ name: testImage.name, image: { name: 'secretflow/psi', tag: testImage.tag, id: '', sign: '' } })
          : no(13105, 'not found');
      case '/api/v1/domaindata/create':
        mine.set(named, { ...body, author: node });
        return ok({ domaindata_id: named });
      case '/api/v1/domaindata/query': {
        const found = mine.get((body.data as { domaindata_id: string }).domaindata_id);
        return found ? ok({ ...found, domain_id: node, status: 'Available' }) : no(11506, 'not found');
      }
      case '/api/v1/domaindata/delete':
        mine.delete(named);
        return ok();
      case '/api/v1/domaindatagrant/create':
        if (!mine.has(named)) return no(11100, 'domaindata not exists');
        this.#data.get(String(body.grant_domain))?.set(named, mine.get(named)!);
        return ok({ domaindatagrant_id: named });
      case '/api/v1/domaindatagrant/delete':
        for (const [other, found] of this.#data) if (other !== node) found.delete(named);
        return ok();
      case '/api/v1/job/create': {
        if (job) return no(11201, 'already exists');
        const described = body as Job['described'];
        const made: Job = { described, state: 'AwaitingApproval', approved: new Map([[node, 'JobAccepted']]) };
        this.jobs.set(named, made);
        if (this.approvesAlone) made.state = 'Running';
        return ok({ job_id: named });
      }
      case '/api/v1/job/query':
        return job ? ok(toldOf(job)) : no(11202, 'not found');
      case '/api/v1/job/approve':
        if (!job) return no(11206, 'not found');
        this.#approved(job, body.result === 'APPROVE_RESULT_ACCEPT' ? 'JobAccepted' : 'JobRejected');
        return ok({ job_id: named });
      default:
        if (!job) return no(11205, 'not found');
        if (!['Succeeded', 'ApprovalReject'].includes(job.state)) job.state = 'Failed';
        return ok({ job_id: named });
    }
  }

  #approved(job: Job, how: string): void {
    const { described } = job;
    job.approved.set(described.tasks[0]!.parties.find((one) => one.domain_id !== described.initiator)!.domain_id, how);
    if (how !== 'JobAccepted') job.state = 'ApprovalReject';
    else if (this.program) {
      job.state = 'Running';
      void this.program(described.tasks[0]!.task_input_config).then((well) => {
        job.state = well ? 'Succeeded' : 'Failed';
      });
    } else this.#run(job);
  }

  /** Matches what the two files have. */
  #run(job: Job): void {
    const [task] = job.described.tasks;
    const { sf_psi_config_map: of } = JSON.parse(task!.task_input_config) as {
      sf_psi_config_map: Record<string, { psi_config: PsiConfig }>;
    };
    const at = (node: string, path: string) => join(this.folders.get(node)!, path.split('/').at(-1)!);
    try {
      const files = Object.entries(of).map(([node, { psi_config }]) => {
        const [header, ...lines] = readFileSync(at(node, psi_config.input_config.path), 'utf8').trimEnd().split('\n');
        return { node, psi_config, header: header!, lines: new Map(lines.map((line) => [line.split(',')[0]!, line])) };
      });
      for (const [mine, theirs] of [files, files.toReversed()] as [(typeof files)[0], (typeof files)[0]][]) {
        const { role, broadcast_result: told } = mine.psi_config.protocol_config;
        if (role !== 'ROLE_RECEIVER' && !told) continue;
        const common = [...mine.lines].filter(([key]) => theirs.lines.has(key)).map(([, line]) => line);
        writeFileSync(
          at(mine.node, mine.psi_config.output_config.path),
          `${[mine.header, ...common.toReversed()].join('\n')}\n`,
        );
      }
      job.state = 'Succeeded';
    } catch {
      job.state = 'Failed';
    }
  }
}

const ok = (data?: Told): Told => ({ status: { code: 0, message: 'success', details: [] }, ...(data && { data }) });
const no = (code: number, message: string): Told => ({ status: { code, message, details: [] } });

const toldOf = ({ described, state, approved }: Job): Told => ({
  ...{ ...described, custom_fields: {} },
  tasks: described.tasks.map((task) => ({
    ...task,
    priority: 0,
    parties: task.parties.map((party) => ({ role: '', ...party, resources: null })),
  })),
  status: {
    ...{ state, err_msg: state === 'Failed' ? 'a task failed' : '', create_time: '', start_time: '', end_time: '' },
    ...{ tasks: [], stage_status_list: [] },
    approve_status_list: [...approved].map(([domain_id, how]) => ({ domain_id, state: how })),
  },
});
